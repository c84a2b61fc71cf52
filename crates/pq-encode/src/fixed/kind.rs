//! Every fixed-width column type: how a stored value is ordered, when it is null, and how it looks
//! in Parquet.
//!
//! One zero-sized type a kind, so that the loops of `gather` are compiled for each with constants in
//! place; those of decimals are in `decimals`. The table is parquet.md §1 and columns.md §2; nothing else
//! in the crate knows a sentinel.

/// One way in which fixed-width values are stored and written.
pub(crate) trait Kind: Send + 'static {
    /// A value as stored in the column file.
    type Native: Copy + Default;
    /// A PLAIN value.
    type Plain: Copy + Default + AsRef<[u8]>;
    /// The value in the order of its statistics.
    type Key: Copy + PartialOrd + Send;

    /// No key is greater.
    const HIGHEST: Self::Key;
    /// No key is less.
    const LOWEST: Self::Key;
    /// PLAIN values are the stored bytes.
    const IDENTITY: bool;
    /// The null sentinel is the value with the key [`Kind::LOWEST`], and no other value has it.
    const NULL_IS_LOWEST: bool;

    /// Stored bytes as values; the length is a multiple of the width.
    fn natives(bytes: &[u8]) -> &[Self::Native];
    /// Values as stored bytes.
    fn bytes(natives: &[Self::Native]) -> &[u8];
    /// PLAIN values as bytes.
    fn plain_bytes(plains: &[Self::Plain]) -> &[u8];
    /// Bytes as PLAIN values.
    fn plains_of(bytes: &[u8]) -> &[Self::Plain];
    /// Room for PLAIN values.
    fn plains(out: &mut [u8]) -> &mut [Self::Plain];
    /// The key of a value.
    fn key(native: Self::Native) -> Self::Key;
    /// Whether the value is the type's null.
    fn is_null(native: Self::Native) -> bool;
    /// The PLAIN form.
    fn plain(native: Self::Native) -> Self::Plain;
    /// The key of a value by its PLAIN form.
    fn key_of_plain(plain: Self::Plain) -> Self::Key;
    /// The PLAIN form of a lower bound.
    fn lower(key: Self::Key) -> Self::Plain;
    /// The PLAIN form of an upper bound.
    fn upper(key: Self::Key) -> Self::Plain;
}

/// Writes one [`Kind`]. The closures take and give what their names say.
macro_rules! kind {
    (
        $(#[$meta:meta])*
        $name:ident [$native:literal -> $plain:literal] $key:ty, $low:expr => $high:expr,
        identity: $identity:literal, null_is_lowest: $null_is_lowest:literal,
        key: $to_key:expr, null: $is_null:expr, plain: $to_plain:expr, key_of_plain: $of_plain:expr,
        lower: $lower:expr, upper: $upper:expr $(,)?
    ) => {
        $(#[$meta])*
        #[derive(Debug)]
        pub(crate) struct $name;

        impl Kind for $name {
            type Native = [u8; $native];
            type Plain = [u8; $plain];
            type Key = $key;
            const HIGHEST: $key = $high;
            const LOWEST: $key = $low;
            const IDENTITY: bool = $identity;
            const NULL_IS_LOWEST: bool = $null_is_lowest;

            #[inline(always)]
            fn natives(bytes: &[u8]) -> &[Self::Native] {
                bytes.as_chunks().0
            }
            #[inline(always)]
            fn bytes(natives: &[Self::Native]) -> &[u8] {
                natives.as_flattened()
            }
            #[inline(always)]
            fn plain_bytes(plains: &[Self::Plain]) -> &[u8] {
                plains.as_flattened()
            }
            #[inline(always)]
            fn plains_of(bytes: &[u8]) -> &[Self::Plain] {
                bytes.as_chunks().0
            }
            #[inline(always)]
            fn plains(out: &mut [u8]) -> &mut [Self::Plain] {
                out.as_chunks_mut().0
            }
            #[inline(always)]
            fn key(native: Self::Native) -> $key {
                let convert: fn([u8; $native]) -> $key = $to_key;
                convert(native)
            }
            #[inline(always)]
            fn is_null(native: Self::Native) -> bool {
                let test: fn([u8; $native]) -> bool = $is_null;
                test(native)
            }
            #[inline(always)]
            fn plain(native: Self::Native) -> Self::Plain {
                let convert: fn([u8; $native]) -> [u8; $plain] = $to_plain;
                convert(native)
            }
            fn key_of_plain(plain: Self::Plain) -> $key {
                let convert: fn([u8; $plain]) -> $key = $of_plain;
                convert(plain)
            }
            #[inline(always)]
            fn lower(key: $key) -> Self::Plain {
                let convert: fn($key) -> [u8; $plain] = $lower;
                convert(key)
            }
            #[inline(always)]
            fn upper(key: $key) -> Self::Plain {
                let convert: fn($key) -> [u8; $plain] = $upper;
                convert(key)
            }
        }
    };
}

pub(super) use kind;

/// A signed or unsigned integer that is written as a wider (or the same) little-endian integer.
macro_rules! integer_kind {
    ($(#[$meta:meta])* $name:ident: $native:ty as $plain:ty, $width:literal -> $plain_width:literal,
     null: $null:expr, identity: $identity:literal, null_is_lowest: $lowest:literal) => {
        kind! {
            $(#[$meta])*
            $name [$width -> $plain_width] $native, <$native>::MIN => <$native>::MAX,
            identity: $identity, null_is_lowest: $lowest,
            key: <$native>::from_le_bytes,
            null: |native| {
                let null: Option<$native> = $null;
                null.is_some_and(|null| <$native>::from_le_bytes(native) == null)
            },
            plain: |native| <$plain>::from(<$native>::from_le_bytes(native)).to_le_bytes(),
            key_of_plain: |plain| <$native>::from_le_bytes(low_bytes(plain)),
            lower: |key| <$plain>::from(key).to_le_bytes(),
            upper: |key| <$plain>::from(key).to_le_bytes(),
        }
    };
}

kind! {
    /// BOOLEAN: one byte 0 or 1 until the page is packed. Every stored byte but 1 is false.
    Bool [1 -> 1] u8, u8::MIN => u8::MAX,
    identity: false, null_is_lowest: false,
    key: |native| u8::from(native == [1]),
    null: |_| false,
    plain: |native| [u8::from(native == [1])],
    key_of_plain: |[plain]| plain,
    lower: |key| [key],
    upper: |key| [key],
}

integer_kind! {
    /// BYTE.
    I8: i8 as i32, 1 -> 4, null: None, identity: false, null_is_lowest: false
}
integer_kind! {
    /// SHORT.
    I16: i16 as i32, 2 -> 4, null: None, identity: false, null_is_lowest: false
}
integer_kind! {
    /// CHAR.
    U16: u16 as u32, 2 -> 4, null: None, identity: false, null_is_lowest: false
}
integer_kind! {
    /// INT.
    I32: i32 as i32, 4 -> 4, null: Some(i32::MIN), identity: true, null_is_lowest: true
}
integer_kind! {
    /// IPv4: unsigned order, null 0.
    Ip: u32 as u32, 4 -> 4, null: Some(0), identity: true, null_is_lowest: true
}
integer_kind! {
    /// LONG, DATE, TIMESTAMP.
    I64: i64 as i64, 8 -> 8, null: Some(i64::MIN), identity: true, null_is_lowest: true
}
integer_kind! {
    /// GEOHASH of 1 to 7 bits.
    Geo8: i8 as i32, 1 -> 4, null: Some(-1), identity: false, null_is_lowest: false
}
integer_kind! {
    /// GEOHASH of 8 to 15 bits.
    Geo16: i16 as i32, 2 -> 4, null: Some(-1), identity: false, null_is_lowest: false
}
integer_kind! {
    /// GEOHASH of 16 to 31 bits.
    Geo32: i32 as i32, 4 -> 4, null: Some(-1), identity: true, null_is_lowest: false
}
integer_kind! {
    /// GEOHASH of 32 to 60 bits.
    Geo64: i64 as i64, 8 -> 8, null: Some(-1), identity: true, null_is_lowest: false
}

kind! {
    /// FLOAT: NaN is null and never a bound; a zero bound is widened to the zero on its side.
    F32 [4 -> 4] f32, f32::NEG_INFINITY => f32::INFINITY,
    identity: true, null_is_lowest: false,
    key: f32::from_le_bytes,
    null: |native| f32::from_le_bytes(native).is_nan(),
    plain: |native| native,
    key_of_plain: f32::from_le_bytes,
    lower: |key| if key == 0.0 { (-0.0_f32).to_le_bytes() } else { key.to_le_bytes() },
    upper: |key| if key == 0.0 { 0.0_f32.to_le_bytes() } else { key.to_le_bytes() },
}
kind! {
    /// DOUBLE: as FLOAT.
    F64 [8 -> 8] f64, f64::NEG_INFINITY => f64::INFINITY,
    identity: true, null_is_lowest: false,
    key: f64::from_le_bytes,
    null: |native| f64::from_le_bytes(native).is_nan(),
    plain: |native| native,
    key_of_plain: f64::from_le_bytes,
    lower: |key| if key == 0.0 { (-0.0_f64).to_le_bytes() } else { key.to_le_bytes() },
    upper: |key| if key == 0.0 { 0.0_f64.to_le_bytes() } else { key.to_le_bytes() },
}
kind! {
    /// An element of an array, of which NaN is a value too: null has bits that no arithmetic makes.
    F64Marked [8 -> 8] f64, f64::NEG_INFINITY => f64::INFINITY,
    identity: true, null_is_lowest: false,
    key: f64::from_le_bytes,
    null: |native| u64::from_le_bytes(native) == NULL_ELEMENT,
    plain: |native| native,
    key_of_plain: f64::from_le_bytes,
    lower: F64::lower,
    upper: F64::upper,
}

/// The bits of [`F64Marked`] that are null: a quiet NaN.
pub(crate) const NULL_ELEMENT: u64 = 0x7ffc_5e6c_5147_a7e5;

/// Both halves of a 128-bit value are `i64::MIN`.
const NULL_128: u128 = 0x8000_0000_0000_0000_8000_0000_0000_0000;

kind! {
    /// UUID: the stored 128-bit little-endian integer is written big-endian, as its text is.
    Uuid [16 -> 16] u128, u128::MIN => u128::MAX,
    identity: false, null_is_lowest: false,
    key: u128::from_le_bytes,
    null: |native| u128::from_le_bytes(native) == NULL_128,
    plain: |native| u128::from_le_bytes(native).to_be_bytes(),
    key_of_plain: u128::from_be_bytes,
    lower: u128::to_be_bytes,
    upper: u128::to_be_bytes,
}
kind! {
    /// LONG128: as stored. Its statistics are ordered by bytes, which is all that the format offers.
    Long128 [16 -> 16] u128, u128::MIN => u128::MAX,
    identity: true, null_is_lowest: false,
    key: u128::from_be_bytes,
    null: |native| u128::from_le_bytes(native) == NULL_128,
    plain: |native| native,
    key_of_plain: u128::from_be_bytes,
    lower: u128::to_be_bytes,
    upper: u128::to_be_bytes,
}
kind! {
    /// LONG256: as stored, like LONG128.
    Long256 [32 -> 32] (u128, u128), (0, 0) => (u128::MAX, u128::MAX),
    identity: true, null_is_lowest: false,
    key: |native| {
        let (high, low) = halves(native);
        (u128::from_be_bytes(high), u128::from_be_bytes(low))
    },
    null: |native| {
        let (low, high) = halves(native);
        u128::from_le_bytes(low) == NULL_128 && u128::from_le_bytes(high) == NULL_128
    },
    plain: |native| native,
    key_of_plain: |plain| {
        let (high, low) = halves(plain);
        (u128::from_be_bytes(high), u128::from_be_bytes(low))
    },
    lower: |(high, low)| join(high.to_be_bytes(), low.to_be_bytes()),
    upper: |(high, low)| join(high.to_be_bytes(), low.to_be_bytes()),
}

/// The first bytes of a little-endian number: the number, where it is that small.
#[inline(always)]
fn low_bytes<const N: usize, const M: usize>(wide: [u8; M]) -> [u8; N] {
    let mut low = [0; N];
    for (slot, byte) in low.iter_mut().zip(wide) {
        *slot = byte;
    }
    low
}

/// The first and the second half.
#[inline(always)]
pub(super) fn halves(native: [u8; 32]) -> ([u8; 16], [u8; 16]) {
    let (mut first, mut second) = ([0; 16], [0; 16]);
    first.copy_from_slice(&native[..16]);
    second.copy_from_slice(&native[16..]);
    (first, second)
}

/// Two halves in one.
#[inline(always)]
pub(super) fn join(first: [u8; 16], second: [u8; 16]) -> [u8; 32] {
    let mut both = [0; 32];
    both[..16].copy_from_slice(&first);
    both[16..].copy_from_slice(&second);
    both
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::fixed) fn check_plain<K: Kind>(natives: &[K::Native])
    where
        K::Key: std::fmt::Debug,
    {
        for native in natives {
            assert_eq!(K::key_of_plain(K::plain(*native)), K::key(*native));
        }
    }

    pub(in crate::fixed) fn check_null<K: Kind>(null: K::Native) {
        assert!(K::is_null(null));
        assert!(!K::NULL_IS_LOWEST || K::key(null) == K::LOWEST);
    }

    /// Values of all kinds of bytes: the first are NaN, as far as they can be.
    pub(in crate::fixed) fn samples<const N: usize>() -> Vec<[u8; N]> {
        let mut all: Vec<[u8; 32]> = vec![[0xff; 32], [0; 32]];
        all.extend(
            (0_u8..40)
                .map(|i| std::array::from_fn(|k| (k * 31 + usize::from(i) * 7).to_le_bytes()[0])),
        );
        all.iter().map(|value| low_bytes(*value)).collect()
    }

    #[test]
    fn samples_of_the_format_notes() {
        // UUID: bytes are the reverse of the text.
        let native = [
            0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x44, 0x44, 0x33, 0x33, 0x22, 0x22, 0x11, 0x11,
            0x11, 0x11,
        ];
        assert_eq!(
            Uuid::plain(native)[..6],
            [0x11, 0x11, 0x11, 0x11, 0x22, 0x22]
        );
        assert!(Geo32::is_null([0xff; 4]));
        assert!(!Bool::is_null([7]));
        assert_eq!(Bool::plain([7]), [0]);
    }

    #[test]
    fn zero_bounds_are_widened_to_both_signs() {
        assert_eq!(F64::lower(0.0), (-0.0_f64).to_le_bytes());
        assert_eq!(F64::upper(-0.0), 0.0_f64.to_le_bytes());
        assert_eq!(F32::lower(1.0), 1.0_f32.to_le_bytes());
    }

    #[test]
    fn a_plain_value_has_the_key_of_the_stored_one() {
        check_plain::<Bool>(&samples());
        check_plain::<I8>(&samples());
        check_plain::<I16>(&samples());
        check_plain::<U16>(&samples());
        check_plain::<I32>(&samples());
        check_plain::<Ip>(&samples());
        check_plain::<I64>(&samples());
        check_plain::<Geo8>(&samples());
        check_plain::<Geo16>(&samples());
        check_plain::<F32>(&samples()[1..]);
        check_plain::<F64>(&samples()[1..]);
        check_plain::<Uuid>(&samples());
        check_plain::<Long128>(&samples());
        check_plain::<Long256>(&samples());
    }

    #[test]
    fn null_is_lowest_only_where_it_is() {
        check_null::<I32>(i32::MIN.to_le_bytes());
        check_null::<Ip>([0; 4]);
        check_null::<I64>(i64::MIN.to_le_bytes());
        check_null::<Long128>(NULL_128.to_le_bytes());
    }
}
