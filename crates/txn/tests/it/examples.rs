//! The examples of the format notes, byte for byte.

use txn::{
    ColumnFlags, ColumnPlace, ColumnType, ColumnVersionEntry, ColumnVersions, CvHeader, Meta,
    MetaColumn, PartitionBy, PartitionEntry, TimestampUnit, Txn, TxnHeader,
};

const MIN: i64 = i64::MIN;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let pair = |p: &[u8]| u8::from_str_radix(std::str::from_utf8(p).unwrap(), 16).unwrap();
    digits.chunks(2).map(pair).collect()
}

/// txn.md §4: 4 rows, DAY, one SYMBOL column, after two commits and one ADD COLUMN.
fn txn_example() -> Txn {
    let mut txn = Txn {
        version: 3,
        txn: 3,
        transient_rows: 2,
        fixed_rows: 2,
        min_timestamp: 1_704_067_201_000_000,
        max_timestamp: 1_704_153_600_000_000,
        structure_version: 1,
        column_version: 1,
        symbol_counts: vec![2],
        entries: vec![
            PartitionEntry::native(1_704_067_200_000_000, 2, -1).unwrap(),
            PartitionEntry::native(1_704_153_600_000_000, 0, -1).unwrap(),
        ],
        ..Txn::new_table(1)
    };
    txn.seal_lag();
    txn
}

#[test]
fn the_txn_example_reads_and_writes_as_printed() {
    let txn = txn_example();
    let mut file = hex(
        "03000000 00000000  a0010000 08000000 40000000  00000000 00000000 00000000
         40000000 08000000 40000000  00000000 00000000 00000000 00000000 00000000",
    );
    file.extend_from_slice(&txn.to_record().unwrap());
    file.resize(416, 0);
    let previous = Txn {
        version: 2,
        txn: 2,
        ..txn.clone()
    };
    file.extend_from_slice(&previous.to_record().unwrap());
    let printed = [
        (64, "0300000000000000"),
        (72, "0200000000000000 0200000000000000"),
        (88, "40623010d70d0600 0080f82deb0d0600"),
        (104, "0100000000000000"),
        (128, "0100000000000000"),
        (152, "817bb301"),
        (192, "01000000"),
        (196, "02000000 02000000"),
        (204, "40000000"),
        (
            208,
            "00202110d70d0600 0200000000000000 ffffffffffffffff ffffffffffffffff",
        ),
        (
            240,
            "0080f82deb0d0600 0000000000000000 ffffffffffffffff ffffffffffffffff",
        ),
    ];
    for (at, bytes) in printed {
        let bytes = hex(bytes);
        assert_eq!(file[at..at + bytes.len()], bytes, "offset {at}");
    }
    assert_eq!(Txn::parse(&file).unwrap(), txn);
    assert_eq!(txn.metadata_version(), 1);
    let header = TxnHeader::parse(&file).unwrap();
    assert_eq!(
        (header.current.base_off(), header.other.unwrap().base_off()),
        (64, 416)
    );
    assert_eq!(
        (
            header.current.symbols_len(),
            header.current.partitions_len()
        ),
        (8, 64)
    );
    // The stale size of the last partition is replaced by the transient count.
    let partitions = txn.partitions(PartitionBy::Day).unwrap();
    let rows: Vec<u64> = partitions.iter().map(|p| p.rows).collect();
    assert_eq!(rows, [2, 2]);
    assert_eq!(txn.rows(), 4);
}

#[test]
fn the_meta_example_reads_and_writes_as_printed() {
    let noisy = |name: &str, ty, flags, block| MetaColumn {
        flags: ColumnFlags(flags),
        index_block_capacity: block,
        symbol_capacity: 128,
        ..MetaColumn::new(name, ty)
    };
    let meta = Meta {
        max_uncommitted_rows: 1000,
        o3_max_lag: 300_000_000,
        metadata_version: 1,
        minor_version: 2,
        ..Meta::new_table(
            PartitionBy::Day,
            Some(3),
            vec![
                noisy("i", ColumnType::Int, 0, 0),
                noisy("s", ColumnType::Symbol, 4, 256),
                noisy("v", ColumnType::Varchar, 0, 0),
                noisy("ts", ColumnType::Timestamp(TimestampUnit::Micros), 0, 0),
                noisy("d", ColumnType::Double, 4, 256),
            ],
        )
    };
    let bytes = meta.to_bytes().unwrap();
    let printed = [
        (0x00, "05000000 00000000 03000000 aa010000"),
        (0x10, "01000000 e8030000 00a3e111 00000000"),
        (0x20, "01000000 00000000 00 c6000200 00000000 00000000"),
        (
            0x80,
            "05000000 0000000000000000 00000000 80000000 00000000 00000000 00000000",
        ),
        (0xa0, "0c000000 0400000000000000 00010000 80000000"),
        (0xc0, "1a000000"),
        (0xe0, "08000000"),
        (0x100, "0a000000 0400000000000000 00010000 80000000"),
        (
            0x120,
            "01000000 6900 01000000 7300 01000000 7600 02000000 74007300 01000000 6400",
        ),
    ];
    for (at, want) in printed {
        let want = hex(want);
        assert_eq!(bytes[at..at + want.len()], want, "offset {at:#x}");
    }
    assert_eq!(bytes.len(), 0x140);
    assert_eq!(Meta::parse(&bytes).unwrap(), meta);
    assert_eq!(meta.symbol_capacity(1), Some(128));
    assert_eq!(
        meta.symbol_capacity(4),
        None,
        "noise of a column that is no SYMBOL"
    );
}

fn entry(timestamp: i64, column: usize, name_txn: i64, value: i64) -> ColumnVersionEntry {
    ColumnVersionEntry {
        timestamp,
        column,
        name_txn,
        value,
    }
}

#[test]
fn the_cv_example_reads_and_writes_as_printed() {
    const DAY_2: i64 = 1_704_153_600_000_000;
    let cv = ColumnVersions {
        version: 1,
        entries: vec![entry(MIN, 4, 1, DAY_2), entry(DAY_2, 4, 1, 1)],
    };
    let printed = hex(
        "0100000000000000 0000000000000000 0000000000000000 2800000000000000 4000000000000000
         0000000000000080 0400000000000000 0100000000000000 0080f82deb0d0600
         0080f82deb0d0600 0400000000000000 0100000000000000 0100000000000000",
    );
    let file = cv.to_file().unwrap();
    assert_eq!(file[..printed.len()], printed);
    assert_eq!(ColumnVersions::parse(&printed).unwrap(), cv);
    // The same bytes come out of the commit that follows a fresh file of zeros.
    let mut fresh = ColumnVersions::default().to_file().unwrap();
    assert!(fresh.iter().all(|b| *b == 0));
    cv.plan_after(&CvHeader::FRESH, 4096)
        .unwrap()
        .apply(&mut fresh);
    assert_eq!(fresh, file);
    assert_eq!(cv.place(DAY_2 - 86_400_000_000, 4, 2), ColumnPlace::Absent);
    assert_eq!(
        cv.place(DAY_2, 4, 2),
        ColumnPlace::Present {
            top: 1,
            name_txn: 1
        }
    );
    assert_eq!(
        cv.place(DAY_2, 4, 1),
        ColumnPlace::Absent,
        "added, nothing written yet"
    );
    assert_eq!(
        cv.place(DAY_2, 0, 2),
        ColumnPlace::Present {
            top: 0,
            name_txn: -1
        }
    );
}

#[test]
fn the_longer_cv_example_means_what_the_notes_say() {
    let month = |m: i64| 1_000_000 * m;
    let cv = ColumnVersions {
        version: 20,
        entries: vec![
            entry(MIN, 1, 1, MIN),
            entry(MIN, 4, 11, month(3)),
            entry(MIN, 5, 5, MIN),
            entry(MIN, 6, 6, MIN),
            entry(MIN, 7, 7, MIN),
            entry(MIN, 8, 13, month(4)),
            entry(MIN + 1, 1, 1, 0),
            entry(MIN + 1, 4, 11, 0),
            entry(month(1), 7, 10, 0),
            entry(month(2), 7, 10, 0),
            entry(month(3), 4, 11, 25),
            entry(month(4), 8, 13, 2),
        ],
    };
    assert_eq!(ColumnVersions::parse(&cv.to_file().unwrap()).unwrap(), cv);
    let present = |top, name_txn| ColumnPlace::Present { top, name_txn };
    for (m, suffix) in [(1, 10), (2, 10), (3, 7), (4, 7)] {
        assert_eq!(cv.place(month(m), 7, 100), present(0, suffix), "month {m}");
    }
    assert_eq!(cv.place(month(2), 4, 100), ColumnPlace::Absent);
    assert_eq!(cv.place(month(3), 4, 100), present(25, 11));
    assert_eq!(cv.place(month(4), 4, 100), present(0, 11));
    assert_eq!(cv.place(month(3), 8, 100), ColumnPlace::Absent);
    assert_eq!(cv.place(month(4), 8, 100), present(2, 13));
    assert_eq!(cv.symbol_name_txn(4), 11);
    assert_eq!(
        cv.symbol_name_txn(5),
        5,
        "no symbol table entry: the default entry counts"
    );
    assert_eq!(cv.symbol_name_txn(0), -1);
}

#[test]
fn an_explicit_entry_overrides_added_later() {
    // Out-of-order rows created column 2 in a partition older than the one in which it was added.
    let cv = ColumnVersions {
        version: 2,
        entries: vec![
            entry(MIN, 2, 5, 2000),
            entry(1000, 2, 7, 0),
            entry(1500, 2, -1, 3),
        ],
    };
    assert_eq!(
        cv.place(1000, 2, 10),
        ColumnPlace::Present {
            top: 0,
            name_txn: 7
        }
    );
    assert_eq!(
        cv.place(1500, 2, 10),
        ColumnPlace::Present {
            top: 3,
            name_txn: 5
        }
    );
    assert_eq!(
        cv.place(1500, 2, 2),
        ColumnPlace::Absent,
        "top above the rows of a shrunk partition"
    );
    assert_eq!(cv.place(1200, 2, 10), ColumnPlace::Absent);
}

/// meta.md §5: chains of type changes, in the two forms in which they are stored.
#[test]
fn the_order_example_has_the_order_of_the_notes() {
    let column = |name: &str, ty, deleted, replaced| MetaColumn {
        deleted,
        replaced,
        ..MetaColumn::new(name, ty)
    };
    for link_of_6 in [5, 0] {
        let ts = ColumnType::Timestamp(TimestampUnit::Micros);
        let columns = vec![
            column("a", ColumnType::Int, true, None),
            column("bb", ColumnType::Symbol, true, None),
            column("c", ColumnType::Int, true, None),
            column("ts", ts, false, None),
            column("ee", ColumnType::Symbol, false, None),
            column("a", ColumnType::Varchar, true, Some(0)),
            column("a", ColumnType::Symbol, false, Some(link_of_6)),
            column("bb", ColumnType::Varchar, false, Some(1)),
            column("late", ColumnType::Int, false, None),
        ];
        let meta = Meta::new_table(PartitionBy::Day, Some(3), columns);
        let meta = Meta::parse(&meta.to_bytes().unwrap()).unwrap();
        assert_eq!(meta.columns[6].replaced, Some(link_of_6));
        assert_eq!(meta.visible_order(), [6, 7, 3, 4, 8]);
        assert_eq!(meta.original_index(6), 0);
        assert_eq!(meta.chain(6), [6, 5, 0]);
        assert_eq!(meta.chain(4), [4]);
        assert_eq!(meta.chain(9), [0usize; 0]);
        assert_eq!(
            (meta.symbol_index(4), meta.symbol_index(6)),
            (Some(0), Some(1))
        );
        assert_eq!(
            meta.symbol_index(1),
            None,
            "deleted columns have no symbol entry"
        );
        assert_eq!(meta.symbol_column_count(), 2);
    }
}

#[test]
fn structure_versions_have_two_halves() {
    let txn = |v| Txn {
        structure_version: v,
        ..Txn::new_table(0)
    };
    assert_eq!(txn(7).metadata_version(), 7);
    assert_eq!(txn(7 | i64::from(i32::MIN) << 32).metadata_version(), 7);
    assert_eq!(txn(7 | 3 << 32).metadata_version(), 7);
}

#[test]
fn records_at_bases_that_are_not_8_aligned_are_read() {
    // Before 8.3.0: 204, 220, 1084.
    let txn = txn_example();
    for base in [204usize, 220, 1084] {
        let mut file = vec![0; base];
        file[0] = 3;
        file[32..36].copy_from_slice(&i32::try_from(base).unwrap().to_le_bytes());
        file[36] = 8;
        file[40] = 64;
        file.extend_from_slice(&txn.to_record().unwrap());
        assert_eq!(Txn::parse(&file).unwrap(), txn);
    }
}

#[test]
fn lag_rows_are_not_visible() {
    let mut txn = txn_example();
    txn.lag.row_count = 1000;
    txn.lag.txn_count = -3;
    let back = Txn::parse(&txn.to_file().unwrap()).unwrap();
    assert_eq!(back.rows(), 4);
    assert_eq!(back.partitions(PartitionBy::Day).unwrap()[1].rows, 2);
    assert_eq!((back.lag.txns(), back.lag.is_ordered()), (3, false));
}

#[test]
fn random_bytes_in_place_of_a_replaced_index_are_no_replacement() {
    let columns = ["a", "b", "c"].map(|n| MetaColumn::new(n, ColumnType::Int));
    let mut meta = Meta::new_table(PartitionBy::None, None, columns.to_vec());
    meta.columns[0].deleted = true;
    let bytes = meta.to_bytes().unwrap();
    let at = |w: usize| 128 + 32 * w + 24;
    // Negative, out of range, itself, a later one, a live one.
    for (w, garbage) in [(1, -7), (1, 1000), (1, 2), (1, 3), (2, 2)] {
        let mut noisy = bytes.clone();
        noisy[at(w)..at(w) + 4].copy_from_slice(&i32::to_le_bytes(garbage));
        assert_eq!(Meta::parse(&noisy).unwrap(), meta, "column {w}, {garbage}");
    }
    // Two live columns cannot take the same place: the second keeps its own.
    let mut noisy = bytes.clone();
    noisy[at(1)] = 1;
    noisy[at(2)] = 1;
    let parsed = Meta::parse(&noisy).unwrap();
    assert_eq!(
        (parsed.columns[1].replaced, parsed.columns[2].replaced),
        (Some(0), None)
    );
    assert_eq!(parsed.visible_order(), [1, 2]);
}
