//! Constants that can never change, restated.

use pm_format::{
    ChunkFacts, ColumnFacts, HeaderFacts, PmView, RowGroupFacts, SnapshotFacts, StatFacts, build,
    flags, layout,
};

#[test]
fn numbers_on_disk_stay_what_they_are() {
    assert_eq!(
        [
            layout::HEADER_LEN,
            layout::COLUMN_LEN,
            layout::CHUNK_LEN,
            layout::FOOTER_LEN
        ],
        [32, 32, 64, 40]
    );
    assert_eq!(
        [layout::CRC_START, layout::CRC_LEN, layout::TRAILER_LEN],
        [8, 4, 4]
    );
    assert_eq!(layout::PARQUET_TAIL_LEN, 8);
    assert_eq!(
        [
            flags::BLOOM_FILTERS,
            flags::BLOOM_FILTERS_EXTERNAL,
            flags::SORTING_IS_DTS_ASC,
            flags::SQUASH_TRACKER
        ],
        [1, 2, 4, 8]
    );
    assert_eq!([flags::SEQ_TXN, flags::SCRATCHPAD], [1, 2]);
    assert_eq!(flags::REQUIRED_MASK, 0xFFFF_FFFF_0000_0000);
    assert_eq!(
        [
            flags::LOCAL_KEY_IS_GLOBAL,
            flags::IS_ASCII,
            flags::DESCENDING
        ],
        [1, 2, 16]
    );
    assert_eq!(
        [
            flags::MIN_PRESENT,
            flags::MIN_INLINED,
            flags::MIN_EXACT,
            flags::MAX_PRESENT,
            flags::MAX_INLINED,
            flags::MAX_EXACT,
            flags::DISTINCT_COUNT_PRESENT,
            flags::NULL_COUNT_PRESENT
        ],
        [1, 2, 4, 8, 16, 32, 64, 128]
    );
    assert_eq!(pm_format::CHUNK_CHECKSUMS_CODE, 0x4347_4C53);
}

#[test]
fn format_md_is_what_the_code_prints() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/FORMAT.md");
    let kept = std::fs::read_to_string(path).expect("FORMAT.md exists");
    assert!(
        kept == pm_format::format_markdown(),
        "FORMAT.md is stale: run `cargo xtask layout`"
    );
}

#[test]
fn the_worked_example_of_the_specification_is_made_and_read() {
    let expected = crate::unhex(concat!(
        "310100000000000004000000000000000000000000000000020000000000000060000000000000000000000008000200",
        "000000000000000002000000020000006200000000000000010000000c00000005000000000000000300000006000100",
        "747373796d000000e8030000000000000601bf8800000000e8030000000000000400000000000000800c000000000000",
        "0000000000000000000000000000000000401e18240a0600587e2d18240a06000602af0400000000e803000000000000",
        "840c00000000000084030000000000000a0000000000000000000000000000004141504c000000000d00000000000000",
        "474f4f474c2d434c4153532d410810000000000000640200000100000000000000000000000000000000000000000000",
        "00000000000d000000c11a0bc630000000"
    ));
    let (header, group) = worked_example();
    let snapshot = SnapshotFacts {
        parquet_footer_offset: 4104,
        parquet_footer_length: 612,
        ..SnapshotFacts::default()
    };
    let made = build(&header, &[group], &snapshot).expect("builds");
    assert_eq!(made, expected);
    let view = PmView::open_newest(&made).expect("opens");
    assert_eq!(view.parquet_file_size(), Some(4724));
    assert_eq!(view.stored_crc(), 0xC60B_1AC1);
}

/// The values of pm.md §22.1.
fn worked_example() -> (HeaderFacts, RowGroupFacts) {
    let stat = |bytes: &[u8]| {
        Some(StatFacts {
            bytes: bytes.to_vec(),
            exact: true,
        })
    };
    let header = HeaderFacts {
        designated_timestamp: 0,
        columns: vec![
            ColumnFacts {
                name: "ts".into(),
                type_code: 131_080,
                physical_type: 2,
                ..ColumnFacts::default()
            },
            ColumnFacts {
                name: "sym".into(),
                id: 1,
                type_code: 12,
                flags: 5,
                physical_type: 6,
                max_def_level: 1,
                ..ColumnFacts::default()
            },
        ],
        sorting_columns: vec![0],
        ..HeaderFacts::default()
    };
    let group = RowGroupFacts {
        num_rows: 1000,
        chunks: vec![
            ChunkFacts {
                codec: 6,
                encodings: 1,
                num_values: 1000,
                byte_range_start: 4,
                total_compressed: 3200,
                null_count: Some(0),
                min: stat(&1_700_000_000_000_000i64.to_le_bytes()),
                max: stat(&1_700_000_000_999_000i64.to_le_bytes()),
                ..ChunkFacts::default()
            },
            ChunkFacts {
                codec: 6,
                encodings: 2,
                num_values: 1000,
                byte_range_start: 3204,
                total_compressed: 900,
                null_count: Some(10),
                min: stat(b"AAPL"),
                max: stat(b"GOOGL-CLASS-A"),
                ..ChunkFacts::default()
            },
        ],
    };
    (header, group)
}
