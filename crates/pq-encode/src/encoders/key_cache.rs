//! The keys of a chunk, kept from the pass that found its dictionary.
//!
//! Looking a value up costs far more than two bytes of memory, so the first pass keeps what it looked
//! up while that is cheap: for chunks of up to [`ROWS_MAX`] rows and 16-bit keys. A larger chunk looks
//! its values up again; the bytes are the same either way.

/// Most keys that are kept: 4 MiB of them.
pub(crate) const ROWS_MAX: usize = 1 << 21;

/// A row without a value, where such rows are kept.
pub(crate) const NULL: u16 = u16::MAX;

/// Keys in row order, or nothing once they became too many or too wide.
#[derive(Debug, Default)]
pub(crate) struct KeyCache {
    keys: Option<Vec<u16>>,
    next: usize,
}

impl KeyCache {
    /// Starts with no keys.
    pub(crate) fn start(&mut self) {
        let mut keys = self.keys.take().unwrap_or_default();
        keys.clear();
        self.keys = Some(keys);
        self.next = 0;
    }

    /// Forgets all keys and gives their memory back.
    pub(crate) fn drop_all(&mut self) {
        *self = Self::default();
    }

    /// Appends a key; everything is forgotten if it, or their number, is too large.
    #[inline]
    pub(crate) fn push(&mut self, key: u32) {
        if let Some(keys) = &mut self.keys {
            match u16::try_from(key) {
                Ok(key) if key != NULL && keys.len() < ROWS_MAX => keys.push(key),
                _ => self.keys = None,
            }
        }
    }

    /// Appends rows without a value.
    pub(crate) fn push_nulls(&mut self, rows: usize) {
        if let Some(keys) = &mut self.keys {
            if keys.len() + rows <= ROWS_MAX {
                keys.resize(keys.len() + rows, NULL);
            } else {
                self.keys = None;
            }
        }
    }

    /// Whether all keys are here.
    pub(crate) fn is_whole(&self) -> bool {
        self.keys.is_some()
    }

    /// Goes back to the first key.
    pub(crate) fn rewind(&mut self) {
        self.next = 0;
    }

    /// The next keys, at most `count`.
    pub(crate) fn take(&mut self, count: usize) -> &[u16] {
        let keys = self.keys.as_deref().unwrap_or(&[]);
        let end = self.next.saturating_add(count).min(keys.len());
        let taken = keys.get(self.next..end).unwrap_or(&[]);
        self.next = end;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_or_too_wide_keys_are_forgotten_as_a_whole() {
        let mut cache = KeyCache::default();
        cache.start();
        cache.push(7);
        cache.push_nulls(2);
        assert_eq!(cache.take(2), [7, NULL]);
        assert_eq!(cache.take(2), [NULL]);
        cache.push(u32::from(NULL));
        assert!(!cache.is_whole());
        cache.start();
        cache.push_nulls(ROWS_MAX);
        assert!(cache.is_whole());
        cache.push(1);
        assert!(!cache.is_whole());
        assert!(cache.take(1).is_empty());
    }
}
