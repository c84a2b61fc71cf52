//! Bytes with a right trailer size and CRC, so that mutations reach behind the checksum: whatever
//! checks can be built again from its own facts and says the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pm_format::{
    ChunkFacts, ColumnFacts, HeaderFacts, PmView, RowGroupFacts, ScratchpadFacts, SnapshotFacts,
    StatFacts, build,
};

fuzz_target!(|data: &[u8]| {
    let mut file = data.to_vec();
    let Some(at) = file.len().checked_sub(8).filter(|at| *at >= 8) else { return };
    let crc = crc32fast::hash(&file[8..at]);
    file[at..at + 4].copy_from_slice(&crc.to_le_bytes());
    let size = u64::try_from(file.len()).unwrap_or(0);
    let Ok(view) = PmView::open(&file, size) else { return };
    view.verify_crc().expect("it was sealed");
    let Ok(checked) = view.check() else { return };
    if view.row_group_count() > 64 || view.column_count() > 64 {
        return;
    }
    let stat = |s: Option<pm_format::Stat<'_>>| {
        s.map(|s| StatFacts { bytes: s.bytes.to_vec(), exact: s.exact })
    };
    let header = HeaderFacts {
        designated_timestamp: -1,
        columns: checked
            .columns()
            .map(|c| ColumnFacts {
                name: c.name.to_owned(),
                id: c.raw.id(),
                type_code: c.raw.type_code(),
                flags: c.raw.flags(),
                fixed_byte_len: c.raw.fixed_byte_len(),
                physical_type: c.raw.physical_code(),
                max_rep_level: c.raw.max_rep_level(),
                max_def_level: c.raw.max_def_level(),
            })
            .collect(),
        ..HeaderFacts::default()
    };
    let groups: Vec<RowGroupFacts> = (0..view.row_group_count())
        .map(|g| RowGroupFacts {
            num_rows: view.row_group(g).expect("checked").num_rows(),
            chunks: (0..view.column_count())
                .map(|c| {
                    let chunk = checked.chunks_of(c).nth(g).expect("checked");
                    ChunkFacts {
                        codec: chunk.raw.codec_code(),
                        encodings: chunk.raw.encodings(),
                        num_values: chunk.raw.num_values(),
                        byte_range_start: chunk.raw.byte_range_start(),
                        total_compressed: chunk.raw.total_compressed(),
                        null_count: chunk.raw.stored_null_count(),
                        distinct_count: chunk.raw.distinct_count(),
                        min: stat(chunk.min),
                        max: stat(chunk.max),
                        bloom: None,
                    }
                })
                .collect(),
        })
        .collect();
    let snapshot = SnapshotFacts {
        parquet_footer_offset: view.parquet_footer_offset(),
        parquet_footer_length: view.parquet_footer_length(),
        unused_bytes: Some(view.unused_bytes()),
        seq_txn: view.seq_txn(),
        scratchpad: ScratchpadFacts::Replace(
            view.scratchpad()
                .map(|pad| pad.entries().map(|(code, bytes)| (code, bytes.to_vec())).collect())
                .unwrap_or_default(),
        ),
    };
    let again = build(&header, &groups, &snapshot).expect("what was read can be written");
    let built = PmView::open_newest(&again).expect("what was written opens");
    built.verify_crc().expect("sealed");
    assert_eq!(built.row_count(), view.row_count());
    assert_eq!(built.parquet_file_size(), view.parquet_file_size());
    for (a, b) in checked.columns().zip(built.columns()) {
        assert_eq!(Ok(a.name), b.name());
    }
});
