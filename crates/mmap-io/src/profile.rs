//! How a file is read: `ScanProfile` and `ReadMode`.
//!
//! The profile alone decides whether the mapping is shared, which advice it gets and whether pages
//! are dropped behind the reader; the mode alone decides whether there is a mapping at all.

use std::fmt;
use std::str::FromStr;

/// What a reader does to mappings and page cache.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum ScanProfile {
    /// Mappings are shared through the cache of the [`crate::Root`], and nothing is advised.
    #[default]
    Cached,
    /// An own mapping, `MADV_SEQUENTIAL`, in large pages where the system has them.
    Sequential,
    /// As [`ScanProfile::Sequential`]; pages that were not resident when it was made are dropped
    /// from the page cache behind [`crate::Mapping::done`] and when it is dropped.
    SequentialEvict,
    /// Evicts as [`ScanProfile::SequentialEvict`] does, and the system reads nothing ahead of a mapping
    /// by itself (`MADV_RANDOM`): a fault reads one window, and the reader says what comes next
    /// ([`crate::Mapping::ahead`]). For a memory limit into which the read-ahead of all files that are
    /// read at once (8 MiB each, and twice that, on some devices) does not fit, so that pages would go
    /// before they are used. Files that are read and not mapped are read ahead as the system pleases.
    Frugal,
}

impl ScanProfile {
    /// Whether pages that it brought in leave the page cache.
    #[must_use]
    pub fn evicts(self) -> bool {
        matches!(self, Self::SequentialEvict | Self::Frugal)
    }
}

/// Whether a file is mapped or read into memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum ReadMode {
    /// Map; where the file system cannot map, read.
    #[default]
    Auto,
    /// Map, or fail.
    Mapped,
    /// Read the committed bytes into memory: the mode that cannot fault.
    Positional,
}

/// A profile or mode of that name does not exist.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{found:?} is none of {}", .exist.join(", "))]
pub struct UnknownName {
    /// What was given.
    pub found: String,
    /// What exists.
    pub exist: &'static [&'static str],
}

const PROFILES: [(&str, ScanProfile); 4] = [
    ("cached", ScanProfile::Cached),
    ("sequential", ScanProfile::Sequential),
    ("evict", ScanProfile::SequentialEvict),
    ("frugal", ScanProfile::Frugal),
];
const MODES: [(&str, ReadMode); 3] = [
    ("auto", ReadMode::Auto),
    ("mapped", ReadMode::Mapped),
    ("positional", ReadMode::Positional),
];

impl FromStr for ScanProfile {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        let known = PROFILES.iter().find(|(known, _)| *known == name);
        known
            .map(|(_, profile)| *profile)
            .ok_or_else(|| UnknownName {
                found: name.to_owned(),
                exist: &["cached", "sequential", "evict", "frugal"],
            })
    }
}

impl FromStr for ReadMode {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        let known = MODES.iter().find(|(known, _)| *known == name);
        known.map(|(_, mode)| *mode).ok_or_else(|| UnknownName {
            found: name.to_owned(),
            exist: &["auto", "mapped", "positional"],
        })
    }
}

impl fmt::Display for ScanProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cached => "cached",
            Self::Sequential => "sequential",
            Self::SequentialEvict => "evict",
            Self::Frugal => "frugal",
        })
    }
}

impl fmt::Display for ReadMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Mapped => "mapped",
            Self::Positional => "positional",
        })
    }
}
