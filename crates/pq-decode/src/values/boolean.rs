//! BOOLEAN: bits, or runs of them, as a byte each.
//!
//! A byte of bits becomes eight bytes by one look into a table of 2 KiB.

use pq_format::{Encoding, HybridDecoder};

use super::{Column, no_such_encoding};
use crate::decoded::DecodedColumn;
use crate::error::Fault;

/// A column of BOOLEAN.
#[derive(Debug, Default)]
pub(crate) struct BooleanColumn;

/// The eight bits of each byte, lowest first.
const BITS: [[u8; 8]; 256] = {
    let mut table = [[0; 8]; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut bit = 0;
        while bit < 8 {
            table[byte][bit] = if byte >> bit & 1 == 1 { 1 } else { 0 };
            bit += 1;
        }
        byte += 1;
    }
    table
};

impl Column for BooleanColumn {
    type Entry = u8;

    fn null(&mut self) -> u8 {
        0
    }

    fn values(
        &mut self,
        encoding: Encoding,
        bytes: &[u8],
        count: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        match encoding {
            Encoding::Plain => {
                let needed = count.div_ceil(8);
                let bits = bytes
                    .get(..needed)
                    .ok_or_else(|| Fault::truncated("values", needed, bytes.len()))?;
                let end = out.len() + count;
                for byte in bits {
                    out.extend_from_slice(&BITS[usize::from(*byte)]);
                }
                out.truncate(end);
                Ok(())
            }
            Encoding::Rle => {
                let short = |needed| Fault::truncated("values", needed, bytes.len());
                let (len, rest) = bytes.split_first_chunk::<4>().ok_or_else(|| short(4))?;
                let len = usize::try_from(u32::from_le_bytes(*len)).unwrap_or(usize::MAX);
                let runs = rest
                    .get(..len)
                    .ok_or_else(|| short(len.saturating_add(4)))?;
                Ok(HybridDecoder::new(runs, 1)?.append(count, out)?)
            }
            other => Err(no_such_encoding(other)),
        }
    }

    fn finish(self, entries: Vec<u8>) -> DecodedColumn {
        DecodedColumn::fixed(1, entries.len(), entries)
    }
}
