//! Lists of doubles as arrays of a shape (columns.md §6).
//!
//! Levels tell where lists begin and end; a table's array is rectangular, so every list of a depth
//! must have the length of the first. A null list inside an array counts as an empty one, a null
//! element is NaN.

use column_format::{ColumnType, Layout};

use super::{ChunkReader, Job, PageLevels, Placement, Scratch};
use crate::decoded::DecodedColumn;
use crate::error::{DecodeError, Fault};
use crate::page::Validity;
use crate::values::{Copied, FixedColumn, array_entry};

/// Rows under construction.
struct Arrays<'a> {
    /// Definition level from which the list of each depth has an element.
    element_levels: &'a [u8],
    rows: Vec<[u8; 16]>,
    data: Vec<u8>,
    limit: usize,
    row: Row,
}

/// The row that is open.
#[derive(Default)]
struct Row {
    state: State,
    /// Where its bytes begin.
    start: usize,
    /// Elements so far in the innermost open list of each depth.
    open: Vec<Option<u32>>,
    /// Length of the lists of each depth, once one was closed.
    shape: Vec<Option<u32>>,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// There is none.
    #[default]
    Before,
    Null,
    There,
}

impl Arrays<'_> {
    fn dims(&self) -> usize {
        self.element_levels.len()
    }

    /// Bytes of shape and padding: rows start at multiples of 8.
    fn head_len(&self) -> usize {
        (self.dims() * 4).next_multiple_of(8)
    }

    fn begin(&mut self, level: u8) -> Result<(), Fault> {
        self.end()?;
        let first = self.element_levels.first().copied().unwrap_or(0);
        self.row.start = self.data.len();
        if level.saturating_add(1) < first {
            self.row.state = State::Null;
            return Ok(());
        }
        self.row.state = State::There;
        let head = self.data.len() + self.head_len();
        Fault::bound("chunk_bytes_max", self.limit, head)?;
        self.data.resize(head, 0);
        self.row.open.fill(None);
        self.row.shape.fill(None);
        Ok(())
    }

    /// One slot: where it continues, and how deep there is something. Returns whether that is an
    /// element.
    fn slot(&mut self, repetition: u8, level: u8) -> Result<bool, Fault> {
        let depth = usize::from(repetition);
        if depth == 0 {
            self.begin(level)?;
            if self.row.state == State::Null {
                return Ok(false);
            }
        } else {
            self.close_below(depth)?;
            let open = self.row.open.get_mut(depth - 1);
            let Some(Some(len)) = open.filter(|_| self.row.state == State::There) else {
                return Err(Fault::corrupt(
                    "repetition level",
                    "an open list",
                    repetition,
                ));
            };
            *len = len.saturating_add(1);
        }
        let reached = self.element_levels.iter().filter(|l| **l <= level).count();
        if reached < depth {
            return Err(Fault::corrupt("definition level", "an element", level));
        }
        for (k, open) in self.row.open.iter_mut().enumerate().skip(depth) {
            // The list at depth `reached` is there and empty; deeper ones are not there.
            *open = match k.cmp(&reached) {
                std::cmp::Ordering::Less => Some(1),
                std::cmp::Ordering::Equal => Some(0),
                std::cmp::Ordering::Greater => None,
            };
        }
        Ok(reached == self.dims())
    }

    /// Closes the open lists from `depth` on.
    fn close_below(&mut self, depth: usize) -> Result<(), Fault> {
        let lists = self.row.open.iter_mut().zip(&mut self.row.shape);
        for (open, shape) in lists.skip(depth) {
            let Some(len) = open.take() else { continue };
            match shape {
                Some(known) if *known != len => {
                    let found = format!("lists of {known} and of {len} elements in one array");
                    return Err(Fault::unsupported("array", found));
                }
                _ => *shape = Some(len),
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fault> {
        match self.row.state {
            State::Before => return Ok(()),
            State::Null => self.rows.push(array_entry(self.row.start as u64, 0)),
            State::There => {
                self.close_below(0)?;
                let size = self.data.len() - self.row.start;
                Fault::bound("bytes of an array", u32::MAX as usize, size)?;
                let head = self.data.get_mut(self.row.start..).unwrap_or_default();
                for (slot, len) in head.as_chunks_mut::<4>().0.iter_mut().zip(&self.row.shape) {
                    *slot = len.unwrap_or(0).to_le_bytes();
                }
                self.rows.push(array_entry(self.row.start as u64, size));
            }
        }
        self.row.state = State::Before;
        Ok(())
    }
}

impl Placement<[u8; 8]> for Arrays<'_> {
    fn place(
        &mut self,
        entries: &mut Vec<[u8; 8]>,
        start: usize,
        levels: &PageLevels<'_>,
        null: [u8; 8],
    ) -> Result<(), Fault> {
        let mut values = entries.get(start..).unwrap_or_default().iter();
        let highest = levels.highest.definition;
        let uniform = match levels.validity {
            Validity::All => Some(highest),
            Validity::None if levels.definition.is_empty() => Some(0),
            Validity::None | Validity::Some(_) => None,
        };
        for (i, repetition) in levels.repetition.iter().enumerate() {
            let level = uniform.unwrap_or_else(|| levels.definition.get(i).copied().unwrap_or(0));
            if self.slot(*repetition, level)? {
                let value = match level == highest {
                    true => values.next().copied().unwrap_or(null),
                    false => null,
                };
                self.data.extend_from_slice(&value);
            }
        }
        Fault::bound("chunk_bytes_max", self.limit, self.data.len())?;
        entries.truncate(start);
        Ok(())
    }
}

/// Decodes a column of lists of doubles.
pub(crate) fn decode_lists(
    job: &Job<'_>,
    scratch: &mut Scratch,
    dims: u8,
) -> Result<DecodedColumn, DecodeError> {
    let levels = job.leaf.element_levels.iter();
    let levels: Vec<u8> = levels.filter_map(|l| u8::try_from(*l).ok()).collect();
    if levels.len() != usize::from(dims) || job.leaf.max_repetition != u16::from(dims) {
        let found = format!("{} lists of unknown levels", job.leaf.max_repetition);
        return Err(job.fault(Fault::unsupported("array", found)));
    }
    let mut arrays = Arrays {
        row: Row {
            open: vec![None; levels.len()],
            shape: vec![None; levels.len()],
            ..Row::default()
        },
        element_levels: &levels,
        rows: Vec::new(),
        data: Vec::new(),
        limit: job.limits.chunk_bytes_max,
    };
    let mut reader = ChunkReader::new(FixedColumn::new(ColumnType::Double, Copied));
    reader.run(job, scratch, &mut arrays)?;
    arrays.end().map_err(|fault| job.fault(fault))?;
    let found = arrays.rows.len();
    if found != job.rows {
        return Err(job.fault(Fault::corrupt("rows of the chunk", job.rows, found)));
    }
    let layout = Layout::Array { dims };
    let aux = arrays.rows.into_flattened();
    Ok(DecodedColumn::variable(layout, found, aux, arrays.data))
}
