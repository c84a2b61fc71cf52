//! P5 where it is hard: pages smaller than a block of deltas, and columns that are nearly empty.

use column_format::{ColumnSlice, ColumnType, Layout, null};
use pq_encode::{
    ChunkSummary, Codec, ColumnSpec, Encoding, PageVersion, PushOptions, WriterOptions,
};

use crate::data::{Nulls, Rng, Shape, column};
use crate::pages::scan;
use crate::write::{Input, chunk};
use crate::{cells, judge, judge2};

fn options(page_bytes: usize, codec: Codec) -> WriterOptions {
    WriterOptions {
        page_bytes,
        page_rows: 1_000_000,
        page_version: PageVersion::V2,
        codec,
        ..Default::default()
    }
}

fn longs(bytes: &[u8]) -> ColumnSlice<'_> {
    ColumnSlice::new(Layout::Fixed(8), &[], bytes, bytes.len() / 8).unwrap()
}

/// Uncompressed bytes of the data pages.
fn sizes(bytes: &[u8]) -> Vec<usize> {
    let pages = scan(bytes);
    let data = pages.iter().filter(|page| !page.is_dictionary());
    data.map(|page| usize::try_from(page.header.uncompressed_len).unwrap())
        .collect()
}

#[test]
fn rising_integers_are_deltas_in_pages_that_are_half_full_however_small() {
    for page_bytes in [1024, 1300, 1400, 2048, 3000, 5000] {
        for codec in [Codec::None, Codec::Zstd(1)] {
            for column_type in [ColumnType::Long, ColumnType::Int] {
                for step in [1, 1000, 1_000_000] {
                    let mut rng = Rng::new(3);
                    let values: Vec<u8> = (0..20_000)
                        .flat_map(|row: u64| {
                            let value = (row * step + rng.next() % step).to_le_bytes();
                            value[..column_type.fixed_width().unwrap()].to_vec()
                        })
                        .collect();
                    let width = column_type.fixed_width().unwrap();
                    let slice =
                        ColumnSlice::new(Layout::Fixed(width), &[], &values, 20_000).unwrap();
                    let input = Input {
                        spec: ColumnSpec::new("c", column_type),
                        slices: vec![slice],
                        symbols: None,
                    };
                    let what = format!("{column_type} by {step}, {page_bytes}, {codec:?}");
                    let (bytes, summary) = chunk(&input, &options(page_bytes, codec));
                    assert_eq!(summary.encoding, Encoding::Delta, "{what}");
                    let sizes = sizes(&bytes);
                    for size in sizes.iter().rev().skip(1) {
                        assert!(size * 2 >= page_bytes, "{what}: {size}");
                        assert!(*size <= page_bytes * 2, "{what}: {size}");
                    }
                }
            }
        }
    }
}

#[test]
fn deltas_that_turn_wide_in_the_middle_of_a_small_page_stay_within_two_targets() {
    let mut rng = Rng::new(5);
    for page_bytes in [1024, 1500, 2048] {
        for narrow in [1, 60, 130, 200, 300] {
            let mut at = 0_u64;
            let values: Vec<u8> = (0..6000)
                .flat_map(|row| {
                    at = if row % (narrow + 3) < narrow {
                        at + row % 3
                    } else {
                        rng.next()
                    };
                    at.to_le_bytes()
                })
                .collect();
            let slices = vec![longs(&values)];
            let spec = ColumnSpec::new("c", ColumnType::Long).with_encoding(Encoding::Delta);
            let expected = cells::slots(ColumnType::Long, &slices, None, false);
            let input = Input {
                spec,
                slices,
                symbols: None,
            };
            let options = options(page_bytes, Codec::None);
            for size in sizes(&chunk(&input, &options).0) {
                assert!(size <= 2 * page_bytes, "{narrow} of {page_bytes}: {size}");
            }
            let file = crate::write::file(&[input], &options);
            assert!(judge::read(&file, 0) == expected, "{narrow}, {page_bytes}");
            judge2::check(&file, 0, &expected, "deltas in small blocks");
        }
    }
}

/// 99 of 100 rows are null, at random.
fn nearly_empty(column_type: ColumnType, rows: usize) -> crate::data::Column {
    let mut rng = Rng::new(11);
    let mut column = column(column_type, rows, Nulls::None, Shape::Wild, 2);
    match column_type.layout() {
        Layout::Fixed(width) => {
            let null = null::bytes(column_type).unwrap();
            for value in column.data.chunks_mut(width) {
                if rng.below(100) > 0 {
                    value.copy_from_slice(null);
                }
            }
        }
        Layout::Varchar => {
            let mut writer = column_format::VarcharWriter::new();
            for _ in 0..rows {
                let value = (rng.below(100) == 0).then(|| rng.bytes::<1>()[0] % 26 + b'a');
                writer
                    .push(value.as_ref().map(std::slice::from_ref))
                    .unwrap();
            }
            (column.aux, column.data) = writer.take();
        }
        other => panic!("{other:?}"),
    }
    column
}

#[test]
fn levels_count_for_the_size_of_pages_of_nearly_empty_columns() {
    let target = 8192;
    let options = options(target, Codec::None);
    for column_type in [ColumnType::Long, ColumnType::Int, ColumnType::Varchar] {
        let column = nearly_empty(column_type, 300_000);
        for encoding in Encoding::all_legal_for(column_type) {
            let spec = ColumnSpec::new("c", column_type).with_encoding(encoding);
            let check = |bytes: &[u8], summary: &ChunkSummary, what: &str| {
                let what = format!("{column_type} {encoding} {what}");
                let sizes = sizes(bytes);
                assert_eq!(sizes.len(), summary.pages.len());
                for size in &sizes {
                    assert!(*size <= target + target / 8, "{what}: {size}");
                }
                for size in sizes.iter().rev().skip(1) {
                    assert!(size * 2 >= target, "{what}: {size}");
                }
            };
            let cut = |rows: usize| {
                let slices = (0..column.rows.div_ceil(rows))
                    .map(|i| {
                        column
                            .slice()
                            .slice(i * rows..((i + 1) * rows).min(column.rows))
                    })
                    .collect();
                let input = Input {
                    spec: spec.clone(),
                    slices,
                    symbols: None,
                };
                chunk(&input, &options)
            };
            let (bytes, summary) = cut(300_000);
            check(&bytes, &summary, "pulled");
            assert!(bytes == cut(997).0, "{column_type} {encoding}: slices show");
            let push = PushOptions::default();
            assert!(push.row_group_rows >= 300_000);
            let file =
                crate::push::file(&spec, &column, &options, 300_000, pq_encode::MemoryStores);
            let metadata = judge::metadata(&file);
            let (start, len) = metadata.row_group(0).column(0).byte_range();
            let range = usize::try_from(start).unwrap()..usize::try_from(start + len).unwrap();
            for size in sizes(&file[range]) {
                assert!(
                    size <= target + target / 8,
                    "{column_type} {encoding} pushed: {size}"
                );
            }
        }
    }
}

#[test]
fn long_runs_of_nulls_close_no_page() {
    let mut bytes = Vec::new();
    for row in 0..400_000_i64 {
        let value = if row % 100_000 < 99_000 {
            i64::MIN
        } else {
            row * row
        };
        bytes.extend(value.to_le_bytes());
    }
    let input = Input {
        spec: ColumnSpec::new("c", ColumnType::Long).with_encoding(Encoding::Plain),
        slices: vec![longs(&bytes)],
        symbols: None,
    };
    let (_, summary) = chunk(&input, &options(16 << 10, Codec::None));
    assert_eq!(
        summary.pages.len(),
        2,
        "32,000 bytes of values, and levels in runs"
    );
}

/// Bytes of every data page before and after the codec.
fn packed(values: &[u64]) -> Vec<(u32, u32)> {
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    let input = Input {
        spec: ColumnSpec::new("c", ColumnType::Long).with_encoding(Encoding::Plain),
        slices: vec![longs(&bytes)],
        symbols: None,
    };
    let options = WriterOptions {
        codec: Codec::Zstd(3),
        ..Default::default()
    };
    let (bytes, _) = chunk(&input, &options);
    let pages = scan(&bytes).into_iter();
    pages
        .map(|page| (page.header.uncompressed_len, page.header.compressed_len))
        .collect()
}

#[test]
fn repeats_are_found_wherever_they_begin_at_the_next_page_that_is_looked_at() {
    let mut rng = Rng::new(9);
    let noise: Vec<u64> = (0..100_000).map(|_| rng.next() >> 8).collect();
    // Longer than a stripe of the sample, which shows no repeat.
    let pattern = &noise[..6_000];
    let repeated = |rows: usize| pattern.iter().copied().cycle().take(rows);
    let gains = |(raw, packed): &(u32, u32)| packed * 2 < *raw;
    let always: Vec<u64> = repeated(200_000).collect();
    let pages = packed(&always);
    assert!(pages.len() >= 10);
    assert!(pages.iter().all(gains), "{pages:?}");
    // The fifth page has none, and the sixteenth after it is asked again.
    let later: Vec<u64> = noise.iter().copied().chain(repeated(1_000_000)).collect();
    let pages = packed(&later);
    let first = pages.iter().position(gains).unwrap();
    assert_eq!(first, 20, "{pages:?}");
    assert!(pages[first..].iter().all(gains), "{pages:?}");
}
