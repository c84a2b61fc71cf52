//! Texts, bytes and lists: offsets and values, one row after the other.

use std::sync::Arc;

use ::arrow::array::{ArrayRef, BinaryArray, Float64Array, ListArray, StringArray};
use ::arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use ::arrow::datatypes::{DataType, Field};
use column_format::{ColumnType, Value, value};

use super::ToArrowError;
use crate::decoded::DecodedColumn;

/// Largest offset.
const OFFSET_MAX: u64 = i32::MAX.unsigned_abs() as u64;

/// Lists of a depth of an array that need no elements.
const FREE_LISTS: u64 = 16;

/// Lists of a column beyond these that no element pays for.
const EMPTY_LISTS_MAX: u64 = 1 << 16;

/// Offsets of a growing array.
#[derive(Debug)]
pub(super) struct Offsets {
    offsets: Vec<i32>,
    end: u64,
}

impl Default for Offsets {
    fn default() -> Self {
        let (offsets, end) = (vec![0], 0);
        Self { offsets, end }
    }
}

impl Offsets {
    /// A row of `len` bytes or elements.
    pub(super) fn push(&mut self, len: usize) -> Result<(), ToArrowError> {
        self.end = self.end.saturating_add(len as u64);
        let end = i32::try_from(self.end).map_err(|_| ToArrowError::TooLarge {
            limit: OFFSET_MAX,
            found: self.end,
        })?;
        self.offsets.push(end);
        Ok(())
    }

    pub(super) fn finish(self) -> OffsetBuffer<i32> {
        OffsetBuffer::new(ScalarBuffer::from(self.offsets))
    }
}

/// Rows of texts or bytes under construction.
#[derive(Default)]
struct Rows {
    offsets: Offsets,
    values: Vec<u8>,
    there: Vec<bool>,
}

impl Rows {
    fn push(&mut self, bytes: Option<&[u8]>) -> Result<(), ToArrowError> {
        let value = bytes.unwrap_or_default();
        self.offsets.push(value.len())?;
        self.values.extend_from_slice(value);
        self.there.push(bytes.is_some());
        Ok(())
    }
}

fn nulls(there: Vec<bool>) -> Option<NullBuffer> {
    let nulls = NullBuffer::from(there);
    (nulls.null_count() > 0).then_some(nulls)
}

/// Runs `put` over every row.
fn each(
    column: &DecodedColumn,
    column_type: ColumnType,
    mut put: impl FnMut(Value<'_>) -> Result<(), ToArrowError>,
) -> Result<(), ToArrowError> {
    let slice = column.slice().map_err(ToArrowError::Layout)?;
    for row in 0..slice.rows() {
        put(value(column_type, &slice, None, row).map_err(ToArrowError::Layout)?)?;
    }
    Ok(())
}

pub(super) fn text(
    column: &DecodedColumn,
    column_type: ColumnType,
) -> Result<ArrayRef, ToArrowError> {
    let mut rows = Rows::default();
    each(column, column_type, |value| match value {
        Value::Varchar(bytes) => match std::str::from_utf8(bytes) {
            Ok(_) => rows.push(Some(bytes)),
            Err(_) => rows.push(Some(String::from_utf8_lossy(bytes).as_bytes())),
        },
        Value::String(text) => rows.push(Some(text.to_string_lossy().as_bytes())),
        _ => rows.push(None),
    })?;
    let offsets = rows.offsets.finish();
    let array = StringArray::try_new(offsets, rows.values.into(), nulls(rows.there));
    Ok(Arc::new(array.map_err(ToArrowError::arrow)?))
}

pub(super) fn binary(column: &DecodedColumn) -> Result<ArrayRef, ToArrowError> {
    let mut rows = Rows::default();
    each(column, ColumnType::Binary, |value| match value {
        Value::Binary(bytes) => rows.push(Some(bytes)),
        _ => rows.push(None),
    })?;
    let offsets = rows.offsets.finish();
    let array = BinaryArray::try_new(offsets, rows.values.into(), nulls(rows.there));
    Ok(Arc::new(array.map_err(ToArrowError::arrow)?))
}

/// Arrays of a shape as lists of lists; a NaN inside is a null element.
pub(super) fn lists(column: &DecodedColumn, dims: u8) -> Result<ArrayRef, ToArrowError> {
    let dims = usize::from(dims);
    let mut offsets: Vec<Offsets> = (0..dims).map(|_| Offsets::default()).collect();
    let mut elements: Vec<Option<f64>> = Vec::new();
    let mut there = Vec::new();
    // Lists without an element take no bytes of the array: of those a raw one can claim any number.
    let mut empty_left = EMPTY_LISTS_MAX;
    let column_type = ColumnType::Array {
        dims: u8::try_from(dims).unwrap_or(u8::MAX),
    };
    each(column, column_type, |value| {
        let Value::Array(array) = value else {
            there.push(false);
            return offsets.first_mut().map_or(Ok(()), |o| o.push(0));
        };
        there.push(true);
        // Lists of a depth: as many as the lengths of those around them multiply to.
        let mut lists = 1usize;
        for (offsets, len) in offsets.iter_mut().zip(array.shape()) {
            let len = usize::try_from(len).unwrap_or(usize::MAX);
            let paid = (array.elements().len() as u64).max(FREE_LISTS);
            let unpaid = (lists as u64).saturating_sub(paid);
            empty_left = empty_left
                .checked_sub(unpaid)
                .ok_or(ToArrowError::TooLarge {
                    limit: EMPTY_LISTS_MAX,
                    found: (EMPTY_LISTS_MAX - empty_left).saturating_add(unpaid),
                })?;
            for _ in 0..lists {
                offsets.push(len)?;
            }
            lists = lists.saturating_mul(len);
        }
        elements.extend(array.values().map(|v| (!v.is_nan()).then_some(v)));
        Ok(())
    })?;
    let mut inner: ArrayRef = Arc::new(Float64Array::from(elements));
    let mut inner_type = DataType::Float64;
    let mut nulls = nulls(there);
    for (depth, offsets) in offsets.into_iter().enumerate().rev() {
        let field = Arc::new(Field::new("element", inner_type, true));
        let nulls = if depth == 0 { nulls.take() } else { None };
        let list = ListArray::try_new(Arc::clone(&field), offsets.finish(), inner, nulls);
        inner = Arc::new(list.map_err(ToArrowError::arrow)?);
        inner_type = DataType::List(field);
    }
    Ok(inner)
}
