//! `StoredGroup`: a row group of a Parquet partition as it is in its file, for those who copy it.
//!
//! Nothing is decoded here. What the footer says is compared with the facts that everything else
//! reads by (those may be of the sidecar): where the two disagree, nobody knows which bytes to copy.

use std::ops::Range;
use std::sync::Arc;

use pq_decode::{FileFacts, LeafFacts};
use pq_format::{ColumnChunk, ColumnOrder, FileMetaData, SchemaNode};

use super::facts;
use super::partition::ParquetPartition;
use crate::cursor::{CursorColumn, Source};
use crate::error::ReadError;
use crate::files::committed_error;
use crate::open_partition::OpenPartition;

/// How files of QuestDB name their writer.
const QUESTDB: &str = "QuestDB";

/// The footer of a partition's committed bytes.
#[derive(Debug)]
pub(super) struct StoredFooter {
    meta: FileMetaData,
    /// As the footer describes them: more than a sidecar tells of lists.
    leaves: Vec<LeafFacts>,
    /// For each leaf the top-level field that it is part of.
    fields: Vec<usize>,
}

/// One row group of a Parquet partition. Holds the partition open.
#[derive(Clone, Debug)]
pub struct StoredGroup {
    partition: Arc<OpenPartition>,
    columns: Arc<[CursorColumn]>,
    group: usize,
}

/// A column chunk as its file describes it.
#[derive(Debug)]
pub struct StoredChunk<'a> {
    /// Levels, physical type and meaning of the column.
    pub leaf: &'a LeafFacts,
    /// Position of the top-level field among those of the file.
    pub field: usize,
    /// Position of the column among the leaves of the schema.
    pub leaf_index: usize,
    /// The entry of the footer, with offsets of the file.
    pub chunk: &'a ColumnChunk,
}

impl StoredGroup {
    pub(crate) fn new(
        partition: Arc<OpenPartition>,
        columns: Arc<[CursorColumn]>,
        group: usize,
    ) -> Self {
        Self {
            partition,
            columns,
            group,
        }
    }

    /// Index of the partition in [`crate::TableReader::partitions`].
    #[must_use]
    pub fn partition_index(&self) -> usize {
        self.partition.index()
    }

    /// Rows of the group, counted from the start of the partition.
    #[must_use]
    pub fn rows(&self) -> Range<u64> {
        self.parquet().map_or(0..0, |p| p.rows_of(self.group))
    }

    /// Whether this is the partition's last row group.
    #[must_use]
    pub fn is_last(&self) -> bool {
        let groups = self.parquet().map_or(0, |p| p.facts().groups.len());
        self.group.saturating_add(1) >= groups
    }

    /// Whether the bounds of column `chunk` follow the order of its type: the footer declares it, or
    /// QuestDB wrote the file, which declares none.
    ///
    /// # Errors
    /// As [`StoredGroup::chunk`].
    pub fn bounds_are_ordered(&self, chunk: &StoredChunk<'_>) -> Result<bool, ReadError> {
        let meta = &self.open()?.footer()?.meta;
        let questdb = |writer: &String| writer.starts_with(QUESTDB);
        Ok(match meta.column_orders.get(chunk.leaf_index) {
            Some(order) => *order == ColumnOrder::TypeDefined,
            None => meta.created_by.as_ref().is_some_and(questdb),
        })
    }

    /// Whether the file claims that the rows of the group are in the order of column `chunk`, and
    /// that this is the descending one.
    ///
    /// # Errors
    /// As [`StoredGroup::chunk`].
    pub fn sorted_by(&self, chunk: &StoredChunk<'_>) -> Result<Option<bool>, ReadError> {
        let groups = &self.open()?.footer()?.meta.row_groups;
        let claim = groups
            .get(self.group)
            .and_then(|g| g.sorting_columns.first());
        let claim = claim.filter(|c| usize::try_from(c.column_idx) == Ok(chunk.leaf_index));
        Ok(claim.map(|c| c.descending))
    }

    /// The text of a key-value entry of the footer.
    ///
    /// # Errors
    /// As [`StoredGroup::chunk`].
    pub fn key_value(&self, key: &str) -> Result<Option<&str>, ReadError> {
        Ok(self.open()?.footer()?.meta.key_value(key))
    }

    /// The chunk of column `index` (position in [`crate::Frame::columns`]); `None` if the file does
    /// not have the column.
    ///
    /// # Errors
    /// The footer cannot be read, or says something else than the sidecar; no such column.
    pub fn chunk(&self, index: usize) -> Result<Option<StoredChunk<'_>>, ReadError> {
        let expected = self.columns.len();
        let none = ReadError::NoSuchColumn {
            expected,
            found: index,
        };
        let slot = match self.columns.get(index).ok_or(none)?.source {
            Source::Stored { slot } => slot,
            Source::Nulls => return Ok(None),
        };
        let parquet = self.open()?;
        let footer = parquet.footer()?;
        let Some(leaf) = parquet.leaf_of(slot) else {
            return Ok(None);
        };
        let chunk = footer.meta.row_groups.get(self.group);
        let chunk = chunk.and_then(|g| g.columns.get(leaf));
        let parts = chunk.zip(footer.leaves.get(leaf));
        Ok(parts.map(|(chunk, facts)| StoredChunk {
            leaf: facts,
            leaf_index: leaf,
            field: footer.fields.get(leaf).copied().unwrap_or(usize::MAX),
            chunk,
        }))
    }

    /// Committed bytes of the file.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        self.parquet().map_or(0, |p| p.files().len)
    }

    /// Reads committed bytes of the file, from `offset`, positionally.
    ///
    /// # Errors
    /// The range is not within the committed bytes, the file was cut, or the system refuses.
    pub fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), ReadError> {
        self.open()?.read(offset, into)
    }

    /// Says that nobody reads these bytes again, as [`crate::Frame::done`] does.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn done(&self, range: Range<u64>) -> Result<(), ReadError> {
        self.open()?.done(range)
    }

    /// What is wrong with the group, as an error that names partition and file.
    #[must_use]
    pub fn damage(&self, detail: &dyn std::fmt::Display) -> ReadError {
        let detail = format!("row group {}: {detail}", self.group);
        match self.parquet() {
            Some(parquet) => parquet.damage(detail),
            None => no_parquet(),
        }
    }

    fn parquet(&self) -> Option<&ParquetPartition> {
        self.partition.as_parquet()
    }

    fn open(&self) -> Result<&ParquetPartition, ReadError> {
        self.parquet().ok_or_else(no_parquet)
    }
}

/// Never: groups are made of Parquet partitions only.
fn no_parquet() -> ReadError {
    ReadError::NoSuchColumn {
        expected: 0,
        found: 0,
    }
}

impl ParquetPartition {
    /// The footer; read when first asked for.
    fn footer(&self) -> Result<&StoredFooter, ReadError> {
        if let Some(footer) = self.footer_cell().get() {
            return Ok(footer);
        }
        let meta = facts::footer(self.files())
            .map_err(|e| committed_error(self.txn(), e))?
            .map_err(|detail| self.damage(detail))?;
        let told = FileFacts::from_footer(&meta).map_err(|e| self.damage(e.to_string()))?;
        if let Some(detail) = disagreement(self.facts(), &told) {
            return Err(self.damage(detail));
        }
        let fields = meta.schema.fields.iter().enumerate();
        let fields = fields.flat_map(|(i, field)| std::iter::repeat_n(i, leaf_count(field)));
        let footer = StoredFooter {
            fields: fields.collect(),
            leaves: told.leaves,
            meta,
        };
        Ok(self.footer_cell().get_or_init(|| footer))
    }

    /// Bytes of a chunk's pages without their codec, if the footer has been read.
    pub(super) fn uncompressed(&self, leaf: usize, group: usize) -> Option<u64> {
        let groups = &self.footer_cell().get()?.meta.row_groups;
        let chunk = groups.get(group)?.columns.get(leaf)?;
        Some(chunk.meta.total_uncompressed_size)
    }

    fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), ReadError> {
        let files = self.files();
        let end = offset.checked_add(into.len() as u64);
        if end.is_none_or(|end| end > files.len) {
            let detail = format!("{} bytes at {offset} of {}", into.len(), files.len);
            return Err(self.damage(detail));
        }
        let read = files.data.read_exact_at(offset, into);
        read.map_err(|e| committed_error(self.txn(), e))
    }
}

/// Leaves below a field. Depth is bounded where schemas are read.
fn leaf_count(node: &SchemaNode) -> usize {
    match node.physical() {
        Some(_) => 1,
        None => node.children().iter().map(leaf_count).sum(),
    }
}

/// Where the facts in use and those of the footer differ.
fn disagreement(used: &FileFacts, footer: &FileFacts) -> Option<String> {
    if used.leaves.len() != footer.leaves.len() || used.groups.len() != footer.groups.len() {
        return Some(format!(
            "the footer has {} columns and {} row groups, _pm {} and {}",
            footer.leaves.len(),
            footer.groups.len(),
            used.leaves.len(),
            used.groups.len()
        ));
    }
    for (g, (a, b)) in used.groups.iter().zip(&footer.groups).enumerate() {
        if a.rows != b.rows {
            return Some(format!(
                "row group {g}: the footer says {} rows, _pm {}",
                b.rows, a.rows
            ));
        }
        for (leaf, (a, b)) in used.leaves.iter().zip(a.chunks.iter().zip(&b.chunks)) {
            if (&a.range, a.codec, a.num_values) != (&b.range, b.codec, b.num_values) {
                return Some(format!(
                    "row group {g}, column {:?}: the footer says bytes {:?}, _pm {:?}",
                    leaf.name, b.range, a.range
                ));
            }
        }
    }
    let differ = |(a, b): &(&LeafFacts, &LeafFacts)| {
        let levels = |l: &LeafFacts| (l.max_definition, l.max_repetition);
        // A sidecar does not always tell where lists get their elements.
        let lists = a.element_levels.is_empty() || a.element_levels == b.element_levels;
        (a.id, a.physical, a.stored, levels(a)) != (b.id, b.physical, b.stored, levels(b)) || !lists
    };
    let pairs = used.leaves.iter().zip(&footer.leaves);
    let (a, _) = pairs.into_iter().find(differ)?;
    Some(format!("column {:?}: footer and _pm differ", a.name))
}

#[cfg(test)]
mod tests {
    use pq_decode::Stored;
    use pq_format::PhysicalType;

    use super::*;

    fn facts(stored: Stored, element_levels: &[u16]) -> FileFacts {
        FileFacts {
            leaves: vec![LeafFacts {
                name: "a".into(),
                id: Some(3),
                physical: PhysicalType::ByteArray,
                stored,
                max_definition: 3,
                max_repetition: 1,
                element_levels: element_levels.to_vec(),
            }],
            groups: Vec::new(),
        }
    }

    #[test]
    fn other_meanings_and_other_lists_are_a_disagreement() {
        let footer = facts(Stored::Text, &[2]);
        assert_eq!(disagreement(&footer, &footer), None);
        assert_eq!(disagreement(&facts(Stored::Text, &[]), &footer), None);
        for other in [facts(Stored::Bytes, &[2]), facts(Stored::Text, &[1])] {
            let detail = disagreement(&other, &footer).unwrap_or_default();
            assert!(detail.contains("\"a\""), "{detail}");
        }
    }
}
