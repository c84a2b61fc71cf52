//! P17 and P18: bounds bound, flags tell the truth, counts count, order is true.

use column_format::{ArrayWriter, ColumnSlice, ColumnType, Layout, StringWriter};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::statistics::Statistics;
use pq_encode::{ChunkSummary, Codec, ColumnSpec, Encoding, PageOrder, WriterOptions};

use crate::cells::{Slot, slots};
use crate::data::{Nulls, Shape, all_types, column, symbols};
use crate::judge;
use crate::write::{Input, chunk, file};

/// Order of PLAIN values by the declared column order.
fn compare(column_type: ColumnType, a: &[u8], b: &[u8]) -> std::cmp::Ordering {
    use ColumnType as T;
    let i32 = |v: &[u8]| i32::from_le_bytes(v.try_into().unwrap());
    let i64 = |v: &[u8]| i64::from_le_bytes(v.try_into().unwrap());
    let f64 = |v: &[u8]| f64::from_le_bytes(v.try_into().unwrap());
    match column_type {
        T::Ipv4 => i32(a).cast_unsigned().cmp(&i32(b).cast_unsigned()),
        T::Float => {
            let f32 = |v: &[u8]| f32::from_le_bytes(v.try_into().unwrap());
            f32(a).partial_cmp(&f32(b)).unwrap()
        }
        T::Double | T::Array { .. } => f64(a).partial_cmp(&f64(b)).unwrap(),
        T::Decimal { .. } => {
            // Two's complement, big-endian: flip the sign and compare bytes.
            let flip = |v: &[u8]| {
                let mut v = v.to_vec();
                v[0] ^= 0x80;
                v
            };
            flip(a).cmp(&flip(b))
        }
        _ if a.len() == 4 && column_type.fixed_width().is_some_and(|w| w <= 4) => {
            i32(a).cmp(&i32(b))
        }
        T::Long | T::Date | T::Timestamp(_) | T::Geohash { .. } => i64(a).cmp(&i64(b)),
        _ => a.cmp(b),
    }
}

fn check_bounds(
    column_type: ColumnType,
    slots: &[Slot],
    bounds: Option<(&[u8], &[u8])>,
    exact: Option<(bool, bool)>,
    what: &str,
) {
    let values: Vec<&[u8]> = slots
        .iter()
        .filter_map(|slot| slot.value.as_deref())
        .collect();
    let Some((min, max)) = bounds else {
        assert!(values.is_empty(), "{what}: values without bounds");
        return;
    };
    assert!(!values.is_empty(), "{what}: bounds of nothing");
    for value in &values {
        assert!(
            compare(column_type, min, value).is_le(),
            "{what}: {min:?} > {value:?}"
        );
        assert!(
            compare(column_type, max, value).is_ge(),
            "{what}: {max:?} < {value:?}"
        );
    }
    if let Some((min_exact, max_exact)) = exact {
        // A zero bound of floating point may be the other zero.
        let is_float = matches!(
            column_type,
            ColumnType::Float | ColumnType::Double | ColumnType::Array { .. }
        );
        let widened =
            |bound: &[u8]| is_float && compare(column_type, bound, &vec![0; bound.len()]).is_eq();
        let held = |bound| {
            let equal = |v: &&[u8]| compare(column_type, bound, v).is_eq();
            !widened(bound) && values.iter().any(equal)
        };
        assert_eq!(min_exact, held(min), "{what}");
        assert_eq!(max_exact, held(max), "{what}");
    }
    assert!(min.len() <= 64, "{what}");
}

#[test]
fn bounds_of_chunks_and_pages_bound_every_value_and_counts_are_true() {
    let options = WriterOptions {
        page_rows: 150,
        page_bytes: 2048,
        ..Default::default()
    };
    for column_type in all_types() {
        for encoding in Encoding::all_legal_for(column_type) {
            for (nulls, shape) in [
                (Nulls::Random, Shape::Wild),
                (Nulls::Runs, Shape::Rising),
                (Nulls::All, Shape::Few),
                (Nulls::None, Shape::Few),
            ] {
                let column = column(column_type, 900, nulls, shape, 21);
                let spec = ColumnSpec::new("c", column_type).with_encoding(encoding);
                let required = spec.required;
                let input = Input {
                    spec,
                    slices: vec![column.slice()],
                    symbols: column.symbols.as_ref(),
                };
                let expected = slots(column_type, &input.slices, input.symbols, required);
                let (_, summary) = chunk(&input, &options);
                let what = format!("{column_type} {encoding} {nulls:?} {shape:?}");
                check_chunk(column_type, &expected, &summary, &what);
                check_pages(column_type, &expected, &summary, &what);
                check_order(column_type, &summary, &what);
            }
        }
    }
}

pub(crate) fn check_chunk(
    column_type: ColumnType,
    expected: &[Slot],
    summary: &ChunkSummary,
    what: &str,
) {
    let statistics = &summary.statistics;
    let bounds = statistics
        .min_value
        .as_deref()
        .zip(statistics.max_value.as_deref());
    let exact = statistics.is_min_exact.zip(statistics.is_max_exact);
    check_bounds(column_type, expected, bounds, exact, what);
    let null_count = expected.iter().filter(|slot| slot.value.is_none()).count();
    assert_eq!(
        statistics.null_count,
        Some(u64::try_from(null_count).unwrap()),
        "{what}"
    );
    let Some(distinct) = statistics.distinct_count else {
        return;
    };
    let mut values: Vec<_> = expected.iter().filter_map(|s| s.value.clone()).collect();
    values.sort();
    values.dedup();
    let zeros = values.iter().filter(|v| {
        matches!(column_type, ColumnType::Float | ColumnType::Double)
            && compare(column_type, v, &vec![0; v.len()]).is_eq()
    });
    let twice = zeros.count().saturating_sub(1);
    assert_eq!(
        distinct,
        u64::try_from(values.len() - twice).unwrap(),
        "{what}"
    );
}

pub(crate) fn check_pages(
    column_type: ColumnType,
    expected: &[Slot],
    summary: &ChunkSummary,
    what: &str,
) {
    let count = |n: usize| u64::try_from(n).unwrap();
    let mut rest = expected;
    for (i, page) in summary.pages.iter().enumerate() {
        let (now, later) = rest.split_at(usize::try_from(page.values).unwrap());
        rest = later;
        let bounds = page
            .bounds
            .as_ref()
            .map(|b| (b.min.as_slice(), b.max.as_slice()));
        check_bounds(column_type, now, bounds, None, &format!("{what} page {i}"));
        let rows = now.iter().filter(|slot| slot.repetition == 0).count();
        assert_eq!(rows, usize::try_from(page.rows).unwrap(), "{what}");
        assert_eq!(now[0].repetition, 0, "{what}: a page starts at a row start");
        for (level, found) in page.definition_levels.iter().enumerate() {
            let level = i16::try_from(level).unwrap();
            let expected = now.iter().filter(|slot| slot.definition == level).count();
            assert_eq!(*found, count(expected), "{what}");
        }
        for (level, found) in page.repetition_levels.iter().enumerate() {
            let level = i16::try_from(level).unwrap();
            let expected = now.iter().filter(|slot| slot.repetition == level).count();
            assert_eq!(*found, count(expected), "{what}");
        }
        if summary.sizes.unencoded_byte_array_data_bytes.is_some() {
            let bytes = now
                .iter()
                .map(|slot| slot.value.as_ref().map_or(0, Vec::len))
                .sum();
            assert_eq!(page.unencoded_bytes, count(bytes), "{what}");
        }
    }
    assert!(rest.is_empty());
}

/// The order that is claimed holds, and a stronger one than none is not missed.
pub(crate) fn check_order(column_type: ColumnType, summary: &ChunkSummary, what: &str) {
    let bounds: Vec<_> = summary
        .pages
        .iter()
        .filter_map(|page| page.bounds.as_ref())
        .collect();
    let holds = |wrong: std::cmp::Ordering| {
        bounds.windows(2).all(|pair| {
            compare(column_type, &pair[0].min, &pair[1].min) != wrong
                && compare(column_type, &pair[0].max, &pair[1].max) != wrong
        })
    };
    let (ascending, descending) = (
        holds(std::cmp::Ordering::Greater),
        holds(std::cmp::Ordering::Less),
    );
    let expected = match (ascending, descending) {
        (true, _) => PageOrder::Ascending,
        (false, true) => PageOrder::Descending,
        (false, false) => PageOrder::Unordered,
    };
    assert_eq!(summary.page_order, expected, "{what}");
}

#[test]
fn falling_values_give_a_descending_boundary_order() {
    let data: Vec<u8> = (0..1000_i64).rev().flat_map(i64::to_le_bytes).collect();
    let slice = ColumnSlice::new(Layout::Fixed(8), &[], &data, 1000).unwrap();
    let spec = ColumnSpec::new("c", ColumnType::Long);
    let options = WriterOptions {
        page_rows: 100,
        ..Default::default()
    };
    let (_, summary) = chunk(
        &Input {
            spec,
            slices: vec![slice],
            symbols: None,
        },
        &options,
    );
    assert_eq!(summary.page_order, PageOrder::Descending);
}

#[test]
fn arrow_rs_reads_the_same_bounds_from_footer_and_column_index() {
    let options = WriterOptions {
        page_rows: 200,
        ..Default::default()
    };
    for column_type in all_types() {
        let column = column(column_type, 700, Nulls::Head, Shape::Wild, 3);
        let spec = ColumnSpec::new("c", column_type);
        let slices = vec![column.slice()];
        let input = Input {
            spec,
            slices,
            symbols: column.symbols.as_ref(),
        };
        let (_, summary) = chunk(&input, &options);
        let metadata = judge::metadata(&file(&[input], &options));
        let chunk = metadata.row_group(0).column(0);
        let statistics = chunk.statistics().unwrap();
        assert_eq!(
            statistics.min_bytes_opt(),
            summary.statistics.min_value.as_deref()
        );
        assert_eq!(
            statistics.max_bytes_opt(),
            summary.statistics.max_value.as_deref()
        );
        assert_eq!(statistics.null_count_opt(), summary.statistics.null_count);
        // Of fixed-width numbers arrow-rs takes all bounds for exact, whatever the file says.
        if let Statistics::ByteArray(_) | Statistics::FixedLenByteArray(_) = statistics {
            let found = (statistics.min_is_exact(), statistics.max_is_exact());
            let told = summary.statistics.is_min_exact.unwrap();
            assert_eq!(found, (told, summary.statistics.is_max_exact.unwrap()));
        }
        let index = &metadata.column_index().unwrap()[0][0];
        assert!(!matches!(index, ColumnIndexMetaData::NONE), "{column_type}");
        let nulls: Vec<_> = summary
            .pages
            .iter()
            .map(|page| page.nulls == page.values)
            .collect();
        assert_eq!(index.is_null_page(0), nulls[0], "{column_type}");
        assert_eq!(index.num_pages(), u64::try_from(nulls.len()).unwrap());
    }
}

#[test]
fn nan_is_in_no_statistic_and_zeros_are_widened() {
    let data: Vec<u8> = [f64::NAN, 0.0, f64::NAN, -0.0]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let slice = ColumnSlice::new(Layout::Fixed(8), &[], &data, 4).unwrap();
    for required in [false, true] {
        for encoding in [
            Encoding::Plain,
            Encoding::Dictionary,
            Encoding::ByteStreamSplit,
        ] {
            let mut spec = ColumnSpec::new("c", ColumnType::Double).with_encoding(encoding);
            spec.required = required;
            let input = Input {
                spec,
                slices: vec![slice],
                symbols: None,
            };
            let (_, summary) = chunk(&input, &WriterOptions::default());
            let statistics = summary.statistics;
            assert_eq!(statistics.min_value.unwrap(), (-0.0_f64).to_le_bytes());
            assert_eq!(statistics.max_value.unwrap(), 0.0_f64.to_le_bytes());
            assert_eq!(statistics.null_count, Some(if required { 0 } else { 2 }));
        }
    }
}

#[test]
fn a_page_of_nothing_but_nan_in_a_required_column_leaves_the_file_without_a_page_index() {
    let data: Vec<u8> = [f64::NAN, 1.0]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let slice = ColumnSlice::new(Layout::Fixed(8), &[], &data, 2).unwrap();
    let mut spec = ColumnSpec::new("c", ColumnType::Double);
    spec.required = true;
    let other = ColumnSpec::new("d", ColumnType::Double);
    let options = WriterOptions {
        page_rows: 1,
        ..Default::default()
    };
    let inputs = [spec, other].map(|spec| Input {
        spec,
        slices: vec![slice],
        symbols: None,
    });
    let bytes = file(&inputs, &options);
    let metadata = pq_format::read_footer(&bytes).unwrap();
    for chunk in &metadata.row_groups[0].columns {
        assert!(chunk.column_index.is_none() && chunk.offset_index.is_none());
    }
    assert_eq!(judge::read(&bytes, 0).len(), 2);
}

/// The column order of the type knows no NaN: the Parquet specification allows no column index for a
/// chunk with a page that has nothing else, and all chunks of a file have one or none.
#[test]
fn a_page_of_nan_elements_leaves_no_page_index_and_one_of_null_elements_has_its_place_in_it() {
    let mut writer = ArrayWriter::new(1);
    for element in [f64::NAN, 1.0] {
        writer.push(&[2], &[element; 2]).unwrap();
    }
    let (aux, data) = writer.take();
    let layout = ColumnType::Array { dims: 1 }.layout();
    let slice = ColumnSlice::new(layout, &aux, &data, 2).unwrap();
    let options = WriterOptions {
        page_rows: 1,
        ..Default::default()
    };
    for sentinels in [true, false] {
        let mut spec = ColumnSpec::new("c", ColumnType::Array { dims: 1 });
        spec.sentinels = sentinels;
        let input = Input {
            spec,
            slices: vec![slice],
            symbols: None,
        };
        let bytes = file(&[input], &options);
        let metadata = pq_format::read_footer(&bytes).unwrap();
        let chunk = &metadata.row_groups[0].columns[0];
        assert_eq!(chunk.column_index.is_some(), sentinels);
        assert_eq!(chunk.offset_index.is_some(), sentinels);
        let statistics = chunk.meta.statistics.as_ref().unwrap();
        assert_eq!(
            statistics.min_value.as_deref(),
            Some(&1_f64.to_le_bytes()[..])
        );
        assert_eq!(statistics.null_count, Some(if sentinels { 2 } else { 0 }));
    }
}

#[test]
fn infinities_are_bounds_like_any_other() {
    let data: Vec<u8> = [f32::INFINITY, 2.0, f32::NEG_INFINITY]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let slice = ColumnSlice::new(Layout::Fixed(4), &[], &data, 3).unwrap();
    let spec = ColumnSpec::new("c", ColumnType::Float);
    let input = Input {
        spec,
        slices: vec![slice],
        symbols: None,
    };
    let statistics = chunk(&input, &WriterOptions::default()).1.statistics;
    assert_eq!(
        statistics.min_value.unwrap(),
        f32::NEG_INFINITY.to_le_bytes()
    );
    assert_eq!(statistics.max_value.unwrap(), f32::INFINITY.to_le_bytes());
}

#[test]
fn ipv4_is_ordered_unsigned_and_narrow_integers_keep_their_sign() {
    let ip = [0xc0a8_0001_u32, 0x0102_0304]
        .map(u32::to_le_bytes)
        .concat();
    let short = [-74_i16, 5].map(i16::to_le_bytes).concat();
    for (column_type, data, min, max) in [
        (
            ColumnType::Ipv4,
            &ip,
            0x0102_0304_u32.to_le_bytes(),
            0xc0a8_0001_u32.to_le_bytes(),
        ),
        (
            ColumnType::Short,
            &short,
            (-74_i32).to_le_bytes(),
            5_i32.to_le_bytes(),
        ),
    ] {
        let slice = ColumnSlice::new(column_type.layout(), &[], data, 2).unwrap();
        let spec = ColumnSpec::new("c", column_type);
        let input = Input {
            spec,
            slices: vec![slice],
            symbols: None,
        };
        let statistics = chunk(&input, &WriterOptions::default()).1.statistics;
        assert_eq!(statistics.min_value.unwrap(), min);
        assert_eq!(statistics.max_value.unwrap(), max);
    }
}

#[test]
fn replaced_text_is_counted_by_values_in_every_encoding() {
    // "a", a lone surrogate twice, and a well-formed pair.
    let values: [&[u16]; 4] = [&[97], &[0xd800, 97], &[0xd800, 97], &[0xd834, 0xdd1e]];
    let mut writer = StringWriter::new();
    let dictionary = symbols(&[values[0], values[1], values[3]]);
    let keys = [0_i32, 1, 1, 2].map(i32::to_le_bytes).concat();
    for value in values {
        let bytes: Vec<u8> = value.iter().flat_map(|u| u.to_le_bytes()).collect();
        writer
            .push_utf16(Some(column_format::Utf16::new(&bytes)))
            .unwrap();
    }
    let (aux, data) = writer.take();
    let string = ColumnSlice::new(Layout::String, &aux, &data, 4).unwrap();
    let symbol = ColumnSlice::new(Layout::Fixed(4), &[], &keys, 4).unwrap();
    for (column_type, slice) in [(ColumnType::String, string), (ColumnType::Symbol, symbol)] {
        for encoding in Encoding::all_legal_for(column_type) {
            let spec = ColumnSpec::new("c", column_type).with_encoding(encoding);
            let input = Input {
                spec,
                slices: vec![slice],
                symbols: Some(&dictionary),
            };
            let options = WriterOptions {
                codec: Codec::None,
                ..Default::default()
            };
            assert_eq!(
                chunk(&input, &options).1.replaced_values,
                2,
                "{column_type} {encoding}"
            );
            let found: Vec<_> = judge::read(&file(&[input], &options), 0)
                .into_iter()
                .map(|slot| String::from_utf8(slot.value.unwrap()).unwrap())
                .collect();
            assert_eq!(found, ["a", "\u{fffd}a", "\u{fffd}a", "𝄞"]);
        }
    }
}
