//! BYTE_ARRAY: text, binary, raw arrays, symbols.
//!
//! An encoding says where values are in some buffer (the page itself, wherever possible), the kind
//! of column says what an entry of it looks like. A dictionary is turned into entries once; rows
//! then share what it points at.

use pq_format::Encoding;

use super::{Column, no_such_encoding};
use crate::decoded::DecodedColumn;
use crate::encodings::{lengths, prefixed};
use crate::error::Fault;

/// What a row of a kind of column looks like, and the bytes that rows point at.
pub(crate) trait Entries {
    /// One row.
    type Entry: Copy;

    /// A row without a value.
    fn null(&mut self) -> Self::Entry;

    /// What is still to come are values of at most about the stored bytes of the chunk.
    fn expect(&mut self, _bytes: usize) {}

    /// Before the first value of `source`.
    fn begin(&mut self, source: &[u8]) -> Result<(), Fault>;

    /// The value `source[at..at + len]`, which exists.
    fn put(&mut self, source: &[u8], at: usize, len: usize) -> Result<Self::Entry, Fault>;

    /// Appends values of these lengths that stand one behind the other at the start of `source`.
    fn put_all(
        &mut self,
        source: &[u8],
        lens: &[u32],
        out: &mut Vec<Self::Entry>,
    ) -> Result<(), Fault> {
        self.put_each(source, lens, out)
    }

    /// The same, one by one.
    fn put_each(
        &mut self,
        source: &[u8],
        lens: &[u32],
        out: &mut Vec<Self::Entry>,
    ) -> Result<(), Fault> {
        let mut at = 0usize;
        for len in lens {
            let len = usize::try_from(*len).unwrap_or(usize::MAX);
            let end = at.saturating_add(len);
            if end > source.len() {
                return Err(Fault::truncated("values", end, source.len()));
            }
            out.push(self.put(source, at, len)?);
            at = end;
        }
        Ok(())
    }

    /// After the last value of `source`.
    fn end(&mut self, source: &[u8]);

    /// Looks at entries that came from the dictionary.
    fn check(&self, _entries: &[Self::Entry]) -> Result<(), Fault> {
        Ok(())
    }

    /// The rows as a column.
    fn finish(self, entries: Vec<Self::Entry>) -> DecodedColumn;
}

/// A column of byte arrays.
#[derive(Debug)]
pub(crate) struct BytesColumn<E> {
    entries: E,
    limit: usize,
    lens: Vec<u32>,
    rebuilt: Vec<u8>,
}

impl<E: Entries> BytesColumn<E> {
    /// `limit`: bytes that one page may stand for.
    pub(crate) fn new(entries: E, limit: usize) -> Self {
        Self {
            entries,
            limit,
            lens: Vec::new(),
            rebuilt: Vec::new(),
        }
    }

    /// Values with their lengths in front.
    fn plain(&mut self, bytes: &[u8], count: usize, out: &mut Vec<E::Entry>) -> Result<(), Fault> {
        self.entries.begin(bytes)?;
        let mut at = 0usize;
        for _ in 0..count {
            let len = bytes.get(at..).and_then(|b| b.first_chunk::<4>());
            let len = len.ok_or_else(|| Fault::truncated("values", at + 4, bytes.len()))?;
            let len = usize::try_from(u32::from_le_bytes(*len)).unwrap_or(usize::MAX);
            at += 4;
            let end = at.saturating_add(len);
            if end > bytes.len() {
                return Err(Fault::truncated("values", end, bytes.len()));
            }
            out.push(self.entries.put(bytes, at, len)?);
            at = end;
        }
        self.entries.end(bytes);
        Ok(())
    }

    /// Values one behind the other, with their lengths elsewhere.
    fn adjacent(
        entries: &mut E,
        source: &[u8],
        lens: &[u32],
        out: &mut Vec<E::Entry>,
    ) -> Result<(), Fault> {
        entries.begin(source)?;
        entries.put_all(source, lens, out)?;
        entries.end(source);
        Ok(())
    }
}

impl<E: Entries> Column for BytesColumn<E> {
    type Entry = E::Entry;

    fn null(&mut self) -> E::Entry {
        self.entries.null()
    }

    fn expect(&mut self, bytes: usize) {
        self.entries.expect(bytes);
    }

    fn values(
        &mut self,
        encoding: Encoding,
        bytes: &[u8],
        count: usize,
        out: &mut Vec<E::Entry>,
    ) -> Result<(), Fault> {
        match encoding {
            Encoding::Plain => self.plain(bytes, count, out),
            Encoding::DeltaLengthByteArray => {
                let taken = lengths(bytes, count, &mut self.lens)?;
                let source = bytes.get(taken..).unwrap_or_default();
                Self::adjacent(&mut self.entries, source, &self.lens, out)
            }
            Encoding::DeltaByteArray => {
                prefixed(bytes, count, self.limit, &mut self.rebuilt, &mut self.lens)?;
                Self::adjacent(&mut self.entries, &self.rebuilt, &self.lens, out)
            }
            other => Err(no_such_encoding(other)),
        }
    }

    fn check(&self, entries: &[E::Entry]) -> Result<(), Fault> {
        self.entries.check(entries)
    }

    fn finish(self, entries: Vec<E::Entry>) -> DecodedColumn {
        self.entries.finish(entries)
    }
}
