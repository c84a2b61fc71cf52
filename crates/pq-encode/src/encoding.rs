//! The encodings that this crate writes, and which of them a column type may have.
//!
//! One table, used by the command line, by the chooser and by the encoder. An illegal pair is
//! refused by name and never replaced in silence (property P13).

use std::fmt;
use std::str::FromStr;

use column_format::ColumnType;

/// How the values of a column chunk become bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// `PLAIN`: values as they are. Legal for every type.
    Plain,
    /// `RLE_DICTIONARY`: distinct values once, then keys. Every type but BOOLEAN and arrays.
    Dictionary,
    /// `DELTA_BINARY_PACKED`: types that are stored as INT32 or INT64.
    Delta,
    /// `DELTA_LENGTH_BYTE_ARRAY`: STRING, VARCHAR, SYMBOL, BINARY.
    DeltaLength,
    /// `BYTE_STREAM_SPLIT`: floating point, arrays of it, and fixed-length bytes.
    ByteStreamSplit,
    /// `RLE`: BOOLEAN.
    Rle,
}

impl Encoding {
    /// Every encoding.
    pub const ALL: [Self; 6] = [
        Self::Plain,
        Self::Dictionary,
        Self::Delta,
        Self::DeltaLength,
        Self::ByteStreamSplit,
        Self::Rle,
    ];

    /// Whether values of `column_type` may have this encoding (parquet.md §1).
    #[must_use]
    pub const fn legal_for(self, column_type: ColumnType) -> bool {
        use ColumnType as T;
        match self {
            Self::Plain => true,
            Self::Dictionary => !matches!(column_type, T::Boolean | T::Array { .. }),
            Self::Delta => matches!(
                column_type,
                T::Byte
                    | T::Short
                    | T::Char
                    | T::Int
                    | T::Long
                    | T::Date
                    | T::Timestamp(_)
                    | T::Ipv4
                    | T::Geohash { .. }
            ),
            Self::DeltaLength => {
                matches!(column_type, T::String | T::Varchar | T::Symbol | T::Binary)
            }
            Self::ByteStreamSplit => matches!(
                column_type,
                T::Float
                    | T::Double
                    | T::Array { .. }
                    | T::Uuid
                    | T::Long128
                    | T::Long256
                    | T::Decimal { .. }
            ),
            Self::Rle => matches!(column_type, T::Boolean),
        }
    }

    /// All encodings that are legal for `column_type`.
    pub fn all_legal_for(column_type: ColumnType) -> impl Iterator<Item = Self> {
        Self::ALL
            .into_iter()
            .filter(move |encoding| encoding.legal_for(column_type))
    }

    /// The name of the format, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Dictionary => "rle_dictionary",
            Self::Delta => "delta_binary_packed",
            Self::DeltaLength => "delta_length_byte_array",
            Self::ByteStreamSplit => "byte_stream_split",
            Self::Rle => "rle",
        }
    }

    /// The short name, which [`FromStr`] takes as well.
    #[must_use]
    pub const fn alias(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Dictionary => "dictionary",
            Self::Delta => "delta",
            Self::DeltaLength => "delta_length",
            Self::ByteStreamSplit => "bss",
            Self::Rle => "rle",
        }
    }

    /// The number that pages and footers carry.
    #[must_use]
    pub(crate) const fn wire(self) -> pq_format::Encoding {
        match self {
            Self::Plain => pq_format::Encoding::Plain,
            Self::Dictionary => pq_format::Encoding::RleDictionary,
            Self::Delta => pq_format::Encoding::DeltaBinaryPacked,
            Self::DeltaLength => pq_format::Encoding::DeltaLengthByteArray,
            Self::ByteStreamSplit => pq_format::Encoding::ByteStreamSplit,
            Self::Rle => pq_format::Encoding::Rle,
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no encoding of this crate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown encoding `{found}`; there are {}", names())]
pub struct UnknownEncoding {
    /// The name given.
    pub found: String,
}

fn names() -> String {
    Encoding::ALL.map(Encoding::name).join(", ")
}

impl FromStr for Encoding {
    type Err = UnknownEncoding;

    /// Takes the format's names and the short ones, in any case, with `-` for `_`.
    fn from_str(name: &str) -> Result<Self, UnknownEncoding> {
        let wanted = name.to_ascii_lowercase().replace('-', "_");
        Self::ALL
            .into_iter()
            .find(|encoding| wanted == encoding.name() || wanted == encoding.alias())
            .ok_or_else(|| UnknownEncoding {
                found: name.to_owned(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_aliases_parse_back_in_any_case() {
        for encoding in Encoding::ALL {
            for name in [encoding.name(), encoding.alias()] {
                assert_eq!(name.parse(), Ok(encoding));
                assert_eq!(name.to_uppercase().replace('_', "-").parse(), Ok(encoding));
            }
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_all_that_exist() {
        let error = "delta_byte_array"
            .parse::<Encoding>()
            .unwrap_err()
            .to_string();
        for encoding in Encoding::ALL {
            assert!(error.contains(encoding.name()), "{error}");
        }
        assert!(error.contains("`delta_byte_array`"), "{error}");
    }
}
