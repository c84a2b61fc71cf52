//! The plainest possible reader of a table directory: whole files, value by value.
//!
//! It knows nothing of snapshots, mappings or frames; it is for tables that nobody writes.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use column_format::{ColumnSlice, ColumnType, Layout, SymbolDict, TimestampUnit, Value, value};
use txn::{ColumnPlace, ColumnVersions, Meta, Txn, column_file_name, partition_dir_name};

/// A table, as far as its small files tell.
pub(crate) struct Naive {
    dir: PathBuf,
    pub(crate) txn: Txn,
    pub(crate) meta: Meta,
    pub(crate) cv: ColumnVersions,
}

/// The rows of a column in one partition.
pub(crate) struct Part {
    /// Rows above the column top, or all rows of a partition without the column.
    pub(crate) absent: u64,
    pub(crate) rows: u64,
    pub(crate) dir: PathBuf,
    pub(crate) name_txn: i64,
    pub(crate) aux: Vec<u8>,
    pub(crate) data: Vec<u8>,
}

impl Naive {
    pub(crate) fn open(dir: &Path) -> Naive {
        let read = |name: &str| fs::read(dir.join(name)).unwrap();
        Naive {
            dir: dir.to_owned(),
            txn: Txn::parse(&read("_txn")).unwrap(),
            meta: Meta::parse(&read("_meta")).unwrap(),
            cv: ColumnVersions::parse(&read("_cv")).unwrap(),
        }
    }

    pub(crate) fn column_type(&self, column: usize) -> ColumnType {
        self.meta.columns[column].column_type().unwrap()
    }

    pub(crate) fn parts(&self, column: usize) -> Vec<Part> {
        let by = self.meta.partition_by;
        let one = |partition: txn::Partition| {
            let unit = TimestampUnit::Micros;
            let name = partition_dir_name(by, unit, partition.timestamp, partition.name_txn);
            self.part(
                column,
                partition.timestamp,
                partition.rows,
                self.dir.join(name),
            )
        };
        self.txn
            .partitions(by)
            .unwrap()
            .into_iter()
            .map(one)
            .collect()
    }

    fn part(&self, column: usize, timestamp: i64, rows: u64, dir: PathBuf) -> Part {
        let (top, name_txn) = match self.cv.place(timestamp, column, rows) {
            ColumnPlace::Present { top, name_txn } => (top, name_txn),
            ColumnPlace::Absent => (rows, -1),
        };
        let name = &self.meta.columns[column].name;
        let read = |ext: &str| fs::read(dir.join(column_file_name(name, ext, name_txn))).unwrap();
        let is_fixed = matches!(self.column_type(column).layout(), Layout::Fixed(_));
        let present = top < rows;
        Part {
            absent: top,
            rows,
            name_txn,
            aux: if present && !is_fixed {
                read("i")
            } else {
                Vec::new()
            },
            data: if present { read("d") } else { Vec::new() },
            dir,
        }
    }

    pub(crate) fn dict(&self, column: usize) -> Option<SymbolDict> {
        let at = self.meta.symbol_index(column)?;
        let count = self.txn.symbol_counts[at];
        let name = &self.meta.columns[column].name;
        let suffix = self.cv.symbol_name_txn(column);
        let read = |ext| {
            let bytes = fs::read(self.dir.join(column_file_name(name, ext, suffix)));
            Bytes::from(bytes.unwrap())
        };
        Some(SymbolDict::new(&read("o"), &read("c"), count).unwrap())
    }

    /// Every value of a column with its partition row, absent rows left out.
    pub(crate) fn each(&self, column: usize, mut see: impl FnMut(usize, u64, Value<'_>)) {
        let column_type = self.column_type(column);
        let dict = self.dict(column);
        for (part_idx, part) in self.parts(column).iter().enumerate() {
            let rows = usize::try_from(part.rows - part.absent).unwrap();
            let layout = column_type.layout();
            let slice = ColumnSlice::new(layout, &part.aux, &part.data, rows).unwrap();
            for row in 0..rows {
                let value = value(column_type, &slice, dict.as_ref(), row).unwrap();
                see(part_idx, part.absent + row as u64, value);
            }
        }
    }
}
