//! What a reader and its cursors share: the snapshot, the open descriptors, the slots.
//!
//! Cursors outlive the borrow of a reader (an exporter sends them to threads), so both hold one
//! `Arc` of this; it is immutable but for the slots and the dictionaries read so far.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use column_format::{FileKind, SymbolDict};
use mmap_io::{IoError, ReadMode, Root, ScanProfile, descriptor_limit};
use txn::{Partition, Txn};

use crate::column::{TableColumn, is_safe_file_name, live_columns, project};
use crate::cursor::{CursorColumn, Source};
use crate::error::ReadError;
use crate::files::{self, ColumnFiles, SymbolFileset, committed_error};
use crate::open_partition::OpenPartition;
use crate::options::{OpenOptions, Validation};
use crate::partition::{PartitionInfo, describe};
use crate::patience::{Patience, Spin, Verdict};
use crate::slot::Slot;
use crate::small::{self, SmallError};
use crate::snapshot::{Obstacle, Snapshot, attempt};

/// Descriptors left to the rest of the process when the limit is asked of the system.
const DESCRIPTOR_RESERVE: u64 = 128;

#[derive(Debug)]
pub(crate) struct Shared {
    root: Root,
    snapshot: Snapshot,
    partitions: Vec<PartitionInfo>,
    /// The selected columns, and behind them the designated timestamp if it is not among them.
    columns: Vec<TableColumn>,
    selected_count: usize,
    cursor_columns: Arc<[CursorColumn]>,
    slots: Vec<Slot>,
    symbols: Vec<SymbolSlot>,
    profile: ScanProfile,
    read_mode: ReadMode,
    validation: Validation,
    deadline: Duration,
    /// Descriptors that all selected files would take.
    descriptors_needed: u64,
}

#[derive(Debug, Default)]
struct SymbolSlot {
    files: Option<SymbolFileset>,
    dict: Mutex<Option<Arc<SymbolDict>>>,
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
            .map(|c| {
                Ok(SymbolSlot {
                    files: pins.symbols(c)?,
                    ..SymbolSlot::default()
                })
            })
            .collect::<Result<_, ReadError>>()
            .map_err(refuse)?;
        let slots = partitions
            .iter()
            .map(|p| match selected_count {
                // Metadata only: a listing must not fail for a file that it does not show.
                0 => Ok(Slot::default()),
                _ => Ok(Slot::new(pins.partition(p, &columns)?)),
            })
            .collect::<Result<_, ReadError>>()
            .map_err(refuse)?;
        let descriptors_needed = pins.needed;
        let shared = Self {
            cursor_columns: columns
                .iter()
                .take(selected_count)
                .enumerate()
                .map(lend)
                .collect(),
            root: root.clone(),
            partitions,
            columns,
            selected_count,
            slots,
            symbols,
            profile: opts.profile,
            read_mode: opts.read_mode,
            validation: opts.validation,
            deadline: opts.deadline,
            descriptors_needed,
            snapshot,
        };
        // Descriptors of a commit that is already gone would only fail later.
        match shared.check(&shared.snapshot.partitions, patience) {
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
        if info.parquet {
            return Err(self.parquet(info));
        }
        slot.touch();
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

    /// Runs `read` with the designated timestamp file of a native partition with rows.
    pub(crate) fn with_timestamps<T>(
        &self,
        index: usize,
        read: impl FnOnce(&files::Committed) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        let (info, slot) = self.slot(index)?;
        if info.parquet {
            return Err(self.parquet(info));
        }
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

    pub(crate) fn parquet(&self, info: &PartitionInfo) -> ReadError {
        let (table, partition) = (self.snapshot.dir.clone(), info.name.clone());
        ReadError::ParquetPartition { table, partition }
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
        let mut dict = slot.dict.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(dict) = &*dict {
            return Ok(Arc::clone(dict));
        }
        let read = match &slot.files {
            None => SymbolDict::empty(),
            Some(files) => {
                read_dict(column, files, self.snapshot.txn.txn).map_err(|e| self.explain(e))?
            }
        };
        Ok(Arc::clone(dict.insert(Arc::new(read))))
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

    /// Whether everything that was read is still what the snapshot committed (table-dir.md §8.3).
    pub(crate) fn revalidate(&self) -> Result<(), ReadError> {
        let touched = self.slots.iter().map(Slot::is_touched);
        let read: Vec<Partition> = (self.snapshot.partitions.iter().zip(touched))
            .filter_map(|(p, touched)| touched.then_some(*p))
            .collect();
        self.check(&read, &Patience::new(self.deadline))
    }

    fn check(&self, read: &[Partition], patience: &Patience) -> Result<(), ReadError> {
        let changed = |change: String| ReadError::SnapshotChanged {
            path: self.snapshot.dir.clone(),
            txn: self.snapshot.txn.txn,
            change,
        };
        let newer = match small::read_txn(self.root.top(), Spin::of(patience)) {
            Ok(newer) => newer,
            Err(SmallError::Fatal(ReadError::NotATable { .. })) => {
                return Err(changed("its _txn file is gone".to_owned()));
            }
            Err(SmallError::Retry(e)) => return Err(changed(e.to_string())),
            Err(SmallError::Fatal(e)) => return Err(e),
        };
        self.covers(&newer, read).map_err(changed)
    }

    fn covers(&self, newer: &Txn, read: &[Partition]) -> Result<(), String> {
        let (txn, meta) = (&self.snapshot.txn, &self.snapshot.meta);
        if newer.version == txn.version {
            return Ok(());
        }
        // Without a minor version the table was last altered before 8.2.2: no squash counter.
        if self.validation == Validation::Unchanged || meta.minor_version == 0 {
            return Err(format!("version {} became {}", txn.version, newer.version));
        }
        txn.still_covers(newer, meta.partition_by, read)
            .map_err(|change| change.to_string())
    }

    /// Tells damage from a writer at work: a file that is gone or short under an unchanged commit
    /// is given a moment, since TRUNCATE empties files before it commits (table-dir.md §8.3).
    pub(crate) fn explain(&self, error: ReadError) -> ReadError {
        if !error.may_be_stale() {
            return error;
        }
        let mut patience = Patience::new(self.deadline);
        loop {
            match self.revalidate() {
                Err(changed) if changed.is_stale() => return changed,
                Err(_) => return error,
                Ok(()) => {}
            }
            let version = small::read_version(self.root.top()).ok().flatten();
            if patience.judge(version) != Verdict::Again {
                return error;
            }
        }
    }
}

fn lend((slot, c): (usize, &TableColumn)) -> CursorColumn {
    CursorColumn {
        name: c.name.clone(),
        column_type: c.column_type,
        source: Source::Stored { slot },
    }
}

fn read_dict(
    column: &TableColumn,
    files: &SymbolFileset,
    txn: i64,
) -> Result<SymbolDict, ReadError> {
    let read = |c: &files::Committed| {
        let bytes = c
            .file
            .read_vec(0, c.len, c.len)
            .map_err(|e| committed_error(txn, e))?;
        Ok(Bytes::from(bytes))
    };
    let (offsets, chars) = (read(&files.offsets)?, read(&files.chars)?);
    SymbolDict::new(&offsets, &chars, files.count).map_err(|source| {
        let at_fault = match source.file() {
            Some(FileKind::Chars) => &files.chars,
            _ => &files.offsets,
        };
        let (column, file) = (column.name.clone(), at_fault.file.path().to_path_buf());
        ReadError::Layout {
            column,
            file,
            source,
        }
    })
}

fn out_of_descriptors(e: ReadError, needed: u64) -> ReadError {
    match e {
        ReadError::Io(IoError::TooManyFiles { path, .. }) => ReadError::Descriptors {
            path,
            needed,
            limit: descriptor_limit().soft_count,
        },
        e => e,
    }
}

/// Opens descriptors until the limit, and goes on counting what more would be needed.
struct Pins<'a> {
    root: &'a Root,
    snapshot: &'a Snapshot,
    left: u64,
    needed: u64,
}

impl<'a> Pins<'a> {
    fn new(root: &'a Root, snapshot: &'a Snapshot, max: Option<usize>) -> Self {
        let ours = descriptor_limit()
            .soft_count
            .saturating_sub(DESCRIPTOR_RESERVE);
        let left = max.map_or(ours, |n| u64::try_from(n).unwrap_or(u64::MAX));
        Self {
            root,
            snapshot,
            left,
            needed: 0,
        }
    }

    fn symbols(&mut self, column: &TableColumn) -> Result<Option<SymbolFileset>, ReadError> {
        let files = files::pin_symbols(self.root.top(), self.snapshot, column)
            .map_err(|e| out_of_descriptors(e, self.needed))?;
        if files.is_some() {
            self.needed += 2;
            self.left = self.left.saturating_sub(2);
        }
        Ok(files)
    }

    fn partition(
        &mut self,
        info: &PartitionInfo,
        columns: &[TableColumn],
    ) -> Result<Option<Vec<ColumnFiles>>, ReadError> {
        if info.parquet {
            return Ok(None);
        }
        // An upper bound: absent columns and empty data files take fewer.
        let most = columns
            .iter()
            .map(|c| 1 + u64::from(c.column_type.layout().has_aux()))
            .sum();
        self.needed = self.needed.saturating_add(most);
        if most > self.left {
            self.left = 0; // Partitions in order: the first ones are the first to be read.
            return Ok(None);
        }
        match files::pin_partition(self.root.top(), self.snapshot, info, columns) {
            Ok(files) => {
                self.left -= files.iter().map(ColumnFiles::descriptors).sum::<u64>();
                Ok(Some(files))
            }
            Err(ReadError::Io(IoError::TooManyFiles { .. })) => {
                self.left = 0;
                Ok(None)
            }
            Err(e) => Err(e),
        }
    }
}
