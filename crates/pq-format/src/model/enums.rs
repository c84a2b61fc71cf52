//! The enumerations of the format, with their numbers.
//!
//! Numbers are forever: `tests/it/forever.rs` restates them. Where a file may legally contain a
//! number that is younger than this crate, the enum has a member that carries it, so that one
//! unknown encoding in one column does not make the rest of the file unreadable.

use std::fmt;

macro_rules! wire_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $code:literal $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$vmeta])* $variant,)+
            /// A number that this crate does not know.
            Unknown(i32),
        }

        impl $name {
            /// The number on disk.
            #[must_use]
            pub const fn code(self) -> i32 {
                match self {
                    $(Self::$variant => $code,)+
                    Self::Unknown(code) => code,
                }
            }

            /// The member with this number, or [`Self::Unknown`].
            #[must_use]
            pub const fn from_code(code: i32) -> Self {
                match code {
                    $($code => Self::$variant,)+
                    other => Self::Unknown(other),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant => f.write_str($text),)+
                    Self::Unknown(code) => write!(f, "unknown ({code})"),
                }
            }
        }
    };
}

wire_enum! {
    /// `Type`: how a value is stored, without the length of fixed-length byte arrays.
    PhysicalKind {
        /// One bit a value.
        Boolean = 0 "BOOLEAN",
        /// 32-bit signed.
        Int32 = 1 "INT32",
        /// 64-bit signed.
        Int64 = 2 "INT64",
        /// Twelve bytes, deprecated timestamps.
        Int96 = 3 "INT96",
        /// IEEE 754 single.
        Float = 4 "FLOAT",
        /// IEEE 754 double.
        Double = 5 "DOUBLE",
        /// Bytes with a length each.
        ByteArray = 6 "BYTE_ARRAY",
        /// Bytes of one length, which the schema gives.
        FixedLenByteArray = 7 "FIXED_LEN_BYTE_ARRAY",
    }
}

wire_enum! {
    /// `FieldRepetitionType`.
    Repetition {
        /// Exactly one value.
        Required = 0 "REQUIRED",
        /// No value or one.
        Optional = 1 "OPTIONAL",
        /// Any number of values.
        Repeated = 2 "REPEATED",
    }
}

wire_enum! {
    /// `Encoding` of values or levels. Number 1 was never used.
    Encoding {
        /// Values as they are.
        Plain = 0 "PLAIN",
        /// The deprecated name of dictionary pages and keys.
        PlainDictionary = 2 "PLAIN_DICTIONARY",
        /// The hybrid of runs and bit packing.
        Rle = 3 "RLE",
        /// Deprecated level encoding.
        BitPacked = 4 "BIT_PACKED",
        /// Differences in bit-packed miniblocks.
        DeltaBinaryPacked = 5 "DELTA_BINARY_PACKED",
        /// Lengths as differences, then all bytes.
        DeltaLengthByteArray = 6 "DELTA_LENGTH_BYTE_ARRAY",
        /// Shared prefixes, then suffixes.
        DeltaByteArray = 7 "DELTA_BYTE_ARRAY",
        /// Keys into the dictionary page.
        RleDictionary = 8 "RLE_DICTIONARY",
        /// First bytes of all values, then all second bytes, ...
        ByteStreamSplit = 9 "BYTE_STREAM_SPLIT",
    }
}

wire_enum! {
    /// `PageType`.
    PageType {
        /// Data page, version 1.
        Data = 0 "DATA_PAGE",
        /// Reserved by the format, never written.
        Index = 1 "INDEX_PAGE",
        /// Dictionary page.
        Dictionary = 2 "DICTIONARY_PAGE",
        /// Data page, version 2.
        DataV2 = 3 "DATA_PAGE_V2",
    }
}

wire_enum! {
    /// `CompressionCodec`: what the footer says about a chunk. See `Codec` for levels.
    CodecId {
        /// Stored.
        Uncompressed = 0 "UNCOMPRESSED",
        /// Snappy, raw format.
        Snappy = 1 "SNAPPY",
        /// Gzip (RFC 1952).
        Gzip = 2 "GZIP",
        /// LZO, not supported.
        Lzo = 3 "LZO",
        /// Brotli (RFC 7932).
        Brotli = 4 "BROTLI",
        /// LZ4 in Hadoop's undocumented framing, deprecated, not supported.
        Lz4 = 5 "LZ4",
        /// Zstandard (RFC 8878).
        Zstd = 6 "ZSTD",
        /// LZ4, raw block format.
        Lz4Raw = 7 "LZ4_RAW",
    }
}

wire_enum! {
    /// `BoundaryOrder` of the pages in a column index.
    BoundaryOrder {
        /// No order is promised.
        Unordered = 0 "UNORDERED",
        /// Minima and maxima never fall from page to page.
        Ascending = 1 "ASCENDING",
        /// Minima and maxima never rise from page to page.
        Descending = 2 "DESCENDING",
    }
}

/// `ColumnOrder`: by which order the statistics of a column bound its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnOrder {
    /// `TYPE_ORDER`, union member 1: the order of the logical type.
    TypeDefined,
    /// `IEEE_754_TOTAL_ORDER`, union member 2. Never written by us: readers with older Thrift code
    /// cannot open a file that has it.
    Ieee754TotalOrder,
    /// A member younger than this crate: statistics of the column cannot be used.
    Unknown(i16),
}
