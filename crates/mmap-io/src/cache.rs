//! Mappings of the `Cached` profile, shared by (file identity, length).
//!
//! The cache holds nothing alive: it remembers mappings weakly, so that "released" means unmapped.
//! Identity is device and inode, never a name, so a file that was replaced by a rename is another
//! file here; and an inode cannot be reused while one of its mappings lives.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::error::IoError;
use crate::mapped::Mapped;
use crate::vfs::FileId;

/// Entries that may be dead before the map is swept.
const SWEEP_AT_LEAST: usize = 64;

/// What a shared mapping is found by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct CacheKey {
    pub(crate) id: FileId,
    pub(crate) len: u64,
}

/// The map cache of one root.
#[derive(Debug, Default)]
pub(crate) struct MapCache {
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    by_key: HashMap<CacheKey, Weak<Mapped>>,
    sweep_at: usize,
}

impl MapCache {
    /// The live, sound mapping of `key`, or the one that `make` makes. The second value says
    /// whether it was shared. `make` runs under the lock, so that two readers never map twice.
    pub(crate) fn get_or_make(
        &self,
        key: CacheKey,
        make: impl FnOnce() -> Result<Arc<Mapped>, IoError>,
    ) -> Result<(Arc<Mapped>, bool), IoError> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let live = entries.by_key.get(&key).and_then(Weak::upgrade);
        if let Some(shared) = live.filter(|shared| !shared.is_poisoned()) {
            return Ok((shared, true));
        }
        let made = make()?;
        entries.insert(key, Arc::downgrade(&made));
        Ok((made, false))
    }
}

impl Entries {
    fn insert(&mut self, key: CacheKey, mapped: Weak<Mapped>) {
        if self.by_key.len() >= self.sweep_at.max(SWEEP_AT_LEAST) {
            self.by_key.retain(|_, entry| entry.strong_count() > 0);
            self.sweep_at = self.by_key.len().saturating_mul(2);
        }
        self.by_key.insert(key, mapped);
    }
}
