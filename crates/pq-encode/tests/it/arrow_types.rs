//! Decimals, lists and local times of record batches, read back by arrow-rs.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, Decimal32Array, Decimal64Array, Decimal128Array, Decimal256Array,
    FixedSizeListArray, Float64Array, Float64Builder, LargeListArray, LargeListBuilder, ListArray,
    ListBuilder, RecordBatch, TimestampMicrosecondArray, TimestampMillisecondArray,
    TimestampNanosecondArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit, i256};
use bytes::Bytes;
use column_format::ColumnType;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use pq_encode::{
    ColumnSpec, FileProperties, MemoryStores, PageVersion, PushError, PushOptions,
    RecordBatchWriter, WriterOptions, columns_of,
};
use pq_format::{LogicalType, PhysicalType};

fn batch(arrays: Vec<ArrayRef>) -> RecordBatch {
    let fields = arrays.iter().enumerate().map(|(i, array)| {
        let nullable = array.null_count() > 0;
        Field::new(format!("c{i}"), array.data_type().clone(), nullable)
    });
    RecordBatch::try_new(Arc::new(Schema::new(fields.collect::<Vec<_>>())), arrays).unwrap()
}

fn writer(schema: &Schema, options: &WriterOptions) -> RecordBatchWriter<Vec<u8>> {
    let push = PushOptions {
        row_group_rows: 700,
        ..Default::default()
    };
    let file = FileProperties::default();
    RecordBatchWriter::new(Vec::new(), schema, options, file, &push, MemoryStores).unwrap()
}

fn write(batch: &RecordBatch, page_version: PageVersion, rows_each: usize) -> Vec<u8> {
    let options = WriterOptions {
        page_bytes: 2048,
        page_version,
        ..Default::default()
    };
    let mut writer = writer(&batch.schema(), &options);
    for at in (0..batch.num_rows()).step_by(rows_each) {
        let part = batch.slice(at, rows_each.min(batch.num_rows() - at));
        writer.write(&part).unwrap();
    }
    writer.finish().unwrap().0
}

fn read(file: Vec<u8>) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(file)).unwrap();
    let schema = Arc::clone(reader.schema());
    let found: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    concat_batches(&schema, &found).unwrap()
}

/// Asserts that `batch` comes back with equal values and nulls from files of both page versions,
/// whatever the sizes of batches.
fn assert_comes_back(batch: &RecordBatch) {
    for version in [PageVersion::V1, PageVersion::V2] {
        let file = write(batch, version, batch.num_rows());
        assert!(
            file == write(batch, version, 61),
            "the sizes of batches show"
        );
        let found = read(file);
        for (column, expected) in found.columns().iter().zip(batch.columns()) {
            // Parquet has one type for all lists, and for all decimals of up to 38 digits.
            let expected = cast(expected, column.data_type()).unwrap();
            assert_eq!(column, &expected, "{}", expected.data_type());
        }
    }
}

#[test]
fn decimals_come_back_and_are_as_wide_as_those_of_tables() {
    let some = |row: i64| (row % 7 != 3).then_some(row * if row % 2 == 0 { 1 } else { -1 });
    let small = |max: i64| move |row: i64| some(row).map(|v| (v * 7919) % (max + 1));
    let rows = 0..2000_i64;
    let narrow = |max: i64| -> Vec<Option<i32>> {
        let value = |row| small(max)(row).map(|v| i32::try_from(v).unwrap());
        rows.clone().map(value).collect()
    };
    let wide = |factor: i128| -> Vec<Option<i128>> {
        rows.clone()
            .map(|r| some(r).map(|v| i128::from(v) * factor))
            .collect()
    };
    let longs: Vec<Option<i64>> = rows.clone().map(small(999_999_999_999)).collect();
    let huge = i256::from_parts(u128::MAX, 1 << 100);
    let widest: Vec<Option<i256>> = rows
        .clone()
        .map(|r| some(r).map(|v| huge.wrapping_mul(i256::from_i128(v.into()))))
        .collect();
    let d32 = |p, s, max| -> ArrayRef {
        let array = Decimal32Array::from(narrow(max));
        Arc::new(array.with_precision_and_scale(p, s).unwrap())
    };
    let d128 = |p, s, factor| -> ArrayRef {
        let array = Decimal128Array::from(wide(factor));
        Arc::new(array.with_precision_and_scale(p, s).unwrap())
    };
    let long = Decimal64Array::from(longs)
        .with_precision_and_scale(12, 12)
        .unwrap();
    let most = Decimal256Array::from(widest)
        .with_precision_and_scale(76, 5)
        .unwrap();
    let arrays: Vec<ArrayRef> = vec![
        d32(2, 1, 99),
        d32(4, 0, 9999),
        d32(9, 9, 999_999_999),
        Arc::new(long),
        // Narrower and wider than Arrow's 128 bits.
        d128(5, 2, 1),
        d128(10, 2, 12_345),
        d128(38, 10, 1_000_000_000_000_000_000_000_000_000_000),
        Arc::new(most),
    ];
    let widths = [1, 2, 4, 8, 4, 8, 16, 32];
    let batch = batch(arrays);
    assert_comes_back(&batch);
    let file = write(&batch, PageVersion::V1, 500);
    let footer = pq_format::read_footer(&file).unwrap();
    let leaves = footer.schema.leaves();
    for ((leaf, width), column) in leaves.iter().zip(widths).zip(batch.columns()) {
        let digits = column.data_type();
        let field = Field::new("c", digits.clone(), true);
        let own = columns_of(&Schema::new(vec![field])).unwrap().remove(0);
        let ColumnType::Decimal { precision, scale } = own.column_type else {
            panic!("{digits} is no decimal");
        };
        let table = ColumnSpec::new("c", ColumnType::Decimal { precision, scale });
        let physical = pq_encode::physical_type(table.column_type, false);
        assert_eq!(physical, PhysicalType::FixedLenByteArray(width), "{digits}");
        assert_eq!(leaf.physical, physical, "{digits}");
        let logical = LogicalType::Decimal {
            precision: precision.into(),
            scale: scale.into(),
        };
        assert_eq!(leaf.node.logical, Some(logical), "{digits}");
    }
}

#[test]
fn a_decimal_with_more_digits_than_its_type_is_refused() {
    for value in [1000, -1000, i128::MAX] {
        let array = Decimal128Array::from(vec![Some(999), None, Some(value)]);
        let array = array.with_data_type(DataType::Decimal128(3, 1));
        let batch = batch(vec![Arc::new(array)]);
        let mut writer = writer(&batch.schema(), &WriterOptions::default());
        let error = writer.write(&batch).unwrap_err();
        assert!(matches!(error, PushError::Unsupported { .. }), "{error}");
        let text = error.to_string();
        for part in ["`c0`", "row 2", "3 digits"] {
            assert!(text.contains(part), "{text}: no {part}");
        }
        writer.write(&batch.slice(0, 2)).unwrap();
        assert_eq!(writer.finish().unwrap().1.rows, 2);
    }
}

#[test]
fn times_without_a_zone_are_written_as_local_ones() {
    let values = || (0..1500_i64).map(|row| (row % 5 != 0).then_some(row * row - 70_000));
    let batch = batch(vec![
        Arc::new(TimestampMillisecondArray::from_iter(values())),
        Arc::new(TimestampMicrosecondArray::from_iter(values())),
        Arc::new(TimestampNanosecondArray::from_iter(values())),
        Arc::new(TimestampMicrosecondArray::from_iter(values()).with_timezone("UTC")),
    ]);
    assert_comes_back(&batch);
    let found = read(write(&batch, PageVersion::V1, 100));
    let found: Vec<&DataType> = found.columns().iter().map(Array::data_type).collect();
    let zoned = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    assert_eq!(
        found,
        [
            &DataType::Timestamp(TimeUnit::Millisecond, None),
            &DataType::Timestamp(TimeUnit::Microsecond, None),
            &DataType::Timestamp(TimeUnit::Nanosecond, None),
            &zoned,
        ]
    );
    let file = write(&batch, PageVersion::V1, 100);
    let footer = pq_format::read_footer(&file).unwrap();
    let leaves = footer.schema.leaves();
    for (i, leaf) in leaves.iter().enumerate() {
        let Some(LogicalType::Timestamp { utc, .. }) = leaf.node.logical else {
            panic!("{:?} is no timestamp", leaf.node.logical);
        };
        assert_eq!(utc, i == 3);
        // The older annotation means UTC: a reader that knows only it must not take it for that.
        assert_eq!(leaf.node.converted.is_some(), i == 3);
    }
}

#[test]
fn local_time_of_a_type_without_time_is_refused() {
    let mut spec = ColumnSpec::new("the_column", ColumnType::Long);
    spec.local_time = true;
    let error = spec
        .check(&WriterOptions::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("the_column") && error.contains("local"),
        "{error}"
    );
}

/// Rows with values, null elements, NaN elements, no elements, and without a list.
fn flat(rows: usize) -> Vec<Option<Vec<Option<f64>>>> {
    let element = |row: usize, i: usize| match (row + i) % 5 {
        0 => None,
        1 => Some(f64::NAN),
        2 => Some(-0.0),
        n => Some(f64::from(u32::try_from(row * n).unwrap()) / 4.0),
    };
    let list = |row: usize| (0..row % 9).map(|i| element(row, i)).collect();
    (0..rows)
        .map(|row| (row % 6 != 5).then(|| list(row)))
        .collect()
}

#[test]
fn lists_come_back_with_nulls_empty_lists_and_nan_on_every_level() {
    let rows = 2000;
    let mut small = ListBuilder::new(Float64Builder::new());
    let mut large = LargeListBuilder::new(Float64Builder::new());
    let mut nested = ListBuilder::new(ListBuilder::new(Float64Builder::new()));
    for (i, row) in flat(rows).into_iter().enumerate() {
        small.append_option(row.clone());
        large.append_option(row.clone());
        // A row of the outer lists has as many inner ones of the same length as its number says.
        for _ in 0..i % 4 {
            nested.values().append_value(row.iter().flatten().copied());
        }
        nested.append(i % 6 != 4 || i % 4 > 0);
    }
    let fixed = Float64Array::from_iter(
        (0..rows * 3).map(|i| (i % 4 != 0).then_some(f64::from(u32::try_from(i).unwrap()))),
    );
    let element = Arc::new(Field::new("item", DataType::Float64, true));
    let nulls = NullBuffer::from_iter((0..rows).map(|row| row % 3 != 0));
    let fixed = FixedSizeListArray::new(element, 3, Arc::new(fixed), Some(nulls));
    // Lists of lists of a fixed length: the outer ones of 0 to 3.
    let lengths = (0..rows / 2).map(|row| row % 4);
    let offsets = OffsetBuffer::from_lengths(lengths);
    let len = usize::try_from(*offsets.last().unwrap()).unwrap();
    let inner =
        Float64Array::from_iter_values((0..len * 2).map(|i| f64::from(u32::try_from(i).unwrap())));
    let element = Arc::new(Field::new("item", DataType::Float64, true));
    let inner = FixedSizeListArray::new(element, 2, Arc::new(inner), None);
    let field = Arc::new(Field::new("item", inner.data_type().clone(), false));
    let mixed = ListArray::new(field, offsets, Arc::new(inner), None);

    let (small, large, nested) = (small.finish(), large.finish(), nested.finish());
    assert!(nested.null_count() > 0 && small.null_count() > 0);
    assert_comes_back(&batch(vec![Arc::new(small), Arc::new(large)]));
    assert_comes_back(&batch(vec![Arc::new(nested)]));
    assert_comes_back(&batch(vec![Arc::new(fixed)]));
    assert_comes_back(&batch(vec![Arc::new(mixed)]));
}

#[test]
fn the_nan_that_marks_a_null_comes_back_as_a_nan() {
    let mut list = ListBuilder::new(Float64Builder::new());
    list.append_value([Some(f64::from_bits(0x7ffc_5e6c_5147_a7e5)), None, Some(1.0)]);
    let found = read(write(
        &batch(vec![Arc::new(list.finish())]),
        PageVersion::V1,
        1,
    ));
    let found: &ListArray = found.column(0).as_any().downcast_ref().unwrap();
    let elements: &Float64Array = found.values().as_any().downcast_ref().unwrap();
    assert!(elements.is_valid(0) && elements.value(0).is_nan());
    assert!(elements.is_null(1) && elements.is_valid(2));
}

#[test]
fn lists_that_are_no_boxes_are_refused_by_name_and_row() {
    let mut jagged = ListBuilder::new(ListBuilder::new(Float64Builder::new()));
    jagged.values().append_value([Some(1.0)]);
    jagged.append(true);
    jagged.values().append_value([Some(1.0)]);
    jagged.values().append_value([Some(1.0), None]);
    jagged.append(true);
    let mut null = ListBuilder::new(ListBuilder::new(Float64Builder::new()));
    null.values().append_value([Some(1.0)]);
    null.append(true);
    null.values().append_null();
    null.append(true);
    for (array, what) in [
        (jagged.finish(), "one length"),
        (null.finish(), "null list"),
    ] {
        let batch = batch(vec![Arc::new(array)]);
        let mut writer = writer(&batch.schema(), &WriterOptions::default());
        let text = writer.write(&batch).unwrap_err().to_string();
        for part in ["`c0`", "row 1", what] {
            assert!(text.contains(part), "{text}: no {part}");
        }
        writer.write(&batch.slice(0, 1)).unwrap();
        assert_eq!(writer.finish().unwrap().1.rows, 1);
    }
}

#[test]
fn lists_of_record_batches_are_never_raw() {
    let list = LargeListArray::new_null(Arc::new(Field::new("item", DataType::Float64, true)), 1);
    let schema = Schema::new(vec![Field::new("c0", list.data_type().clone(), true)]);
    let options = WriterOptions {
        raw_arrays: true,
        ..Default::default()
    };
    let (file, push) = (FileProperties::default(), PushOptions::default());
    let made = RecordBatchWriter::new(Vec::new(), &schema, &options, file, &push, MemoryStores);
    let text = made.unwrap_err().to_string();
    assert!(text.contains("`c0`") && text.contains("raw"), "{text}");
}
