//! Every fixed-width column type: how a stored value is ordered, when it is null, and how it looks
//! in Parquet.
//!
//! One zero-sized type a kind, so that the loops of `gather` are compiled for each with constants in
//! place. The table is parquet.md §1 and columns.md §2; nothing else in the crate knows a sentinel.

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

/// A two's complement integer that is written big-endian; null is its minimum.
macro_rules! decimal_kind {
    ($(#[$meta:meta])* $name:ident: $native:ty, $width:literal, from: $from:expr) => {
        kind! {
            $(#[$meta])*
            $name [$width -> $width] $native, <$native>::MIN => <$native>::MAX,
            identity: false, null_is_lowest: true,
            key: $from,
            null: |native| {
                let from: fn([u8; $width]) -> $native = $from;
                from(native) == <$native>::MIN
            },
            plain: |native| {
                let from: fn([u8; $width]) -> $native = $from;
                from(native).to_be_bytes()
            },
            key_of_plain: <$native>::from_be_bytes,
            lower: <$native>::to_be_bytes,
            upper: <$native>::to_be_bytes,
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

decimal_kind! {
    /// DECIMAL of 1 or 2 digits.
    Dec8: i8, 1, from: i8::from_le_bytes
}
decimal_kind! {
    /// DECIMAL of 3 or 4 digits.
    Dec16: i16, 2, from: i16::from_le_bytes
}
decimal_kind! {
    /// DECIMAL of 5 to 9 digits.
    Dec32: i32, 4, from: i32::from_le_bytes
}
decimal_kind! {
    /// DECIMAL of 10 to 18 digits.
    Dec64: i64, 8, from: i64::from_le_bytes
}
decimal_kind! {
    /// DECIMAL of 19 to 38 digits: the high word is stored first, each word little-endian.
    Dec128: i128, 16, from: |native| words(native).cast_signed()
}
kind! {
    /// DECIMAL of 39 to 76 digits: four words, the most significant first.
    Dec256 [32 -> 32] (i128, u128), (i128::MIN, 0) => (i128::MAX, u128::MAX),
    identity: false, null_is_lowest: true,
    key: |native| {
        let (high, low) = halves(native);
        (words(high).cast_signed(), words(low))
    },
    null: |native| {
        let (high, low) = halves(native);
        words(high).cast_signed() == i128::MIN && words(low) == 0
    },
    plain: |native| {
        let (high, low) = halves(native);
        join(words(high).to_be_bytes(), words(low).to_be_bytes())
    },
    key_of_plain: |plain| {
        let (high, low) = halves(plain);
        (i128::from_be_bytes(high), u128::from_be_bytes(low))
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

/// Two 64-bit words, the high one first, each little-endian.
#[inline(always)]
fn words(native: [u8; 16]) -> u128 {
    u128::from_le_bytes(native).rotate_left(64)
}

#[inline(always)]
fn halves(native: [u8; 32]) -> ([u8; 16], [u8; 16]) {
    let (mut first, mut second) = ([0; 16], [0; 16]);
    first.copy_from_slice(&native[..16]);
    second.copy_from_slice(&native[16..]);
    (first, second)
}

#[inline(always)]
fn join(first: [u8; 16], second: [u8; 16]) -> [u8; 32] {
    let mut both = [0; 32];
    both[..16].copy_from_slice(&first);
    both[16..].copy_from_slice(&second);
    both
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_the_format_notes() {
        // DECIMAL(4,2) -12.34 is `2e fb`, NULL is `00 80`.
        assert_eq!(Dec16::plain([0x2e, 0xfb]), [0xfb, 0x2e]);
        assert!(Dec16::is_null([0x00, 0x80]));
        // DECIMAL(38,10): high word first.
        let value = 12_345_678_901_234_567_890_123_456_780_123_456_789_i128;
        let native = [
            0x13, 0x33, 0x02, 0xf0, 0xf6, 0xb0, 0x49, 0x09, 0x15, 0x45, 0x67, 0xcc, 0x4e, 0x90,
            0x49, 0xc4,
        ];
        assert_eq!(Dec128::key(native), value);
        assert_eq!(Dec128::plain(native), value.to_be_bytes());
        let mut null = [0; 16];
        null[7] = 0x80;
        assert!(Dec128::is_null(null));
        let mut null = [0; 32];
        null[7] = 0x80;
        assert!(Dec256::is_null(null));
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
        fn check<K: Kind>(natives: &[K::Native])
        where
            K::Key: std::fmt::Debug,
        {
            for native in natives {
                assert_eq!(K::key_of_plain(K::plain(*native)), K::key(*native));
            }
        }
        let mut all: Vec<[u8; 32]> = vec![[0xff; 32], [0; 32]];
        all.extend(
            (0_u8..40)
                .map(|i| std::array::from_fn(|k| (k * 31 + usize::from(i) * 7).to_le_bytes()[0])),
        );
        fn cut<const N: usize>(all: &[[u8; 32]]) -> Vec<[u8; N]> {
            all.iter().map(|value| low_bytes(*value)).collect()
        }
        check::<Bool>(&cut(&all));
        check::<I8>(&cut(&all));
        check::<I16>(&cut(&all));
        check::<U16>(&cut(&all));
        check::<I32>(&cut(&all));
        check::<Ip>(&cut(&all));
        check::<I64>(&cut(&all));
        check::<Geo8>(&cut(&all));
        check::<Geo16>(&cut(&all));
        check::<F32>(&cut(&all[1..]));
        check::<F64>(&cut(&all[1..]));
        check::<Uuid>(&cut(&all));
        check::<Long128>(&cut(&all));
        check::<Long256>(&all);
        check::<Dec8>(&cut(&all));
        check::<Dec16>(&cut(&all));
        check::<Dec32>(&cut(&all));
        check::<Dec64>(&cut(&all));
        check::<Dec128>(&cut(&all));
        check::<Dec256>(&all);
    }

    #[test]
    fn null_is_lowest_only_where_it_is() {
        fn check<K: Kind>(null: K::Native) {
            assert!(K::is_null(null));
            assert!(!K::NULL_IS_LOWEST || K::key(null) == K::LOWEST);
        }
        check::<I32>(i32::MIN.to_le_bytes());
        check::<Ip>([0; 4]);
        check::<I64>(i64::MIN.to_le_bytes());
        check::<Dec8>([0x80]);
        check::<Dec64>(i64::MIN.to_le_bytes());
        check::<Long128>(NULL_128.to_le_bytes());
    }
}
