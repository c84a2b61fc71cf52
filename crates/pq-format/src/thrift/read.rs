//! Reading structures in the compact protocol from bytes that nobody vouches for.
//!
//! Three rules keep it harmless: every read is bounded by the slice, a list never reserves more
//! elements than the remaining bytes could hold (and grows from a small start), and nesting stops
//! at `DEPTH_MAX`. Unknown fields are skipped by their type.

use super::{DEPTH_MAX, ty};
use crate::error::FormatError;

/// Elements that a list reserves before it has seen any; then it doubles.
const LIST_START: usize = 16;

/// Header of one field: its id, and its type, which for booleans is the value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) id: i16,
    kind: u8,
}

/// Header of a list: element type and count, the latter at most the bytes that remain.
#[derive(Debug, Clone, Copy)]
struct ListHeader {
    kind: u8,
    len: usize,
}

#[derive(Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    what: &'static str,
}

impl<'a> Reader<'a> {
    /// `what` names the outermost structure in errors.
    pub(crate) const fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self {
            bytes,
            at: 0,
            depth: 0,
            what,
        }
    }

    pub(crate) const fn position(&self) -> usize {
        self.at
    }

    fn remaining(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], FormatError> {
        let end = self.at.checked_add(len);
        let taken = end.and_then(|end| Some((end, self.bytes.get(self.at..end)?)));
        let Some((end, taken)) = taken else {
            return Err(self.missing(len.saturating_sub(self.remaining())));
        };
        self.at = end;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, FormatError> {
        if let Some(&b) = self.bytes.get(self.at) {
            self.at += 1;
            return Ok(b);
        }
        Err(self.missing(1))
    }

    #[cold]
    fn missing(&self, needed: usize) -> FormatError {
        FormatError::Truncated {
            what: self.what,
            offset: self.bytes.len(),
            needed,
        }
    }

    /// The bytes from `start` to here: what was read since.
    pub(crate) fn since(&self, start: usize) -> &'a [u8] {
        self.bytes.get(start..self.at).unwrap_or_default()
    }

    /// Passes over the list `raw` if it comes next. Whatever was read from equal bytes is what would be read
    /// now, for every value says itself where it ends.
    pub(crate) fn pass_list(&mut self, field: Field, raw: &[u8]) -> bool {
        let next = self.bytes.get(self.at..).unwrap_or_default();
        let same = field.kind == ty::LIST && next.starts_with(raw);
        self.at += if same { raw.len() } else { 0 };
        same
    }

    #[cold]
    pub(crate) fn corrupt(&self, expected: &str, found: impl ToString) -> FormatError {
        FormatError::corrupt(self.what, self.at, expected, found)
    }

    fn varint(&mut self) -> Result<u64, FormatError> {
        // Most numbers of a footer take one byte.
        if let Some(&b) = self.bytes.get(self.at)
            && b < 0x80
        {
            self.at += 1;
            return Ok(b.into());
        }
        self.long_varint()
    }

    fn long_varint(&mut self) -> Result<u64, FormatError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let b = self.byte()?;
            let bits = u64::from(b & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if b < 0x80 {
                return Ok(value);
            }
        }
        Err(self.corrupt("a varint of at most 64 bits", "a longer one"))
    }

    fn zigzag(&mut self) -> Result<i64, FormatError> {
        let raw = self.varint()?;
        Ok((raw >> 1).cast_signed() ^ -((raw & 1).cast_signed()))
    }

    fn expect(&self, field: Field, kind: u8) -> Result<(), FormatError> {
        if field.kind == kind {
            return Ok(());
        }
        Err(self.corrupt(
            &format!("Thrift type {kind} in field {}", field.id),
            format!("type {}", field.kind),
        ))
    }

    fn enter(&mut self) -> Result<(), FormatError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(FormatError::Limit {
                what: self.what,
                limit: DEPTH_MAX as u64,
                found: self.depth as u64,
            });
        }
        Ok(())
    }

    /// Reads a structure: calls `field` for each field, which must consume or skip it.
    pub(crate) fn structure(
        &mut self,
        mut field: impl FnMut(&mut Self, Field) -> Result<(), FormatError>,
    ) -> Result<(), FormatError> {
        self.enter()?;
        let mut last = 0i16;
        loop {
            let head = self.byte()?;
            let kind = head & 0x0f;
            if kind == ty::STOP {
                break;
            }
            let delta = i16::from(head >> 4);
            let id = if delta == 0 {
                let id = self.zigzag()?;
                i16::try_from(id).map_err(|_| self.corrupt("a 16-bit field id", id))?
            } else {
                last.checked_add(delta)
                    .ok_or_else(|| self.corrupt("a 16-bit field id", last))?
            };
            last = id;
            field(self, Field { id, kind })?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// A structure in a field.
    pub(crate) fn structure_field(
        &mut self,
        field: Field,
        each: impl FnMut(&mut Self, Field) -> Result<(), FormatError>,
    ) -> Result<(), FormatError> {
        self.expect(field, ty::STRUCT)?;
        self.structure(each)
    }

    pub(crate) fn bool(&self, field: Field) -> Result<bool, FormatError> {
        match field.kind {
            ty::TRUE => Ok(true),
            ty::FALSE => Ok(false),
            other => Err(self.corrupt("a boolean", format!("Thrift type {other}"))),
        }
    }

    pub(crate) fn i8(&mut self, field: Field) -> Result<i8, FormatError> {
        self.expect(field, ty::I8)?;
        Ok(self.byte()?.cast_signed())
    }

    pub(crate) fn i16(&mut self, field: Field) -> Result<i16, FormatError> {
        self.expect(field, ty::I16)?;
        let value = self.zigzag()?;
        i16::try_from(value).map_err(|_| self.corrupt("an i16", value))
    }

    pub(crate) fn i32(&mut self, field: Field) -> Result<i32, FormatError> {
        self.expect(field, ty::I32)?;
        self.i32_element()
    }

    pub(crate) fn i64(&mut self, field: Field) -> Result<i64, FormatError> {
        self.expect(field, ty::I64)?;
        self.zigzag()
    }

    /// An `i32` that counts or measures: never negative.
    pub(crate) fn u32(&mut self, field: Field) -> Result<u32, FormatError> {
        let value = self.i32(field)?;
        let expected = || format!("a count of at least 0 in field {}", field.id);
        u32::try_from(value).map_err(|_| self.corrupt(&expected(), value))
    }

    /// An `i64` that counts, measures or locates: never negative.
    pub(crate) fn u64(&mut self, field: Field) -> Result<u64, FormatError> {
        let value = self.i64(field)?;
        let expected = || format!("a count of at least 0 in field {}", field.id);
        u64::try_from(value).map_err(|_| self.corrupt(&expected(), value))
    }

    /// An `i64` count that is a hint: a negative one means that it is not known.
    pub(crate) fn u64_hint(&mut self, field: Field) -> Result<Option<u64>, FormatError> {
        Ok(u64::try_from(self.i64(field)?).ok())
    }

    pub(crate) fn binary(&mut self, field: Field) -> Result<&'a [u8], FormatError> {
        self.expect(field, ty::BINARY)?;
        self.binary_element()
    }

    pub(crate) fn string(&mut self, field: Field) -> Result<String, FormatError> {
        self.expect(field, ty::BINARY)?;
        self.string_element()
    }

    pub(crate) fn i32_element(&mut self) -> Result<i32, FormatError> {
        let value = self.zigzag()?;
        i32::try_from(value).map_err(|_| self.corrupt("an i32", value))
    }

    pub(crate) fn bool_element(&mut self) -> Result<bool, FormatError> {
        match self.byte()? {
            1 => Ok(true),
            // The protocol says 2; writers before Thrift 0.10 wrote 0.
            0 | 2 => Ok(false),
            other => Err(self.corrupt("a boolean (1 or 2)", other)),
        }
    }

    pub(crate) fn binary_element(&mut self) -> Result<&'a [u8], FormatError> {
        let len = self.varint()?;
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        self.take(len)
    }

    pub(crate) fn string_element(&mut self) -> Result<String, FormatError> {
        let at = self.at;
        let raw = self.binary_element()?;
        match std::str::from_utf8(raw) {
            Ok(s) => Ok(s.to_owned()),
            Err(e) => Err(FormatError::corrupt(self.what, at, "UTF-8", e)),
        }
    }

    fn list_header(&mut self) -> Result<ListHeader, FormatError> {
        let head = self.byte()?;
        let declared = match head >> 4 {
            15 => self.varint()?,
            short => short.into(),
        };
        let kind = head & 0x0f;
        // Every element takes at least one byte: a longer list cannot be true.
        match usize::try_from(declared)
            .ok()
            .filter(|&n| n <= self.remaining())
        {
            Some(len) => Ok(ListHeader { kind, len }),
            None => Err(FormatError::Truncated {
                what: self.what,
                offset: self.bytes.len(),
                needed: usize::try_from(declared)
                    .unwrap_or(usize::MAX)
                    .saturating_sub(self.remaining()),
            }),
        }
    }

    /// A list whose elements are read by `element`. `kind` is one of [`ty`].
    pub(crate) fn list<T>(
        &mut self,
        field: Field,
        kind: u8,
        element: impl FnMut(&mut Self) -> Result<T, FormatError>,
    ) -> Result<Vec<T>, FormatError> {
        self.list_like(field, kind, LIST_START, element)
    }

    /// As [`Reader::list`], reserving room for `like` elements at once: as many as a list like this
    /// one was seen to have.
    pub(crate) fn list_like<T>(
        &mut self,
        field: Field,
        kind: u8,
        like: usize,
        mut element: impl FnMut(&mut Self) -> Result<T, FormatError>,
    ) -> Result<Vec<T>, FormatError> {
        self.expect(field, ty::LIST)?;
        self.enter()?;
        let header = self.list_header()?;
        let same = header.kind == kind || (kind == ty::TRUE && header.kind == ty::FALSE);
        // An empty list may carry any element type: some writers put 0 there.
        if !same && header.len > 0 {
            return Err(self.corrupt(
                &format!("a list of Thrift type {kind} in field {}", field.id),
                format!("type {}", header.kind),
            ));
        }
        let mut items = Vec::new();
        for i in 0..header.len {
            if items.len() == items.capacity() {
                // Doubles, like `push`, but never beyond the declared count.
                items.reserve_exact(i.max(like).max(LIST_START).min(header.len - i));
            }
            items.push(element(self)?);
        }
        self.depth -= 1;
        Ok(items)
    }

    pub(crate) fn u64_list(&mut self, field: Field) -> Result<Vec<u64>, FormatError> {
        self.list(field, ty::I64, |r| {
            let value = r.zigzag()?;
            u64::try_from(value).map_err(|_| r.corrupt("a count of at least 0", value))
        })
    }

    /// Passes over a field of any type.
    pub(crate) fn skip(&mut self, field: Field) -> Result<(), FormatError> {
        match field.kind {
            ty::TRUE | ty::FALSE => Ok(()),
            kind => self.skip_value(kind),
        }
    }

    fn skip_value(&mut self, kind: u8) -> Result<(), FormatError> {
        match kind {
            ty::TRUE | ty::FALSE | ty::I8 => self.byte().map(drop),
            ty::I16 | ty::I32 | ty::I64 => self.varint().map(drop),
            ty::DOUBLE => self.take(8).map(drop),
            ty::BINARY => self.binary_element().map(drop),
            ty::UUID => self.take(16).map(drop),
            ty::STRUCT => self.structure(Self::skip),
            ty::LIST | ty::SET => {
                self.enter()?;
                let header = self.list_header()?;
                for _ in 0..header.len {
                    self.skip_value(header.kind)?;
                }
                self.depth -= 1;
                Ok(())
            }
            ty::MAP => self.skip_map(),
            other => Err(self.corrupt("a Thrift type from 1 to 13", other)),
        }
    }

    fn skip_map(&mut self) -> Result<(), FormatError> {
        self.enter()?;
        let len = self.varint()?;
        if len > 0 {
            let kinds = self.byte()?;
            for _ in 0..len {
                // Each key and value takes a byte at least, so this ends with the input.
                self.skip_value(kinds >> 4)?;
                self.skip_value(kinds & 0x0f)?;
            }
        }
        self.depth -= 1;
        Ok(())
    }
}
