//! Reading a sidecar allocates nothing: open, resolve, schema, every chunk range and statistic of
//! one column, the CRC, pruning. One test in this binary, because the profiler counts the process.

use pm_format::{
    ChunkFacts, ColumnFacts, Filter, FilterOp, HeaderFacts, RowGroupFacts, SnapshotFacts,
    StatFacts, build, can_skip, resolve,
};

#[global_allocator]
static ALLOC: dhat::Alloc = dhat::Alloc;

fn sidecar(columns: usize, groups: usize) -> Vec<u8> {
    let stat = |v: usize| {
        let bytes = i64::try_from(v).expect("small").to_le_bytes().to_vec();
        Some(StatFacts { bytes, exact: true })
    };
    let header = HeaderFacts {
        designated_timestamp: -1,
        columns: (0..columns)
            .map(|i| ColumnFacts {
                name: format!("column_{i}"),
                id: i32::try_from(i).expect("small"),
                type_code: 6,
                physical_type: 2,
                ..ColumnFacts::default()
            })
            .collect(),
        ..HeaderFacts::default()
    };
    let group = |g: usize| RowGroupFacts {
        num_rows: 1000,
        chunks: (0..columns)
            .map(|c| ChunkFacts {
                codec: 6,
                num_values: 1000,
                null_count: Some(0),
                min: stat(g * 1000 + c),
                max: stat(g * 1000 + c + 10),
                ..ChunkFacts::default()
            })
            .collect(),
    };
    let groups: Vec<_> = (0..groups).map(group).collect();
    let snapshot = SnapshotFacts {
        parquet_footer_offset: 4,
        ..SnapshotFacts::default()
    };
    build(&header, &groups, &snapshot).expect("builds")
}

#[test]
fn planning_allocates_nothing() {
    let file = sidecar(200, 50);
    let wanted = 4 + 8;
    let profiler = dhat::Profiler::builder().testing().build();
    let view = resolve(&file, wanted).expect("resolves");
    view.verify_crc().expect("verifies");
    let named = view
        .columns()
        .filter(|c| c.name().is_ok_and(|n| n.starts_with("column")))
        .count();
    assert_eq!(named, 200);
    let mut bytes = 0;
    for g in 0..view.row_group_count() {
        let chunk = view.row_group(g).expect("inside").chunk(7).expect("inside");
        bytes += chunk.total_compressed() + chunk.byte_range_start();
        assert!(chunk.min().expect("inside").is_some() && chunk.max().expect("inside").is_some());
    }
    let value = 30_500i64.to_le_bytes();
    let values = [Some(&value[..])];
    let filter = [Filter {
        column: 7,
        op: FilterOp::Ge,
        values: &values,
    }];
    let kept = (0..view.row_group_count())
        .filter(|g| !can_skip(&view, *g, &filter))
        .count();
    assert_eq!(kept, 19, "row groups 31 to 49");
    assert!(view.check().is_ok_and(|c| c.row_count() == 50_000));
    assert_eq!(bytes, 0);
    let stats = dhat::HeapStats::get();
    drop(profiler);
    assert_eq!(
        stats.total_blocks, 0,
        "{} bytes allocated",
        stats.total_bytes
    );
}
