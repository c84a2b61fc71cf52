//! Values of a fixed width: integers, floats, FIXED_LEN_BYTE_ARRAY.
//!
//! The conversion from the stored bytes to those of the column file is a type parameter, so that
//! every pair gets its own loop: a copy is a copy.

use column_format::{ColumnType, null};
use pq_format::Encoding;

use super::{Column, no_such_encoding};
use crate::decoded::DecodedColumn;
use crate::encodings::{LANES, delta, merge};
use crate::error::Fault;

/// From `P` stored bytes to `W` bytes of a column file.
pub(crate) trait Convert<const P: usize, const W: usize> {
    /// Appends `values`, converted; `false` if one does not fit.
    fn append(&self, values: &[[u8; P]], out: &mut Vec<[u8; W]>) -> bool;

    /// The same of `count` values whose bytes stand in streams; `scratch` is free for them.
    fn append_split(
        &self,
        bytes: &[u8],
        count: usize,
        scratch: &mut Vec<[u8; P]>,
        out: &mut Vec<[u8; W]>,
    ) -> bool {
        scratch.clear();
        merge(bytes, count, scratch);
        self.append(scratch, out)
    }
}

/// A column of fixed width.
#[derive(Debug)]
pub(crate) struct FixedColumn<const P: usize, const W: usize, C> {
    column_type: ColumnType,
    convert: C,
    null: [u8; W],
    /// A row without a value is 0 in a column whose type has a null.
    zeros: bool,
    scratch: Vec<[u8; P]>,
}

impl<const P: usize, const W: usize, C: Convert<P, W>> FixedColumn<P, W, C> {
    /// A row without a value is the type's null, 0 in types that have none.
    pub(crate) fn new(column_type: ColumnType, convert: C) -> Self {
        let null = null::bytes(column_type).and_then(|b| b.as_array());
        Self {
            column_type,
            convert,
            null: null.copied().unwrap_or([0; W]),
            zeros: false,
            scratch: Vec::new(),
        }
    }

    /// A row without a value is 0 whatever the type: the values are those of one that has no null.
    pub(crate) fn with_zeros(self) -> Self {
        Self {
            null: [0; W],
            zeros: self.column_type.has_null(),
            ..self
        }
    }

    fn append(&self, values: &[[u8; P]], out: &mut Vec<[u8; W]>) -> Result<(), Fault> {
        match self.convert.append(values, out) {
            true => Ok(()),
            false => Err(self.out_of_range()),
        }
    }

    fn out_of_range(&self) -> Fault {
        Fault::OutOfRange {
            column_type: self.column_type,
        }
    }

    fn deltas(&self, bytes: &[u8], count: usize, out: &mut Vec<[u8; W]>) -> Result<(), Fault> {
        let mut values = [[0; P]; LANES];
        let done = delta(bytes, count, |words| {
            for (value, word) in values.iter_mut().zip(words) {
                for (to, from) in value.iter_mut().zip(word.to_le_bytes()) {
                    *to = from;
                }
            }
            self.append(values.get(..words.len()).unwrap_or_default(), out)
        });
        done.map(|_| ())
    }
}

impl<const P: usize, const W: usize, C: Convert<P, W>> Column for FixedColumn<P, W, C> {
    type Entry = [u8; W];

    fn null(&mut self) -> [u8; W] {
        self.null
    }

    fn absent_is_null(&self) -> bool {
        !self.zeros
    }

    fn values(
        &mut self,
        encoding: Encoding,
        bytes: &[u8],
        count: usize,
        out: &mut Vec<[u8; W]>,
    ) -> Result<(), Fault> {
        let needed = count.saturating_mul(P);
        let exact = || {
            bytes
                .get(..needed)
                .ok_or_else(|| Fault::truncated("values", needed, bytes.len()))
        };
        match encoding {
            Encoding::Plain => self.append(exact()?.as_chunks().0, out),
            // Streams of `count` bytes each; bytes behind them belong to nobody.
            Encoding::ByteStreamSplit => {
                let bytes = exact()?;
                match (self.convert).append_split(bytes, count, &mut self.scratch, out) {
                    true => Ok(()),
                    false => Err(self.out_of_range()),
                }
            }
            Encoding::DeltaBinaryPacked if P == 4 || P == 8 => self.deltas(bytes, count, out),
            Encoding::DeltaByteArray => {
                let (mut plain, mut lens) = (Vec::new(), Vec::new());
                crate::encodings::prefixed(bytes, count, needed, &mut plain, &mut lens)?;
                if lens.iter().any(|len| *len as usize != P) {
                    return Err(Fault::corrupt("length of a value", P, "another"));
                }
                self.append(plain.as_chunks().0, out)
            }
            other => Err(no_such_encoding(other)),
        }
    }

    fn finish(self, entries: Vec<[u8; W]>) -> DecodedColumn {
        DecodedColumn::fixed(W, entries.len(), entries.into_flattened())
    }
}
