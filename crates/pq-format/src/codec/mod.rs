//! Compression codecs, by the names that users type.
//!
//! A [`Codec`] is what a writer wants (with a level), a [`crate::CodecId`] what a file says
//! (without one).

mod compress;
mod decompress;
mod zstd_frame;

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use thiserror::Error;

pub use compress::{Compressor, Search};
pub use decompress::Decompressor;

use crate::model::CodecId;

/// How pages are to be compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Codec {
    /// Stored.
    #[default]
    None,
    /// Snappy, raw format.
    Snappy,
    /// LZ4, raw block format.
    Lz4Raw,
    /// Zstandard, level 1 (default) to 22.
    Zstd(i32),
    /// Gzip, level 0 to 9, default 6.
    Gzip(i32),
    /// Brotli, level 0 to 11, default 1.
    Brotli(i32),
}

/// What [`Codec`] strings may be.
const NAMES: &str = "none, snappy, lz4_raw, zstd[:1-22], gzip[:0-9], brotli[:0-11]";

impl Codec {
    /// Zstandard at the level that we think best for exports.
    pub const ZSTD: Self = Self::Zstd(1);

    /// The name without a level.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Snappy => "snappy",
            Self::Lz4Raw => "lz4_raw",
            Self::Zstd(_) => "zstd",
            Self::Gzip(_) => "gzip",
            Self::Brotli(_) => "brotli",
        }
    }

    /// The level, if the codec has levels.
    #[must_use]
    pub const fn level(self) -> Option<i32> {
        match self {
            Self::None | Self::Snappy | Self::Lz4Raw => None,
            Self::Zstd(level) | Self::Gzip(level) | Self::Brotli(level) => Some(level),
        }
    }

    /// The levels that exist, if the codec has levels.
    #[must_use]
    pub const fn levels(self) -> Option<RangeInclusive<i32>> {
        match self {
            Self::None | Self::Snappy | Self::Lz4Raw => None,
            Self::Zstd(_) => Some(1..=22),
            Self::Gzip(_) => Some(0..=9),
            Self::Brotli(_) => Some(0..=11),
        }
    }

    /// What the footer says.
    #[must_use]
    pub const fn id(self) -> CodecId {
        match self {
            Self::None => CodecId::Uncompressed,
            Self::Snappy => CodecId::Snappy,
            Self::Lz4Raw => CodecId::Lz4Raw,
            Self::Zstd(_) => CodecId::Zstd,
            Self::Gzip(_) => CodecId::Gzip,
            Self::Brotli(_) => CodecId::Brotli,
        }
    }

    /// Checks the level.
    ///
    /// # Errors
    /// [`CodecError::Level`] with the levels that exist.
    pub fn check(self) -> Result<Self, CodecError> {
        match (self.level(), self.levels()) {
            (Some(level), Some(levels)) if !levels.contains(&level) => {
                Err(self.bad_level(&level.to_string()))
            }
            _ => Ok(self),
        }
    }

    fn bad_level(self, found: &str) -> CodecError {
        let (codec, found) = (self.name(), found.to_owned());
        match self.levels() {
            Some(levels) => CodecError::Level {
                codec,
                found,
                min: *levels.start(),
                max: *levels.end(),
            },
            None => CodecError::NoLevels { codec, found },
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level() {
            Some(level) => write!(f, "{}:{level}", self.name()),
            None => f.write_str(self.name()),
        }
    }
}

impl FromStr for Codec {
    type Err = CodecError;

    /// `none`, `snappy`, `lz4_raw`, `zstd`, `gzip`, `brotli`, the last three with `:LEVEL`.
    fn from_str(s: &str) -> Result<Self, CodecError> {
        let (name, level) = match s.split_once(':') {
            Some((name, level)) => (name, Some(level)),
            None => (s, None),
        };
        let default = match name {
            "none" => Self::None,
            "snappy" => Self::Snappy,
            "lz4_raw" => Self::Lz4Raw,
            "zstd" => Self::ZSTD,
            "gzip" => Self::Gzip(6),
            "brotli" => Self::Brotli(1),
            _ => {
                return Err(CodecError::Name {
                    found: s.to_owned(),
                });
            }
        };
        let Some(text) = level else {
            return Ok(default);
        };
        let number = text.parse::<i32>().map_err(|_| default.bad_level(text))?;
        match default {
            Self::Zstd(_) => Self::Zstd(number).check(),
            Self::Gzip(_) => Self::Gzip(number).check(),
            Self::Brotli(_) => Self::Brotli(number).check(),
            Self::None | Self::Snappy | Self::Lz4Raw => Err(default.bad_level(text)),
        }
    }
}

/// A codec does not exist, or could not do its work.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CodecError {
    /// No codec has this name.
    #[error("codec {found:?} does not exist; there are {NAMES}")]
    Name {
        /// What was asked for.
        found: String,
    },
    /// The codec does not have this level.
    #[error("{codec} has no level {found:?}; its levels are {min} to {max}")]
    Level {
        /// Name of the codec.
        codec: &'static str,
        /// What was asked for.
        found: String,
        /// Lowest level.
        min: i32,
        /// Highest level.
        max: i32,
    },
    /// The codec has no levels.
    #[error("{codec} has no levels, found {found:?}; codecs are {NAMES}")]
    NoLevels {
        /// Name of the codec.
        codec: &'static str,
        /// What was asked for.
        found: String,
    },
    /// The library refused to compress.
    #[error("{codec} cannot compress {len} bytes: {reason}")]
    Compress {
        /// Name of the codec.
        codec: &'static str,
        /// Bytes of input.
        len: usize,
        /// What the library says.
        reason: String,
    },
    /// The bytes are not what the codec writes, or not as many as was declared.
    #[error(
        "{codec} data of {len} bytes: expected {expected} bytes when uncompressed, found {found}"
    )]
    Corrupt {
        /// Codec of the chunk.
        codec: CodecId,
        /// Bytes of compressed input.
        len: usize,
        /// Bytes declared.
        expected: usize,
        /// What was found instead.
        found: String,
    },
    /// The declared size exceeds the caller's limit: nothing was decompressed.
    #[error("{codec} data declares {declared} bytes when uncompressed; the limit is {limit}")]
    Limit {
        /// Codec of the chunk.
        codec: CodecId,
        /// Bytes declared.
        declared: usize,
        /// The caller's limit.
        limit: usize,
    },
    /// The file uses a codec that is not supported.
    #[error("codec {codec} is not supported; there are {NAMES}")]
    Unsupported {
        /// Codec of the chunk.
        codec: CodecId,
    },
}
