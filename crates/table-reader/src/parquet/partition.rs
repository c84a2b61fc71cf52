//! `ParquetPartition`: an open partition of that kind.
//!
//! It knows where everything is and has read no rows. Decoded row groups belong to the frames that
//! need them; it only remembers them weakly, so that two frames of a group decode once.

use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use bytes::Bytes;
use column_format::{ColumnType, LayoutError};
use mmap_io::{Mapping, RangeReader, ReadMode, ScanProfile};
use pq_decode::{ChunkFacts, ChunkIndexes, Decoder, FileFacts, Limits};

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

/// Bytes of a decoder's buffers that outlive a chunk.
const SCRATCH_KEPT_BYTES: usize = 1 << 20;

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
    /// If they are read positionally and leave the page cache.
    reader: Option<RangeReader>,
    txn: i64,
    facts: FileFacts,
    /// By row group and column of the reader; empty without a footer.
    indexes: Vec<Vec<ChunkIndexes>>,
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
        (profile, mode): (ScanProfile, ReadMode),
        symbols: impl Fn(usize) -> Result<Arc<SymbolIndex>, ReadError>,
    ) -> Result<Self, ReadError> {
        let mut partition = Self::with_bytes(files, opening, profile, mode)?;
        // What the reader itself reads is no part of what was in the page cache before.
        let (facts, places) = facts::read(&partition.files, opening, profile)?;
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
        let leaves: Vec<Leaf> = leaves;
        // Of the columns that are read: a wide file has many more.
        let of_group = |group| {
            let place = |leaf: &Leaf| places.chunk(group, leaf.leaf?).cloned();
            let places = leaves.iter().map(|leaf| place(leaf).unwrap_or_default());
            places.collect()
        };
        partition.indexes = (0..places.groups.len()).map(of_group).collect();
        (partition.facts, partition.starts, partition.leaves) = (facts, starts, leaves);
        Ok(partition)
    }

    /// Nothing but the way to the bytes. Under a profile that evicts, it is now that the page cache is
    /// looked at.
    fn with_bytes(
        files: Arc<ParquetFiles>,
        opening: &Opening<'_>,
        profile: ScanProfile,
        mode: ReadMode,
    ) -> Result<Self, ReadError> {
        let error = |e| committed_error(opening.txn, e);
        // Nobody fetches chunks ahead by hand: the system has to.
        let mapped = match profile {
            ScanProfile::Frugal => ScanProfile::SequentialEvict,
            other => other,
        };
        let mapping = (mode != ReadMode::Positional)
            .then(|| files.data.map_with(files.len, mapped, mode))
            .transpose()
            .map_err(error)?;
        // Ranges are what somebody asked for: nothing is to be read ahead of them.
        let reader = (mapping.is_none() && profile.evicts())
            .then(|| files.data.ranges(files.len, ScanProfile::Frugal))
            .transpose()
            .map_err(error)?;
        Ok(Self {
            name: opening.info.name.clone(),
            files,
            mapping,
            reader,
            txn: opening.txn,
            facts: FileFacts::default(),
            indexes: Vec::new(),
            starts: Vec::new(),
            leaves: Vec::new(),
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
        let done = match (&self.mapping, &self.reader) {
            (Some(mapping), _) => mapping.done(range),
            (None, Some(reader)) => reader.done(range),
            (None, None) => return Ok(()),
        };
        done.map(drop).map_err(ReadError::Io)
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

    /// The decoded form of `rows`, which lie in row group `group`, shared with whoever has them
    /// already.
    pub(crate) fn decoded(&self, group: usize, rows: &Range<u64>) -> Arc<DecodedGroup> {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        groups.retain(|g| g.strong_count() > 0);
        let shared = groups.iter().filter_map(Weak::upgrade);
        if let Some(shared) = shared.into_iter().find(|g| g.has(group, rows)) {
            return shared;
        }
        let made = Arc::new(DecodedGroup::new(group, rows.clone(), self.leaves.len()));
        groups.push(Arc::downgrade(&made));
        made
    }

    /// Chunk of a column in a row group; `None` if the file has no such column.
    pub(super) fn chunk(&self, slot: usize, group: usize) -> Option<(usize, &ChunkFacts, u64)> {
        let leaf = self.leaves.get(slot)?.leaf?;
        let group = self.facts.groups.get(group)?;
        Some((leaf, group.chunks.get(leaf)?, group.rows))
    }

    /// Smallest and largest value of an INT64 column in a row group, if the file tells.
    pub(super) fn bounds(&self, slot: usize, group: usize) -> Option<(i64, i64)> {
        let (_, chunk, _) = self.chunk(slot, group)?;
        chunk.bounds.filter(|_| self.keeps_bounds(slot, group))
    }

    /// Whether bounds in the file are those of the column's values.
    pub(super) fn keeps_bounds(&self, slot: usize, group: usize) -> bool {
        let leaf = self.chunk(slot, group).map(|(leaf, _, _)| leaf);
        let leaf = leaf.and_then(|leaf| self.facts.leaves.get(leaf));
        let column = self.leaves.get(slot);
        leaf.zip(column)
            .is_some_and(|(leaf, column)| Decoder::keeps_bounds(leaf, column.column_type))
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

    /// Type that column `slot` has now.
    pub(super) fn column_type(&self, slot: usize) -> Result<ColumnType, ReadError> {
        let column = self.leaves.get(slot).map(|leaf| leaf.column_type);
        column.ok_or(ReadError::NoSuchColumn {
            expected: self.leaves.len(),
            found: slot,
        })
    }

    pub(super) fn column_name(&self, slot: usize) -> &str {
        self.leaves.get(slot).map_or("", |leaf| &leaf.name)
    }

    pub(super) fn column_count(&self) -> usize {
        self.leaves.len()
    }

    pub(super) fn symbols(&self, slot: usize) -> Option<&SymbolIndex> {
        self.leaves.get(slot)?.symbols.as_deref()
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn mapping(&self) -> Option<&Mapping> {
        self.mapping.as_ref()
    }

    /// Where page index and bloom filter of a chunk are, if facts came from the footer.
    pub(super) fn indexes(&self, slot: usize, group: usize) -> Option<&ChunkIndexes> {
        self.indexes.get(group)?.get(slot)
    }

    /// Committed bytes that are mapped; `None` if nothing is, or they are not there.
    pub(super) fn mapped(&self, range: &Range<u64>) -> Option<Bytes> {
        let mapping = self.mapping.as_ref()?;
        let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let there = range.start <= range.end && range.end <= self.files.len;
        there.then(|| mapping.bytes().slice(at(range.start)..at(range.end)))
    }

    /// Bytes of the file, all of them committed.
    pub(super) fn bytes(&self, range: &Range<u64>) -> Result<Bytes, ReadError> {
        if let Some(bytes) = self.mapped(range) {
            return Ok(bytes);
        }
        let committed = self.files.len;
        if range.start > range.end || range.end > committed {
            return Err(self.damage(format!("bytes {range:?} of {committed}")));
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

    pub(super) fn borrow_decoder(&self) -> Decoder {
        let mut decoders = self.decoders.lock().unwrap_or_else(PoisonError::into_inner);
        decoders
            .pop()
            .unwrap_or_else(|| Decoder::new(Limits::default()))
    }

    pub(super) fn give_back(&self, mut decoder: Decoder) {
        decoder.trim(SCRATCH_KEPT_BYTES);
        let mut decoders = self.decoders.lock().unwrap_or_else(PoisonError::into_inner);
        decoders.push(decoder);
    }
}
