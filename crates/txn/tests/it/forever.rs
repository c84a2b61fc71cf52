//! Constants that tables on disk depend on, restated: whoever changes one here changes every table.

use txn::{
    ColumnFlags, ColumnVersionEntry, Lag, MaskedSize, Meta, ParquetConfig, PartitionBy, SeqTxnLog,
    Txn, minor_check,
};

#[test]
fn partition_by_codes() {
    let units = [
        (0, PartitionBy::Day),
        (1, PartitionBy::Month),
        (2, PartitionBy::Year),
        (3, PartitionBy::None),
        (4, PartitionBy::Hour),
        (5, PartitionBy::Week),
        (6, PartitionBy::NotApplicable),
    ];
    for (code, by) in units {
        assert_eq!(by.code(), code);
        assert_eq!(PartitionBy::from_code(code), Some(by));
    }
    assert_eq!(PartitionBy::from_code(7), None);
    assert_eq!(PartitionBy::from_code(-1), None);
}

#[test]
fn bits_of_the_masked_size() {
    let one = |bit: u32| MaskedSize(1 << bit);
    assert_eq!(one(0).rows(), 1);
    assert_eq!(one(43).rows(), 1 << 43);
    assert_eq!(one(44).squash_count(), 1);
    assert_eq!(one(59).squash_count(), 1 << 15);
    assert!(one(60).parquet_generated() && !one(60).is_parquet());
    assert!(one(61).is_parquet() && !one(61).read_only());
    assert!(one(62).read_only() && !one(62).reserved());
    assert!(MaskedSize(i64::MIN).reserved());
    assert_eq!(MaskedSize::ROWS_MAX, 0x0FFF_FFFF_FFFF);
    assert_eq!(MaskedSize::FLAGS_MASK, 0x7FFF_F000_0000_0000);
    for bit in 44..63 {
        assert_eq!(one(bit).rows(), 0, "bit {bit}");
        assert_eq!(one(bit).flag_bits(), 1 << bit);
    }
}

#[test]
fn bits_of_column_flags_and_parquet_config() {
    assert!(ColumnFlags(1).indexed());
    assert!(ColumnFlags(2).posting());
    assert!(ColumnFlags(4).symbol_cached());
    assert!(ColumnFlags(8).dedup_key());
    assert_eq!(ColumnFlags(0x30).posting_variant(), 3);
    assert!(ColumnFlags(64).covering());
    let config = ParquetConfig(0x0304_0502);
    assert_eq!(
        (config.encoding_code(), config.codec_code(), config.level()),
        (2, 5, Some(3))
    );
    assert!(config.is_explicit() && config.bloom());
    assert_eq!(ParquetConfig(0).level(), None);
}

#[test]
fn special_timestamps_of_column_versions() {
    assert_eq!(ColumnVersionEntry::DEFAULT, i64::MIN);
    assert_eq!(ColumnVersionEntry::SYMBOL_TABLE, i64::MIN + 1);
}

#[test]
fn lengths_of_files_and_records() {
    let txn = Txn::new_table(3);
    assert_eq!(txn.to_record().unwrap().len(), 136 + 3 * 8);
    assert_eq!(txn.to_file().unwrap().len(), 4096);
    assert_eq!(
        Meta::new_table(PartitionBy::None, None, vec![])
            .to_bytes()
            .unwrap()
            .len(),
        128
    );
    assert_eq!(SeqTxnLog::NEEDED_LEN, 12);
}

#[test]
fn check_values_of_minor_versions() {
    assert_eq!(minor_check(1, 5), 0x00C6);
    assert_eq!(minor_check(22, 45), 0x079F);
    assert_eq!(minor_check(0, 0), -1337);
}

#[test]
fn the_lag_checksum_weighs_its_fields_in_the_order_of_the_notes() {
    let lag = Lag {
        min_timestamp: 1,
        max_timestamp: 2,
        row_count: 5,
        txn_count: -6,
        checksum: 0,
    };
    // ((((1·31 + 2)·31 + 3)·31 + 4)·31 + 5)·31 − 6
    assert_eq!(lag.checksum_for(3, 4), 30_569_559);
}
