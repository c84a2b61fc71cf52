//! The column index as it is written: what others read of it, and what they need not read by it.

use bytes::Bytes;
use column_format::ColumnType;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection, RowSelector,
};
use parquet::file::metadata::PageIndexPolicy;
use pq_encode::{ColumnSpec, PageOrder, PageVersion, WriterOptions};
use pq_format::BoundaryOrder;

use crate::counting::Counting;
use crate::data::{Column, Nulls, Shape, all_types, column};
use crate::write::{Input, chunk, file};

fn options(version: PageVersion) -> WriterOptions {
    WriterOptions {
        page_rows: 700,
        page_version: version,
        ..Default::default()
    }
}

fn input(column: &Column) -> Input<'_> {
    Input {
        spec: ColumnSpec::new("c", column.column_type),
        slices: vec![column.slice()],
        symbols: column.symbols.as_ref(),
    }
}

#[test]
fn column_and_offset_index_say_of_every_page_what_its_summary_says() {
    for version in [PageVersion::V1, PageVersion::V2] {
        for column_type in all_types() {
            for nulls in [Nulls::None, Nulls::Runs, Nulls::All] {
                let column = column(column_type, 5000, nulls, Shape::Rising, 9);
                let (_, summary) = chunk(&input(&column), &options(version));
                let bytes = file(&[input(&column)], &options(version));
                let what = format!("{column_type} {nulls:?} {version:?}");
                let footer = pq_format::read_footer(&bytes).unwrap();
                let entry = &footer.row_groups[0].columns[0];
                let range = |range: pq_format::IndexRange| {
                    let at = usize::try_from(range.offset).unwrap();
                    at..at + usize::try_from(range.length).unwrap()
                };
                let at = range(entry.column_index.unwrap());
                let columns = pq_format::ColumnIndex::read(&bytes[at]).unwrap();
                let at = range(entry.offset_index.unwrap());
                let offsets = pq_format::OffsetIndex::read(&bytes[at]).unwrap();
                let order = match summary.page_order {
                    PageOrder::Ascending => BoundaryOrder::Ascending,
                    PageOrder::Descending => BoundaryOrder::Descending,
                    PageOrder::Unordered => BoundaryOrder::Unordered,
                };
                assert_eq!(columns.boundary_order, order, "{what}");
                let mut row = 0;
                let (mut repetition, mut definition) = (vec![], vec![]);
                for (i, page) in summary.pages.iter().enumerate() {
                    let only_nulls = page.nulls == page.values;
                    assert_eq!(columns.null_pages[i], only_nulls, "{what}");
                    assert_eq!(columns.null_counts[i], page.nulls, "{what}");
                    let bounds = page.bounds.clone().unwrap_or_default();
                    assert_eq!(columns.min_values[i], bounds.min, "{what}");
                    assert_eq!(columns.max_values[i], bounds.max, "{what}");
                    repetition.extend(&page.repetition_levels);
                    definition.extend(&page.definition_levels);
                    // Version 1 pages do not say how many rows they have: the index must.
                    assert_eq!(offsets.page_locations[i].first_row_index, row, "{what}");
                    row += u64::from(page.rows);
                }
                assert_eq!(row, 5000, "{what}");
                assert_eq!(columns.null_pages.len(), summary.pages.len(), "{what}");
                assert_eq!(columns.repetition_level_histograms, repetition, "{what}");
                assert_eq!(columns.definition_level_histograms, definition, "{what}");

                // And the chunk's sizes are the sums of its pages'.
                let sizes = entry.meta.size_statistics.as_ref().unwrap();
                let unencoded: u64 = summary.pages.iter().map(|p| p.unencoded_bytes).sum();
                assert_eq!(
                    sizes.unencoded_byte_array_data_bytes.unwrap_or(0),
                    unencoded,
                    "{what}"
                );
                let by_page = &offsets.unencoded_byte_array_data_bytes;
                assert_eq!(by_page.iter().sum::<u64>(), unencoded, "{what}");
                for (whole, parts) in [
                    (&sizes.repetition_level_histogram, &repetition),
                    (&sizes.definition_level_histogram, &definition),
                ] {
                    let mut sums = vec![0; whole.len()];
                    for part in parts.chunks(whole.len().max(1)) {
                        for (sum, count) in sums.iter_mut().zip(part) {
                            *sum += count;
                        }
                    }
                    assert_eq!(&sums, whole, "{what}");
                }
            }
        }
    }
}

/// Rows of which the column index says that they may hold the value of row `row`, as arrow-rs reads
/// it; and what a reader then finds there.
fn read_by_index(bytes: Vec<u8>, row: usize) -> (usize, usize, bool) {
    let size = bytes.len();
    let source = Counting::new(Bytes::from(bytes));
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
    let builder = || {
        ParquetRecordBatchReaderBuilder::try_new_with_options(source.clone(), options.clone())
            .unwrap()
    };
    let all = builder().with_batch_size(1 << 20).build().unwrap();
    let all = all.map(Result::unwrap).next().unwrap();
    let wanted = all.column(0).slice(row, 1);

    let reader = builder();
    let metadata = std::sync::Arc::clone(reader.metadata());
    let converter = StatisticsConverter::try_new("c", reader.schema(), reader.parquet_schema());
    let converter = converter.unwrap();
    let (columns, offsets) = (
        metadata.column_index().unwrap(),
        metadata.offset_index().unwrap(),
    );
    let mins = converter.data_page_mins(columns, offsets, [&0]).unwrap();
    let maxes = converter.data_page_maxes(columns, offsets, [&0]).unwrap();
    let counts = converter
        .data_page_row_counts(offsets, metadata.row_groups(), [&0])
        .unwrap()
        .unwrap();
    let scalar =
        arrow::array::Scalar::new(arrow::compute::cast(&wanted, mins.data_type()).unwrap());
    let low = arrow::compute::kernels::cmp::lt_eq(&mins, &scalar).unwrap();
    let high = arrow::compute::kernels::cmp::gt_eq(&maxes, &scalar).unwrap();
    let selectors: Vec<RowSelector> = (0..mins.len())
        .map(|page| {
            let rows = usize::try_from(counts.value(page)).unwrap();
            if low.value(page) && high.value(page) {
                RowSelector::select(rows)
            } else {
                RowSelector::skip(rows)
            }
        })
        .collect();
    let before = source.read();
    let found: usize = reader
        .with_batch_size(1 << 20)
        .with_row_selection(RowSelection::from(selectors))
        .build()
        .unwrap()
        .map(|batch| {
            let batch = batch.unwrap();
            let scalar = arrow::array::Scalar::new(wanted.clone());
            arrow::compute::kernels::cmp::eq(batch.column(0), &scalar)
                .unwrap()
                .true_count()
        })
        .sum();
    let scalar = arrow::array::Scalar::new(wanted.clone());
    let expected = arrow::compute::kernels::cmp::eq(all.column(0), &scalar).unwrap();
    let few = (source.read() - before) * 10 < size;
    (found, expected.true_count(), few)
}

#[test]
fn arrow_rs_finds_a_value_by_the_column_index_and_reads_a_tenth() {
    use ColumnType as T;
    use column_format::TimestampUnit;
    let writer = WriterOptions {
        page_rows: 1000,
        ..Default::default()
    };
    for column_type in [
        T::Int,
        T::Ipv4,
        T::Double,
        T::Varchar,
        T::Decimal {
            precision: 18,
            scale: 2,
        },
        T::Timestamp(TimestampUnit::Micros),
    ] {
        for order in ["ascending", "descending", "unordered"] {
            let rows = 100_000;
            let place = |row: usize| match order {
                "ascending" => row,
                "descending" => rows - 1 - row,
                // Blocks of rising rows, in no order.
                _ => (row / 1000 * 37 % 100) * 1000 + row % 1000,
            };
            let (mut aux, mut data) = (Vec::new(), Vec::new());
            let mut texts = column_format::VarcharWriter::new();
            for row in 0..rows {
                let n = u32::try_from(place(row) + 1).unwrap();
                match column_type {
                    T::Int | T::Ipv4 => data.extend((n << 13).to_le_bytes()),
                    T::Double => data.extend((f64::from(n) - 5e4).to_le_bytes()),
                    T::Varchar => texts.push(Some(format!("{n:09}").as_bytes())).unwrap(),
                    _ => data.extend((i64::from(n) - 50_000).to_le_bytes()),
                }
            }
            if column_type == T::Varchar {
                (aux, data) = texts.take();
            }
            let column = Column {
                column_type,
                rows,
                aux,
                data,
                symbols: None,
            };
            let bytes = file(&[input(&column)], &writer);
            let what = format!("{column_type} {order}");
            for row in [0, 33_333, 99_999] {
                let (found, expected, few) = read_by_index(bytes.clone(), row);
                assert_eq!((found, expected), (1, 1), "{what}");
                assert!(few, "{what}: too much was read");
            }
        }
    }
}
