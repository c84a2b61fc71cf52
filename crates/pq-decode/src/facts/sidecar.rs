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

/// Where each of `dims` lists gets its elements; empty unless one arrangement of levels alone has
/// this highest one. `top` is a hint (pm.md §4.2): it decides where the levels leave two of them.
fn element_levels(dims: u16, definition: u16, top: Repetition) -> Vec<u16> {
    let own = match top {
        _ if dims == 0 => return Vec::new(),
        // Everything OPTIONAL, or everything REQUIRED.
        _ if definition == 2 * dims + 1 => 1,
        _ if definition == dims => 0,
        Repetition::Optional => 1,
        Repetition::Required => 0,
        Repetition::Repeated => return Vec::new(),
    };
    let step = match definition.checked_sub(own) {
        Some(levels) if levels == 2 * dims => 2,
        Some(levels) if levels == dims => 1,
        // Some elements may be null and others not: which, nothing tells.
        _ => return Vec::new(),
    };
    (0..dims).map(|k| own + 1 + k * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Levels of lists whose field is optional or not, and whose elements are.
    fn truth(own: bool, elements: &[bool]) -> (u16, Vec<u16>) {
        let mut level = u16::from(own);
        let levels = elements.iter().map(|optional| {
            let list = level + 1;
            level = list + u16::from(*optional);
            list
        });
        let levels = levels.collect();
        (level, levels)
    }

    #[test]
    fn levels_of_lists_are_right_or_left_open() {
        let (mut right, mut open) = (0, 0);
        for dims in 1..=4u16 {
            for bits in 0..1u16 << (dims + 1) {
                let own = bits & 1 == 1;
                let elements: Vec<_> = (1..=dims).map(|k| bits >> k & 1 == 1).collect();
                let (definition, levels) = truth(own, &elements);
                let top = match own {
                    true => Repetition::Optional,
                    false => Repetition::Required,
                };
                match element_levels(dims, definition, top) {
                    found if found == levels => right += 1,
                    found => {
                        assert_eq!(found, [0u16; 0], "{own} {elements:?}");
                        open += 1;
                    }
                }
            }
        }
        // All elements alike: both ways, with an optional field and without.
        assert_eq!((right, open), (4 * 4, 60 - 16));
    }

    #[test]
    fn the_lists_of_questdb_are_known_whatever_the_hint() {
        for dims in 1..=32u16 {
            let (definition, levels) = truth(true, &vec![true; usize::from(dims)]);
            for top in [Repetition::Required, Repetition::Optional] {
                assert_eq!(element_levels(dims, definition, top), levels);
            }
        }
    }
}
