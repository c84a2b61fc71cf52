//! Which entries of a dictionary does a page use?
//!
//! The bounds of a page of keys are those of its entries, so no page touches its values. A mark a row
//! would cost as much as packing the row; once every entry has one there is nothing left to find, and
//! dictionaries whose entries all turn up early (most of them) cost next to nothing.

/// Entries up to which it is worth asking whether all have a mark, for every key marked.
const ASK_MAX: usize = 4;

/// Marks of the entries of one page.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// A power of two of them, or none: a key is found without a comparison.
    marks: Vec<u8>,
    entries: usize,
    /// Every entry has its mark.
    all: bool,
}

impl Seen {
    /// Starts a chunk whose dictionary has this many entries.
    pub(crate) fn start(&mut self, entries: usize) {
        self.marks.clear();
        self.grow(entries);
        self.all = false;
    }

    /// The dictionary has this many entries now.
    pub(crate) fn grow(&mut self, entries: usize) {
        self.all &= entries == self.entries;
        self.entries = entries;
        let len = entries.next_power_of_two();
        if len > self.marks.len() {
            self.marks.reserve_exact(len - self.marks.len());
            self.marks.resize(len, 0);
        }
    }

    /// Marks the entries of `keys`.
    #[inline]
    pub(crate) fn mark<K: Copy + Into<u32>>(&mut self, keys: &[K]) {
        if self.all || self.marks.is_empty() {
            return;
        }
        let marks = self.marks.as_mut_slice();
        let mask = marks.len() - 1;
        for key in keys {
            marks[(*key).into() as usize & mask] = 1;
        }
        if self.entries <= keys.len() * ASK_MAX {
            let marked = marks.iter().take(self.entries);
            self.all = marked.fold(1, |all, mark| all & mark) == 1;
        }
    }

    /// Calls `see` with every entry that has a mark, in order, and takes the marks away.
    pub(crate) fn take(&mut self, mut see: impl FnMut(usize)) {
        self.all = false;
        for (at, part) in self.marks.chunks_mut(64).enumerate() {
            if part.iter().fold(0, |any, mark| any | mark) == 0 {
                continue;
            }
            for (i, mark) in part.iter_mut().enumerate() {
                if std::mem::take(mark) == 1 {
                    see(at * 64 + i);
                }
            }
        }
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.marks.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_entries_of_a_page_are_seen_even_after_all_were() {
        let mut seen = Seen::default();
        let taken = |seen: &mut Seen| {
            let mut found = Vec::new();
            seen.take(|key| found.push(key));
            found
        };
        seen.mark(&[1_u32]);
        assert!(taken(&mut seen).is_empty());
        for entries in [1_usize, 3, 64, 100, 5000] {
            seen.start(entries);
            let every: Vec<u32> = (0..).take(entries).collect();
            let last = u32::try_from(entries - 1).unwrap();
            for _ in 0..2 {
                seen.mark(&every);
                seen.mark(&[0_u16]);
                assert_eq!(taken(&mut seen).len(), entries);
                seen.mark(&[last, 0]);
                let expected: Vec<usize> = if entries == 1 {
                    vec![0]
                } else {
                    vec![0, entries - 1]
                };
                assert_eq!(taken(&mut seen), expected);
            }
            seen.mark(&every);
            seen.grow(entries + 1);
            seen.mark(&[last + 1]);
            assert_eq!(taken(&mut seen).len(), entries + 1);
        }
    }
}
