//! A commit as data: ordered writes and barriers that somebody else executes.
//!
//! The formats say which bytes go where and in which order they must become visible and durable; they do not
//! own a file. `engine` executes a plan through its `Vfs`, tests execute it step by step against a reader, and
//! a crash simulator enumerates what can survive between two barriers.

/// What a barrier stands between. All writes before it must be visible, and in durable mode durable, before
/// any write after it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Barrier {
    /// Between the new area with its slot and the version word that makes it current.
    AreaBeforeVersion,
    /// Between the version word and the first write of the *next* commit: without it a slow reader can accept
    /// a torn record after two commits (txn.md §6).
    VersionBeforeNext,
}

/// One step of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Make the file at least this long; new bytes are zero. Never shortens.
    Extend {
        /// Length in bytes, a multiple of the page.
        len: u64,
    },
    /// Write bytes at an offset.
    Write {
        /// Byte offset in the file.
        offset: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Order what stands before against what stands after.
    Barrier(Barrier),
}

/// The ordered steps of one commit to `_txn` or `_cv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitPlan {
    /// The version that the last write publishes.
    pub version: i64,
    /// Steps in order.
    pub steps: Vec<Step>,
}

impl CommitPlan {
    /// Applies all steps to bytes in memory: what the file holds after the commit.
    pub fn apply(&self, file: &mut Vec<u8>) {
        for step in &self.steps {
            step.apply(file);
        }
    }
}

impl Step {
    /// Applies this step to bytes in memory. A barrier changes nothing.
    pub fn apply(&self, file: &mut Vec<u8>) {
        match self {
            Self::Extend { len } => {
                let len = usize::try_from(*len).unwrap_or(usize::MAX);
                if file.len() < len {
                    file.resize(len, 0);
                }
            }
            Self::Write { offset, bytes } => {
                let start = usize::try_from(*offset).unwrap_or(usize::MAX);
                let end = start.saturating_add(bytes.len());
                if file.len() < end {
                    file.resize(end, 0);
                }
                if let Some(to) = file.get_mut(start..end) {
                    to.copy_from_slice(bytes);
                }
            }
            Self::Barrier(_) => {}
        }
    }
}

/// Files with areas are extended by whole pages of this size.
const PAGE_LEN: u64 = 4096;

/// The five steps that both A/B files share: extend, area, slot, barrier, version, barrier.
pub(crate) fn area_commit(
    version: i64,
    file_len: u64,
    area: (u64, Vec<u8>),
    slot: (u64, Vec<u8>),
) -> CommitPlan {
    let (area_off, area_bytes) = area;
    let end = area_off.saturating_add(u64::try_from(area_bytes.len()).unwrap_or(u64::MAX));
    let mut steps = Vec::with_capacity(6);
    if end > file_len {
        steps.push(Step::Extend {
            len: end.div_ceil(PAGE_LEN).saturating_mul(PAGE_LEN),
        });
    }
    if !area_bytes.is_empty() {
        steps.push(Step::Write {
            offset: area_off,
            bytes: area_bytes,
        });
    }
    let (slot_off, slot_bytes) = slot;
    steps.push(Step::Write {
        offset: slot_off,
        bytes: slot_bytes,
    });
    steps.push(Step::Barrier(Barrier::AreaBeforeVersion));
    steps.push(Step::Write {
        offset: 0,
        bytes: version.to_le_bytes().to_vec(),
    });
    steps.push(Step::Barrier(Barrier::VersionBeforeNext));
    CommitPlan { version, steps }
}

/// Pads with zeros to a whole page.
pub(crate) fn pad(file: &mut Vec<u8>) {
    let len = u64::try_from(file.len())
        .unwrap_or(u64::MAX)
        .div_ceil(PAGE_LEN)
        .saturating_mul(PAGE_LEN);
    file.resize(usize::try_from(len).unwrap_or(file.len()), 0);
}
