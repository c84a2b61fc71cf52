//! SQL names of the column types.
//!
//! They are what `SHOW COLUMNS` prints (the `columns.csv` of the test tables), so that output of
//! ours can be compared with QuestDB's.

use std::fmt;

use super::{ColumnType, TimestampUnit};

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Boolean => "BOOLEAN",
            Self::Byte => "BYTE",
            Self::Short => "SHORT",
            Self::Char => "CHAR",
            Self::Int => "INT",
            Self::Long => "LONG",
            Self::Date => "DATE",
            Self::Timestamp(TimestampUnit::Micros) => "TIMESTAMP",
            Self::Timestamp(TimestampUnit::Nanos) => "TIMESTAMP_NS",
            Self::Float => "FLOAT",
            Self::Double => "DOUBLE",
            Self::String => "STRING",
            Self::Symbol => "SYMBOL",
            Self::Long256 => "LONG256",
            Self::Binary => "BINARY",
            Self::Uuid => "UUID",
            Self::Long128 => "LONG128",
            Self::Ipv4 => "IPv4",
            Self::Varchar => "VARCHAR",
            Self::Geohash { bits } => {
                return if bits % 5 == 0 {
                    write!(f, "GEOHASH({}c)", bits / 5)
                } else {
                    write!(f, "GEOHASH({bits}b)")
                };
            }
            Self::Array { dims } => {
                f.write_str("DOUBLE")?;
                for _ in 0..*dims {
                    f.write_str("[]")?;
                }
                return Ok(());
            }
            Self::Decimal { precision, scale } => {
                return write!(f, "DECIMAL({precision},{scale})");
            }
        })
    }
}
