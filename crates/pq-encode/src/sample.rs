//! A few rows that stand for a chunk.
//!
//! Stripes from all over the chunk, so that a column top or a quiet hour at its start does not speak
//! for the rest. Which rows they are follows from the number of rows alone.

use column_format::{ColumnSlice, SymbolDict};

/// Most stripes of a sample.
pub(crate) const STRIPES: usize = 4;
/// Stripes of a chunk of fewer than [`SMALL`] rows: a sample of half of the rows costs more than the chunk
/// itself. Not fewer than this, nor shorter ones: where it is close, the codec's blocks must not be
/// mostly their descriptions.
const STRIPES_OF_SMALL: usize = 3;
const SMALL: u64 = 64 << 10;
/// Rows of a stripe.
pub(crate) const STRIPE_ROWS: usize = 4096;
/// Rows of a stripe that candidates are tried on first.
pub(crate) const FIRST_ROWS: usize = 1024;

/// The sample of a chunk, and what it takes to read it.
pub(crate) struct Sample<'a> {
    /// Stripes from the first row to the last: all rows if there are few.
    pub(crate) stripes: Vec<Vec<ColumnSlice<'a>>>,
    /// The dictionary of a SYMBOL column.
    pub(crate) symbols: Option<&'a SymbolDict>,
    /// Rows of the chunk.
    pub(crate) chunk_rows: u64,
}

impl<'a> Sample<'a> {
    /// The sample of a chunk of `chunk_rows` rows.
    pub(crate) fn of(
        slices: &[ColumnSlice<'a>],
        symbols: Option<&'a SymbolDict>,
        chunk_rows: u64,
    ) -> Self {
        let len = STRIPE_ROWS as u64;
        let picks = starts(chunk_rows).into_iter();
        Self {
            stripes: picks.map(|start| pick(slices, start, len)).collect(),
            symbols,
            chunk_rows,
        }
    }
}

/// The first row of each stripe of a chunk of `rows` rows.
pub(crate) fn starts(rows: u64) -> Vec<u64> {
    let len = STRIPE_ROWS as u64;
    let count = if rows < SMALL {
        STRIPES_OF_SMALL
    } else {
        STRIPES
    } as u64;
    if rows <= len * count {
        (0..rows.div_ceil(len)).map(|i| i * len).collect()
    } else {
        (0..count).map(|i| (rows - len) / (count - 1) * i).collect()
    }
}

/// The rows `start..start + len`, as far as they exist.
fn pick<'a>(slices: &[ColumnSlice<'a>], start: u64, len: u64) -> Vec<ColumnSlice<'a>> {
    let mut picked = Vec::new();
    let mut at = 0_u64;
    for slice in slices {
        let rows = slice.rows() as u64;
        let lo = start.saturating_sub(at).min(rows);
        let hi = (start + len).saturating_sub(at).min(rows);
        if let (Ok(lo), Ok(hi), true) = (usize::try_from(lo), usize::try_from(hi), lo < hi) {
            picked.push(slice.slice(lo..hi));
        }
        at += rows;
        if at >= start + len {
            break;
        }
    }
    picked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stripes_are_the_same_rows_whatever_the_slices() {
        let values: Vec<[u8; 4]> = (0..100_000_u32).map(u32::to_le_bytes).collect();
        let bytes = values.as_flattened();
        let sampled = [
            (1, 1),
            (4096, 4096),
            (4097, 4097),
            (12_289, 12_288),
            (65_535, 12_288),
            (65_536, 16_384),
            (100_000, 16_384),
        ];
        for (rows, total_rows) in sampled {
            let whole = ColumnSlice::new(
                column_format::Layout::Fixed(4),
                &[],
                &bytes[..rows * 4],
                rows,
            )
            .unwrap();
            let flat = |stripes: Vec<Vec<ColumnSlice<'_>>>| -> Vec<Vec<u8>> {
                let of = |slice: &ColumnSlice<'_>| match slice {
                    ColumnSlice::Fixed(fixed) => fixed.bytes().to_vec(),
                    _ => vec![],
                };
                stripes
                    .iter()
                    .map(|stripe| stripe.iter().flat_map(of).collect())
                    .collect()
            };
            let expected = flat(Sample::of(&[whole], None, rows as u64).stripes);
            let cut: Vec<_> = (0..rows.div_ceil(777))
                .map(|i| whole.slice(i * 777..(i * 777 + 777).min(rows)))
                .collect();
            assert_eq!(flat(Sample::of(&cut, None, rows as u64).stripes), expected);
            let total: usize = expected.iter().map(|stripe| stripe.len() / 4).sum();
            assert_eq!(total, total_rows, "of {rows}");
            let last = expected.last().unwrap().last_chunk::<4>().unwrap();
            // The last stripe reaches the end, but for what three steps of whole rows leave.
            assert!(u32::from_le_bytes(*last) as usize + 4 > rows, "{rows}");
        }
    }
}
