//! Rows of STRING, VARCHAR, BINARY, arrays and SYMBOL as their files hold them (columns.md §3–7).
//!
//! Rows point into shared bytes wherever the layout allows it: a dictionary's text is there once,
//! a page of long VARCHARs is copied whole, lengths between the values included.

use column_format::{Layout, Utf16, VARCHAR_INLINE_MAX, VARCHAR_LEN_MAX, null};

use super::bytes::Entries;
use crate::decoded::DecodedColumn;
use crate::decoder::SymbolKeys;
use crate::error::Fault;

/// Bytes that rows point at, with their limit.
#[derive(Debug)]
struct Data {
    bytes: Vec<u8>,
    limit: usize,
    /// Room to make with the first bytes: growing step by step moves them again and again.
    expected: usize,
}

impl Data {
    fn new(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            limit,
            expected: 0,
        }
    }

    fn expect(&mut self, bytes: usize) {
        self.expected = bytes.min(self.limit);
    }

    /// Appends all of `source`.
    fn append(&mut self, source: &[u8]) {
        self.bytes.reserve(std::mem::take(&mut self.expected));
        self.bytes.extend_from_slice(source);
    }

    /// Makes sure that `more` bytes are within the limit.
    fn admit(&self, more: usize) -> Result<(), Fault> {
        let size = self.bytes.len().saturating_add(more);
        Fault::bound("chunk_bytes_max", self.limit, size)
    }

    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Offset of the one null that all null rows share; `length` says that there is nothing.
    fn shared_null(&mut self, null: &mut Option<[u8; 8]>, length: &[u8]) -> [u8; 8] {
        *null.get_or_insert_with(|| {
            let offset = self.bytes.len() as u64;
            self.bytes.extend_from_slice(length);
            offset.to_le_bytes()
        })
    }
}

/// VARCHAR: 16 bytes a row.
#[derive(Debug)]
pub(crate) struct VarcharEntries {
    data: Data,
    /// Some value of the current source is long: the source is needed.
    any_long: bool,
    /// All of the current source is ASCII, and so is each value.
    all_ascii: bool,
}

impl VarcharEntries {
    pub(crate) fn new(limit: usize) -> Self {
        let data = Data::new(limit);
        Self {
            data,
            any_long: false,
            all_ascii: false,
        }
    }

    /// A row whose value is in the data.
    #[inline]
    fn long(&mut self, source: &[u8], at: usize, len: usize, ascii: bool) -> [u8; 16] {
        self.any_long = true;
        let offset = u128::from(self.data.len() + at as u64);
        let head = (len as u128) << 4 | if ascii { ASCII } else { 0 };
        (head | (prefix(source, at) & 0xffff_ffff_ffff) << 32 | offset << 80).to_le_bytes()
    }
}

const ASCII: u128 = 2;

/// The 16 bytes from `at` on, 0 behind the last.
#[inline]
fn prefix(source: &[u8], at: usize) -> u128 {
    let rest = source.get(at..).unwrap_or_default();
    let mut chunk = [0; 16];
    match rest.first_chunk::<16>() {
        Some(whole) => chunk = *whole,
        None => {
            for (to, from) in chunk.iter_mut().zip(rest) {
                *to = *from;
            }
        }
    }
    u128::from_le_bytes(chunk)
}

/// A row whose value, the first `len` bytes of `prefix`, stands in it.
#[inline]
fn inline(prefix: u128, len: usize) -> [u8; 16] {
    let value = prefix & ((1u128 << (8 * len)) - 1);
    let ascii = match value & 0x0080_8080_8080_8080_8080 {
        0 => ASCII,
        _ => 0,
    };
    ((len as u128) << 4 | ascii | 1 | value << 8).to_le_bytes()
}

impl Entries for VarcharEntries {
    type Entry = [u8; 16];

    fn null(&mut self) -> [u8; 16] {
        4u128.to_le_bytes()
    }

    fn begin(&mut self, source: &[u8]) -> Result<(), Fault> {
        self.any_long = false;
        self.all_ascii = source.is_ascii();
        self.data.admit(source.len())
    }

    #[inline(always)]
    fn put(&mut self, source: &[u8], at: usize, len: usize) -> Result<[u8; 16], Fault> {
        if len <= VARCHAR_INLINE_MAX {
            return Ok(inline(prefix(source, at), len));
        }
        Fault::bound("bytes of a VARCHAR", VARCHAR_LEN_MAX, len)?;
        let value = || source.get(at..at + len).unwrap_or_default();
        let ascii = self.all_ascii || value().is_ascii();
        Ok(self.long(source, at, len, ascii))
    }

    fn put_all(
        &mut self,
        source: &[u8],
        lens: &[u32],
        out: &mut Vec<[u8; 16]>,
    ) -> Result<(), Fault> {
        // Looked at together first, so that values need no looking at each.
        let size = lens.iter().map(|len| u64::from(*len)).sum::<u64>();
        let longest = lens.iter().copied().max().unwrap_or(0) as usize;
        if size > source.len() as u64 || longest > VARCHAR_LEN_MAX || !self.all_ascii {
            return self.put_each(source, lens, out);
        }
        let mut at = 0;
        out.extend(lens.iter().map(|len| {
            let (start, len) = (at, *len as usize);
            at += len;
            match len <= VARCHAR_INLINE_MAX {
                true => inline(prefix(source, start), len),
                false => self.long(source, start, len, true),
            }
        }));
        Ok(())
    }

    fn expect(&mut self, bytes: usize) {
        self.data.expect(bytes);
    }

    fn end(&mut self, source: &[u8]) {
        if self.any_long {
            self.data.append(source);
        }
    }

    fn finish(self, entries: Vec<[u8; 16]>) -> DecodedColumn {
        let rows = entries.len();
        DecodedColumn::variable(
            Layout::Varchar,
            rows,
            entries.into_flattened(),
            self.data.bytes,
        )
    }
}

/// STRING: an offset a row, UTF-16 behind its length. Invalid UTF-8 becomes U+FFFD.
#[derive(Debug)]
pub(crate) struct StringEntries {
    data: Data,
    null: Option<[u8; 8]>,
}

impl StringEntries {
    pub(crate) fn new(limit: usize) -> Self {
        let data = Data::new(limit);
        Self { data, null: None }
    }
}

impl Entries for StringEntries {
    type Entry = [u8; 8];

    fn null(&mut self) -> [u8; 8] {
        self.data
            .shared_null(&mut self.null, &(-1i32).to_le_bytes())
    }

    fn begin(&mut self, source: &[u8]) -> Result<(), Fault> {
        self.data.admit(source.len().saturating_mul(2))
    }

    fn put(&mut self, source: &[u8], at: usize, len: usize) -> Result<[u8; 8], Fault> {
        // Four bytes and two per byte of text at most, U+FFFD included.
        self.data.admit(len.saturating_mul(2).saturating_add(4))?;
        let offset = self.data.len().to_le_bytes();
        let value = source.get(at..at + len).unwrap_or_default();
        let bytes = &mut self.data.bytes;
        if value.is_ascii() {
            let units = u32::try_from(len).unwrap_or(u32::MAX);
            bytes.extend_from_slice(&units.to_le_bytes());
            bytes.extend(value.iter().flat_map(|b| [*b, 0]));
            return Ok(offset);
        }
        let start = bytes.len();
        bytes.extend_from_slice(&[0; 4]);
        Utf16::encode_into(&String::from_utf8_lossy(value), bytes);
        let units = u32::try_from((bytes.len() - start - 4) / 2).unwrap_or(u32::MAX);
        if let Some(slot) = bytes.get_mut(start..start + 4) {
            slot.copy_from_slice(&units.to_le_bytes());
        }
        Ok(offset)
    }

    fn end(&mut self, _source: &[u8]) {}

    fn finish(self, entries: Vec<[u8; 8]>) -> DecodedColumn {
        offsets(Layout::String, entries, self.data.bytes)
    }
}

/// BINARY: an offset a row, bytes behind their length.
#[derive(Debug)]
pub(crate) struct BinaryEntries {
    data: Data,
    null: Option<[u8; 8]>,
}

impl BinaryEntries {
    pub(crate) fn new(limit: usize) -> Self {
        let data = Data::new(limit);
        Self { data, null: None }
    }
}

impl Entries for BinaryEntries {
    type Entry = [u8; 8];

    fn null(&mut self) -> [u8; 8] {
        self.data
            .shared_null(&mut self.null, &(-1i64).to_le_bytes())
    }

    fn begin(&mut self, source: &[u8]) -> Result<(), Fault> {
        self.data.admit(source.len())
    }

    fn put(&mut self, source: &[u8], at: usize, len: usize) -> Result<[u8; 8], Fault> {
        self.data.admit(len.saturating_add(8))?;
        let offset = self.data.len().to_le_bytes();
        self.data
            .bytes
            .extend_from_slice(&(len as u64).to_le_bytes());
        let value = source.get(at..at + len).unwrap_or_default();
        self.data.bytes.extend_from_slice(value);
        Ok(offset)
    }

    fn end(&mut self, _source: &[u8]) {}

    fn finish(self, entries: Vec<[u8; 8]>) -> DecodedColumn {
        offsets(Layout::Binary, entries, self.data.bytes)
    }
}

/// Rows of offsets, and the last offset: the end of the data.
fn offsets(layout: Layout, mut entries: Vec<[u8; 8]>, data: Vec<u8>) -> DecodedColumn {
    let rows = entries.len();
    entries.push((data.len() as u64).to_le_bytes());
    DecodedColumn::variable(layout, rows, entries.into_flattened(), data)
}

/// Arrays as the table stores them: shape, padding, elements.
#[derive(Debug)]
pub(crate) struct ArrayEntries {
    dims: u8,
    data: Data,
}

impl ArrayEntries {
    pub(crate) fn new(dims: u8, limit: usize) -> Self {
        let data = Data::new(limit);
        Self { dims, data }
    }
}

/// An array's row: offset and size.
pub(crate) fn array_entry(offset: u64, size: usize) -> [u8; 16] {
    ((size as u128) << 64 | u128::from(offset)).to_le_bytes()
}

impl Entries for ArrayEntries {
    type Entry = [u8; 16];

    fn null(&mut self) -> [u8; 16] {
        array_entry(self.data.len(), 0)
    }

    fn begin(&mut self, source: &[u8]) -> Result<(), Fault> {
        self.data.admit(source.len())
    }

    fn put(&mut self, source: &[u8], at: usize, len: usize) -> Result<[u8; 16], Fault> {
        // The padding inside counts from a multiple of 8 in the file.
        let start = self.data.bytes.len().next_multiple_of(8);
        self.data.admit(len.saturating_add(8))?;
        Fault::bound("bytes of an array", u32::MAX as usize, len)?;
        self.data.bytes.resize(start, 0);
        let value = source.get(at..at + len).unwrap_or_default();
        self.data.bytes.extend_from_slice(value);
        Ok(array_entry(start as u64, len))
    }

    fn end(&mut self, _source: &[u8]) {}

    fn finish(self, entries: Vec<[u8; 16]>) -> DecodedColumn {
        let (layout, rows) = (Layout::Array { dims: self.dims }, entries.len());
        DecodedColumn::variable(layout, rows, entries.into_flattened(), self.data.bytes)
    }
}

/// SYMBOL: the key of a text in the table's dictionary.
pub(crate) struct SymbolEntries<'a> {
    keys: &'a SymbolKeys<'a>,
    /// A text that the table does not have. An error only if a row uses it.
    unknown: Option<String>,
}

/// Key of a text that the table does not have: no column file holds it.
const UNKNOWN: [u8; 4] = (-1i32).to_le_bytes();

impl<'a> SymbolEntries<'a> {
    pub(crate) fn new(keys: &'a SymbolKeys<'a>) -> Self {
        let unknown = None;
        Self { keys, unknown }
    }
}

impl Entries for SymbolEntries<'_> {
    type Entry = [u8; 4];

    fn null(&mut self) -> [u8; 4] {
        null::SYMBOL.to_le_bytes()
    }

    fn begin(&mut self, _source: &[u8]) -> Result<(), Fault> {
        Ok(())
    }

    fn put(&mut self, source: &[u8], at: usize, len: usize) -> Result<[u8; 4], Fault> {
        let text = source.get(at..at + len).unwrap_or_default();
        match (self.keys)(text).filter(|key| *key <= i32::MAX.unsigned_abs()) {
            Some(key) => Ok(key.to_le_bytes()),
            None => {
                let name = || String::from_utf8_lossy(text).into_owned();
                self.unknown.get_or_insert_with(name);
                Ok(UNKNOWN)
            }
        }
    }

    fn end(&mut self, _source: &[u8]) {}

    fn check(&self, entries: &[[u8; 4]]) -> Result<(), Fault> {
        match &self.unknown {
            Some(text) if entries.contains(&UNKNOWN) => {
                Err(Fault::UnknownSymbol { text: text.clone() })
            }
            _ => Ok(()),
        }
    }

    fn finish(self, entries: Vec<[u8; 4]>) -> DecodedColumn {
        DecodedColumn::fixed(4, entries.len(), entries.into_flattened())
    }
}
