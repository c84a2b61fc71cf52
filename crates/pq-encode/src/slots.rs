//! `Slots`: the hash table of a dictionary, in the narrower of two widths while its keys fit.

/// A power of two of slots, or none before the first value.
#[derive(Debug)]
pub(crate) enum Slots<N, W> {
    /// Of a small dictionary.
    Narrow(Vec<N>),
    /// Of a large one.
    Wide(Vec<W>),
}

impl<N, W> Default for Slots<N, W> {
    fn default() -> Self {
        Self::Narrow(Vec::new())
    }
}

impl<N, W> Slots<N, W> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Narrow(slots) => slots.len(),
            Self::Wide(slots) => slots.len(),
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        match self {
            Self::Narrow(slots) => slots.capacity() * size_of::<N>(),
            Self::Wide(slots) => slots.capacity() * size_of::<W>(),
        }
    }
}
