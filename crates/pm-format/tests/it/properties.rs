//! Properties over random facts.
//!
//! Invariants:
//! * build, then view, gives the facts back; equal facts give equal bytes (S1);
//! * an append leaves every older snapshot byte for byte and verdict for verdict (S4);
//! * after every append each snapshot of the chain is found by its own Parquet size (S5);
//! * random damage never panics, whatever is read afterwards (S2).

use pm_format::{
    AppendStep, BloomFacts, ChunkFacts, ColumnFacts, HeaderFacts, PmView, RowGroupChange,
    RowGroupFacts, ScratchpadFacts, SnapshotFacts, StatFacts, append, build, resolve,
};
use proptest::prelude::*;

use crate::facts::{group_of_view, header_of_view, snapshot_of_view};

fn stat() -> impl Strategy<Value = Option<StatFacts>> {
    let bytes = prop::collection::vec(any::<u8>(), 1..40);
    prop::option::of((bytes, any::<bool>()).prop_map(|(bytes, exact)| StatFacts { bytes, exact }))
}

fn chunk(bloom: bool) -> impl Strategy<Value = ChunkFacts> {
    let counts = (any::<u32>(), any::<u32>(), any::<u32>());
    let optional = (
        prop::option::of(any::<u64>()),
        prop::option::of(any::<u64>()),
    );
    let filter = prop::option::of(prop::collection::vec(any::<u8>(), 32));
    (0u8..8, 0u8..64, counts, optional, (stat(), stat()), filter).prop_map(
        move |(codec, encodings, counts, optional, stats, filter)| ChunkFacts {
            codec,
            encodings,
            num_values: counts.0.into(),
            byte_range_start: counts.1.into(),
            total_compressed: counts.2.into(),
            null_count: optional.0,
            distinct_count: optional.1,
            min: stats.0,
            max: stats.1,
            bloom: filter.filter(|_| bloom).map(BloomFacts::Inline),
        },
    )
}

fn group(blooms: Vec<bool>) -> impl Strategy<Value = RowGroupFacts> {
    let chunks: Vec<_> = blooms.into_iter().map(chunk).collect();
    (any::<u32>(), chunks).prop_map(|(rows, chunks)| RowGroupFacts {
        num_rows: rows.into(),
        chunks,
    })
}

fn column() -> impl Strategy<Value = ColumnFacts> {
    (
        "[a-zé]{0,12}",
        any::<i32>(),
        any::<i32>(),
        0i32..3,
        0u8..8,
        any::<u8>(),
        any::<u8>(),
    )
        .prop_map(
            |(name, id, type_code, repetition, physical_type, rep, def)| ColumnFacts {
                name,
                id,
                type_code,
                flags: repetition << 2,
                fixed_byte_len: 0,
                physical_type,
                max_rep_level: rep,
                max_def_level: def,
            },
        )
}

fn snapshot() -> impl Strategy<Value = SnapshotFacts> {
    let entries = prop::collection::vec(
        (any::<u32>(), prop::collection::vec(any::<u8>(), 0..9)),
        0..3,
    );
    (
        any::<u32>(),
        any::<u32>(),
        any::<u32>(),
        prop::option::of(0i64..),
        entries,
    )
        .prop_map(|(offset, length, unused, seq_txn, entries)| SnapshotFacts {
            parquet_footer_offset: offset.into(),
            parquet_footer_length: length,
            unused_bytes: Some(unused.into()),
            seq_txn,
            scratchpad: ScratchpadFacts::Replace(entries),
        })
}

/// A header, row groups that fit it, and rounds of appended groups with their snapshots.
#[derive(Debug, Clone)]
struct History {
    header: HeaderFacts,
    groups: Vec<RowGroupFacts>,
    first: SnapshotFacts,
    rounds: Vec<(RowGroupFacts, SnapshotFacts)>,
}

fn history() -> impl Strategy<Value = History> {
    let columns = prop::collection::vec((column(), any::<bool>()), 0..5);
    (columns, prop::option::of(any::<i64>())).prop_flat_map(|(columns, tracker)| {
        let blooms: Vec<bool> = columns.iter().map(|(_, b)| *b).collect();
        let listed: Vec<u32> = (0u32..)
            .zip(&blooms)
            .filter(|(_, b)| **b)
            .map(|(i, _)| i)
            .collect();
        let header = HeaderFacts {
            designated_timestamp: if columns.is_empty() { -1 } else { 0 },
            columns: columns.into_iter().map(|(c, _)| c).collect(),
            sorting_columns: if blooms.is_empty() { vec![] } else { vec![0] },
            bloom_columns: Some(listed),
            bloom_external: false,
            squash_tracker: tracker.filter(|t| *t != -1),
        };
        let groups = prop::collection::vec(group(blooms.clone()), 0..4);
        let rounds = prop::collection::vec((group(blooms), snapshot()), 0..4);
        (groups, snapshot(), rounds).prop_map(move |(groups, first, rounds)| History {
            header: header.clone(),
            groups,
            first,
            rounds,
        })
    })
}

fn same(
    view: &PmView<'_>,
    header: &HeaderFacts,
    groups: &[RowGroupFacts],
    snapshot: &SnapshotFacts,
) {
    view.verify_crc().expect("verifies");
    view.check_footer_length().expect("exact");
    assert_eq!(&header_of_view(view), header);
    assert_eq!(&snapshot_of_view(view), snapshot);
    assert_eq!(view.row_group_count(), groups.len());
    for (i, group) in groups.iter().enumerate() {
        assert_eq!(&group_of_view(view, i), group);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn what_was_built_and_appended_is_what_is_read(h in history()) {
        let mut file = build(&h.header, &h.groups, &h.first).expect("builds");
        prop_assert_eq!(&file, &build(&h.header, &h.groups, &h.first).expect("builds"));
        let mut groups = h.groups.clone();
        let mut states = vec![(groups.clone(), h.first.clone(), file.len())];
        for (group, snapshot) in &h.rounds {
            let before = file.clone();
            let parent = PmView::open_newest(&before).expect("opens");
            let mut changes: Vec<_> = (0..groups.len()).map(RowGroupChange::Keep).collect();
            changes.push(RowGroupChange::Write(group.clone()));
            for step in append(&parent, &before, &changes, snapshot).expect("appends") {
                if let AppendStep::Write { offset, bytes } = step {
                    let at = usize::try_from(offset).expect("fits");
                    file.resize(file.len().max(at + bytes.len()), 0);
                    file[at..at + bytes.len()].copy_from_slice(&bytes);
                }
            }
            groups.push(group.clone());
            states.push((groups.clone(), snapshot.clone(), file.len()));
        }
        let mut seen = std::collections::HashSet::new();
        for (groups, snapshot, size) in states.iter().rev() {
            let view = PmView::open(&file, u64::try_from(*size).expect("fits")).expect("opens");
            same(&view, &h.header, groups, snapshot);
            let wanted = view.parquet_file_size().expect("a size");
            if seen.insert(wanted) {
                prop_assert_eq!(resolve(&file, wanted).expect("resolves").committed_size(), view.committed_size());
            }
        }
    }

    #[test]
    fn damage_never_panics(h in history(), hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)) {
        let mut file = build(&h.header, &h.groups, &h.first).expect("builds");
        for (place, byte) in hits {
            let i = place.index(file.len());
            file[i] = byte;
        }
        let size = u64::try_from(file.len()).expect("fits");
        if let Ok(view) = PmView::open(&file, size) {
            let _ = view.check();
            let _ = view.verify_crc();
            for g in 0..view.row_group_count().min(8) {
                for column in 0..view.column_count() {
                    let _ = view.bloom_filter(g, column).map(|f| f.may_contain(b"x"));
                    let filter = pm_format::Filter {
                        column,
                        op: pm_format::FilterOp::Eq,
                        values: &[Some(b"12345678"), None],
                    };
                    let _ = pm_format::can_skip(&view, g, &[filter]);
                }
            }
        }
        let _ = resolve(&file, size);
    }
}
