//! The values of a page as lengths and bytes.
//!
//! A page of byte strings is cut by its bytes, so a value is weighed before the next is taken: a
//! reader appends rows while [`Stage::fits`] says so.

use crate::bits::validity::Validity;
use crate::page::buf;

/// Bytes that a length takes at most, in any encoding that we write.
const LENGTH_BYTES: usize = 4;

/// Longest value: page headers have 31 bits for all that a page holds.
const LENGTH_MAX: u32 = i32::MAX.unsigned_abs() - (1 << 16);

/// Values, lengths and validity of the rows of a page.
#[derive(Debug, Default)]
pub(crate) struct Stage {
    pub(crate) validity: Validity,
    /// Length of every value that is there.
    pub(crate) lens: Vec<u32>,
    /// The values, one behind the other, behind `base` bytes that are not ours.
    pub(crate) data: Vec<u8>,
    /// Values in which something became U+FFFD.
    pub(crate) replaced: u64,
    base: usize,
    bytes_max: usize,
    rows_max: usize,
}

impl Stage {
    /// Empties the stage for a page of at most this size.
    pub(crate) fn start(&mut self, bytes_max: usize, rows_max: usize) {
        self.data.clear();
        self.start_behind(bytes_max, rows_max);
    }

    /// The same, but values are appended to what `data` holds.
    pub(crate) fn start_behind(&mut self, bytes_max: usize, rows_max: usize) {
        self.base = self.data.len();
        self.lens.clear();
        self.validity.clear();
        self.replaced = 0;
        self.bytes_max = bytes_max;
        self.rows_max = rows_max;
    }

    /// Rows that may still come, sizes aside.
    pub(crate) fn rows_left(&self) -> usize {
        self.rows_max.saturating_sub(self.validity.rows())
    }

    /// Encoded size, an upper bound.
    pub(crate) fn bytes(&self) -> usize {
        self.data_len() + self.lens.len() * LENGTH_BYTES
    }

    /// The values, one behind the other.
    pub(crate) fn data(&self) -> &[u8] {
        self.data.get(self.base..).unwrap_or(&[])
    }

    /// Bytes of the values.
    pub(crate) fn data_len(&self) -> usize {
        self.data.len() - self.base
    }

    /// Whether the page can take a block of up to 64 rows: this many values with this many bytes.
    /// Then it can take each of them by itself.
    pub(crate) fn fits_block(&mut self, rows: usize, values: usize, bytes: usize) -> bool {
        let levels = self.validity.level_bytes_with(values < rows);
        self.fits(levels, values, bytes)
    }

    fn fits(&self, levels: usize, values: usize, bytes: usize) -> bool {
        self.bytes()
            .saturating_add(levels)
            .saturating_add(values * LENGTH_BYTES)
            .saturating_add(bytes)
            <= self.bytes_max
    }

    /// Makes room for `len` bytes, without doubling beyond the page.
    #[inline]
    pub(crate) fn reserve(&mut self, len: usize) {
        if self.data.len() + len > self.data.capacity() {
            let ceiling = self.base.saturating_add(self.bytes_max);
            buf::reserve(&mut self.data, len, ceiling);
        }
    }

    /// Makes room for a value of `len` bytes or more. `false`, and no room made, if it does not fit: a
    /// large one is not even copied then.
    #[inline]
    pub(crate) fn admits(&mut self, len: usize) -> bool {
        self.data.len() + len <= self.data.capacity() || self.admits_more(len)
    }

    #[cold]
    fn admits_more(&mut self, len: usize) -> bool {
        let levels = self.validity.level_bytes();
        let fits = self.validity.rows() == 0 || self.fits(levels, 1, len);
        if fits {
            self.reserve(len);
        }
        fits
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.data.capacity() + self.lens.capacity() * 4
    }

    /// Gives back the buffer of values if it is larger than `bytes_max`.
    pub(crate) fn trim(&mut self, bytes_max: usize) {
        if self.data.capacity() > bytes_max {
            self.data = Vec::new();
            self.base = 0;
        }
    }

    /// A row without a value. `false` if it does not fit.
    pub(crate) fn push_null(&mut self) -> bool {
        let levels = self.validity.level_bytes();
        let fits = self.validity.rows() == 0 || self.fits(levels, 0, 0);
        if fits {
            self.validity.push_nulls(1);
        }
        fits
    }

    /// A value that has just been appended to `data` behind `start`. `false` if it does not fit: it
    /// was taken back, and the page ends before its row. The first row of a page always fits, unless
    /// it is longer than any page may be: then its length is the error.
    pub(crate) fn end_value(&mut self, start: usize) -> Result<bool, usize> {
        let len = self.data.len() - start;
        let first = self.validity.rows() == 0;
        let levels = self.validity.level_bytes();
        if !first && !self.fits(levels, 1, 0) {
            self.data.truncate(start);
            return Ok(false);
        }
        match u32::try_from(len) {
            Ok(len) if len <= LENGTH_MAX => self.lens.push(len),
            _ => return Err(len),
        }
        self.validity.push_valid(1);
        Ok(true)
    }

    /// Every value with its bytes.
    pub(crate) fn values(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.data();
        self.lens.iter().map(move |len| {
            let (value, tail) = rest.split_at((*len as usize).min(rest.len()));
            rest = tail;
            value
        })
    }
}
