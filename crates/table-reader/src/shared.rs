//! What a reader and its cursors share: the snapshot, the open descriptors, the slots.
//!
//! Cursors outlive the borrow of a reader (an exporter sends them to threads), so both hold one
//! `Arc` of this; it is immutable but for the slots and the dictionaries read so far.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use column_format::SymbolDict;
use mmap_io::{ReadMode, Root, ScanProfile};

use crate::column::{TableColumn, is_safe_file_name, live_columns, project};
use crate::cursor::{CursorColumn, Source};
use crate::error::ReadError;
use crate::files::{self, ColumnFiles};
use crate::open_partition::OpenPartition;
use crate::options::{OpenOptions, ParquetFacts, Validation};
use crate::parquet::{self, Opening, ParquetFiles, ParquetPartition};
use crate::partition::{PartitionInfo, describe};
use crate::patience::{self, Patience};
use crate::pins::{Pins, out_of_descriptors};
use crate::registry::QueryHandle;
use crate::release_level::counts_squashes;
use crate::slot::Slot;
use crate::snapshot::{Obstacle, Snapshot, attempt};
use crate::symbols::SymbolSlot;
use crate::watch::Watch;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) root: Root,
    pub(crate) snapshot: Snapshot,
    /// What has been seen of later commits.
    pub(crate) watch: Mutex<Watch>,
    partitions: Vec<PartitionInfo>,
    /// The selected columns, and behind them the designated timestamp if it is not among them.
    columns: Vec<TableColumn>,
    selected_count: usize,
    cursor_columns: Arc<[CursorColumn]>,
    pub(crate) slots: Vec<Slot>,
    symbols: Vec<SymbolSlot>,
    profile: ScanProfile,
    read_mode: ReadMode,
    parquet_facts: ParquetFacts,
    pub(crate) validation: Validation,
    pub(crate) deadline: Duration,
    pub(crate) query: Option<Arc<QueryHandle>>,
    /// Descriptors that all selected files would take.
    descriptors_needed: u64,
}

impl Shared {
    /// One attempt at a snapshot with all descriptors open (table-dir.md §8.1, §8.2).
    pub(crate) fn attempt(
        root: &Root,
        opts: &OpenOptions,
        patience: &Patience,
        settled: Option<i64>,
    ) -> Result<Self, Obstacle> {
        let snapshot = attempt(root.top(), patience, settled)?;
        let version = Some(snapshot.txn.version);
        let refuse = |e: ReadError| match e.may_be_stale() {
            true => Obstacle::retry(version, e),
            false => Obstacle::fatal(version, e),
        };
        let mut columns = project(&snapshot.meta, opts.columns.as_deref())
            .map_err(|e| Obstacle::fatal(version, e))?;
        let selected_count = columns.len();
        if !columns.iter().any(|c| c.designated) {
            let live = live_columns(&snapshot.meta);
            columns.extend(live.into_iter().flatten().find(|c| c.designated));
        }
        if let Some(bad) = columns.iter().find(|c| !is_safe_file_name(&c.name)) {
            let detail = format!("column name {:?} is not a file name", bad.name);
            let file = snapshot.path_of("_meta");
            return Err(Obstacle::fatal(
                version,
                ReadError::Metadata { file, detail },
            ));
        }
        let partitions = describe(&snapshot);
        let mut pins = Pins::new(root, &snapshot, opts.descriptor_max);
        let symbols = columns
            .iter()
            .take(selected_count)
            .map(|c| Ok(SymbolSlot::new(pins.symbols(c)?)))
            .collect::<Result<_, ReadError>>()
            .map_err(refuse)?;
        let wanted = columns.get(..).filter(|_| selected_count > 0);
        let mut slots = pin_slots(&mut pins, &partitions, wanted, patience).map_err(refuse)?;
        pins.give_back(&mut slots);
        let descriptors_needed = pins.needed;
        let validation = match counts_squashes(root, &snapshot) {
            true => opts.validation,
            false => Validation::Unchanged,
        };
        let shared = Self {
            cursor_columns: columns
                .iter()
                .take(selected_count)
                .enumerate()
                .map(lend)
                .collect(),
            root: root.clone(),
            watch: Mutex::new(Watch::new(&snapshot)),
            partitions,
            columns,
            selected_count,
            slots,
            symbols,
            profile: opts.profile,
            read_mode: opts.read_mode,
            parquet_facts: opts.parquet_facts,
            validation,
            deadline: opts.deadline,
            query: opts.query.clone(),
            descriptors_needed,
            snapshot,
        };
        // Descriptors of a commit that is already gone would only fail later.
        match shared.revalidate_all() {
            Err(e) if e.is_stale() => Err(Obstacle::retry(version, e)),
            Err(e) => Err(Obstacle::fatal(version, e)),
            Ok(()) => Ok(shared),
        }
    }

    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    pub(crate) fn root(&self) -> &Root {
        &self.root
    }

    pub(crate) fn partitions(&self) -> &[PartitionInfo] {
        &self.partitions
    }

    pub(crate) fn columns(&self) -> &[TableColumn] {
        self.columns.get(..self.selected_count).unwrap_or(&[])
    }

    pub(crate) fn cursor_columns(&self) -> Arc<[CursorColumn]> {
        Arc::clone(&self.cursor_columns)
    }

    /// An error if the query on whose behalf the table is read must stop.
    pub(crate) fn go_on(&self) -> Result<(), ReadError> {
        patience::go_on(self.query.as_ref())
    }

    pub(crate) fn profile(&self) -> ScanProfile {
        self.profile
    }

    /// The open partition, mapping it if need be.
    pub(crate) fn acquire(
        &self,
        index: usize,
        profile: ScanProfile,
    ) -> Result<Arc<OpenPartition>, ReadError> {
        let (info, slot) = self.slot(index)?;
        slot.touch();
        self.observe_frame(slot)?;
        if info.parquet {
            let open = || {
                let txn = self.snapshot.txn.txn;
                let partition =
                    self.open_parquet(info, slot, self.columns(), (profile, self.read_mode))?;
                Ok(OpenPartition::parquet(index, profile, txn, partition))
            };
            return slot.acquire(profile, open).map_err(|e| self.explain(e));
        }
        let map = |files: &[ColumnFiles]| {
            let (columns, txn) = (self.columns(), self.snapshot.txn.txn);
            OpenPartition::map(index, columns, files, profile, self.read_mode, txn)
        };
        let open = || match self.selected_count {
            0 => map(&[]),
            _ => self.with_files(info, slot, map),
        };
        slot.acquire(profile, open).map_err(|e| self.explain(e))
    }

    /// Opens a Parquet partition for some of the reader's columns, mapped or not.
    fn open_parquet(
        &self,
        info: &PartitionInfo,
        slot: &Slot,
        columns: &[TableColumn],
        manners: (ScanProfile, ReadMode),
    ) -> Result<ParquetPartition, ReadError> {
        let files = self.open_parquet_files(info, slot)?;
        let opening = Opening {
            info,
            columns,
            source: self.parquet_facts,
            txn: self.snapshot.txn.txn,
        };
        ParquetPartition::open(files, &opening, manners, |slot| {
            let symbols = self.symbols.get(slot).ok_or(ReadError::NoSuchColumn {
                expected: self.selected_count,
                found: slot,
            })?;
            symbols.index(|| self.symbols(slot))
        })
    }

    /// Those pinned at the snapshot, or opened by name now.
    fn open_parquet_files(
        &self,
        info: &PartitionInfo,
        slot: &Slot,
    ) -> Result<Arc<ParquetFiles>, ReadError> {
        if let Some(files) = slot.pinned_parquet() {
            return Ok(Arc::clone(files));
        }
        let now = ParquetFiles::pin(self.root.top(), &self.snapshot, info);
        let now = now.map_err(|e| out_of_descriptors(e, self.descriptors_needed))?;
        Ok(Arc::new(now))
    }

    /// Heap bytes that the footer of a Parquet partition will take.
    pub(crate) fn footer_heap_bytes(&self, index: usize) -> Result<u64, ReadError> {
        let (info, slot) = self.slot(index)?;
        if !info.parquet {
            return Ok(0);
        }
        let bytes = self.open_parquet_files(info, slot).and_then(|files| {
            let bytes = parquet::footer_heap_bytes(&files, self.profile);
            bytes.map_err(|e| files::committed_error(self.snapshot.txn.txn, e))
        });
        bytes.map_err(|e| self.explain(e))
    }

    /// Runs `read` with a Parquet partition that has no column but the designated timestamp, read
    /// positionally and closed again.
    pub(crate) fn with_parquet_times<T>(
        &self,
        index: usize,
        read: impl FnOnce(&ParquetPartition) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        let (info, slot) = self.slot(index)?;
        let none = || ReadError::NoDesignatedTimestamp {
            path: self.snapshot.dir.clone(),
        };
        let designated = self.columns.iter().find(|c| c.designated);
        let columns = std::slice::from_ref(designated.ok_or_else(none)?);
        slot.touch();
        self.open_parquet(info, slot, columns, (self.profile, ReadMode::Positional))
            .and_then(|partition| read(&partition))
            .map_err(|e| self.explain(e))
    }

    /// Runs `read` with the files of a native partition: those pinned at the snapshot, or opened by
    /// name now. The second can fail beside a writer, which `explain` then says.
    fn with_files<T>(
        &self,
        info: &PartitionInfo,
        slot: &Slot,
        read: impl FnOnce(&[ColumnFiles]) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        if let Some(pinned) = slot.pinned() {
            return read(pinned);
        }
        let now = files::pin_partition(self.root.top(), &self.snapshot, info, &self.columns);
        read(&now.map_err(|e| out_of_descriptors(e, self.descriptors_needed))?)
    }

    /// Runs `look` for every committed file of the selected columns of a native partition; of one
    /// without rows, or stored as Parquet, there is none.
    pub(crate) fn each_file(
        &self,
        index: usize,
        mut look: impl FnMut(&files::Committed) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let (info, slot) = self.slot(index)?;
        if info.parquet || self.selected_count == 0 {
            return Ok(());
        }
        let seen = self.with_files(info, slot, |files| {
            for column in files.iter().take(self.selected_count) {
                if let ColumnFiles::Stored(stored) = column {
                    stored
                        .aux
                        .iter()
                        .chain(&stored.data)
                        .try_for_each(&mut look)?;
                }
            }
            Ok(())
        });
        seen.map_err(|e| self.explain(e))
    }

    /// Runs `look` for every selected column of a native partition that is stored in it.
    pub(crate) fn each_column(
        &self,
        index: usize,
        look: &mut dyn FnMut(usize, &files::StoredColumn, i64) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let (info, slot) = self.slot(index)?;
        if info.parquet {
            return Ok(());
        }
        let seen = self.with_files(info, slot, |files| {
            let columns = files.iter().take(self.selected_count).enumerate();
            columns
                .into_iter()
                .try_for_each(|(column, files)| match files {
                    ColumnFiles::Stored(stored) => look(column, stored, self.snapshot.txn.txn),
                    ColumnFiles::Absent => Ok(()),
                })
        });
        seen.map_err(|e| self.explain(e))
    }

    /// Runs `read` with the designated timestamp file of a native partition with rows.
    pub(crate) fn with_timestamps<T>(
        &self,
        index: usize,
        read: impl FnOnce(&files::Committed) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        let (info, slot) = self.slot(index)?;
        let path = || self.snapshot.dir.clone();
        let at = self.columns.iter().position(|c| c.designated);
        let at = at.ok_or_else(|| ReadError::NoDesignatedTimestamp { path: path() })?;
        slot.touch();
        let found = self.with_files(info, slot, |files| match files.get(at) {
            Some(ColumnFiles::Stored(s)) if s.top == 0 && s.data.is_some() => {
                s.data.as_ref().map(read).transpose()
            }
            _ => Ok(None),
        });
        found
            .map_err(|e| self.explain(e))?
            .ok_or_else(|| ReadError::Metadata {
                file: self.snapshot.path_of("_cv"),
                detail: format!(
                    "the designated timestamp has no rows in partition {}",
                    info.name
                ),
            })
    }

    /// The file of a Parquet partition, if it was opened with the snapshot.
    pub(crate) fn parquet_files(&self, index: usize) -> Option<&Arc<ParquetFiles>> {
        self.slots.get(index)?.pinned_parquet()
    }

    pub(crate) fn is_parquet(&self, index: usize) -> bool {
        self.partitions.get(index).is_some_and(|p| p.parquet)
    }

    fn slot(&self, index: usize) -> Result<(&PartitionInfo, &Slot), ReadError> {
        let both = self.partitions.get(index).zip(self.slots.get(index));
        let expected = self.partitions.len();
        both.ok_or(ReadError::NoSuchPartition {
            expected,
            found: index,
        })
    }

    /// The dictionary of selected column `index`, up to the committed count.
    pub(crate) fn symbols(&self, index: usize) -> Result<Arc<SymbolDict>, ReadError> {
        let expected = self.selected_count;
        let none = ReadError::NoSuchColumn {
            expected,
            found: index,
        };
        let (column, slot) = self
            .columns()
            .get(index)
            .zip(self.symbols.get(index))
            .ok_or(none)?;
        let open = || {
            files::pin_symbols(self.root.top(), &self.snapshot, column)
                .map_err(|e| out_of_descriptors(e, self.descriptors_needed))
        };
        slot.get(column, self.snapshot.txn.txn, open)
            .map_err(|e| self.explain(e))
    }

    /// Files of partitions that were opened for the snapshot.
    pub(crate) fn pinned_file_count(&self) -> u64 {
        let pinned = self.slots.iter().filter_map(Slot::pinned).flatten();
        pinned.map(ColumnFiles::descriptors).sum()
    }

    /// Committed bytes of the dictionary of selected column `index`; 0 if it has none.
    pub(crate) fn symbol_bytes(&self, index: usize) -> Result<u64, ReadError> {
        let (expected, found) = (self.selected_count, index);
        let none = ReadError::NoSuchColumn { expected, found };
        self.symbols.get(index).map(SymbolSlot::bytes).ok_or(none)
    }

    pub(crate) fn release_all_but(&self, keep: Option<usize>) {
        for (i, slot) in self.slots.iter().enumerate() {
            if keep != Some(i) {
                slot.release();
            }
        }
    }

    pub(crate) fn close(&self, index: usize) -> bool {
        self.slots.get(index).is_some_and(Slot::release)
    }

    pub(crate) fn open_partition_count(&self) -> usize {
        self.slots.iter().filter(|s| s.is_open()).count()
    }

    pub(crate) fn mapped_partition_count(&self) -> usize {
        self.slots.iter().filter(|s| s.is_mapped()).count()
    }
}

/// A slot for every partition, with the files of `columns`. None are wanted where metadata is all that is
/// read: a listing must not fail for a file that it does not show.
fn pin_slots(
    pins: &mut Pins<'_>,
    partitions: &[PartitionInfo],
    columns: Option<&[TableColumn]>,
    patience: &Patience,
) -> Result<Vec<Slot>, ReadError> {
    let Some(columns) = columns else {
        return Ok(partitions.iter().map(|_| Slot::default()).collect());
    };
    let pin = |p: &PartitionInfo| {
        patience.go_on()?;
        Ok(Slot::new(pins.partition(p, columns)?))
    };
    partitions.iter().map(pin).collect()
}

fn lend((slot, c): (usize, &TableColumn)) -> CursorColumn {
    CursorColumn {
        name: c.name.clone(),
        column_type: c.column_type,
        source: Source::Stored { slot },
    }
}
