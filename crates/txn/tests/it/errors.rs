//! Every check of every parser, one damaged field at a time: the error names file, field, offset and value.

use txn::{
    ColumnType, ColumnVersionEntry, ColumnVersions, CvHeader, Expected, Meta, MetaColumn,
    ParseError, PartitionBy, PartitionEntry, RegistryEntry, SeqTxnLog, SmallFile, TableKind,
    TableName, TablesRegistry, TimestampUnit, TodoLog, Txn, TxnHeader,
};

/// The bytes with some of them replaced.
fn with(file: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut file = file.to_vec();
    file[at..at + bytes.len()].copy_from_slice(bytes);
    file
}

#[track_caller]
fn corrupt(error: ParseError, field: &str, at: u64, value: i64) {
    match error {
        ParseError::Corrupt {
            field: f,
            offset,
            found,
            ..
        } => {
            assert_eq!((f, offset, found), (field, at, value));
        }
        other => panic!("{other:?}"),
    }
}

fn txn_file() -> Vec<u8> {
    let entry = |t| PartitionEntry::native(t, 1, -1).unwrap();
    let txn = Txn {
        version: 2,
        txn: 2,
        fixed_rows: 1,
        transient_rows: 1,
        entries: vec![entry(0), entry(86_400_000_000)],
        ..Txn::new_table(2)
    };
    txn.to_file().unwrap()
}

#[test]
fn every_field_of_a_txn_that_is_checked() {
    let file = txn_file();
    let error = |at, bytes: &[u8]| Txn::parse(&with(&file, at, bytes)).unwrap_err();
    let i32s = |v: i32| v.to_le_bytes();
    let i64s = |v: i64| v.to_le_bytes();
    corrupt(error(8, &i32s(63)), "record base", 8, 63);
    corrupt(error(8, &i32s(-1)), "record base", 8, -1);
    corrupt(error(12, &i32s(12)), "symbols size", 12, 12);
    corrupt(error(12, &i32s(-8)), "symbols size", 12, -8);
    corrupt(error(16, &i32s(33)), "partitions size", 16, 33);
    corrupt(error(64, &i64s(3)), "txn", 64, 3);
    corrupt(error(72, &i64s(-1)), "transientRowCount", 72, -1);
    corrupt(error(72, &i64s(1 << 44)), "transientRowCount", 72, 1 << 44);
    corrupt(error(80, &i64s(-1)), "fixedRowCount", 80, -1);
    corrupt(error(160, &i32s(-1)), "lagRowCount", 160, -1);
    corrupt(error(192, &i32s(3)), "symbolColumnCount", 192, 3);
    corrupt(error(204, &i32s(-1)), "symbol count", 204, -1);
    // Slot B is selected by an odd version and is empty here.
    corrupt(error(0, &i64s(3)), "record base", 32, 0);
    corrupt(
        TxnHeader::parse(&with(&file, 32, &i32s(5))).unwrap_err(),
        "record base",
        32,
        5,
    );
    assert!(matches!(
        error(16, &i32s(i32::MAX - 31)),
        ParseError::Limit {
            file: SmallFile::Txn,
            offset: 8,
            limit: 67_108_864,
            ..
        }
    ));
    // The repeated length of the partition segment is not trusted, running symbol counts are ignored.
    assert_eq!(
        Txn::parse(&with(&file, 212, &i32s(7))).unwrap(),
        Txn::parse(&file).unwrap()
    );
    assert_eq!(
        Txn::parse(&with(&file, 200, &i32s(-9))).unwrap(),
        Txn::parse(&file).unwrap()
    );
}

#[test]
fn every_field_of_a_partition_entry_that_is_checked() {
    let file = txn_file();
    let first = 64 + 132 + 16 + 4;
    let error = |at: usize, v: i64| {
        let txn = Txn::parse(&with(&file, first + at, &v.to_le_bytes())).unwrap();
        txn.partitions(PartitionBy::Day).unwrap_err()
    };
    corrupt(error(32, 0), "partition segment: timestamp", 32, 0);
    corrupt(
        error(8, i64::MIN | 1),
        "partition segment: size",
        8,
        i64::MIN | 1,
    );
    corrupt(error(16, -2), "partition segment: name txn", 16, -2);
    corrupt(
        error(8, 1 << 61 | 1),
        "partition segment: Parquet size",
        24,
        -1,
    );
    corrupt(error(8, 2), "partition segment: sum of sizes", 0, 2);
}

#[test]
fn every_field_of_column_versions_that_is_checked() {
    let entry = |column| ColumnVersionEntry {
        timestamp: 5,
        column,
        name_txn: 1,
        value: 1,
    };
    let cv = ColumnVersions {
        version: 4,
        entries: vec![entry(1), entry(2)],
    };
    let file = cv.to_file().unwrap();
    let error = |at, v: i64| {
        let file = with(&file, at, &v.to_le_bytes());
        ColumnVersions::parse(&file).unwrap_err()
    };
    corrupt(error(8, 39), "area offset", 8, 39);
    corrupt(error(8, -1), "area offset", 8, -1);
    corrupt(error(16, 33), "area size", 16, 33);
    corrupt(error(16, -32), "area size", 16, -32);
    corrupt(error(48, -1), "column", 48, -1);
    corrupt(error(48, 1 << 31), "column", 48, 1 << 31);
    corrupt(error(48, 2), "entry", 72, 5);
    corrupt(error(40, 6), "entry", 72, 5);
    corrupt(error(56, -2), "column name txn", 56, -2);
    corrupt(error(64, -1), "column top", 64, -1);
    assert!(matches!(
        error(16, 1 << 32),
        ParseError::Limit {
            file: SmallFile::Cv,
            offset: 16,
            ..
        }
    ));
    assert!(matches!(
        error(8, 1 << 40),
        ParseError::Truncated {
            offset: 0x100_0000_0000,
            ..
        }
    ));
    assert!(CvHeader::parse(&file[..39]).is_err());
    assert!(CvHeader::parse(&file[..40]).is_ok());
}

fn meta_file() -> Vec<u8> {
    let ts = ColumnType::Timestamp(TimestampUnit::Micros);
    let mut index = MetaColumn::new("s", ColumnType::Symbol);
    index.flags.0 |= 64;
    index.covering = vec![Some(0), None];
    let columns = vec![
        MetaColumn::new("ts", ts),
        index,
        MetaColumn::new("t", ColumnType::Int),
    ];
    Meta::new_table(PartitionBy::Day, Some(0), columns)
        .to_bytes()
        .unwrap()
}

#[test]
fn every_field_of_a_meta_that_is_checked() {
    let file = meta_file();
    let error = |at, v: i32| Meta::parse(&with(&file, at, &v.to_le_bytes())).unwrap_err();
    let names = 128 + 3 * 32;
    corrupt(error(0, -1), "column count", 0, -1);
    corrupt(error(4, 7), "partition by", 4, 7);
    corrupt(error(8, 1), "designated timestamp", 8, 1);
    corrupt(error(8, 3), "designated timestamp", 8, 3);
    corrupt(error(8, -2), "designated timestamp", 8, -2);
    corrupt(error(128, -8), "designated timestamp", 8, 0);
    corrupt(error(128 + 32, 0), "column type", 160, 0);
    corrupt(
        error(128 + 32, i32::MIN),
        "column type",
        160,
        i64::from(i32::MIN),
    );
    corrupt(error(names, 0), "column name", 224, 0);
    corrupt(error(names, -1), "column name", 224, -1);
    corrupt(error(names, 256), "column name", 224, 256);
    let with_u16 = |at, v: u16| Meta::parse(&with(&file, at, &v.to_le_bytes())).unwrap_err();
    corrupt(with_u16(names + 4, 0xD800), "column name", 224, 0xD800);
    corrupt(with_u16(names + 4, 0x2F), "column name", 224, 0x2F);
    // The second column "s" renamed "t": two live columns of one name; the third is the one at fault.
    corrupt(with_u16(names + 8 + 4, 0x74), "column name", 238, 2);
    // "T" is the same name (meta.md §5).
    corrupt(with_u16(names + 8 + 4, 0x54), "column name", 238, 2);
    let covering = names + 8 + 6 + 6;
    corrupt(error(covering, -1), "covering list", 244, -1);
    corrupt(error(covering + 4, 3), "covering list", 248, 3);
    corrupt(error(covering + 8, -2), "covering list", 252, -2);
    corrupt(
        Meta::parse(&with(&file, 40, &[2])).unwrap_err(),
        "WAL enabled",
        40,
        2,
    );
    let unsupported = ParseError::Unsupported {
        file: SmallFile::Meta,
        field: "storage version",
        offset: 12,
        expected: Expected::Exactly(426),
        found: 425,
    };
    assert_eq!(error(12, 425), unsupported);
    let truncated = ParseError::Truncated {
        file: SmallFile::Meta,
        field: "column entries",
        offset: 128,
        needed: 32 * i64::from(i32::MAX).unsigned_abs(),
        found: u64::try_from(file.len() - 128).unwrap(),
    };
    assert_eq!(error(0, i32::MAX), truncated);
    // An unknown type refuses the column, not the table.
    let odd = Meta::parse(&with(&file, 128 + 64, &99i32.to_le_bytes())).unwrap();
    assert!(odd.columns[2].column_type().is_err());
}

#[test]
fn fields_of_a_minor_version_that_does_not_hold_are_noise() {
    let file = meta_file();
    let noisy = with(
        &with(&file, 45, &24i32.to_le_bytes()),
        128 + 32 + 20,
        &5i32.to_le_bytes(),
    );
    let meta = Meta::parse(&noisy).unwrap();
    assert_eq!(
        (
            meta.minor_version,
            meta.ttl,
            meta.columns[1].parquet_config.0
        ),
        (1, 24, 5)
    );
    assert_eq!(meta.symbol_capacity(1), Some(256));
    let unchecked = Meta::parse(&with(&noisy, 41, &[!noisy[41]])).unwrap();
    let columns = &unchecked.columns;
    assert_eq!(
        (
            unchecked.minor_version,
            unchecked.ttl,
            columns[1].parquet_config.0
        ),
        (0, 0, 0)
    );
    assert_eq!(unchecked.symbol_capacity(1), None);
    // Minor version 1 does not cover the table format.
    let format = with(&file, 49, &1i32.to_le_bytes());
    assert_eq!(Meta::parse(&format).unwrap().table_format, 0);
}

#[test]
fn every_field_of_names_and_registries_that_is_checked() {
    let name = TableName { name: "ab".into() }.to_bytes().unwrap();
    corrupt(
        TableName::parse(&with(&name, 0, &[255; 4])).unwrap_err(),
        "table name",
        0,
        -1,
    );
    assert!(matches!(
        TableName::parse(&name[..7]),
        Err(ParseError::Truncated { offset: 4, .. })
    ));

    let entry = RegistryEntry {
        name: "a".into(),
        directory: "a~1".into(),
        table_id: 1,
        kind: TableKind::Wal,
    };
    let registry = TablesRegistry {
        entries: vec![entry],
    }
    .to_bytes()
    .unwrap();
    let error = |at, v: i32| TablesRegistry::parse(&with(&registry, at, &v.to_le_bytes()));
    corrupt(error(0, 7).unwrap_err(), "end offset", 0, 7);
    corrupt(error(8, 1).unwrap_err(), "operation", 8, 1);
    corrupt(error(12, 0).unwrap_err(), "table name", 12, 0);
    corrupt(error(18, -1).unwrap_err(), "directory name", 18, -1);
    let kind = error(32, 4).unwrap_err();
    assert!(matches!(
        kind,
        ParseError::Unsupported {
            field: "table type",
            offset: 32,
            found: 4,
            ..
        }
    ));
    let end = error(0, 101).unwrap_err();
    assert!(matches!(
        end,
        ParseError::Truncated {
            field: "records",
            needed: 101,
            ..
        }
    ));
    let cut = error(0, 99).unwrap_err();
    assert!(matches!(
        cut,
        ParseError::Truncated {
            field: "reserved",
            offset: 36,
            ..
        }
    ));
    assert_eq!(TablesRegistry::file_number("tables.d.17"), Some(17));
    for other in [
        "tables.d.",
        "tables.d.lock",
        "tables.d.-1",
        "tables.d",
        "tables.d.+1",
    ] {
        assert_eq!(TablesRegistry::file_number(other), None, "{other}");
    }
}

#[test]
fn every_field_of_the_small_logs_that_is_checked() {
    let log = [0u8; 12];
    corrupt(
        SeqTxnLog::parse(&with(&log, 11, &[0x80])).unwrap_err(),
        "last txn",
        4,
        i64::MIN,
    );
    let format = SeqTxnLog::parse(&with(&log, 0, &[2])).unwrap_err();
    assert!(matches!(
        format,
        ParseError::Unsupported {
            field: "format",
            found: 2,
            ..
        }
    ));
    assert!(matches!(
        SeqTxnLog::parse(&log[..11]),
        Err(ParseError::Truncated { offset: 4, .. })
    ));

    assert!(matches!(
        TodoLog::parse(&[0; 39]),
        Err(ParseError::Truncated { offset: 32, .. })
    ));
    let mut todo = vec![0u8; 40];
    todo[32] = 1;
    let announced = TodoLog::parse(&todo).unwrap_err();
    assert_eq!(
        (announced.file(), announced.field(), announced.offset()),
        (SmallFile::Todo, "code", 40)
    );
}

#[test]
fn messages_are_for_somebody_who_is_tired() {
    let error = Txn::parse(&with(&txn_file(), 64, &3i64.to_le_bytes())).unwrap_err();
    assert_eq!(
        error.to_string(),
        "_txn: corrupt txn at offset 64: expected 2, found 3"
    );
    let error = Txn::parse(&[0; 5]).unwrap_err();
    let message = "_txn: truncated in version at offset 0: needs 8 bytes, 5 are there";
    assert_eq!(error.to_string(), message);
}
