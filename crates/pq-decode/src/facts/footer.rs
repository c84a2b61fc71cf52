//! Facts from a Parquet footer.
//!
//! What the footer leaves out (dictionary offsets, unique ordinals) is not needed; what it says
//! about levels is followed node by node.

use std::sync::Arc;

use pq_format::{ColumnChunk, FileMetaData, NodeKind, PhysicalKind, Repetition, SchemaNode};

use super::{ChunkFacts, FileFacts, GroupFacts, LeafFacts, Stored, bounds};
use crate::error::FactsError;

impl FileFacts {
    /// The facts that a footer holds.
    ///
    /// # Errors
    /// [`FactsError`] if a row group has not one chunk for each leaf, a chunk lies in another file
    /// or its range overflows.
    pub fn from_footer(meta: &FileMetaData) -> Result<Self, FactsError> {
        let mut leaves = Vec::new();
        for field in &meta.schema.fields {
            let mut levels = Levels::default();
            // One name however many leaves the field has.
            let name: Arc<str> = field.name.as_str().into();
            collect(&name, field, field, &mut levels, &mut leaves);
        }
        let groups = meta.row_groups.iter().enumerate();
        let groups = groups.map(|(group, g)| {
            if g.columns.len() != leaves.len() {
                let (expected, found) = (leaves.len(), g.columns.len());
                return Err(FactsError::Chunks {
                    group,
                    expected,
                    found,
                });
            }
            let chunks = leaves.iter().zip(&g.columns);
            let chunks = chunks.map(|(leaf, chunk)| facts_of(group, leaf, chunk));
            Ok(GroupFacts {
                rows: g.num_rows,
                chunks: chunks.collect::<Result<_, _>>()?,
            })
        });
        let groups = groups.collect::<Result<_, _>>()?;
        Ok(Self { leaves, groups })
    }
}

/// Levels on the way to a node.
#[derive(Default, Clone)]
struct Levels {
    definition: u16,
    elements: Vec<u16>,
}

fn collect(
    name: &Arc<str>,
    field: &SchemaNode,
    node: &SchemaNode,
    above: &mut Levels,
    out: &mut Vec<LeafFacts>,
) {
    let before = above.definition;
    if matches!(node.repetition, Repetition::Optional | Repetition::Repeated) {
        above.definition = above.definition.saturating_add(1);
    }
    let repeated = node.repetition == Repetition::Repeated;
    if repeated {
        above.elements.push(above.definition);
    }
    match &node.kind {
        NodeKind::Group(children) => {
            for child in children {
                collect(name, field, child, above, out);
            }
        }
        NodeKind::Leaf(physical) => {
            let dims = u16::try_from(above.elements.len()).unwrap_or(u16::MAX);
            out.push(LeafFacts {
                name: Arc::clone(name),
                id: field.field_id.filter(|id| *id >= 0),
                physical: *physical,
                stored: Stored::of_leaf(node, *physical, dims),
                max_definition: above.definition,
                max_repetition: dims,
                element_levels: above.elements.clone(),
            });
        }
    }
    if repeated {
        above.elements.pop();
    }
    above.definition = before;
}

fn facts_of(group: usize, leaf: &LeafFacts, chunk: &ColumnChunk) -> Result<ChunkFacts, FactsError> {
    let column = || leaf.name.to_string();
    if let Some(path) = &chunk.file_path {
        return Err(FactsError::OtherFile {
            group,
            column: column(),
            path: path.clone(),
        });
    }
    let meta = &chunk.meta;
    let range = meta.byte_range().map_err(|_| FactsError::Range {
        group,
        column: column(),
        start: meta.data_page_offset,
        len: meta.total_compressed_size,
    })?;
    let statistics = meta.statistics.as_ref();
    let min = statistics.and_then(|s| s.min_value.as_deref());
    let max = statistics.and_then(|s| s.max_value.as_deref());
    let wide = leaf.physical.kind() == PhysicalKind::Int64;
    Ok(ChunkFacts {
        range,
        codec: meta.codec,
        num_values: meta.num_values,
        bounds: bounds(min, max).filter(|_| wide),
    })
}
