//! Rows of one column of a row group, with memory for what has to be decoded of them.
//!
//! How large the values are is known only when they are decoded. Whoever has memory for these rows may
//! not wait for more: then two could wait for each other. So where there is none for the values, the
//! rows are given back and decoded again, with memory for both.

use std::sync::Arc;

use super::budget::Taken;
use super::group::PendingGroup;
use super::lookout::Manners;
use crate::error::Result;

/// Rows of column `idx` of `group`, and the memory that they need, which has to outlive them: `None` if
/// nothing is decoded.
pub(super) fn rows_of<'e>(
    group: &PendingGroup,
    idx: usize,
    manners: Manners<'e>,
) -> Result<(Option<Taken<'e>>, Arc<PendingGroup>)> {
    let (budget, running) = (manners.budget, manners.running);
    let bytes = group.decode_bytes(idx)?;
    if bytes == 0 {
        return Ok((None, Arc::new(group.for_one_column())));
    }
    let mut taken = budget.take(bytes, 0, running)?;
    let rows = group.for_one_column();
    let largest = rows.verified(idx, largest(&rows, idx, taken.value_bytes))?;
    if largest > taken.value_bytes {
        if !budget.fits(bytes, largest) {
            let largest = rows.largest_of_all(idx, taken.value_bytes)?;
            return Err(budget.refuse_value(bytes, largest));
        }
        if !budget.try_add_values(&mut taken, largest)? {
            drop((rows, taken));
            let taken = budget.take(bytes, largest, running)?;
            return Ok((Some(taken), Arc::new(group.for_one_column())));
        }
    }
    Ok((Some(taken), Arc::new(rows)))
}

/// Bytes of the largest value, or no more than `enough`.
fn largest(rows: &PendingGroup, idx: usize, enough: u64) -> Result<u64> {
    let all = 0..rows.rows();
    if rows.value_bytes_at_most(idx, all.clone())? <= enough {
        return Ok(0);
    }
    rows.largest_value(idx, all, enough)
}
