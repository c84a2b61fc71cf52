//! Facts from a `_pm` sidecar alone.
//!
//! It has no schema tree. Levels of lists follow from their number: the lists of QuestDB have
//! OPTIONAL elements throughout, those of others REQUIRED ones; what is neither is left open, and
//! refused when such a column is asked for.

use pm_format::{Column, PhysicalType as PmPhysical, PmView, Repetition};
use pq_format::{CodecId, PhysicalType};

use super::{ChunkFacts, FileFacts, GroupFacts, LeafFacts, Stored, bounds};
use crate::error::FactsError;

impl FileFacts {
    /// The facts that a snapshot of a sidecar holds.
    ///
    /// # Errors
    /// [`FactsError::Sidecar`] for what the sidecar's own checks find, [`FactsError::Range`].
    pub fn from_sidecar(view: &PmView<'_>) -> Result<Self, FactsError> {
        check_overlap(view)?;
        let leaves = view.columns().map(|c| leaf_of(&c));
        let leaves = leaves
            .collect::<Result<Vec<_>, _>>()
            .map_err(FactsError::Sidecar)?;
        let mut groups = Vec::new();
        for group in 0..view.row_group_count() {
            groups.push(group_of(view, group, &leaves)?);
        }
        Ok(Self { leaves, groups })
    }
}

/// A sidecar's own checks let names and blocks overlap (pm.md §12.3): so few bytes could stand for
/// any number of names and chunks. One that says more than it has bytes for is refused.
fn check_overlap(view: &PmView<'_>) -> Result<(), FactsError> {
    const CHUNK_BYTES: u64 = 64;
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let mut needed = count(view.row_group_count())
        .saturating_mul(count(view.column_count()).saturating_mul(CHUNK_BYTES));
    for column in view.columns() {
        let name = column.name_bytes().map_err(FactsError::Sidecar)?;
        needed = needed.saturating_add(count(name.len()));
    }
    let found = view.committed_size();
    if needed > found {
        return Err(FactsError::Overlap { needed, found });
    }
    Ok(())
}

fn group_of(
    view: &PmView<'_>,
    group: usize,
    leaves: &[LeafFacts],
) -> Result<GroupFacts, FactsError> {
    let stored = view.row_group(group).map_err(FactsError::Sidecar)?;
    let chunks = stored.chunks().zip(leaves).map(|(chunk, leaf)| {
        let (start, len) = (chunk.byte_range_start(), chunk.total_compressed());
        let end = start.checked_add(len).ok_or_else(|| FactsError::Range {
            group,
            column: leaf.name.to_string(),
            start,
            len,
        })?;
        let wide = leaf.physical == PhysicalType::Int64;
        let sides = match wide {
            true => (
                chunk.min().map_err(FactsError::Sidecar)?,
                chunk.max().map_err(FactsError::Sidecar)?,
            ),
            false => (None, None),
        };
        let codec = chunk.codec().map_err(FactsError::Sidecar)?;
        Ok(ChunkFacts {
            range: start..end,
            codec: CodecId::from_code(codec.code().into()),
            num_values: chunk.num_values(),
            bounds: bounds(sides.0.map(|s| s.bytes), sides.1.map(|s| s.bytes)),
        })
    });
    Ok(GroupFacts {
        rows: stored.num_rows(),
        chunks: chunks.collect::<Result<_, FactsError>>()?,
    })
}

fn leaf_of(column: &Column<'_>) -> Result<LeafFacts, pm_format::PmError> {
    let physical = match column.physical_type()? {
        PmPhysical::Boolean => PhysicalType::Boolean,
        PmPhysical::Int32 => PhysicalType::Int32,
        PmPhysical::Int64 => PhysicalType::Int64,
        PmPhysical::Int96 => PhysicalType::Int96,
        PmPhysical::Float => PhysicalType::Float,
        PmPhysical::Double => PhysicalType::Double,
        PmPhysical::ByteArray => PhysicalType::ByteArray,
        PmPhysical::FixedLenByteArray => {
            PhysicalType::FixedLenByteArray(column.fixed_byte_len().unsigned_abs())
        }
    };
    let dims = u16::from(column.max_rep_level());
    let definition = u16::from(column.max_def_level());
    let stored = match column.column_type() {
        Some(t) => Stored::of_type(t, physical, dims),
        None if dims > 0 => Stored::Other(physical),
        None => Stored::plain(physical),
    };
    Ok(LeafFacts {
        name: column.name()?.into(),
        id: Some(column.id()).filter(|id| *id >= 0),
        physical,
        stored,
        max_definition: definition,
        max_repetition: dims,
        element_levels: element_levels(dims, definition, column.repetition()?),
    })
}

/// Where each of `dims` lists gets its elements, if only one arrangement of levels is likely.
fn element_levels(dims: u16, definition: u16, top: Repetition) -> Vec<u16> {
    let own = u16::from(top == Repetition::Optional);
    let step = match definition.checked_sub(own) {
        _ if dims == 0 || top == Repetition::Repeated => return Vec::new(),
        Some(levels) if levels == 2 * dims => 2,
        Some(levels) if levels == dims || levels == dims + 1 => 1,
        _ => return Vec::new(),
    };
    (0..dims).map(|k| own + 1 + k * step).collect()
}
