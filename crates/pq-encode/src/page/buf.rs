//! A page under construction, with room in front.
//!
//! Values are written before it is known how long the levels and the header are that stand before
//! them. The gap takes both, so that a finished page is one contiguous range and was copied never.

/// Bytes of a page: a gap, then what stands in front, then the values.
#[derive(Debug, Default)]
pub(crate) struct PageBuf {
    bytes: Vec<u8>,
    start: usize,
    /// Where bytes of another nature begin, from the start of `bytes`, ascending.
    cuts: Vec<usize>,
}

impl PageBuf {
    /// Empties the page and leaves `gap` bytes in front.
    pub(crate) fn reset(&mut self, gap: usize) {
        self.bytes.resize(gap, 0);
        self.start = gap;
        self.cuts.clear();
    }

    /// Says that bytes of another nature begin `behind` bytes after what is there now. A codec may
    /// make use of it.
    pub(crate) fn cut_behind(&mut self, behind: usize) {
        self.cuts.push(self.bytes.len() + behind);
    }

    /// Says that what will be put in front is of another nature than what is there.
    pub(crate) fn cut_in_front(&mut self) {
        self.cuts.insert(0, self.start);
    }

    /// The cuts, from the start of [`Self::bytes`].
    pub(crate) fn cuts(&self) -> impl Iterator<Item = usize> {
        self.cuts.iter().map(|cut| cut.saturating_sub(self.start))
    }

    /// Makes the page these bytes behind `gap`, in a buffer that is no larger.
    pub(crate) fn reset_exact(&mut self, gap: usize, bytes: &[u8]) {
        self.bytes = Vec::with_capacity(gap + bytes.len());
        self.reset(gap);
        self.bytes.extend_from_slice(bytes);
    }

    /// A page that is finished in `bytes`, behind `gap`.
    pub(crate) fn of(bytes: Vec<u8>, gap: usize) -> Self {
        Self {
            bytes,
            start: gap,
            cuts: Vec::new(),
        }
    }

    /// Makes room for `extra` bytes. A buffer doubles, but not beyond what a page of `bytes_max` needs.
    pub(crate) fn reserve(&mut self, extra: usize, bytes_max: usize) {
        reserve(&mut self.bytes, extra, self.start + bytes_max);
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    /// Where values are appended; what stands before must stay.
    pub(crate) fn tail(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Bytes in front and values.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or(&[])
    }

    /// The buffer and where the page starts in it.
    pub(crate) fn parts(&mut self) -> (&mut Vec<u8>, usize) {
        (&mut self.bytes, self.start)
    }

    /// Bytes so far.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// Puts `head` in front. Copies the page only if the gap is too small.
    pub(crate) fn prepend(&mut self, head: &[u8]) {
        match self.start.checked_sub(head.len()) {
            Some(start) => {
                if let Some(slot) = self.bytes.get_mut(start..self.start) {
                    slot.copy_from_slice(head);
                }
                self.start = start;
            }
            None => {
                self.bytes
                    .splice(self.start..self.start, head.iter().copied());
                for cut in &mut self.cuts {
                    *cut += head.len();
                }
            }
        }
    }
}

/// Makes room for `extra` bytes in `buffer`, which doubles, but not beyond `ceiling` if that suffices.
pub(crate) fn reserve(buffer: &mut Vec<u8>, extra: usize, ceiling: usize) {
    let needed = buffer.len() + extra;
    if needed > buffer.capacity() {
        let wanted = (buffer.capacity() * 2).min(ceiling).max(needed);
        buffer.reserve_exact(wanted - buffer.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_that_is_too_small_costs_a_copy_and_nothing_else() {
        for gap in [0, 1, 2, 5, 100] {
            let mut page = PageBuf::default();
            for _ in 0..2 {
                page.reset(gap);
                page.cut_behind(3);
                page.tail().extend_from_slice(b"values");
                page.cut_in_front();
                page.prepend(b"bb");
                page.prepend(b"aaa");
                assert_eq!(page.bytes(), b"aaabbvalues", "gap {gap}");
                assert_eq!(page.cuts().collect::<Vec<_>>(), [5, 8], "gap {gap}");
                assert_eq!(page.len(), 11);
            }
        }
    }
}
