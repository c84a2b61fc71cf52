//! `Room`: what a memory limit of the system leaves for the page cache.
//!
//! Pages that we read are charged to our control group, beside the heap. Linux reads ahead per open
//! file, by as much as the device says (often 128 KiB, but 8 MiB on some), and twice that once it
//! believes in a sequence. Where all files that are read at once do not have that much room, pages go
//! before they are used and are read twice. Then the export is frugal: it says itself what to read
//! ahead, and keeps written pages for a shorter while.

use mmap_io::{ScanProfile, Writeback, memory_limit};

use super::request::ExportRequest;
use crate::target;

/// What the system may read ahead of one file.
const AHEAD_BYTES: u64 = 16 << 20;
/// Files that a thread reads at once: entries and values.
const FILES: u64 = 2;
/// The least that is written before the disk is waited for.
const LAG_BYTES_MIN: u64 = 2 << 20;

/// Room for pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    profile: ScanProfile,
    /// `None` where nothing limits it.
    bytes: Option<u64>,
    /// There is more than one thread.
    threads: bool,
}

impl Room {
    /// Of an export that is about to start.
    pub(crate) fn of(request: &ExportRequest) -> Self {
        Self::within(request, memory_limit())
    }

    fn within(request: &ExportRequest, limit: Option<u64>) -> Self {
        let threads = u64::try_from(request.threads.get()).unwrap_or(u64::MAX);
        let bytes = limit.map(|limit| limit.saturating_sub(request.memory_bytes));
        let wanted = threads.saturating_mul(FILES * AHEAD_BYTES);
        let tight = bytes.is_some_and(|bytes| bytes < wanted);
        let profile = match request.profile {
            ScanProfile::SequentialEvict if tight => ScanProfile::Frugal,
            asked => asked,
        };
        Self {
            profile,
            bytes,
            threads: threads > 1,
        }
    }

    /// The profile that was asked for, or its frugal form.
    pub(crate) fn profile(self) -> ScanProfile {
        self.profile
    }

    /// Whether pages share a limit.
    pub(crate) fn is_limited(self) -> bool {
        self.bytes.is_some()
    }

    /// When written pages leave memory: no more of them are under way than an eighth of the room, or
    /// reading would have to wait for the disk. One thread does not become two for them; nor is there a
    /// thread for them where that leaves the disk less than eight steps behind ([`Writeback::apart`]).
    pub(crate) fn writeback(self, sync: bool) -> Writeback {
        let usual = Writeback {
            apart: self.threads,
            ..target::writeback(sync, self.profile.evicts())
        };
        let Some(bytes) = self.bytes else {
            return usual;
        };
        let lag_bytes = usual.lag_bytes.min((bytes / 8).max(LAG_BYTES_MIN));
        Writeback {
            step_bytes: usual.step_bytes.min(lag_bytes / 2),
            lag_bytes,
            ..usual
        }
    }

    /// Most native bytes of a chunk that are worth keeping between two passes over it: half of what
    /// one of `threads` has for pages.
    pub(crate) fn keep_bytes(self, threads: usize) -> u64 {
        let threads = u64::try_from(threads).unwrap_or(u64::MAX).max(1);
        match (self.profile, self.bytes) {
            (ScanProfile::Frugal, Some(bytes)) => bytes / 2 / threads,
            _ => u64::MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::Output;

    fn room(profile: ScanProfile, limit: Option<u64>) -> Room {
        let mut request = ExportRequest::new("t", Output::Writer(Box::new(std::io::sink())));
        request.threads = NonZeroUsize::new(2).unwrap();
        request.memory_bytes = 32 << 20;
        request.profile = profile;
        Room::within(&request, limit)
    }

    #[test]
    fn a_limit_that_read_ahead_does_not_fit_into_makes_frugal() {
        let evict = ScanProfile::SequentialEvict;
        for (limit, expected) in [
            (None, evict),
            (Some(1 << 40), evict),
            (Some(96 << 20), evict),
            (Some((96 << 20) - 1), ScanProfile::Frugal),
            (Some(64 << 20), ScanProfile::Frugal),
            (Some(1), ScanProfile::Frugal),
        ] {
            assert_eq!(room(evict, limit).profile(), expected, "{limit:?}");
        }
        for asked in [ScanProfile::Cached, ScanProfile::Sequential] {
            assert_eq!(room(asked, Some(1)).profile(), asked);
        }
    }

    #[test]
    fn a_limit_bounds_what_is_kept_and_what_is_dirty() {
        let evict = ScanProfile::SequentialEvict;
        let tight = room(evict, Some(64 << 20));
        assert_eq!(tight.keep_bytes(2), 8 << 20);
        let usual = room(evict, None);
        assert_eq!(usual.keep_bytes(2), u64::MAX);
        for sync in [false, true] {
            let expected = Writeback {
                apart: true,
                ..target::writeback(sync, true)
            };
            assert_eq!(usual.writeback(sync), expected);
            let tight = tight.writeback(sync);
            assert_eq!((tight.step_bytes, tight.lag_bytes), (2 << 20, 4 << 20));
            assert!(tight.drop_behind);
            // Not frugal, and yet no place for the 512 MiB that nobody waits for.
            let roomy = room(evict, Some(256 << 20)).writeback(sync);
            assert_eq!(roomy.lag_bytes, 28 << 20);
            let tiny = room(evict, Some(1)).writeback(sync);
            assert_eq!(tiny.step_bytes, 1 << 20);
        }
        let alone = Room {
            threads: false,
            ..usual
        };
        assert_eq!(alone.writeback(true), target::writeback(true, true));
        let cached = room(ScanProfile::Cached, Some(64 << 20));
        assert_eq!(cached.writeback(false).step_bytes, 0);
        assert!(!cached.writeback(true).drop_behind);
    }
}
