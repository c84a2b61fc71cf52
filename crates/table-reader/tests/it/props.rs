//! Any selection, any frame size, both directions.
//!
//! Invariants: frames cover the selection exactly, in order and without overlap; none is empty or
//! longer than asked; backward is forward reversed; no frame leaves its partition; `first` and
//! `last` of n keep exactly n rows (or all).

use std::num::NonZeroUsize;

use proptest::prelude::*;
use table_reader::{Cursor, Direction, RowSelection, TableReader};

use crate::support::open;

type Place = (usize, u64, u64);

fn places(
    reader: &TableReader,
    direction: Direction,
    size: usize,
    rows: &RowSelection,
) -> Vec<Place> {
    let mut cursor = reader.cursor(direction, NonZeroUsize::new(size), rows);
    let frames = std::iter::from_fn(|| cursor.next_frame().unwrap());
    frames
        .map(|f| (f.partition_index(), f.row_lo(), f.row_hi()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn frames_cover_a_selection_exactly(
        lo in 0usize..6,
        len in 0usize..8,
        first in prop::option::of(0u64..12_000),
        last in prop::option::of(0u64..12_000),
        size in prop_oneof![1usize..40, 100usize..6000, Just(usize::MAX)],
    ) {
        thread_local! {
            static READER: TableReader = open(&testkit::case("questdb/splits").table());
        }
        READER.with(|reader| {
            let mut rows = reader.rows_of_partitions(&(lo..lo + len));
            for (n, cut) in [(first, true), (last, false)] {
                let before = rows.rows();
                if let Some(n) = n {
                    rows = if cut { rows.first(n) } else { rows.last(n) };
                    prop_assert_eq!(rows.rows(), before.min(n));
                }
            }
            // Small frames of many rows prove nothing more and take long.
            let size = size.max(usize::try_from(rows.rows() / 500).unwrap());
            let forward = places(reader, Direction::Forward, size, &rows);
            let mut covered = forward.iter();
            for part in rows.parts() {
                let mut at = part.row_lo;
                while at < part.row_hi {
                    let (partition, row_lo, row_hi) = *covered.next().unwrap();
                    prop_assert_eq!((partition, row_lo), (part.partition, at));
                    prop_assert!(row_hi > row_lo && row_hi <= part.row_hi);
                    prop_assert!(row_hi - row_lo <= size as u64);
                    at = row_hi;
                }
            }
            prop_assert!(covered.next().is_none());
            let mut backward = places(reader, Direction::Backward, size, &rows);
            backward.reverse();
            prop_assert_eq!(forward, backward);
            Ok(())
        })?;
    }
}
