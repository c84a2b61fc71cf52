//! Dictionary pages of byte strings, from keys alone.
//!
//! Text and symbols end here: rows come as keys, a row without a value as [`NO_KEY`]. Bounds come
//! from the entries that a page used, each looked at once, so that no page touches its text.

use super::tracker::BoundsTracker;
use crate::bits::validity::Validity;
use crate::encoders::dictionary::KeyWriter;
use crate::encoders::key_cache::KeyCache;
use crate::encoders::seen::Seen;
use crate::page::buf::PageBuf;
use crate::source::PageLimits;
use crate::summary::PageBounds;

/// A row without a value, or a value that is no entry.
pub(crate) const NO_KEY: u32 = u32::MAX;

/// Rows after which room is measured again: their levels are not known before.
const ROWS_AT_ONCE: usize = 16 << 10;

/// Makes page after page of keys.
#[derive(Debug, Default)]
pub(crate) struct KeyedPages {
    writer: KeyWriter,
    validity: Validity,
    /// Entries that the page uses.
    seen: Seen,
    /// Keys of the page while its dictionary grows.
    waiting: KeyCache,
}

impl KeyedPages {
    /// Starts a chunk whose dictionary has this many entries.
    pub(crate) fn start_chunk(&mut self, entries: usize) {
        self.writer.start_chunk(entries);
        self.seen.start(entries);
    }

    /// Starts a page.
    pub(crate) fn start_page(&mut self, page: &mut PageBuf) {
        self.validity.clear();
        self.writer.start_page(page.tail());
    }

    /// Starts a page whose dictionary grows.
    pub(crate) fn start_growing_page(&mut self) {
        self.validity.clear();
        self.waiting.start_page();
    }

    /// Rows that may be added to a page whose dictionary has `entries` and grows.
    pub(crate) fn wanted_growing(
        &mut self,
        entries: usize,
        portion: usize,
        limits: PageLimits,
    ) -> usize {
        let done = self.validity.rows();
        let bytes_max = limits.bytes.saturating_sub(self.validity.level_bytes());
        let room = self.waiting.room(entries, portion, bytes_max);
        room.max(usize::from(done == 0))
            .min(limits.rows.saturating_sub(done))
    }

    /// Makes room for so many keys more of a page of at most `rows_max`.
    pub(crate) fn reserve_waiting(&mut self, keys: usize, rows_max: usize) {
        self.waiting.reserve(keys, rows_max);
    }

    /// Appends a key whose row was told apart elsewhere.
    #[inline]
    pub(crate) fn push_waiting(&mut self, key: u32) {
        self.waiting.push(key);
    }

    /// Ends a page whose dictionary has `entries` now.
    pub(crate) fn end_growing_page<'e>(
        &mut self,
        entries: usize,
        entry: impl Fn(usize) -> &'e [u8],
        bounds: &mut BoundsTracker,
        page: &mut PageBuf,
    ) -> Option<PageBounds> {
        self.waiting
            .write_page(entries, &mut self.writer, page.tail());
        self.seen.grow(entries);
        self.waiting.mark(&mut self.seen);
        self.add_seen(entry, bounds);
        bounds.end_page()
    }

    fn add_seen<'e>(&mut self, entry: impl Fn(usize) -> &'e [u8], bounds: &mut BoundsTracker) {
        self.seen.take(|key| bounds.add_value(entry(key)));
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.seen.heap_bytes() + self.waiting.heap_bytes()
    }

    /// Rows of the page.
    pub(crate) fn validity(&self) -> &Validity {
        &self.validity
    }

    /// Rows that may be added before room is measured again: at least one to an empty page.
    pub(crate) fn wanted(&mut self, page: &PageBuf, bytes_max: usize, rows_max: usize) -> usize {
        let done = self.validity.rows();
        let bytes_max = bytes_max.saturating_sub(self.validity.level_bytes());
        let room = self
            .writer
            .room(page.len(), bytes_max)
            .max(usize::from(done == 0));
        room.min(rows_max.saturating_sub(done)).min(ROWS_AT_ONCE)
    }

    /// Appends rows without a value.
    pub(crate) fn push_nulls(&mut self, rows: usize) {
        self.validity.push_nulls(rows);
    }

    /// Appends rows that were told apart elsewhere; their keys follow by
    /// [`KeyedPages::push_keys`].
    pub(crate) fn push_rows(&mut self, rows: &Validity) {
        self.validity.append(rows);
    }

    /// Appends rows by their keys. Keys of rows that have none are squeezed out of `keys`; returns
    /// how many are left.
    pub(crate) fn push(&mut self, keys: &mut [u32], has_null: bool, page: &mut PageBuf) -> usize {
        let mut count = keys.len();
        if has_null {
            let mut kept = 0;
            for lo in (0..count).step_by(64) {
                let rows = lo..count.min(lo + 64);
                let mut mask = 0_u64;
                for (i, row) in rows.clone().enumerate() {
                    let key = keys[row];
                    mask |= u64::from(key != NO_KEY) << i;
                    keys[kept] = key;
                    kept += usize::from(key != NO_KEY);
                }
                self.validity.push_mask(mask, rows.len());
            }
            count = kept;
        } else {
            self.validity.push_valid(count);
        }
        self.push_keys(&keys[..count], page);
        count
    }

    /// Appends keys, all of them of values.
    pub(crate) fn push_keys(&mut self, keys: &[u32], page: &mut PageBuf) {
        self.seen.mark(keys);
        self.writer.push(keys, page.tail());
    }

    /// Ends the page; `entry` gives the values of entries.
    pub(crate) fn end_page<'e>(
        &mut self,
        entry: impl Fn(usize) -> &'e [u8],
        bounds: &mut BoundsTracker,
        page: &mut PageBuf,
    ) -> Option<PageBounds> {
        self.writer.finish(page.tail());
        self.add_seen(entry, bounds);
        bounds.end_page()
    }
}
