//! Every small file of every stored table, against what QuestDB answered.

use std::collections::HashSet;
use std::fs;

use txn::{
    ColumnPlace, ColumnVersions, Meta, PartitionBy, SeqTxnLog, TableKind, TableName,
    TablesRegistry, TodoLog, Txn, partition_ceiling, partition_dir_name, partition_floor,
};

use crate::support::{Case, cases, files_named, is_of_the_wal, testdata};

fn load(case: &Case) -> (Txn, Meta, ColumnVersions) {
    let label = &case.label;
    let txn = Txn::parse(&case.read("_txn")).unwrap_or_else(|e| panic!("{label}: {e}"));
    let meta = Meta::parse(&case.read("_meta")).unwrap_or_else(|e| panic!("{label}: {e}"));
    let cv = ColumnVersions::parse(&case.read("_cv")).unwrap_or_else(|e| panic!("{label}: {e}"));
    (txn, meta, cv)
}

#[test]
fn there_are_tables_to_test() {
    assert!(
        cases().len() >= 95,
        "only {} tables under testdata/",
        cases().len()
    );
}

#[test]
fn row_counts_agree_with_questdb() {
    for case in cases() {
        let (txn, meta, _) = load(&case);
        assert_eq!(txn.rows(), case.rows, "{}", case.label);
        let partitions = txn.partitions(meta.partition_by).unwrap();
        assert_eq!(
            partitions.iter().map(|p| p.rows).sum::<u64>(),
            case.rows,
            "{}",
            case.label
        );
    }
}

#[test]
fn the_three_files_of_a_table_name_the_same_versions() {
    for case in cases() {
        let (txn, meta, cv) = load(&case);
        assert_eq!(cv.version, txn.column_version, "{}", case.label);
        assert_eq!(
            meta.metadata_version,
            i64::from(txn.metadata_version()),
            "{}",
            case.label
        );
        assert_eq!(
            meta.symbol_column_count(),
            txn.symbol_counts.len(),
            "{}",
            case.label
        );
    }
}

#[test]
fn partitions_agree_with_show_partitions() {
    for case in cases() {
        let label = &case.label;
        let (txn, meta, _) = load(&case);
        let (by, unit) = (meta.partition_by, meta.timestamp_unit());
        let shown = case.csv("partitions.csv");
        let attached: Vec<_> = shown
            .iter()
            .filter(|r| r.get("attached") == Some("true"))
            .collect();
        let partitions = txn.partitions(by).unwrap();
        assert_eq!(partitions.len(), attached.len(), "{label}");
        for (p, shown) in partitions.iter().zip(attached) {
            let name = partition_dir_name(by, unit, p.timestamp, -1);
            let whose = &format!("{label} {name}");
            assert_eq!(shown.get("name"), Some(name.as_str()), "{label}");
            shown.agrees("partitionBy", &by, whose);
            shown.agrees("numRows", &p.rows, whose);
            shown.agrees("readOnly", &p.flags.read_only(), whose);
            shown.agrees("isParquet", &p.is_parquet(), whose);
            let len = p.parquet_len.map_or(-1, |l| i64::try_from(l).unwrap());
            shown.agrees("parquetFileSize", &len, whose);
            // Partitions that were born as Parquet have bit 61 alone.
            let either = p.flags.parquet_generated() || p.is_parquet();
            shown.agrees("hasParquetGenerated", &either, whose);
        }
    }
}

#[test]
fn every_partition_directory_of_a_stored_table_exists_under_its_name() {
    let mut seen = 0;
    for case in cases() {
        let (txn, meta, _) = load(&case);
        let (by, unit) = (meta.partition_by, meta.timestamp_unit());
        for p in txn.partitions(by).unwrap().iter().filter(|p| p.rows > 0) {
            let dir = case.partition(&partition_dir_name(by, unit, p.timestamp, p.name_txn));
            assert!(dir.is_dir(), "{}: {} is missing", case.label, dir.display());
            let is_link = !dir.starts_with(&case.table);
            assert_eq!(is_link, p.flags.read_only(), "{}", dir.display());
            seen += 1;
        }
    }
    assert!(seen >= 345, "only {seen} partitions");
}

#[test]
fn every_column_file_that_column_versions_name_exists_and_no_absent_column_is_missed() {
    for case in cases() {
        let (txn, meta, cv) = load(&case);
        let (by, unit) = (meta.partition_by, meta.timestamp_unit());
        for p in txn
            .partitions(by)
            .unwrap()
            .iter()
            .filter(|p| p.rows > 0 && !p.is_parquet())
        {
            let dir = case.partition(&partition_dir_name(by, unit, p.timestamp, p.name_txn));
            for w in meta.visible_order() {
                let ColumnPlace::Present { top, name_txn } = cv.place(p.timestamp, w, p.rows)
                else {
                    continue;
                };
                assert!(top < p.rows);
                let file = txn::column_file_name(&meta.columns[w].name, "d", name_txn);
                assert!(
                    dir.join(&file).is_file(),
                    "{}: {}/{file}",
                    case.label,
                    dir.display()
                );
            }
        }
        for w in meta
            .visible_order()
            .into_iter()
            .filter(|w| meta.symbol_index(*w).is_some())
        {
            let name = &meta.columns[w].name;
            let file = txn::column_file_name(name, "o", cv.symbol_name_txn(w));
            assert!(case.table.join(&file).is_file(), "{}: {file}", case.label);
        }
    }
}

#[test]
fn columns_agree_with_show_columns() {
    let mut symbols = 0;
    for case in cases() {
        let label = &case.label;
        let (txn, meta, _) = load(&case);
        let shown = case.csv("columns.csv");
        let visible = meta.visible_order();
        assert_eq!(visible.len(), shown.len(), "{label}");
        for (w, shown) in visible.into_iter().zip(&shown) {
            let column = &meta.columns[w];
            let whose = &format!("{label} {}", column.name);
            assert_eq!(shown.get("column"), Some(column.name.as_str()), "{label}");
            shown.agrees("type", &column.column_type().unwrap(), whose);
            shown.agrees("designated", &(meta.designated == Some(w)), whose);
            shown.agrees("indexed", &column.flags.indexed(), whose);
            shown.agrees("upsertKey", &column.flags.dedup_key(), whose);
            shown.agrees("indexBlockCapacity", &column.index_block_capacity, whose);
            let Some(dense) = meta.symbol_index(w) else {
                continue;
            };
            if let Some(capacity) = meta.symbol_capacity(w) {
                shown.agrees("symbolCached", &column.flags.symbol_cached(), whose);
                shown.agrees("symbolCapacity", &capacity, whose);
            }
            if let Some(size) = shown.get("symbolTableSize") {
                // QuestDB counts null as one more value where the column has one.
                let (size, count) = (size.parse::<u32>().unwrap(), txn.symbol_counts[dense]);
                assert!(
                    size == count || size == count + 1,
                    "{whose}: {size} {count}"
                );
                symbols += 1;
            }
        }
    }
    assert!(symbols > 50, "only {symbols} symbol columns");
}

#[test]
fn timestamps_of_rows_lie_within_their_partitions() {
    for case in cases() {
        let (txn, meta, _) = load(&case);
        let (by, unit) = (meta.partition_by, meta.timestamp_unit());
        if !by.is_partitioned() || txn.rows() == 0 {
            continue;
        }
        let partitions = txn.partitions(by).unwrap();
        let (first, last) = (partitions.first().unwrap(), partitions.last().unwrap());
        assert!(first.timestamp <= txn.min_timestamp, "{}", case.label);
        assert!(last.timestamp <= txn.max_timestamp, "{}", case.label);
        let ceiling = partition_ceiling(by, unit, last.timestamp).unwrap();
        assert!(txn.max_timestamp < ceiling, "{}", case.label);
        for p in &partitions {
            assert!(
                partition_floor(by, unit, p.timestamp) <= p.timestamp,
                "{}",
                case.label
            );
        }
    }
}

#[test]
fn every_stored_txn_file_parses_also_of_detached_partitions_and_checkpoints() {
    let files = files_named(&testdata(), "_txn");
    let files: Vec<_> = files.into_iter().filter(|p| !is_of_the_wal(p)).collect();
    assert!(files.len() >= 100);
    let dirs = files.iter().map(|p| p.parent().unwrap().to_path_buf());
    let dirs: HashSet<_> = dirs.collect();
    for dir in dirs {
        let read = |f: &str| fs::read(dir.join(f)).unwrap();
        let txn = Txn::parse(&read("_txn")).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
        let meta = Meta::parse(&read("_meta")).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
        let cv = ColumnVersions::parse(&read("_cv")).unwrap();
        assert_eq!(
            meta.metadata_version,
            i64::from(txn.metadata_version()),
            "{}",
            dir.display()
        );
        assert_eq!(cv.version, txn.column_version, "{}", dir.display());
        txn.partitions(meta.partition_by)
            .unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
    }
}

#[test]
fn previous_metadata_parses_and_is_older() {
    let files = files_named(&testdata(), "_meta.prev");
    assert!(files.len() >= 20);
    for path in files {
        let previous = Meta::parse(&fs::read(&path).unwrap()).unwrap();
        let current = Meta::parse(&fs::read(path.with_file_name("_meta")).unwrap()).unwrap();
        assert!(
            previous.metadata_version < current.metadata_version,
            "{}",
            path.display()
        );
    }
}

#[test]
fn minor_versions_are_those_of_the_release() {
    for case in cases() {
        let (_, meta, _) = load(&case);
        let want = match case.release.as_str() {
            "7.4.2" | "8.1.4" => 0,
            "9.3.4" => 1,
            r if case.label.starts_with("questdb-94") => {
                assert!(r.starts_with("9.4"), "{r}");
                2
            }
            r => panic!("{}: {r}", case.label),
        };
        assert_eq!(meta.minor_version, want, "{} {}", case.label, case.release);
    }
}

#[test]
fn the_wal_flag_is_that_of_the_registry() {
    for case in cases() {
        let (_, meta, _) = load(&case);
        let registry = fs::read(case.folder.join("root/tables.d.0")).unwrap();
        let registry = TablesRegistry::parse(&registry).unwrap();
        let directory = case.table.file_name().unwrap().to_str().unwrap();
        match registry.by_directory(directory) {
            Some(entry) => {
                assert_eq!(entry.name, case.name, "{}", case.label);
                assert!(meta.wal, "{}", case.label);
                assert!(matches!(entry.kind, TableKind::Wal | TableKind::MatView));
                assert_eq!(entry.table_id, meta.table_id, "{}", case.label);
                let views = ["questdb/mat_view/daily", "questdb/mat_view/hourly"];
                let is_view = views.contains(&case.label.as_str());
                assert_eq!(entry.kind == TableKind::MatView, is_view, "{}", case.label);
            }
            None => assert!(!meta.wal, "{}", case.label),
        }
        assert_eq!(TablesRegistry::file_number("tables.d.0"), Some(0));
    }
}

#[test]
fn names_are_current_and_rewrite_to_the_same_bytes() {
    for case in cases() {
        let bytes = case.read("_name");
        let name = TableName::parse(&bytes).unwrap();
        assert_eq!(name.name, case.name, "{}", case.label);
        assert_eq!(name.to_bytes().unwrap(), bytes, "{}", case.label);
    }
}

#[test]
fn the_sequencer_header_counts_waiting_transactions() {
    let mut logs = 0;
    for case in cases() {
        let (txn, meta, _) = load(&case);
        let path = case.table.join("txn_seq/_txnlog");
        assert_eq!(meta.wal, path.is_file(), "{}", case.label);
        let Ok(bytes) = fs::read(path) else { continue };
        logs += 1;
        let log = SeqTxnLog::parse(&bytes).unwrap();
        assert_eq!(log.format, 0, "{}", case.label);
        let want = if case.label == "questdb/wal_pending/suspended" {
            4
        } else {
            0
        };
        assert_eq!(log.pending(&txn), want, "{}", case.label);
        assert_eq!(bytes[20..24], [0; 4], "{}: records in parts", case.label);
        // The record of the last txn is there and the one behind it is not (28 bytes each, from 76).
        let last = usize::try_from(log.last_txn).unwrap();
        let time = |at: usize| i64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        let commit_time = |record: usize| time(76 + 28 * record + 20);
        let created = time(12);
        assert!(
            created > 0 && (0..last).all(|r| commit_time(r) >= created),
            "{}",
            case.label
        );
        assert_eq!(commit_time(last), 0, "{}", case.label);
    }
    assert!(logs >= 80, "only {logs} logs");
}

#[test]
fn the_recovery_log_of_a_clean_shutdown_has_no_entry() {
    for case in cases() {
        let todo = TodoLog::parse(&case.read("_todo_")).unwrap();
        assert!(todo.is_whole, "{}", case.label);
        assert_eq!(todo.first, None, "{}", case.label);
    }
}

#[test]
fn lag_checksums_are_those_of_the_release_unless_the_table_was_truncated() {
    let mut equal = 0;
    for case in cases() {
        let (txn, _, _) = load(&case);
        assert_eq!(txn.lag.row_count, 0, "{}", case.label);
        if txn.lag.checksum == txn.lag.checksum_for(txn.txn, txn.seq_txn) {
            equal += 1;
        } else {
            assert!(
                txn.data_version > 0 || txn.truncate_version > 0,
                "{}",
                case.label
            );
        }
    }
    assert!(equal >= 80, "only {equal}");
}

#[test]
fn what_real_files_hold_survives_writing_and_reading() {
    for case in cases() {
        let (txn, meta, cv) = load(&case);
        assert_eq!(
            Txn::parse(&txn.to_file().unwrap()).unwrap(),
            txn,
            "{}",
            case.label
        );
        assert_eq!(
            ColumnVersions::parse(&cv.to_file().unwrap()).unwrap(),
            cv,
            "{}",
            case.label
        );
        assert_eq!(
            Meta::parse(&meta.to_bytes().unwrap()).unwrap(),
            meta,
            "{}",
            case.label
        );
    }
}

#[test]
fn rewritten_metadata_has_the_bytes_that_9_3_4_and_9_4_wrote() {
    for case in cases().iter().filter(|c| c.release.starts_with('9')) {
        let stored = case.read("_meta");
        let written = Meta::parse(&stored).unwrap().to_bytes().unwrap();
        assert_eq!(
            stored.get(..written.len()),
            Some(&written[..]),
            "{}",
            case.label
        );
        assert!(
            stored[written.len()..].iter().all(|b| *b == 0),
            "{}",
            case.label
        );
    }
}

#[test]
fn rewritten_records_have_the_bytes_that_questdb_wrote() {
    for case in cases() {
        let stored = case.read("_txn");
        let txn = Txn::parse(&stored).unwrap();
        let mut record = txn.to_record().unwrap();
        let slot = if txn.version % 2 == 0 { 8 } else { 32 };
        let base = i32::from_le_bytes(stored[slot..slot + 4].try_into().unwrap());
        let base = usize::try_from(base).unwrap();
        let mut stored = stored[base..base + record.len()].to_vec();
        // Reserved bytes are stale, and so are running symbol counts of failed transactions.
        for bytes in [&mut record, &mut stored] {
            bytes[116..128].fill(0);
            for i in 0..txn.symbol_counts.len() {
                bytes[132 + 8 * i + 4..132 + 8 * i + 8].fill(0);
            }
        }
        assert_eq!(record, stored, "{}", case.label);
    }
}

#[test]
fn partition_by_none_is_one_synthesised_partition_whatever_the_segment_holds() {
    let mut garbage = 0;
    for case in cases() {
        let (txn, meta, _) = load(&case);
        if meta.partition_by != PartitionBy::None {
            continue;
        }
        garbage += txn.entries.len();
        let partitions = txn.partitions(PartitionBy::None).unwrap();
        assert_eq!(partitions.len(), 1);
        assert_eq!((partitions[0].timestamp, partitions[0].name_txn), (0, -1));
        assert_eq!(partitions[0].rows, case.rows, "{}", case.label);
    }
    assert!(
        garbage > 0,
        "no stored table has a partition segment to be ignored"
    );
}
