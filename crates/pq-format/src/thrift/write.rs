//! Writing structures in the compact protocol.
//!
//! Writing to memory cannot fail, except that a value may be too large for the signed type that
//! the format gives it. Such a failure is remembered and reported once, by [`Writer::finish`], so
//! that the code of each structure stays a plain list of its fields.

use super::ty;
use crate::error::FormatError;

pub(crate) struct Writer<'a> {
    out: &'a mut Vec<u8>,
    last_id: i16,
    error: Option<FormatError>,
}

impl<'a> Writer<'a> {
    pub(crate) const fn new(out: &'a mut Vec<u8>) -> Self {
        Self {
            out,
            last_id: 0,
            error: None,
        }
    }

    /// Goes on with a structure whose last field so far was `last_id`.
    pub(crate) const fn behind(out: &'a mut Vec<u8>, last_id: i16) -> Self {
        Self {
            out,
            last_id,
            error: None,
        }
    }

    /// Leaves the outermost structure open, for somebody else to go on with.
    pub(crate) fn pause(self) -> Result<(), FormatError> {
        self.error.map_or(Ok(()), Err)
    }

    /// Ends the outermost structure.
    pub(crate) fn finish(self) -> Result<(), FormatError> {
        self.out.push(ty::STOP);
        self.error.map_or(Ok(()), Err)
    }

    pub(crate) fn fail(&mut self, error: FormatError) {
        self.error.get_or_insert(error);
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.out.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.out.push((value & 0x7f) as u8);
    }

    fn zigzag(&mut self, value: i64) {
        self.varint(((value << 1) ^ (value >> 63)).cast_unsigned());
    }

    fn header(&mut self, id: i16, kind: u8) {
        let delta = id - self.last_id;
        self.last_id = id;
        if let Some(short) = u8::try_from(delta).ok().filter(|d| (1..=15).contains(d)) {
            self.out.push(short << 4 | kind);
        } else {
            self.out.push(kind);
            self.zigzag(id.into());
        }
    }

    pub(crate) fn bool(&mut self, id: i16, value: bool) {
        self.header(id, if value { ty::TRUE } else { ty::FALSE });
    }

    pub(crate) fn i8(&mut self, id: i16, value: i8) {
        self.header(id, ty::I8);
        self.out.push(value.cast_unsigned());
    }

    pub(crate) fn i16(&mut self, id: i16, value: i16) {
        self.header(id, ty::I16);
        self.zigzag(value.into());
    }

    pub(crate) fn i32(&mut self, id: i16, value: i32) {
        self.header(id, ty::I32);
        self.zigzag(value.into());
    }

    pub(crate) fn i64(&mut self, id: i16, value: i64) {
        self.header(id, ty::I64);
        self.zigzag(value);
    }

    /// An unsigned count or length in a field that the format declares as `i32`.
    pub(crate) fn u32(&mut self, id: i16, what: &'static str, value: u32) {
        match i32::try_from(value) {
            Ok(v) => self.i32(id, v),
            Err(_) => self.over(what, value.into(), i32::MAX.unsigned_abs().into()),
        }
    }

    /// An unsigned count or offset in a field that the format declares as `i64`.
    pub(crate) fn u64(&mut self, id: i16, what: &'static str, value: u64) {
        match i64::try_from(value) {
            Ok(v) => self.i64(id, v),
            Err(_) => self.over(what, value, i64::MAX.unsigned_abs()),
        }
    }

    fn over(&mut self, what: &'static str, found: u64, limit: u64) {
        self.fail(FormatError::Limit { what, limit, found });
    }

    pub(crate) fn binary(&mut self, id: i16, value: &[u8]) {
        self.header(id, ty::BINARY);
        self.binary_element(value);
    }

    pub(crate) fn string(&mut self, id: i16, value: &str) {
        self.binary(id, value.as_bytes());
    }

    pub(crate) fn structure(&mut self, id: i16, fields: impl FnOnce(&mut Self)) {
        self.header(id, ty::STRUCT);
        self.structure_element(fields);
    }

    /// A list: its header, then each element by `element`.
    pub(crate) fn list<T>(
        &mut self,
        id: i16,
        kind: u8,
        items: &[T],
        mut element: impl FnMut(&mut Self, &T),
    ) {
        self.list_header(id, kind, items.len());
        for item in items {
            element(self, item);
        }
    }

    /// The header of a list of `len` elements, which follow.
    pub(crate) fn list_header(&mut self, id: i16, kind: u8, len: usize) {
        self.header(id, ty::LIST);
        match u8::try_from(len) {
            Ok(short) if short < 15 => self.out.push(short << 4 | kind),
            _ => {
                self.out.push(0xf0 | kind);
                self.varint(len as u64);
            }
        }
    }

    /// A list of unsigned counts in a `list<i64>`; nothing is written for an empty one.
    pub(crate) fn u64_list(&mut self, id: i16, what: &'static str, items: &[u64]) {
        if items.is_empty() {
            return;
        }
        self.list(id, ty::I64, items, |w, &v| match i64::try_from(v) {
            Ok(v) => w.zigzag(v),
            Err(_) => w.over(what, v, i64::MAX.unsigned_abs()),
        });
    }

    pub(crate) fn structure_element(&mut self, fields: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.last_id, 0);
        fields(self);
        self.out.push(ty::STOP);
        self.last_id = outer;
    }

    pub(crate) fn i32_element(&mut self, value: i32) {
        self.zigzag(value.into());
    }

    pub(crate) fn bool_element(&mut self, value: bool) {
        self.out.push(if value { ty::TRUE } else { ty::FALSE });
    }

    pub(crate) fn binary_element(&mut self, value: &[u8]) {
        self.varint(value.len() as u64);
        self.out.extend_from_slice(value);
    }
}
