//! Counters of one `Root`: what it has mapped, what is still mapped, what it has evicted.
//!
//! "Flat and small" is a claim about these numbers, so tests and `--stats` read them from the place
//! where mappings are made and unmade, not from an estimate.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Live counters, shared by everything that was opened through one [`crate::Root`].
#[derive(Debug, Default)]
pub struct IoStats {
    mappings_opened: AtomicU64,
    mapped_now: AtomicU64,
    mapped_peak: AtomicU64,
    mapped_bytes_now: AtomicU64,
    mapped_bytes_peak: AtomicU64,
    cache_hits: AtomicU64,
    bytes_evicted: AtomicU64,
    bytes_read: AtomicU64,
    watched: Mutex<Vec<Weak<MappedPeak>>>,
}

/// The most that was mapped at one moment while this value lives: of one piece of work, where the
/// counters of the root go back to its opening.
#[derive(Debug, Default)]
pub struct MappedPeak {
    mappings: AtomicU64,
    bytes: AtomicU64,
}

impl MappedPeak {
    /// Mappings.
    #[must_use]
    pub fn mappings(&self) -> u64 {
        self.mappings.load(Relaxed)
    }

    /// Bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    fn see(&self, mappings: u64, bytes: u64) {
        self.mappings.fetch_max(mappings, Relaxed);
        self.bytes.fetch_max(bytes, Relaxed);
    }
}

impl IoStats {
    /// Mappings made so far (a mapping served from the cache is not made again).
    #[must_use]
    pub fn mappings_opened(&self) -> u64 {
        self.mappings_opened.load(Relaxed)
    }

    /// Mappings that are mapped at this moment.
    #[must_use]
    pub fn mapped_now(&self) -> u64 {
        self.mapped_now.load(Relaxed)
    }

    /// The most mappings that were ever mapped at one moment.
    #[must_use]
    pub fn mapped_peak(&self) -> u64 {
        self.mapped_peak.load(Relaxed)
    }

    /// Bytes that are mapped at this moment.
    #[must_use]
    pub fn mapped_bytes_now(&self) -> u64 {
        self.mapped_bytes_now.load(Relaxed)
    }

    /// The most bytes that were ever mapped at one moment.
    #[must_use]
    pub fn mapped_bytes_peak(&self) -> u64 {
        self.mapped_bytes_peak.load(Relaxed)
    }

    /// Mappings that were served from the cache of the root.
    #[must_use]
    pub fn cache_hits(&self) -> u64 {
        self.cache_hits.load(Relaxed)
    }

    /// Bytes of the pages that we had brought in and that have left the page cache behind us.
    #[must_use]
    pub fn bytes_evicted(&self) -> u64 {
        self.bytes_evicted.load(Relaxed)
    }

    /// Bytes read positionally.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Relaxed)
    }

    /// Peaks from now on, until the answer is dropped.
    #[must_use]
    pub fn watch_peak(&self) -> Arc<MappedPeak> {
        let peak = Arc::new(MappedPeak::default());
        peak.see(self.mapped_now(), self.mapped_bytes_now());
        self.watched().push(Arc::downgrade(&peak));
        peak
    }

    fn watched(&self) -> MutexGuard<'_, Vec<Weak<MappedPeak>>> {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.retain(|peak| peak.strong_count() > 0);
        watched
    }

    pub(crate) fn on_mapped(&self, len: u64) {
        self.mappings_opened.fetch_add(1, Relaxed);
        let now = self.mapped_now.fetch_add(1, Relaxed) + 1;
        self.mapped_peak.fetch_max(now, Relaxed);
        let bytes = self.mapped_bytes_now.fetch_add(len, Relaxed) + len;
        self.mapped_bytes_peak.fetch_max(bytes, Relaxed);
        for peak in self.watched().iter().filter_map(Weak::upgrade) {
            peak.see(now, bytes);
        }
    }

    pub(crate) fn on_unmapped(&self, len: u64) {
        self.mapped_now.fetch_sub(1, Relaxed);
        self.mapped_bytes_now.fetch_sub(len, Relaxed);
    }

    pub(crate) fn on_cache_hit(&self) {
        self.cache_hits.fetch_add(1, Relaxed);
    }

    pub(crate) fn on_evicted(&self, bytes: u64) {
        self.bytes_evicted.fetch_add(bytes, Relaxed);
    }

    pub(crate) fn on_read(&self, bytes: u64) {
        self.bytes_read.fetch_add(bytes, Relaxed);
    }
}
