//! Small enumerations of the format: physical types, codecs, repetitions, type tags.
//!
//! The numbers are Parquet's own, but this crate does not parse Parquet, so it names them itself.

use crate::error::PmError;

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident, $field:literal, $expected:literal { $($(#[$vdoc:meta])* $variant:ident = $code:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum $name { $($(#[$vdoc])* $variant = $code),+ }

        impl $name {
            /// The value for a code.
            ///
            /// # Errors
            /// `InvalidValue` for a code that the format does not have; `offset` goes into it.
            pub fn from_code(code: u8, offset: u64) -> Result<Self, PmError> {
                match code {
                    $($code => Ok(Self::$variant),)+
                    _ => Err(PmError::InvalidValue {
                        field: $field, offset, found: u64::from(code), expected: $expected,
                    }),
                }
            }

            /// The code on disk.
            #[must_use]
            pub fn code(self) -> u8 {
                self as u8
            }
        }
    };
}

codes! {
    /// Parquet physical types (pm.md §4.2).
    PhysicalType, "physical_type", "0 to 7" {
        /// One bit a value.
        Boolean = 0,
        /// 4 bytes, signed.
        Int32 = 1,
        /// 8 bytes, signed.
        Int64 = 2,
        /// 12 bytes, a legacy timestamp.
        Int96 = 3,
        /// 4 bytes, IEEE 754.
        Float = 4,
        /// 8 bytes, IEEE 754.
        Double = 5,
        /// Any length.
        ByteArray = 6,
        /// A length that the schema declares.
        FixedLenByteArray = 7,
    }
}

codes! {
    /// Compression codecs (pm.md §5.1).
    ChunkCodec, "codec", "0 to 7" {
        /// Stored.
        Uncompressed = 0,
        /// Snappy.
        Snappy = 1,
        /// Gzip.
        Gzip = 2,
        /// LZO.
        Lzo = 3,
        /// Brotli.
        Brotli = 4,
        /// The deprecated Hadoop framing of LZ4.
        Lz4 = 5,
        /// Zstandard.
        Zstd = 6,
        /// LZ4 blocks.
        Lz4Raw = 7,
    }
}

codes! {
    /// Repetition of a column's top-level field (pm.md §4.2). A hint: trust the levels.
    Repetition, "repetition", "0 to 2" {
        /// No nulls.
        Required = 0,
        /// Nulls allowed.
        Optional = 1,
        /// A list without annotation.
        Repeated = 2,
    }
}

/// Type tags that this crate must tell apart (pm.md §11.1); bits 0 to 7 of a type code.
pub(crate) mod tag {
    pub(crate) const BOOLEAN: i32 = 1;
    pub(crate) const BYTE: i32 = 2;
    pub(crate) const SHORT: i32 = 3;
    pub(crate) const CHAR: i32 = 4;
    pub(crate) const DATE: i32 = 7;
    pub(crate) const FLOAT: i32 = 9;
    pub(crate) const DOUBLE: i32 = 10;
    pub(crate) const IPV4: i32 = 25;
    pub(crate) const DECIMAL8: i32 = 28;
    pub(crate) const DECIMAL256: i32 = 33;
}

/// The tag of a type code; `None` for -1 and other negative codes.
pub(crate) fn tag_of(col_type: i32) -> Option<i32> {
    (col_type >= 0).then_some(col_type & 0xFF)
}

/// Whether a type code is one of the six decimal widths.
pub(crate) fn is_decimal(col_type: i32) -> bool {
    tag_of(col_type).is_some_and(|t| (tag::DECIMAL8..=tag::DECIMAL256).contains(&t))
}
