//! `ParquetPartition`: an open partition of that kind.
//!
//! It knows where everything is and has read no rows. Decoded row groups belong to the frames that
//! need them; it only remembers them weakly, so that two frames of a group decode once.

use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use bytes::Bytes;
use column_format::{ColumnType, LayoutError};
use mmap_io::{Mapping, ReadMode, ScanProfile};
use pq_decode::{ChunkFacts, DecodedColumn, Decoder, FileFacts, Limits};

use super::facts;
use super::group::DecodedGroup;
use super::pinned::ParquetFiles;
use super::stored::StoredFooter;
use crate::column::TableColumn;
use crate::error::ReadError;
use crate::files::committed_error;
use crate::options::ParquetFacts;
use crate::partition::PartitionInfo;
use crate::symbols::SymbolIndex;

/// A column of the reader in this partition.
#[derive(Debug)]
struct Leaf {
    name: String,
    column_type: ColumnType,
    /// Leaf of the file; `None`: the column was added later.
    leaf: Option<usize>,
    symbols: Option<Arc<SymbolIndex>>,
}

/// An open Parquet partition.
#[derive(Debug)]
pub(crate) struct ParquetPartition {
    name: String,
    files: Arc<ParquetFiles>,
    /// Unless bytes are read positionally.
    mapping: Option<Mapping>,
    txn: i64,
    facts: FileFacts,
    /// First row of each row group, and the end.
    starts: Vec<u64>,
    leaves: Vec<Leaf>,
    decoders: Mutex<Vec<Decoder>>,
    groups: Mutex<Vec<Weak<DecodedGroup>>>,
    footer: OnceLock<StoredFooter>,
}

/// What opening takes from the reader.
pub(crate) struct Opening<'a> {
    pub(crate) info: &'a PartitionInfo,
    pub(crate) columns: &'a [TableColumn],
    pub(crate) source: ParquetFacts,
    pub(crate) txn: i64,
}

impl ParquetPartition {
    /// Reads the facts and finds the columns. `symbols` gives the keys of a selected SYMBOL column.
    pub(crate) fn open(
        files: Arc<ParquetFiles>,
        opening: &Opening<'_>,
        mapped: Option<(ScanProfile, ReadMode)>,
        symbols: impl Fn(usize) -> Result<Arc<SymbolIndex>, ReadError>,
    ) -> Result<Self, ReadError> {
        let facts = facts::read(&files, opening.info, opening.source)?;
        let mut starts = vec![0u64];
        for group in &facts.groups {
            let last = starts.last().copied().unwrap_or(0);
            starts.push(last.saturating_add(group.rows));
        }
        let leaf = |(slot, column): (usize, &TableColumn)| {
            let ids = column.chain.iter().copied();
            let leaf = facts.leaf_by_id(ids);
            let symbol = leaf.is_some() && column.column_type == ColumnType::Symbol;
            Ok(Leaf {
                name: column.name.clone(),
                column_type: column.column_type,
                leaf,
                symbols: symbol.then(|| symbols(slot)).transpose()?,
            })
        };
        let leaves = opening.columns.iter().enumerate().map(leaf);
        let leaves = leaves.collect::<Result<_, ReadError>>()?;
        let mapping = match mapped {
            Some((profile, mode)) if mode != ReadMode::Positional => {
                let mapping = files.data.map_with(files.len, profile, mode);
                Some(mapping.map_err(|e| committed_error(opening.txn, e))?)
            }
            _ => None,
        };
        Ok(Self {
            name: opening.info.name.clone(),
            files,
            mapping,
            txn: opening.txn,
            facts,
            starts,
            leaves,
            decoders: Mutex::default(),
            groups: Mutex::default(),
            footer: OnceLock::new(),
        })
    }

    /// First row of each row group, and the end.
    pub(crate) fn starts(&self) -> &[u64] {
        &self.starts
    }

    pub(crate) fn facts(&self) -> &FileFacts {
        &self.facts
    }

    pub(super) fn files(&self) -> &ParquetFiles {
        &self.files
    }

    pub(super) fn txn(&self) -> i64 {
        self.txn
    }

    pub(super) fn footer_cell(&self) -> &OnceLock<StoredFooter> {
        &self.footer
    }

    /// Leaf of the file that a column of the reader is.
    pub(super) fn leaf_of(&self, slot: usize) -> Option<usize> {
        self.leaves.get(slot)?.leaf
    }

    /// Nobody reads these bytes again.
    pub(super) fn done(&self, range: Range<u64>) -> Result<(), ReadError> {
        match &self.mapping {
            Some(mapping) => mapping.done(range).map(drop).map_err(ReadError::Io),
            None => Ok(()),
        }
    }

    /// A file that is not what the commit needs.
    pub(super) fn damage(&self, detail: String) -> ReadError {
        ReadError::Parquet {
            partition: self.name.clone(),
            file: self.files.data.path().to_path_buf(),
            detail,
        }
    }

    /// Rows of a group, counted from the start of the partition.
    pub(crate) fn rows_of(&self, group: usize) -> Range<u64> {
        let at = |i: usize| self.starts.get(i).copied().unwrap_or(u64::MAX);
        at(group)..at(group.saturating_add(1))
    }

    /// The row group that holds `row`.
    pub(crate) fn group_at(&self, row: u64) -> usize {
        self.starts
            .partition_point(|start| *start <= row)
            .saturating_sub(1)
    }

    /// The decoded form of a row group, shared with whoever has it already.
    pub(crate) fn decoded(&self, group: usize) -> Arc<DecodedGroup> {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        groups.retain(|g| g.strong_count() > 0);
        let shared = groups.iter().filter_map(Weak::upgrade);
        if let Some(shared) = shared.into_iter().find(|g| g.group() == group) {
            return shared;
        }
        let made = Arc::new(DecodedGroup::new(
            group,
            self.rows_of(group),
            self.leaves.len(),
        ));
        groups.push(Arc::downgrade(&made));
        made
    }

    /// Chunk of a column in a row group; `None` if the file has no such column.
    fn chunk(&self, slot: usize, group: usize) -> Option<(usize, &ChunkFacts, u64)> {
        let leaf = self.leaves.get(slot)?.leaf?;
        let group = self.facts.groups.get(group)?;
        Some((leaf, group.chunks.get(leaf)?, group.rows))
    }

    /// Smallest and largest value of an INT64 column in a row group, if the file tells.
    pub(super) fn bounds(&self, slot: usize, group: usize) -> Option<(i64, i64)> {
        let (leaf, chunk, _) = self.chunk(slot, group)?;
        let wanted = Decoder::keeps_bounds(
            self.facts.leaves.get(leaf)?,
            self.leaves.get(slot)?.column_type,
        );
        chunk.bounds.filter(|_| wanted)
    }

    /// A decoded column whose slices cannot be made.
    pub(super) fn layout_error(&self, slot: usize, source: LayoutError) -> ReadError {
        ReadError::Layout {
            column: self
                .leaves
                .get(slot)
                .map_or_else(String::new, |l| l.name.clone()),
            file: self.files.data.path().to_path_buf(),
            source,
        }
    }

    /// A row group without the designated timestamp.
    pub(super) fn no_timestamps(&self, group: usize) -> ReadError {
        self.damage(format!("row group {group} has no designated timestamps"))
    }

    /// Reads and decodes one column of a row group; all null if the file does not have it.
    pub(crate) fn decode(&self, slot: usize, group: usize) -> Result<DecodedColumn, ReadError> {
        let column = self.leaves.get(slot).ok_or(ReadError::NoSuchColumn {
            expected: self.leaves.len(),
            found: slot,
        })?;
        let rows = self.rows_of(group);
        let Some((leaf, chunk, rows)) = self.chunk(slot, group) else {
            let rows = usize::try_from(rows.end - rows.start).unwrap_or(usize::MAX);
            return Ok(DecodedColumn::nulls(column.column_type.layout(), rows));
        };
        let error = |detail: String| {
            let name = &column.name;
            self.damage(format!("row group {group}, column {name:?}: {detail}"))
        };
        let range = chunk.range.clone();
        if range.end > self.files.len || range.start > range.end {
            let detail = format!("bytes {range:?} of {}", self.files.len);
            return Err(error(detail));
        }
        let bytes = self.bytes(&range)?;
        let facts = self
            .facts
            .leaves
            .get(leaf)
            .ok_or_else(|| error("no such leaf".to_owned()))?;
        let keys = |text: &[u8]| column.symbols.as_ref()?.key(text);
        let mut decoder = self.borrow_decoder();
        let decoded = decoder.decode(facts, chunk, rows, &bytes, column.column_type, Some(&keys));
        self.give_back(decoder);
        if let Some(mapping) = &self.mapping {
            mapping.done(range).map_err(ReadError::Io)?;
            // A file that was cut under the mapping reads as zeros: that is not damage of its own.
            mapping
                .verify_len()
                .map_err(|e| committed_error(self.txn, e))?;
        }
        decoded.map_err(|source| ReadError::ParquetChunk {
            partition: self.name.clone(),
            file: self.files.data.path().to_path_buf(),
            group,
            column: column.name.clone(),
            source: Box::new(source),
        })
    }

    /// Bytes of the file, all of them committed.
    fn bytes(&self, range: &Range<u64>) -> Result<Bytes, ReadError> {
        if let Some(mapping) = &self.mapping {
            let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
            return Ok(mapping.bytes().slice(at(range.start)..at(range.end)));
        }
        let len = range.end - range.start;
        let read = self.files.data.read_vec(range.start, len, len);
        Ok(Bytes::from(read.map_err(|e| committed_error(self.txn, e))?))
    }

    pub(crate) fn is_mapped(&self) -> bool {
        self.mapping.is_some()
    }

    /// Whether the file still has the bytes that are mapped.
    pub(crate) fn verify(&self) -> Result<(), ReadError> {
        match &self.mapping {
            Some(mapping) => mapping
                .verify_len()
                .map_err(|e| committed_error(self.txn, e)),
            None => Ok(()),
        }
    }

    fn borrow_decoder(&self) -> Decoder {
        let mut decoders = self.decoders.lock().unwrap_or_else(PoisonError::into_inner);
        decoders
            .pop()
            .unwrap_or_else(|| Decoder::new(Limits::default()))
    }

    fn give_back(&self, decoder: Decoder) {
        let mut decoders = self.decoders.lock().unwrap_or_else(PoisonError::into_inner);
        decoders.push(decoder);
    }
}
