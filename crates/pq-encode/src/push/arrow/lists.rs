//! Lists of Float64 as arrays of one or more dimensions.
//!
//! A column's arrays are boxes: on each level all lists of a row have one length. Arrow's lists need
//! not be such, so a row whose inner lists differ, or one of whose inner lists is null, is refused by
//! its number. Elements may be null or NaN, and stay what they are.

use std::ops::Range;

use ::arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeListArray, Float64Array, LargeListArray, ListArray,
};
use ::arrow::datatypes::{DataType, Float64Type};
use column_format::ArrayWriter;

use crate::fixed::kind::NULL_ELEMENT;

/// One level of lists.
enum Level<'a> {
    Small(&'a ListArray),
    Large(&'a LargeListArray),
    Fixed(&'a FixedSizeListArray),
}

impl<'a> Level<'a> {
    fn of(array: &'a ArrayRef) -> Option<Self> {
        Some(match array.data_type() {
            DataType::List(_) => Self::Small(array.as_list()),
            DataType::LargeList(_) => Self::Large(array.as_list()),
            DataType::FixedSizeList(..) => Self::Fixed(array.as_fixed_size_list()),
            _ => return None,
        })
    }

    fn values(&self) -> &'a ArrayRef {
        match self {
            Self::Small(list) => list.values(),
            Self::Large(list) => list.values(),
            Self::Fixed(list) => list.values(),
        }
    }

    fn is_null(&self, idx: usize) -> bool {
        match self {
            Self::Small(list) => list.is_null(idx),
            Self::Large(list) => list.is_null(idx),
            Self::Fixed(list) => list.is_null(idx),
        }
    }

    /// Elements of list `idx`, which exists.
    fn elements(&self, idx: usize) -> Range<usize> {
        let (lo, len) = match self {
            Self::Small(list) => (
                i64::from(list.value_offsets()[idx]),
                i64::from(list.value_length(idx)),
            ),
            Self::Large(list) => (list.value_offsets()[idx], list.value_length(idx)),
            // Its own `value_offset` is cut to 32 bits. Of a slice, `values` is a slice too.
            Self::Fixed(list) => {
                let len = usize::try_from(list.value_length()).unwrap_or(0);
                return idx * len..(idx + 1) * len;
            }
        };
        // Arrow checked them.
        let lo = usize::try_from(lo).unwrap_or(0);
        lo..lo + usize::try_from(len).unwrap_or(0)
    }
}

/// The lists of a column, from the outermost level to the elements.
struct Lists<'a> {
    levels: Vec<Level<'a>>,
    elements: &'a Float64Array,
    shape: Vec<u32>,
    row: Vec<f64>,
}

impl Lists<'_> {
    /// Reads a row that is not null into `shape` and `row`.
    fn read(&mut self, row: usize) -> Result<(), String> {
        self.shape.clear();
        let mut at = row..row + 1;
        for (depth, level) in self.levels.iter().enumerate() {
            let mut below: Option<Range<usize>> = None;
            let mut len = 0;
            for idx in at {
                if depth > 0 && level.is_null(idx) {
                    return Err(format!("row {row} of the batch has a null list in a list"));
                }
                let elements = level.elements(idx);
                match &mut below {
                    None => len = elements.len(),
                    Some(_) if elements.len() != len => {
                        let (a, b) = (len, elements.len());
                        return Err(format!(
                            "row {row} of the batch has lists of {a} and of {b} in one list; all \
                             lists of a level must be of one length"
                        ));
                    }
                    Some(_) => {}
                }
                let start = below.map_or(elements.start, |below| below.start);
                below = Some(start..elements.end);
            }
            at = below.unwrap_or(0..0);
            let len = u32::try_from(len);
            self.shape
                .push(len.map_err(|_| format!("row {row} of the batch is too long"))?);
        }
        self.row.clear();
        self.row.extend(at.map(|idx| element(self.elements, idx)));
        Ok(())
    }
}

/// An element, or what stands for none. A NaN of just these bits becomes the ordinary one.
fn element(elements: &Float64Array, idx: usize) -> f64 {
    if elements.is_null(idx) {
        return f64::from_bits(NULL_ELEMENT);
    }
    let value = elements.value(idx);
    if value.to_bits() == NULL_ELEMENT {
        return f64::NAN;
    }
    value
}

/// The rows of an array of lists, as `.i` and `.d` would have them.
pub(super) fn rows(array: &ArrayRef) -> Result<(u8, Vec<u8>, Vec<u8>), String> {
    let (mut levels, mut inner) = (Vec::new(), array);
    while let Some(level) = Level::of(inner) {
        inner = level.values();
        levels.push(level);
    }
    let elements = inner.as_primitive_opt::<Float64Type>();
    let elements = elements.ok_or_else(|| format!("{} cannot be written", array.data_type()))?;
    let dims = u8::try_from(levels.len()).map_err(|_| "too many dimensions".to_owned())?;
    let mut lists = Lists {
        levels,
        elements,
        shape: Vec::new(),
        row: Vec::new(),
    };
    let mut writer = ArrayWriter::new(dims);
    for row in 0..array.len() {
        if array.is_null(row) {
            writer.push_null();
            continue;
        }
        lists.read(row)?;
        let pushed = writer.push(&lists.shape, &lists.row);
        pushed.map_err(|error| format!("row {row} of the batch: {error}"))?;
    }
    let (aux, data) = writer.take();
    Ok((dims, aux, data))
}
