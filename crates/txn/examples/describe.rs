//! Prints what exists at the last commit of a table directory: partitions, columns, waiting transactions.
//!
//! `cargo run -p txn --example describe -- <table directory>`; without an argument, a stored table.

#![expect(clippy::print_stdout, reason = "an example prints")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use txn::{ColumnPlace, ColumnVersions, Meta, SeqTxnLog, Txn, partition_dir_name};

fn main() -> Result<(), Box<dyn Error>> {
    let stored = "../../testdata/questdb/column_tops/table/column_tops~6";
    let dir = env::args_os().nth(1).map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join(stored),
        PathBuf::from,
    );
    let txn = Txn::parse(&fs::read(dir.join("_txn"))?)?;
    let meta = Meta::parse(&fs::read(dir.join("_meta"))?)?;
    let cv = ColumnVersions::parse(&fs::read(dir.join("_cv"))?)?;
    println!(
        "commit {}: {} rows, PARTITION BY {}",
        txn.version,
        txn.rows(),
        meta.partition_by
    );
    if let Ok(header) = fs::read(dir.join("txn_seq/_txnlog")) {
        println!(
            "{} transactions wait",
            SeqTxnLog::parse(&header)?.pending(&txn)
        );
    }
    for p in txn.partitions(meta.partition_by)? {
        let unit = meta.timestamp_unit();
        let name = partition_dir_name(meta.partition_by, unit, p.timestamp, p.name_txn);
        let kind = if p.is_parquet() { "Parquet" } else { "native" };
        println!("  {name}: {} rows, {kind}", p.rows);
        for w in meta.visible_order() {
            let Some(column) = meta.columns.get(w) else {
                continue;
            };
            match cv.place(p.timestamp, w, p.rows) {
                ColumnPlace::Present { top: 0, .. } => {}
                ColumnPlace::Present { top, .. } => println!("    {} from row {top}", column.name),
                ColumnPlace::Absent => println!("    {} all null", column.name),
            }
        }
    }
    Ok(())
}
