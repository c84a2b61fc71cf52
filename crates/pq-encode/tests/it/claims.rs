//! P15, P17, P18: what a footer claims of its rows is true of them.

use column_format::{BinaryWriter, ColumnSlice, ColumnType, Layout, TimestampUnit};
use pq_encode::{
    ColumnSpec, Encoding, FileProperties, MemoryStores, PushOptions, PushWriter, WriterOptions,
};

use crate::write::{Input, chunk};
use crate::{cells, judge};

fn longs(values: &[i64]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn slice(bytes: &[u8]) -> ColumnSlice<'_> {
    ColumnSlice::new(Layout::Fixed(8), &[], bytes, bytes.len() / 8).unwrap()
}

/// Whether each row group of a pushed file claims to be sorted.
fn claims(groups: &[&[i64]], descending: bool, encoding: Option<Encoding>) -> Vec<bool> {
    let timestamp = ColumnType::Timestamp(TimestampUnit::Micros);
    let mut spec = ColumnSpec::new("ts", timestamp).as_designated();
    spec.encoding = encoding;
    let properties = FileProperties {
        descending,
        ..Default::default()
    };
    let options = WriterOptions {
        page_rows: 3,
        ..Default::default()
    };
    let push = PushOptions::default();
    let (out, spill) = (Vec::new(), MemoryStores);
    let mut writer = PushWriter::new(out, &[spec], &options, properties, &push, spill).unwrap();
    for group in groups {
        // In batches, so that a fall between two of them counts.
        for batch in group.chunks(5) {
            writer.write(&[slice(&longs(batch))]).unwrap();
        }
        writer.flush(&[]).unwrap();
    }
    let (file, _) = writer.finish().unwrap();
    let metadata = judge::metadata(&file);
    let rows = metadata.file_metadata().num_rows();
    assert_eq!(rows, i64::try_from(groups.concat().len()).unwrap());
    let groups = metadata.row_groups().iter();
    groups
        .map(|group| match group.sorting_columns().map(Vec::as_slice) {
            None | Some([]) => false,
            Some([sorting]) => {
                assert_eq!((sorting.column_idx, sorting.descending), (0, descending));
                true
            }
            Some(more) => panic!("{more:?}"),
        })
        .collect()
}

#[test]
fn only_row_groups_whose_rows_are_in_order_claim_it() {
    let up: Vec<i64> = (0..20).map(|i| i / 2).collect();
    let down: Vec<i64> = up.iter().rev().copied().collect();
    let flat = [7; 20];
    // Falls inside of a page, at the start of one, and at the start of a batch.
    let falling_at = |row: usize| {
        let mut values: Vec<i64> = (0..20).collect();
        values[row] = -1;
        values
    };
    let (four, six, ten, last) = (falling_at(4), falling_at(6), falling_at(10), falling_at(19));
    for encoding in [None, Some(Encoding::Dictionary), Some(Encoding::Plain)] {
        let groups: [&[i64]; 8] = [&up, &down, &flat, &four, &six, &ten, &last, &[3]];
        assert_eq!(
            claims(&groups, false, encoding),
            [true, false, true, false, false, false, false, true]
        );
        assert_eq!(
            claims(&groups, true, encoding),
            [false, true, true, false, false, false, false, true]
        );
    }
}

#[test]
fn rows_without_bytes_are_zeros_in_the_order_too() {
    let spec = ColumnSpec::new("ts", ColumnType::Timestamp(TimestampUnit::Nanos)).as_designated();
    let (before, after) = (longs(&[-5, -1]), longs(&[3, 4]));
    let falling = longs(&[4, 3]);
    let order = |slices: Vec<ColumnSlice<'_>>| {
        let input = Input {
            spec: spec.clone(),
            slices,
            symbols: None,
        };
        chunk(&input, &WriterOptions::default()).1.row_order
    };
    let nulls = ColumnSlice::Nulls { rows: 3 };
    assert!(order(vec![slice(&before), nulls, slice(&after)]).never_falls);
    for encoding in Encoding::all_legal_for(spec.column_type) {
        for (rows, rises) in [(&after, true), (&falling, false)] {
            let input = Input {
                spec: spec.clone().with_encoding(encoding),
                slices: vec![slice(&before), slice(rows)],
                symbols: None,
            };
            let found = chunk(&input, &WriterOptions::default()).1.row_order;
            assert_eq!(found.never_falls, rises, "{encoding}");
        }
    }
    let found = order(vec![slice(&falling), nulls]);
    assert!(!found.never_falls && !found.holds(false) && found.holds(true));
    let found = order(vec![nulls, slice(&after), slice(&before)]);
    assert!(!found.never_falls && !found.never_rises);
}

#[test]
fn a_bound_is_never_more_than_four_kibibytes_and_a_file_without_it_is_read() {
    let mut writer = BinaryWriter::new();
    let huge = vec![0xff; 5000];
    let values: [&[u8]; 3] = [b"a", &huge, b"b"];
    for value in values.iter().cycle().take(60) {
        writer.push(Some(value)).unwrap();
    }
    let (aux, data) = writer.take();
    let rows = ColumnSlice::new(Layout::Binary, &aux, &data, 60).unwrap();
    let small = longs(&(0..60).collect::<Vec<i64>>());
    let options = WriterOptions {
        page_rows: 10,
        ..Default::default()
    };
    for encoding in Encoding::all_legal_for(ColumnType::Binary) {
        let input = Input {
            spec: ColumnSpec::new("c", ColumnType::Binary).with_encoding(encoding),
            slices: vec![rows],
            symbols: None,
        };
        let other = Input {
            spec: ColumnSpec::new("n", ColumnType::Long),
            slices: vec![slice(&small)],
            symbols: None,
        };
        let file = crate::write::file(&[input, other], &options);
        let metadata = judge::metadata(&file);
        let statistics = metadata.row_group(0).column(0).statistics().unwrap();
        assert_eq!(statistics.min_bytes_opt(), Some(&b"a"[..]), "{encoding}");
        assert_eq!(statistics.max_bytes_opt(), None, "{encoding}");
        let other = metadata.row_group(0).column(1).statistics().unwrap();
        assert_eq!(other.max_bytes_opt(), Some(&59_i64.to_le_bytes()[..]));
        // All chunks of a file have a column index or none has.
        let column = |i: usize| metadata.row_group(0).column(i).column_index_offset();
        assert_eq!((column(0), column(1)), (None, None));
        let expected = cells::slots(ColumnType::Binary, &[rows], None, false);
        assert_eq!(judge::read(&file, 0), expected, "{encoding}");
    }
    // What is just short enough is its own bound.
    let spec = ColumnSpec::new("c", ColumnType::Binary);
    let mut writer = BinaryWriter::new();
    writer.push(Some(&huge[..4096])).unwrap();
    let (aux, data) = writer.take();
    let rows = ColumnSlice::new(Layout::Binary, &aux, &data, 1).unwrap();
    let input = Input {
        spec,
        slices: vec![rows],
        symbols: None,
    };
    let (_, summary) = chunk(&input, &options);
    assert_eq!(summary.statistics.max_value.as_deref(), Some(&huge[..4096]));
    assert_eq!(summary.statistics.is_max_exact, Some(true));
}
