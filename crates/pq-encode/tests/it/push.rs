//! Push mode: P2, P3, P4, P5, P17, P18 and P19 for rows that are seen once.

use std::sync::Arc;

use column_format::ColumnType;
use pq_encode::{
    ChunkSummary, Codec, ColumnSpec, Encoding, FileProperties, PageSink, PageStoreFactory,
    PageVersion, PushEncoder, PushOptions, PushWriter, WriterOptions,
};

use crate::cells::slots;
use crate::data::{Column, Nulls, Rng, Shape, all_types, column};
use crate::pages::{Scanned, scan};
use crate::stores::{SparseStores, all_stores, temp_file};
use crate::{judge, judge2, statistics};

/// Pushes a column in batches of the lengths that `len` gives; its chunk.
fn push(
    spec: &ColumnSpec,
    column: &Column,
    options: &WriterOptions,
    mut len: impl FnMut() -> usize,
) -> (Vec<u8>, ChunkSummary) {
    let mut encoder = PushEncoder::new(spec, options, Arc::new(SparseStores)).unwrap();
    let symbols = column.symbols.as_ref();
    let mut at = 0;
    while at < column.rows {
        let end = (at + len()).min(column.rows);
        let rows = column.slice().slice(at..end);
        encoder.write(&rows, symbols).unwrap();
        at = end;
    }
    let chunk = encoder.finish(symbols).unwrap();
    let summary = chunk.summary().clone();
    let (mut spool, _) = chunk.into_parts();
    let mut bytes = Vec::new();
    spool.drain(&mut bytes).unwrap();
    assert_eq!(summary.compressed_len, u64::try_from(bytes.len()).unwrap());
    (bytes, summary)
}

/// A file of one column and several row groups, pushed.
pub(crate) fn file(
    spec: &ColumnSpec,
    column: &Column,
    options: &WriterOptions,
    group: u64,
    stores: impl PageStoreFactory + 'static,
) -> Vec<u8> {
    let push = PushOptions {
        row_group_rows: group,
        ..Default::default()
    };
    let (out, specs) = (Vec::new(), [spec.clone()]);
    let properties = FileProperties::default();
    let mut writer = PushWriter::new(out, &specs, options, properties, &push, stores).unwrap();
    let symbols = [column.symbols.as_ref()];
    let mut at = 0;
    while at < column.rows {
        let end = (at + 777).min(column.rows);
        let rows = column.slice().slice(at..end);
        writer.write_with_symbols(&[rows], &symbols).unwrap();
        at = end;
    }
    writer.finish_with_symbols(&symbols).unwrap().0
}

fn options(page_bytes: usize, version: PageVersion, codec: Codec) -> WriterOptions {
    WriterOptions {
        page_bytes,
        page_version: version,
        codec,
        ..Default::default()
    }
}

fn encodings(column_type: ColumnType) -> impl Iterator<Item = Option<Encoding>> {
    [None]
        .into_iter()
        .chain(Encoding::all_legal_for(column_type).map(Some))
}

#[test]
fn the_sizes_of_batches_leave_no_trace_in_the_bytes() {
    for (options, rows) in [
        (options(1024, PageVersion::V1, Codec::Zstd(1)), 4500),
        (options(5000, PageVersion::V2, Codec::None), 5500),
    ] {
        for column_type in all_types() {
            for (nulls, shape) in [(Nulls::Random, Shape::Wild), (Nulls::Runs, Shape::Few)] {
                let column = column(column_type, rows, nulls, shape, 11);
                for encoding in encodings(column_type) {
                    let mut spec = ColumnSpec::new("c", column_type);
                    spec.encoding = encoding;
                    let whole = push(&spec, &column, &options, || usize::MAX >> 1);
                    let mut rng = Rng::new(5);
                    for one_by_one in [true, false] {
                        let len = || if one_by_one { 1 } else { rng.below(700) };
                        let parts = push(&spec, &column, &options, len);
                        let what = format!("{column_type} {encoding:?} {one_by_one}");
                        assert_eq!(parts.1, whole.1, "{what}");
                        assert!(parts.0 == whole.0, "{what}");
                    }
                }
            }
        }
    }
}

#[test]
fn every_type_null_pattern_and_encoding_is_read_back() {
    for (version, codec) in [
        (PageVersion::V1, Codec::None),
        (PageVersion::V2, Codec::Lz4Raw),
    ] {
        let options = options(2048, version, codec);
        for column_type in all_types() {
            for nulls in Nulls::ALL {
                let column = column(column_type, 900, nulls, Shape::Wild, 3);
                let expected = slots(
                    column_type,
                    &[column.slice()],
                    column.symbols.as_ref(),
                    !column_type.has_null(),
                );
                for encoding in encodings(column_type) {
                    let mut spec = ColumnSpec::new("c", column_type);
                    spec.encoding = encoding;
                    let what = format!("{column_type} {nulls:?} {encoding:?}");
                    let bytes = file(&spec, &column, &options, 1_000_000, SparseStores);
                    assert!(judge::read(&bytes, 0) == expected, "{what}");
                    if codec == Codec::None {
                        judge2::check(&bytes, 0, &expected, &what);
                    }
                    let groups = file(&spec, &column, &options, 350, SparseStores);
                    assert_eq!(judge::metadata(&groups).num_row_groups(), 3);
                    assert!(judge::read(&groups, 0) == expected, "{what}");
                }
            }
        }
    }
}

#[test]
fn pages_of_no_value_and_of_one_value_are_read_back_in_every_encoding() {
    let options = WriterOptions {
        page_rows: 1,
        ..options(1024, PageVersion::V2, Codec::Zstd(1))
    };
    for column_type in all_types() {
        for nulls in [Nulls::All, Nulls::Alternate] {
            for rows in [1, 2, 5] {
                let column = column(column_type, rows, nulls, Shape::Wild, 3);
                let symbols = column.symbols.as_ref();
                let required = !column_type.has_null();
                let expected = slots(column_type, &[column.slice()], symbols, required);
                for encoding in encodings(column_type) {
                    let mut spec = ColumnSpec::new("c", column_type);
                    spec.encoding = encoding;
                    let bytes = file(&spec, &column, &options, 3, SparseStores);
                    let what = format!("{column_type} {nulls:?} {encoding:?} {rows} rows");
                    assert!(judge::read(&bytes, 0) == expected, "{what}");
                }
            }
        }
    }
}

#[test]
fn statistics_bound_every_value_and_boundary_order_is_true() {
    let options = WriterOptions {
        page_rows: 300,
        ..options(4096, PageVersion::V1, Codec::None)
    };
    for column_type in all_types() {
        for (nulls, shape) in [
            (Nulls::Random, Shape::Wild),
            (Nulls::Runs, Shape::Rising),
            (Nulls::None, Shape::Few),
        ] {
            let column = column(column_type, 3000, nulls, shape, 21);
            let required = !column_type.has_null();
            let symbols = column.symbols.as_ref();
            let expected = slots(column_type, &[column.slice()], symbols, required);
            for encoding in encodings(column_type) {
                let mut spec = ColumnSpec::new("c", column_type);
                spec.encoding = encoding;
                let (_, summary) = push(&spec, &column, &options, || 500);
                let what = format!("{column_type} {nulls:?} {encoding:?}");
                statistics::check_chunk(column_type, &expected, &summary, &what);
                statistics::check_pages(column_type, &expected, &summary, &what);
                statistics::check_order(column_type, &summary, &what);
            }
        }
    }
}

/// Doubles that are few at first and never repeat later.
fn few_then_many(rows: usize) -> Column {
    let value = |i: usize| {
        let i = i32::try_from(if i < 30_000 { i % 50 } else { i }).unwrap();
        (f64::from(i) * 1.25).to_le_bytes()
    };
    Column {
        column_type: ColumnType::Double,
        rows,
        aux: vec![],
        data: (0..rows).flat_map(value).collect(),
        symbols: None,
    }
}

#[test]
fn a_dictionary_that_stops_paying_is_left_and_the_file_says_so() {
    let column = few_then_many(90_000);
    let spec = ColumnSpec::new("c", ColumnType::Double);
    let options = options(16 << 10, PageVersion::V1, Codec::None);
    let (bytes, summary) = push(&spec, &column, &options, || 1000);
    assert_eq!(summary.encoding, Encoding::Dictionary);
    let (fallback, count) = summary.fallback.unwrap();
    assert_eq!(fallback, Encoding::Plain);
    assert_eq!(summary.statistics.distinct_count, None);
    let pages = scan(&bytes);
    assert!(pages[0].is_dictionary());
    assert_eq!(pages.iter().filter(|page| page.is_dictionary()).count(), 1);
    let plain = |page: &&Scanned| format!("{:?}", page.header.kind).contains("encoding: Plain");
    let fallback_pages = pages[1..].iter().filter(plain).count();
    assert_eq!(fallback_pages, usize::try_from(count).unwrap());
    assert!(fallback_pages > 5 && pages.len() > fallback_pages + 2);
    // P4: the dictionary has entries for its own pages only, at most as many as half their rows.
    let rows: u32 = summary
        .pages
        .iter()
        .rev()
        .skip(fallback_pages)
        .map(|page| page.rows)
        .sum();
    assert!(summary.dictionary_entries.unwrap() <= rows * 15 / 16);

    let bytes = file(&spec, &column, &options, 1_000_000, temp_file());
    let expected = slots(ColumnType::Double, &[column.slice()], None, false);
    assert!(judge::read(&bytes, 0) == expected);
    let metadata = pq_format::read_footer(&bytes).unwrap();
    let chunk = &metadata.row_groups[0].columns[0].meta;
    let stats: Vec<u32> = chunk.encoding_stats.iter().map(|s| s.count).collect();
    let keyed = u32::try_from(pages.len() - 1).unwrap() - count;
    assert_eq!(stats, [1, keyed, count]);
    assert!(chunk.encodings.contains(&pq_format::Encoding::Plain));
}

#[test]
fn a_dictionary_never_exceeds_its_limit_and_holds_only_what_its_pages_use() {
    for column_type in [ColumnType::Varchar, ColumnType::Uuid, ColumnType::Long] {
        let column = column(column_type, 20_000, Nulls::Random, Shape::Wild, 2);
        let options = WriterOptions {
            dictionary_bytes: 3000,
            ..options(4096, PageVersion::V2, Codec::None)
        };
        let mut spec = ColumnSpec::new("c", column_type);
        let (bytes, summary) = push(&spec, &column, &options, || 333);
        let dictionary = scan(&bytes).into_iter().find(Scanned::is_dictionary);
        assert!(dictionary.is_none_or(|page| page.body.len() <= 3000));
        assert!(summary.encoding != Encoding::Dictionary || summary.fallback.is_some());

        // Asked for by name it is an error that names the option, not another encoding (P13).
        spec.encoding = Some(Encoding::Dictionary);
        let mut encoder = PushEncoder::new(&spec, &options, Arc::new(SparseStores)).unwrap();
        let error = encoder.write(&column.slice(), None).unwrap_err();
        assert!(error.to_string().contains("dictionary-bytes"), "{error}");
    }
}

#[test]
fn a_page_is_at_most_its_target_unless_one_row_is_larger() {
    for column_type in all_types() {
        let column = column(column_type, 9000, Nulls::Random, Shape::Wild, 8);
        let options = WriterOptions {
            page_rows: 1_000_000,
            ..options(4096, PageVersion::V1, Codec::None)
        };
        for encoding in encodings(column_type) {
            let mut spec = ColumnSpec::new("c", column_type);
            spec.encoding = encoding;
            let (bytes, _) = push(&spec, &column, &options, || 100);
            for page in scan(&bytes).iter().filter(|page| !page.is_dictionary()) {
                let what = format!("{column_type} {encoding:?}: {}", page.body.len());
                assert!(page.body.len() <= 2 * 4096, "{what}");
            }
        }
    }
}

#[test]
fn a_file_does_not_show_which_store_its_pages_waited_in() {
    for column_type in [ColumnType::Symbol, ColumnType::Double, ColumnType::Varchar] {
        for shape in [Shape::Few, Shape::Wild] {
            let column = column(column_type, 20_000, Nulls::Random, shape, 6);
            let spec = ColumnSpec::new("c", column_type);
            let options = WriterOptions {
                page_rows: 700,
                ..options(4096, PageVersion::V1, Codec::Zstd(1))
            };
            let expected = file(&spec, &column, &options, 7000, SparseStores);
            for (name, stores) in all_stores() {
                let found = file(
                    &spec,
                    &column,
                    &options,
                    7000,
                    Arc::<dyn PageStoreFactory>::from(stores),
                );
                assert!(found == expected, "{column_type} {shape:?} {name}");
            }
        }
    }
}

/// Counts what it gets.
struct Count(u64);

impl PageSink for Count {
    fn page(&mut self, bytes: &[u8]) -> Result<(), pq_encode::SinkError> {
        self.0 += u64::try_from(bytes.len()).unwrap();
        Ok(())
    }
}

#[test]
fn what_is_on_the_heap_is_a_page_and_a_dictionary_however_many_the_rows() {
    let options = WriterOptions {
        dictionary_bytes: 64 << 10,
        ..options(32 << 10, PageVersion::V1, Codec::None)
    };
    for (column_type, shape) in [
        (ColumnType::Double, Shape::Wild),
        (ColumnType::Int, Shape::Few),
        (ColumnType::Varchar, Shape::Wild),
        (ColumnType::Varchar, Shape::Few),
        (ColumnType::Binary, Shape::Wild),
    ] {
        let column = column(column_type, 10_000, Nulls::None, shape, 2);
        let spec = ColumnSpec::new("c", column_type);
        let mut encoder = PushEncoder::new(&spec, &options, Arc::new(temp_file())).unwrap();
        let mut most = 0;
        for _ in 0..30 {
            for at in (0..10_000).step_by(1000) {
                let rows = column.slice().slice(at..at + 1000);
                encoder.write(&rows, None).unwrap();
                most = most.max(encoder.heap_bytes());
            }
        }
        let (mut spool, summary) = encoder.finish(None).unwrap().into_parts();
        let mut count = Count(0);
        spool.drain(&mut count).unwrap();
        assert_eq!(count.0, summary.compressed_len);
        let bound = 2 * (32 << 10) + (64 << 10) + (64 << 10);
        assert!(most <= bound, "{column_type} {shape:?}: {most} of {bound}");
    }
}
