//! RLE_DICTIONARY pages: a byte that says how wide keys are, then the keys as a hybrid.
//!
//! The width is that of the whole dictionary, which is final before the first data page. A
//! dictionary of one entry uses width 1: width 0 is legal and refused by some readers.

use crate::bits::hybrid::Hybrid;
use crate::bits::pack::width_of;

/// Writes the keys of page after page.
#[derive(Debug, Default)]
pub(crate) struct KeyWriter {
    hybrid: Hybrid,
    width: u32,
}

impl KeyWriter {
    /// Starts a chunk whose dictionary has this many entries.
    pub(crate) fn start_chunk(&mut self, entries: usize) {
        self.width = width_of(entries.saturating_sub(1) as u64).max(1);
    }

    /// Bits of a key of a dictionary that has this many entries.
    pub(crate) fn width_for(entries: usize) -> usize {
        width_of(entries.saturating_sub(1) as u64).max(1) as usize
    }

    /// Starts a page.
    pub(crate) fn start_page(&mut self, out: &mut Vec<u8>) {
        self.hybrid.start(self.width);
        out.extend(self.width.to_le_bytes().first());
    }

    /// Keys that certainly fit into a page of `bytes_max`, of which `page` is written.
    pub(crate) fn room(&self, page: usize, bytes_max: usize) -> usize {
        // The last run's header and its padding take less than 64 keys.
        let keys = bytes_max.saturating_sub(page) * 8 / (self.width as usize).max(1);
        keys.saturating_sub(self.hybrid.staged() + 64)
    }

    /// Appends keys that were kept.
    pub(crate) fn push_narrow(&mut self, keys: &[u16], out: &mut Vec<u8>) {
        self.hybrid.push_narrow(keys, out);
    }

    /// Appends keys.
    pub(crate) fn push(&mut self, keys: &[u32], out: &mut Vec<u8>) {
        self.hybrid.push(keys, out);
    }

    /// Ends the page.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) {
        self.hybrid.finish(out);
    }
}
