//! Planning a scan over a `_pm` sidecar: everything that a planner asks, without one allocation.

use std::io;
use std::path::Path;

use pm_format::{
    ChunkFacts, ColumnFacts, Filter, FilterOp, HeaderFacts, RowGroupFacts, SnapshotFacts,
    StatFacts, build, can_skip, resolve,
};

use super::{Job, Measured};

/// Planning.
pub const JOBS: [Job; 1] = [Job {
    name: "pm-plan",
    what: "open, resolve, check the CRC and prune 500 row groups of 200 columns by `_pm`",
    bound: 0,
    prepare,
}];

const COLUMNS: i32 = 200;
const GROUPS: i64 = 500;
const ROWS: u64 = 1000;

fn sidecar() -> io::Result<Vec<u8>> {
    let columns = (0..COLUMNS).map(|id| ColumnFacts {
        name: format!("column_{id}"),
        id,
        type_code: 6,
        physical_type: 2,
        ..ColumnFacts::default()
    });
    let header = HeaderFacts {
        designated_timestamp: -1,
        columns: columns.collect(),
        ..HeaderFacts::default()
    };
    let stat = |value: i64| {
        let bytes = value.to_le_bytes().to_vec();
        Some(StatFacts { bytes, exact: true })
    };
    let chunk = |group: i64, column: i64| ChunkFacts {
        codec: 6,
        num_values: ROWS,
        null_count: Some(0),
        min: stat(group * 1000 + column),
        max: stat(group * 1000 + column + 10),
        ..ChunkFacts::default()
    };
    let group = |group: i64| RowGroupFacts {
        num_rows: ROWS,
        chunks: (0..i64::from(COLUMNS))
            .map(|column| chunk(group, column))
            .collect(),
    };
    let groups: Vec<_> = (0..GROUPS).map(group).collect();
    let snapshot = SnapshotFacts {
        parquet_footer_offset: 4,
        ..SnapshotFacts::default()
    };
    build(&header, &groups, &snapshot).map_err(io::Error::other)
}

fn prepare(_: &Path) -> io::Result<Measured> {
    let file = sidecar()?;
    Ok(Box::new(move || {
        let view = resolve(&file, 4 + 8).map_err(io::Error::other)?;
        view.verify_crc().map_err(io::Error::other)?;
        let least = 400_000_i64.to_le_bytes();
        let values = [Some(&least[..])];
        let filters = [Filter {
            column: 17,
            op: FilterOp::Ge,
            values: &values,
        }];
        let kept = (0..view.row_group_count()).filter(|group| !can_skip(&view, *group, &filters));
        assert_eq!(kept.count(), 100, "another plan");
        Ok(())
    }))
}
