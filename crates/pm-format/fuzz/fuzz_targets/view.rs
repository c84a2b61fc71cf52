//! Any bytes: an error or a view whose every accessor returns.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pm_format::{
    ChunkEnd, Filter, FilterOp, PmError, PmView, can_skip, chain, find_row_group, resolve,
};

/// Row groups looked into: a hostile header can announce very many.
const GROUPS_MAX: usize = 16;

fuzz_target!(|data: &[u8]| {
    let size = u64::try_from(data.len()).unwrap_or(0);
    let _ = PmView::open_newest(data);
    let _ = resolve(data, size);
    let steps = chain(data, size).take(1_000).count();
    assert!(steps <= data.len() + 1, "the chain goes down");
    let Ok(view) = PmView::open(data, size) else { return };
    let _ = view.verify_crc();
    let _ = view.check_footer_length();
    read_all(&view);
    if let Ok(checked) = view.check() {
        assert_eq!(checked.columns().count(), view.column_count());
        assert_eq!(checked.row_groups().count(), view.row_group_count());
        assert_eq!(Ok(checked.row_count()), view.row_count());
    }
});

fn read_all(view: &PmView<'_>) {
    for (i, column) in view.columns().enumerate().take(64) {
        let _ = (column.name(), column.repetition(), column.physical_type(), column.column_type());
        let _ = view.column_by_id(column.id()).map(|found| assert!(found <= i));
    }
    for position in 0..view.sorting_column_count().min(64) {
        let _ = view.sorting_column(position);
    }
    for (_, content) in view.scratchpad().into_iter().flat_map(|pad| pad.entries()).take(64) {
        let _ = content.len();
    }
    if let Some(checksums) = view.chunk_checksums() {
        let last = (view.row_group_count().saturating_sub(1), view.column_count().saturating_sub(1));
        let _ = (checksums.get(0, 0), checksums.get(last.0, last.1), checksums.get(usize::MAX, 0));
    }
    for g in 0..view.row_group_count().min(GROUPS_MAX) {
        let Ok(group) = view.row_group(g) else { continue };
        for (c, chunk) in group.chunks().enumerate().take(64) {
            let _ = (chunk.codec(), chunk.min(), chunk.max(), chunk.null_count());
            let _ = view.bloom_filter(g, c).map(|f| f.may_contain(b"value"));
            let low = 7i64.to_le_bytes();
            for op in [FilterOp::Eq, FilterOp::Lt, FilterOp::Between, FilterOp::IsNull] {
                let values = [Some(&low[..]), Some(&low[..4])];
                let _ = can_skip(view, g, &[Filter { column: c, op, values: &values }]);
            }
        }
    }
    if view.row_group_count() <= GROUPS_MAX {
        let decode = |_: usize, _: ChunkEnd| Ok::<_, PmError>(0);
        let _ = find_row_group(view, 0, 5, (0, u64::MAX), decode);
    }
}
