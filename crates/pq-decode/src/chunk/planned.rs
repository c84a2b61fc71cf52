//! Pages that an index chose: each must be what the index says.
//!
//! Rows before them are not looked at, so that an index that counts them wrongly shows here or
//! nowhere.

use pq_format::PageKind;

use crate::error::Fault;
use crate::facts::LeafFacts;
use crate::index::PlannedPage;
use crate::page::Page;

/// A data page must be the one that the index promised.
pub(super) fn check(
    planned: Option<&PlannedPage>,
    offset: u64,
    page: &Page<'_>,
    leaf: &LeafFacts,
) -> Result<(), Fault> {
    let Some(planned) = planned else {
        let what = "pages of the index";
        return Err(Fault::corrupt(what, "no more", format!("one at {offset}")));
    };
    if planned.offset != offset {
        let what = "page of the index";
        return Err(Fault::corrupt(
            what,
            format!("at {}", planned.offset),
            offset,
        ));
    }
    let rows = match &page.header.kind {
        PageKind::Data(h) if leaf.max_repetition == 0 => h.num_values,
        PageKind::DataV2(h) => h.num_rows,
        _ => return Ok(()),
    };
    match u64::from(rows) == planned.rows {
        true => Ok(()),
        false => Err(Fault::corrupt("rows of the page", planned.rows, rows)),
    }
}

/// A page that was chosen begins with a row of its own.
pub(super) fn check_start(repetition: &[u8]) -> Result<(), Fault> {
    match repetition.first() {
        Some(level) if *level > 0 => {
            let what = "repetition level at the start of a page";
            Err(Fault::corrupt(what, 0, level))
        }
        _ => Ok(()),
    }
}
