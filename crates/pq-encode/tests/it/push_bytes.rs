//! Row groups of push mode that end by their bytes.

use column_format::{ColumnSlice, ColumnType, Layout, VarcharWriter};
use pq_encode::{ColumnSpec, FileProperties, MemoryStores, PushOptions, PushWriter, WriterOptions};
use proptest::prelude::*;

/// Rows of each row group of a file of longs and texts of these lengths (`None`: null), of which so
/// many come with a batch; nulls as entries, or as rows without bytes.
fn groups(texts: &[Option<usize>], bytes: u64, rows_max: u64, each: usize, bare: bool) -> Vec<u64> {
    let columns = [
        ColumnSpec::new("n", ColumnType::Long),
        ColumnSpec::new("t", ColumnType::Varchar),
    ];
    let push = PushOptions {
        row_group_rows: rows_max,
        row_group_bytes: bytes,
        ..Default::default()
    };
    let (options, file) = (WriterOptions::default(), FileProperties::default());
    let writer = PushWriter::new(Vec::new(), &columns, &options, file, &push, MemoryStores);
    let mut writer = writer.unwrap();
    for batch in texts.chunks(each) {
        let longs = vec![1; batch.len() * 8];
        let longs = ColumnSlice::new(Layout::Fixed(8), &[], &longs, batch.len()).unwrap();
        let runs: Vec<&[Option<usize>]> = if bare {
            batch.chunk_by(|a, b| a.is_some() == b.is_some()).collect()
        } else {
            vec![batch]
        };
        let stored = |run: &&[Option<usize>]| {
            let mut writer = VarcharWriter::new();
            for len in *run {
                let text = len.map(|len| vec![b'x'; len]);
                writer.push(text.as_deref()).unwrap();
            }
            writer.take()
        };
        let files: Vec<(Vec<u8>, Vec<u8>)> = runs.iter().map(stored).collect();
        let parts = runs.iter().zip(&files);
        let slices: Vec<ColumnSlice<'_>> = parts
            .map(|(run, (aux, data))| {
                if bare && run[0].is_none() {
                    return ColumnSlice::Nulls { rows: run.len() };
                }
                ColumnSlice::new(Layout::Varchar, aux, data, run.len()).unwrap()
            })
            .collect();
        writer.write_parts(&[&[longs], &slices], &[]).unwrap();
    }
    let (file, summary) = writer.finish().unwrap();
    assert_eq!(summary.rows, texts.len() as u64);
    let footer = pq_format::read_footer(&file).unwrap();
    footer
        .row_groups
        .iter()
        .map(|group| group.num_rows)
        .collect()
}

/// The same rule, row by row: a long takes 8 bytes, a text an entry of 16 and what is longer than 9.
fn expected(texts: &[Option<usize>], bytes: u64, rows_max: u64) -> Vec<u64> {
    let mut groups = Vec::new();
    let (mut rows, mut sum) = (0, 0);
    for text in texts {
        let weight = 24 + text.filter(|len| *len > 9).unwrap_or(0) as u64;
        if rows == rows_max || (rows > 0 && sum + weight > bytes) {
            groups.push(std::mem::take(&mut rows));
            sum = 0;
        }
        rows += 1;
        sum += weight;
    }
    groups.extend((rows > 0).then_some(rows));
    groups
}

#[test]
fn groups_end_before_the_row_that_would_take_them_beyond_their_bytes() {
    let texts: Vec<Option<usize>> = (0..5000).map(|i| (i % 3 > 0).then_some(i % 40)).collect();
    for bytes in [1, 24, 48, 10_000, 100_000, u64::MAX] {
        assert_eq!(
            groups(&texts, bytes, 2000, 700, false),
            expected(&texts, bytes, 2000),
            "{bytes}"
        );
    }
    assert!(expected(&texts, 100_000, 5000).len() > 1);
}

#[test]
fn fixed_rows_are_counted_without_a_look_at_them() {
    let columns = [
        ColumnSpec::new("n", ColumnType::Long),
        ColumnSpec::new("i", ColumnType::Int),
    ];
    for (bytes, rows_each) in [
        (1_u64, 1_u64),
        (11, 1),
        (12, 1),
        (12_000, 1000),
        (12_011, 1000),
    ] {
        let push = PushOptions {
            row_group_bytes: bytes,
            ..Default::default()
        };
        let (options, file) = (WriterOptions::default(), FileProperties::default());
        let writer = PushWriter::new(Vec::new(), &columns, &options, file, &push, MemoryStores);
        let mut writer = writer.unwrap();
        let n = vec![7; 2500 * 8];
        let part = |width, bytes, rows| ColumnSlice::new(Layout::Fixed(width), &[], bytes, rows);
        let rows = if rows_each == 1 { 9 } else { 2500 };
        let batch = [part(8, &n, rows).unwrap(), part(4, &n, rows).unwrap()];
        writer.write(&batch).unwrap();
        let (file, _) = writer.finish().unwrap();
        let footer = pq_format::read_footer(&file).unwrap();
        let most = footer.row_groups.iter().map(|group| group.num_rows).max();
        assert_eq!(most, Some(rows_each), "{bytes}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Invariant: where groups end follows from the rows and both targets alone, never from batches or
    /// from the way in which nulls come.
    #[test]
    fn neither_batches_nor_runs_of_nulls_show(
        texts in prop::collection::vec(prop::option::weighted(0.7, 0_usize..300), 1..1500),
        bytes in 1_u64..60_000,
        rows_max in 1_u64..1200,
        each in 1_usize..900,
        bare in any::<bool>(),
    ) {
        prop_assert_eq!(groups(&texts, bytes, rows_max, each, bare), expected(&texts, bytes, rows_max));
    }
}
