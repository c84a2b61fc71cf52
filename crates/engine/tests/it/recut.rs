//! The same rows in other partitions: what P2 is tested with.
//!
//! Values are read from a table and written again through column-format's writers, split wherever
//! a test wants. Rows above a column top become stored nulls on the way.

use std::fs;
use std::path::Path;

use column_format::{ColumnType, ColumnWriter, Value, value};
use table_reader::{Cursor, Direction, OpenOptions, TableReader};
use txn::{
    ColumnVersions, Meta, MetaColumn, PartitionBy, PartitionEntry, Txn, column_file_name,
    partition_dir_name,
};

/// A table in memory: a reader and where it came from.
pub(crate) struct Source {
    reader: TableReader,
}

impl Source {
    pub(crate) fn open(table: &Path) -> Self {
        let root = engine::open_root(table).unwrap();
        Self {
            reader: TableReader::open(&root, &OpenOptions::default()).unwrap(),
        }
    }

    pub(crate) fn rows(&self) -> usize {
        usize::try_from(self.reader.rows()).unwrap()
    }

    /// Calls `each` with every value of a column, in order.
    fn for_each_value(&self, column: usize, mut each: impl FnMut(&Value<'_>)) {
        let column_type = self.reader.columns()[column].column_type;
        let symbols = self.reader.symbols(column).unwrap();
        let mut cursor = self
            .reader
            .cursor(Direction::Forward, None, &self.reader.all_rows());
        while let Some(frame) = cursor.next_frame().unwrap() {
            for slice in frame.column(column).unwrap() {
                for row in 0..slice.rows() {
                    each(&value(column_type, &slice, Some(&symbols), row).unwrap());
                }
            }
        }
    }

    fn timestamps(&self) -> Vec<i64> {
        let designated = self
            .reader
            .columns()
            .iter()
            .position(|c| c.designated)
            .unwrap();
        let mut ticks = Vec::new();
        self.for_each_value(designated, |value| match value {
            Value::Timestamp(tick, _) => ticks.push(*tick),
            other => panic!("{other:?}"),
        });
        ticks
    }

    /// Rows before which a partition may begin: no two partitions share a timestamp.
    pub(crate) fn possible_cuts(&self) -> Vec<usize> {
        let ticks = self.timestamps();
        (1..ticks.len())
            .filter(|&row| ticks[row - 1] < ticks[row])
            .collect()
    }

    /// Writes the table to `dir` with a partition before each row of `cuts`.
    pub(crate) fn write(&self, dir: &Path, by: PartitionBy, cuts: &[usize]) {
        let ticks = self.timestamps();
        let mut bounds = vec![0];
        bounds.extend_from_slice(cuts);
        bounds.push(self.rows());
        let parts: Vec<(i64, usize)> = bounds
            .windows(2)
            .map(|w| (ticks[w[0]], w[1] - w[0]))
            .collect();
        fs::create_dir_all(dir).unwrap();
        self.write_metadata(dir, by, &parts, (ticks[0], ticks[ticks.len() - 1]));
        let unit = self.reader.snapshot().timestamp_unit();
        let directories: Vec<_> = parts
            .iter()
            .map(|&(tick, _)| dir.join(partition_dir_name(by, unit, tick, -1)))
            .collect();
        directories
            .iter()
            .for_each(|partition| fs::create_dir(partition).unwrap());
        for (idx, column) in self.reader.columns().iter().enumerate() {
            let mut writer = ColumnWriter::new(column.column_type);
            let (mut part, mut row) = (0, 0);
            self.for_each_value(idx, |value| {
                writer.push(value).unwrap();
                row += 1;
                if row == bounds[part + 1] {
                    let (aux, data) =
                        std::mem::replace(&mut writer, ColumnWriter::new(column.column_type))
                            .take();
                    let file =
                        |ext| directories[part].join(column_file_name(&column.name, ext, -1));
                    fs::write(file("d"), data).unwrap();
                    if column.column_type.layout().has_aux() {
                        fs::write(file("i"), aux).unwrap();
                    }
                    part += 1;
                }
            });
        }
    }

    fn write_metadata(
        &self,
        dir: &Path,
        by: PartitionBy,
        parts: &[(i64, usize)],
        (min_timestamp, max_timestamp): (i64, i64),
    ) {
        let snapshot = self.reader.snapshot();
        let columns = self.reader.columns();
        let stored = columns
            .iter()
            .map(|c| MetaColumn::new(c.name.clone(), c.column_type));
        let designated = columns.iter().position(|c| c.designated);
        let meta = Meta::new_table(by, designated, stored.collect());
        fs::write(dir.join("_meta"), meta.to_bytes().unwrap()).unwrap();
        let versions = ColumnVersions {
            version: 0,
            entries: Vec::new(),
        };
        fs::write(dir.join("_cv"), versions.to_file().unwrap()).unwrap();
        let mut txn = Txn::new_table(0);
        (txn.min_timestamp, txn.max_timestamp) = (min_timestamp, max_timestamp);
        for column in columns
            .iter()
            .filter(|c| c.column_type == ColumnType::Symbol)
        {
            txn.symbol_counts
                .push(snapshot.txn.symbol_counts[column.symbol_index.unwrap()]);
            let name_txn = snapshot.cv.symbol_name_txn(column.writer_index);
            for ext in ["o", "c"] {
                let from = snapshot
                    .dir
                    .join(column_file_name(&column.name, ext, name_txn));
                fs::copy(from, dir.join(column_file_name(&column.name, ext, -1))).unwrap();
            }
        }
        let rows = |part: &(i64, usize)| part.1 as u64;
        let (last, others) = parts.split_last().unwrap();
        txn.transient_rows = rows(last);
        txn.fixed_rows = others.iter().map(rows).sum();
        let entry = |part: &(i64, usize)| PartitionEntry::native(part.0, rows(part), -1).unwrap();
        txn.entries = parts.iter().map(entry).collect();
        txn.seal_lag();
        fs::write(dir.join("_txn"), txn.to_file().unwrap()).unwrap();
    }
}
