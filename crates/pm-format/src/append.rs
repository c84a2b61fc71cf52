//! One more snapshot behind the others (pm.md §13.3, §13.5).
//!
//! Nothing that is committed changes but the 8-byte commit word, so older snapshots stay readable
//! and verifiable. The result is a plan: this crate writes no file.

use std::borrow::Cow;

use crate::block::{PlacedBloom, write_block};
use crate::bloom::BloomCell;
use crate::crc::resume;
use crate::error::PmError;
use crate::facts::{ChunkFacts, RowGroupFacts, ScratchpadFacts, SnapshotFacts};
use crate::footer::{FooterParts, seal, write_footer};
use crate::span::{at, wide};
use crate::view::PmView;

/// A row group of the new snapshot.
#[derive(Clone, Debug)]
pub enum RowGroupChange {
    /// The block of this row group of the snapshot before.
    Keep(usize),
    /// A new block.
    Write(RowGroupFacts),
}

/// What an executor does, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppendStep {
    /// Write these bytes at this offset.
    Write {
        /// Absolute offset.
        offset: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// What was written must be durable before the next step.
    Barrier,
}

/// Plans an append to the snapshot `parent`.
///
/// `file` is the file up to the append base: the committed size at its offset 0, which exceeds the
/// parent's when an update was abandoned after its commit word (pm.md §13.5). The steps are: the
/// tail, a barrier, the 8 aligned bytes of the commit word, a barrier.
///
/// # Errors
/// `Short` when `file` ends before the parent or the append base, `InvalidValue` for fewer row
/// groups than before or a kept one that does not exist, and as [`build`](crate::build()).
pub fn append(
    parent: &PmView<'_>,
    file: &[u8],
    changes: &[RowGroupChange],
    snapshot: &SnapshotFacts,
) -> Result<Vec<AppendStep>, PmError> {
    let base = crate::span::committed_size(file)?.max(parent.committed_size());
    let have = wide(file.len());
    let old = file.get(..at(base)).ok_or(PmError::Short {
        committed: base,
        have,
    })?;
    if changes.len() < parent.row_group_count() {
        return Err(PmError::InvalidValue {
            field: "row_group_count",
            offset: 0,
            found: wide(changes.len()),
            expected: "at least as many row groups as before",
        });
    }
    let mut tail = Vec::new();
    let placed = place(parent, &mut tail, base, changes)?;
    let inherited = inherited_scratchpad(parent, snapshot);
    let footer_start = tail.len();
    write_footer(
        &mut tail,
        &FooterParts {
            snapshot,
            unused_bytes: snapshot
                .unused_bytes
                .unwrap_or_else(|| parent.unused_bytes()),
            previous_size: parent.committed_size(),
            block_offsets: &placed.block_offsets,
            bloom_cells: &placed.cells,
            scratchpad: &inherited,
        },
    )?;
    let uncovered = old.get(parent.crc_offset()..).unwrap_or_default();
    let crc = resume(parent.stored_crc(), &[uncovered, &tail]);
    seal(&mut tail, footer_start, crc)?;
    let size = base + wide(tail.len());
    Ok(vec![
        AppendStep::Write {
            offset: base,
            bytes: tail,
        },
        AppendStep::Barrier,
        AppendStep::Write {
            offset: 0,
            bytes: size.to_le_bytes().to_vec(),
        },
        AppendStep::Barrier,
    ])
}

struct Placed {
    block_offsets: Vec<u64>,
    cells: Vec<PlacedBloom>,
}

fn place(
    parent: &PmView<'_>,
    tail: &mut Vec<u8>,
    base: u64,
    changes: &[RowGroupChange],
) -> Result<Placed, PmError> {
    let listed: Vec<u32> = parent
        .bloom_columns()
        .filter_map(|c| u32::try_from(c).ok())
        .collect();
    let external = parent.bloom_external();
    let mut placed = Placed {
        block_offsets: Vec::new(),
        cells: Vec::new(),
    };
    for change in changes {
        match change {
            RowGroupChange::Keep(index) => {
                placed
                    .block_offsets
                    .push(parent.row_group(*index)?.block_offset());
                for position in 0..listed.len() {
                    let cell = parent.bloom_cell(*index, position)?;
                    placed.cells.push(kept_cell(cell, external));
                }
            }
            RowGroupChange::Write(facts) => {
                let facts = without_unlisted_blooms(facts, &listed);
                let columns = parent.column_count();
                let block = write_block(tail, base, &facts, columns, external)?;
                placed.block_offsets.push(block.offset);
                let cells = listed.iter().map(|c| block.blooms.get(*c as usize));
                placed
                    .cells
                    .extend(cells.map(|c| absent_as(external, c.copied())));
            }
        }
    }
    Ok(placed)
}

/// A filter of a column that the header does not list could never be found: leave it out (pm.md
/// §8.1).
pub(crate) fn without_unlisted_blooms<'f>(
    facts: &'f RowGroupFacts,
    listed: &[u32],
) -> Cow<'f, RowGroupFacts> {
    let unlisted =
        |column: usize| u32::try_from(column).is_ok_and(|c| listed.binary_search(&c).is_err());
    let stray = |(column, chunk): (usize, &ChunkFacts)| chunk.bloom.is_some() && unlisted(column);
    if !facts.chunks.iter().enumerate().any(stray) {
        return Cow::Borrowed(facts);
    }
    let mut facts = facts.clone();
    for (column, chunk) in facts.chunks.iter_mut().enumerate() {
        if unlisted(column) {
            chunk.bloom = None;
        }
    }
    Cow::Owned(facts)
}

fn kept_cell(cell: BloomCell, external: bool) -> PlacedBloom {
    match cell {
        BloomCell::Absent => absent_as(external, None),
        BloomCell::Inline { offset } => PlacedBloom::Inline(offset),
        BloomCell::External { offset, length } => PlacedBloom::External { offset, length },
    }
}

/// An absent cell is as wide as the others of its table.
pub(crate) fn absent_as(external: bool, cell: Option<PlacedBloom>) -> PlacedBloom {
    match cell {
        None | Some(PlacedBloom::Absent) if external => PlacedBloom::External {
            offset: 0,
            length: 0,
        },
        None => PlacedBloom::Absent,
        Some(cell) => cell,
    }
}

fn inherited_scratchpad(parent: &PmView<'_>, snapshot: &SnapshotFacts) -> Vec<(u32, Vec<u8>)> {
    match &snapshot.scratchpad {
        ScratchpadFacts::Replace(entries) => entries.clone(),
        ScratchpadFacts::Inherit => parent
            .scratchpad()
            .map(|pad| {
                pad.entries()
                    .map(|(code, content)| (code, content.to_vec()))
                    .collect()
            })
            .unwrap_or_default(),
    }
}
