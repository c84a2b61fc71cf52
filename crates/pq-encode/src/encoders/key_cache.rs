//! Keys on their way from the dictionary into a page.
//!
//! Looking a value up costs far more than two bytes of memory. So the first pass over a chunk keeps
//! what it looked up while that is cheap: for chunks of up to [`ROWS_MAX`] rows and 16-bit keys (a
//! larger chunk looks its values up again; the bytes are the same either way). And while a dictionary
//! grows, the keys of a page wait here until it is known how wide they are.

use super::dictionary::KeyWriter;
use super::seen::Seen;

/// Most keys of a chunk that are kept: 4 MiB of them.
pub(crate) const ROWS_MAX: usize = 1 << 21;

/// A row without a value, where such rows are kept.
pub(crate) const NULL: u16 = u16::MAX;

/// Keys marked together.
const MARKED: usize = 1024;

/// Keys in row order.
#[derive(Debug, Default)]
enum Kept {
    /// They became too many or too wide.
    #[default]
    Nothing,
    Narrow(Vec<u16>),
    Wide(Vec<u32>),
}

/// Keys in row order: of a chunk, or nothing once they became too many or too wide; or of a page.
#[derive(Debug, Default)]
pub(crate) struct KeyCache {
    keys: Kept,
    /// Of a page: all are needed, however many and wide they are.
    all: bool,
    next: usize,
}

impl KeyCache {
    /// Starts with no keys of a chunk of `rows` rows.
    pub(crate) fn start(&mut self, rows: u64) {
        let mut keys = match std::mem::take(&mut self.keys) {
            Kept::Narrow(keys) => keys,
            Kept::Nothing | Kept::Wide(_) => Vec::new(),
        };
        keys.clear();
        // At once: growing would copy them over and over. Too many are not kept at all.
        let expected = usize::try_from(rows).unwrap_or(usize::MAX);
        if expected <= ROWS_MAX {
            keys.reserve_exact(expected);
        }
        self.keys = Kept::Narrow(keys);
        self.all = false;
        self.next = 0;
    }

    /// Starts with no keys of a page, none of which may get lost.
    pub(crate) fn start_page(&mut self) {
        match &mut self.keys {
            Kept::Nothing => self.keys = Kept::Narrow(Vec::new()),
            Kept::Narrow(keys) => keys.clear(),
            Kept::Wide(keys) => keys.clear(),
        }
        self.all = true;
    }

    /// Makes room for `extra` keys of a page of at most `rows_max`: doubles, but not beyond the page.
    pub(crate) fn reserve(&mut self, extra: usize, rows_max: usize) {
        if let Kept::Narrow(keys) = &mut self.keys {
            let needed = keys.len() + extra;
            if needed > keys.capacity() {
                let wanted = (keys.capacity() * 2).min(rows_max).max(needed);
                keys.reserve_exact(wanted - keys.len());
            }
        }
    }

    /// Forgets all keys and gives their memory back.
    pub(crate) fn drop_all(&mut self) {
        *self = Self::default();
    }

    /// Appends a key; everything of a chunk is forgotten if it, or their number, is too large.
    #[inline]
    pub(crate) fn push(&mut self, key: u32) {
        match &mut self.keys {
            Kept::Narrow(keys) => match u16::try_from(key) {
                Ok(key) if key != NULL && (keys.len() < ROWS_MAX || self.all) => keys.push(key),
                _ => self.push_wide(key),
            },
            Kept::Wide(keys) => keys.push(key),
            Kept::Nothing => {}
        }
    }

    /// Appends keys that are as narrow as they are kept; a NULL is not among them.
    #[inline]
    pub(crate) fn push_narrow(&mut self, new: &[u16]) {
        match &mut self.keys {
            Kept::Narrow(keys) if keys.len() + new.len() <= ROWS_MAX || self.all => {
                keys.extend_from_slice(new);
            }
            Kept::Narrow(_) => self.keys = Kept::Nothing,
            Kept::Wide(keys) => keys.extend(new.iter().map(|key| u32::from(*key))),
            Kept::Nothing => {}
        }
    }

    /// Appends keys of a chunk, narrow or not.
    pub(crate) fn push_all(&mut self, new: &[u32]) {
        let widest = new.iter().fold(0, |widest, key| widest.max(*key));
        match &mut self.keys {
            Kept::Narrow(keys)
                if widest < u32::from(NULL) && keys.len() + new.len() <= ROWS_MAX =>
            {
                #[expect(clippy::cast_possible_truncation, reason = "the widest was looked at")]
                keys.extend(new.iter().map(|key| *key as u16));
            }
            _ => new.iter().for_each(|key| self.push(*key)),
        }
    }

    #[cold]
    fn push_wide(&mut self, key: u32) {
        let narrow = match std::mem::take(&mut self.keys) {
            Kept::Narrow(keys) if self.all => keys,
            _ => return,
        };
        let mut wide: Vec<u32> = narrow.into_iter().map(u32::from).collect();
        wide.push(key);
        self.keys = Kept::Wide(wide);
    }

    /// Appends rows of a chunk without a value.
    pub(crate) fn push_nulls(&mut self, rows: usize) {
        if let Kept::Narrow(keys) = &mut self.keys {
            if keys.len() + rows <= ROWS_MAX {
                keys.resize(keys.len() + rows, NULL);
            } else {
                self.keys = Kept::Nothing;
            }
        }
    }

    /// Number of keys.
    pub(crate) fn len(&self) -> usize {
        match &self.keys {
            Kept::Nothing => 0,
            Kept::Narrow(keys) => keys.len(),
            Kept::Wide(keys) => keys.len(),
        }
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        match &self.keys {
            Kept::Nothing => 0,
            Kept::Narrow(keys) => keys.capacity() * 2,
            Kept::Wide(keys) => keys.capacity() * 4,
        }
    }

    /// Whether all keys of a chunk are here.
    pub(crate) fn is_whole(&self) -> bool {
        !matches!(self.keys, Kept::Nothing)
    }

    /// Goes back to the first key.
    pub(crate) fn rewind(&mut self) {
        self.next = 0;
    }

    /// The next keys of a chunk, at most `count`.
    pub(crate) fn take(&mut self, count: usize) -> &[u16] {
        let Kept::Narrow(keys) = &self.keys else {
            return &[];
        };
        let end = self.next.saturating_add(count).min(keys.len());
        let taken = keys.get(self.next..end).unwrap_or(&[]);
        self.next = end;
        taken
    }

    /// Writes the keys of a page as whole streams for a dictionary of `entries`.
    pub(crate) fn write_page(&self, entries: usize, writer: &mut KeyWriter, out: &mut Vec<u8>) {
        writer.start_chunk(entries);
        writer.start_page(out);
        match &self.keys {
            Kept::Nothing => {}
            Kept::Narrow(keys) => writer.push_narrow(keys, out),
            Kept::Wide(keys) => writer.push(keys, out),
        }
        writer.finish(out);
    }

    /// Keys of a page that certainly fit, while the dictionary of `entries` grows by each of them: at
    /// most `portion`, and at least one if the page has no row yet.
    pub(crate) fn room(&self, entries: usize, portion: usize, bytes_max: usize) -> usize {
        let width = KeyWriter::width_for(entries + portion);
        let keys = bytes_max.saturating_mul(8) / width;
        keys.saturating_sub(self.len() + 64).min(portion)
    }

    /// Marks the entries that the keys of a page use.
    pub(crate) fn mark(&self, seen: &mut Seen) {
        match &self.keys {
            Kept::Nothing => {}
            Kept::Narrow(keys) => keys.chunks(MARKED).for_each(|part| seen.mark(part)),
            Kept::Wide(keys) => keys.chunks(MARKED).for_each(|part| seen.mark(part)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_or_too_wide_keys_are_forgotten_as_a_whole() {
        let mut cache = KeyCache::default();
        cache.start(4);
        cache.push(7);
        cache.push_nulls(2);
        assert_eq!(cache.take(2), [7, NULL]);
        assert_eq!(cache.take(2), [NULL]);
        cache.push(u32::from(NULL));
        assert!(!cache.is_whole());
        cache.start(4);
        cache.push_nulls(ROWS_MAX);
        assert!(cache.is_whole());
        cache.push(1);
        assert!(!cache.is_whole());
        assert!(cache.take(1).is_empty());
    }

    #[test]
    fn no_key_of_a_page_is_ever_forgotten() {
        let mut cache = KeyCache::default();
        for last in [7, 65_534, 65_535, 70_000] {
            cache.start_page();
            for key in [3, 65_534, last] {
                cache.push(key);
            }
            let mut seen = Seen::default();
            seen.start(80_000);
            cache.mark(&mut seen);
            let mut used = Vec::new();
            seen.take(|key| used.push(u32::try_from(key).unwrap()));
            let mut expected = vec![3, 65_534, last];
            expected.sort_unstable();
            expected.dedup();
            assert_eq!(used, expected);
            assert_eq!(cache.len(), 3);
        }
    }
}
