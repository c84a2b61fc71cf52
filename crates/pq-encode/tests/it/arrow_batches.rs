//! Record batches, written and read back by arrow-rs.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, BooleanArray, DictionaryArray,
    FixedSizeBinaryArray, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array,
    Int64Array, LargeBinaryArray, LargeStringArray, RecordBatch, StringArray, StringViewArray,
    TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray, UInt16Array,
    UInt32Array,
};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Field, Int16Type, Schema, TimeUnit};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use pq_encode::{
    BloomRate, Encoding, FileProperties, MemoryStores, PushError, PushOptions, RecordBatchWriter,
    WriterOptions, columns_of,
};

use crate::data::Rng;

/// A value for every row, or a null where `every` divides the row.
fn values<T>(rows: usize, every: usize, value: impl Fn(usize) -> T) -> Vec<Option<T>> {
    (0..rows)
        .map(|row| (every == 0 || !row.is_multiple_of(every)).then(|| value(row)))
        .collect()
}

/// Arrays of every supported type; sentinels of column files are values here.
fn arrays(rows: usize, every: usize) -> Vec<ArrayRef> {
    let mut rng = Rng::new(9);
    let noise: Vec<u64> = (0..rows).map(|_| rng.next()).collect();
    let long = |row: usize| match row % 5 {
        0 => i64::MIN,
        _ => noise[row].cast_signed(),
    };
    let int = |row: usize| match row % 5 {
        0 => i32::MIN,
        _ => i32::from_le_bytes(noise[row].to_le_bytes()[..4].try_into().unwrap()),
    };
    let small = |row: usize| i16::try_from(row % 100).unwrap();
    let text = |row: usize| format!("text {}", noise[row] % 300);
    let bytes = |row: usize| noise[row].to_le_bytes()[..row % 8].to_vec();
    let double = |row: usize| match row % 5 {
        0 => f64::NAN,
        _ => f64::from(int(row)) / 8.0,
    };
    let wide = |width: usize| {
        let value = |row: usize| noise[row].to_le_bytes().repeat(width / 8);
        let values = values(rows, every, value);
        let width = i32::try_from(width).unwrap();
        FixedSizeBinaryArray::try_from_sparse_iter_with_size(values.into_iter(), width).unwrap()
    };
    let micros = TimestampMicrosecondArray::from(values(rows, every, long)).with_timezone("UTC");
    let nanos = TimestampNanosecondArray::from(values(rows, every, long)).with_timezone("UTC");
    let millis = TimestampMillisecondArray::from(values(rows, every, |row| long(row) / 1000));
    let texts = values(rows, every, text);
    let keyed: DictionaryArray<Int16Type> = texts.iter().map(Option::as_deref).collect();
    let blobs = values(rows, every, bytes);
    let blobs = || blobs.iter().map(Option::as_deref);
    vec![
        Arc::new(BooleanArray::from(values(rows, every, |row| row % 3 == 0))),
        Arc::new(Int8Array::from(values(rows, every, |row| {
            i8::try_from(row % 100).unwrap()
        }))),
        Arc::new(Int16Array::from(values(rows, every, small))),
        Arc::new(UInt16Array::from(values(rows, every, |row| {
            small(row).cast_unsigned()
        }))),
        Arc::new(Int32Array::from(values(rows, every, int))),
        Arc::new(UInt32Array::from(values(rows, every, |row| {
            int(row).cast_unsigned()
        }))),
        Arc::new(Int64Array::from(values(rows, every, long))),
        Arc::new(Float32Array::from(values(rows, every, |row| {
            f32::from(small(row))
        }))),
        Arc::new(Float64Array::from(values(rows, every, double))),
        Arc::new(millis.with_timezone("+02:00")),
        Arc::new(micros),
        Arc::new(nanos),
        Arc::new(StringArray::from(texts.clone())),
        Arc::new(LargeStringArray::from(texts.clone())),
        Arc::new(StringViewArray::from_iter(texts.iter())),
        Arc::new(keyed),
        Arc::new(BinaryArray::from_iter(blobs())),
        Arc::new(LargeBinaryArray::from_iter(blobs())),
        Arc::new(BinaryViewArray::from_iter(blobs())),
        Arc::new(wide(16)),
        Arc::new(wide(32)),
    ]
}

fn batch(rows: usize, every: usize) -> RecordBatch {
    let arrays = arrays(rows, every);
    let field = |(i, array): (usize, &ArrayRef)| {
        Field::new(format!("c{i}"), array.data_type().clone(), every > 0)
    };
    let fields: Vec<Field> = arrays.iter().enumerate().map(field).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

fn write(batch: &RecordBatch, rows_each: usize) -> Vec<u8> {
    let options = WriterOptions {
        page_bytes: 4096,
        ..Default::default()
    };
    let push = PushOptions {
        row_group_rows: 1700,
        ..Default::default()
    };
    let mut writer = RecordBatchWriter::new(
        Vec::new(),
        &batch.schema(),
        &options,
        FileProperties::default(),
        &push,
        MemoryStores,
    )
    .unwrap();
    for at in (0..batch.num_rows()).step_by(rows_each) {
        // Slices of arrays have offsets of their own.
        let part = batch.slice(at, rows_each.min(batch.num_rows() - at));
        writer.write(&part).unwrap();
    }
    writer.finish().unwrap().0
}

#[test]
fn every_supported_type_is_read_back_and_no_value_is_taken_for_a_null() {
    for (rows, every) in [(4000, 0), (4000, 3), (1000, 1), (1, 0)] {
        let batch = batch(rows, every);
        let file = write(&batch, 700);
        assert!(file == write(&batch, 4000), "the sizes of batches show");
        let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(file)).unwrap();
        let schema = Arc::clone(reader.schema());
        let found: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
        let found = concat_batches(&schema, &found).unwrap();
        assert_eq!(found.num_rows(), rows);
        for (i, (column, expected)) in found.columns().iter().zip(batch.columns()).enumerate() {
            // Parquet has one type for all kinds of text, and knows no time zone but UTC.
            let expected = cast(expected, column.data_type()).unwrap();
            assert_eq!(schema.field(i).is_nullable(), every > 0);
            let what = format!("{} of {rows} rows", batch.column(i).data_type());
            assert_eq!(column.nulls(), expected.nulls(), "{what}");
            assert_eq!(column.to_data(), expected.to_data(), "{what}");
        }
    }
}

#[test]
fn row_groups_end_by_their_bytes_wherever_batches_do() {
    // A number of 8 bytes, and an entry of 16 for a text of 20: a null has its entry too.
    let texts = (0..1000).map(|row| (row % 4 > 0).then(|| format!("{row:020}")));
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..1000));
    let texts: ArrayRef = Arc::new(StringArray::from_iter(texts));
    let columns = [("n", numbers), ("t", texts)];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let write = |rows_each: usize| {
        let push = PushOptions {
            row_group_bytes: 5 * 24 + 4 * 20,
            ..Default::default()
        };
        let mut writer = RecordBatchWriter::new(
            Vec::new(),
            &batch.schema(),
            &WriterOptions::default(),
            FileProperties::default(),
            &push,
            MemoryStores,
        )
        .unwrap();
        for at in (0..1000).step_by(rows_each) {
            writer
                .write(&batch.slice(at, rows_each.min(1000 - at)))
                .unwrap();
        }
        writer.finish().unwrap().0
    };
    let file = write(1000);
    let footer = pq_format::read_footer(&file).unwrap();
    let groups: Vec<u64> = footer
        .row_groups
        .iter()
        .map(|group| group.num_rows)
        .collect();
    // One null and four texts are 200 bytes; of two nulls and three texts the sixth row is too much.
    assert_eq!(groups, [5; 200]);
    for rows_each in [1, 3, 64, 999] {
        assert!(write(rows_each) == file, "batches of {rows_each}");
    }
}

#[test]
fn types_without_a_column_type_are_refused_by_name() {
    for data_type in [
        DataType::Timestamp(TimeUnit::Second, None),
        DataType::Timestamp(TimeUnit::Second, Some("UTC".into())),
        DataType::UInt64,
        DataType::Date32,
        DataType::Decimal128(10, -2),
        DataType::Decimal128(10, 11),
        DataType::Decimal32(0, 0),
        DataType::FixedSizeBinary(7),
        DataType::new_list(DataType::Float32, true),
        DataType::new_list(DataType::new_list(DataType::Int64, true), true),
        DataType::new_list(DataType::Utf8, true),
        DataType::Null,
    ] {
        let schema = Schema::new(vec![
            Field::new("good", DataType::Int64, true),
            Field::new("the_column", data_type.clone(), true),
        ]);
        let error = columns_of(&schema).unwrap_err();
        assert!(matches!(error, PushError::Unsupported { .. }));
        let text = error.to_string();
        assert!(text.contains("`the_column`"), "{text}");
        assert!(text.contains("there are Boolean"), "{text}");
        assert!(text.contains(&data_type.to_string()), "{text}");
    }
}

#[test]
fn a_batch_of_another_schema_is_refused_and_changes_nothing() {
    let good = batch(100, 3);
    let mut writer = RecordBatchWriter::new(
        Vec::new(),
        &good.schema(),
        &WriterOptions::default(),
        FileProperties::default(),
        &PushOptions::default(),
        MemoryStores,
    )
    .unwrap();
    writer.write(&good).unwrap();
    let fewer = good.project(&[0, 1]).unwrap();
    assert!(matches!(
        writer.write(&fewer),
        Err(PushError::Columns { expected: 21, .. })
    ));
    let mut order: Vec<usize> = (0..21).collect();
    order.swap(4, 6);
    let other = good.project(&order).unwrap();
    let named = other.columns().iter().enumerate().map(|(i, array)| {
        let field = Field::new(format!("c{i}"), array.data_type().clone(), true);
        (Arc::new(field), Arc::clone(array))
    });
    let (fields, arrays): (Vec<_>, Vec<_>) = named.unzip();
    let other = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap();
    let error = writer.write(&other).unwrap_err().to_string();
    assert!(error.contains("`c4`") && error.contains("Int32"), "{error}");
    writer.write(&good).unwrap();
    assert_eq!(writer.finish().unwrap().1.rows, 200);
}

/// A writer of one column `c`.
fn writer_of(column: pq_encode::ColumnSpec, field: Field) -> RecordBatchWriter<Vec<u8>> {
    RecordBatchWriter::with_columns(
        Vec::new(),
        &Schema::new(vec![field]),
        &[column],
        &WriterOptions::default(),
        FileProperties::default(),
        &PushOptions::default(),
        MemoryStores,
    )
    .unwrap()
}

#[test]
fn nulls_in_a_column_that_is_not_nullable_are_refused_by_name_and_never_become_zeros() {
    let keys = Int8Array::from(vec![0, 1, 0]);
    let entries = StringArray::from(vec![Some("a"), None]);
    let nulls: [ArrayRef; 4] = [
        Arc::new(Int64Array::from(vec![Some(1), None, Some(3)])),
        Arc::new(BooleanArray::from(vec![Some(true), None, Some(true)])),
        Arc::new(StringArray::from(vec![Some("a"), None, Some("b")])),
        // No key is null here, but one of them is that of a null.
        Arc::new(DictionaryArray::new(keys, Arc::new(entries))),
    ];
    for array in nulls {
        let required = Field::new("c", array.data_type().clone(), false);
        let schema = Schema::new(vec![required.clone()]);
        let column = columns_of(&schema).unwrap().remove(0);
        let mut writer = writer_of(column, required.clone());
        let given = Field::new("c", array.data_type().clone(), true);
        let given = Arc::new(Schema::new(vec![given]));
        let batch = RecordBatch::try_new(given, vec![Arc::clone(&array)]).unwrap();
        let error = writer.write(&batch).unwrap_err();
        assert!(matches!(error, PushError::Unsupported { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains("`c`") && text.contains("1 nulls"), "{text}");
        writer.write(&batch.slice(2, 1)).unwrap();
        assert_eq!(writer.finish().unwrap().1.rows, 1);
    }
}

#[test]
fn columns_of_another_name_are_refused() {
    let array: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    let field = |name: &str| Field::new(name, DataType::Int64, true);
    let column = columns_of(&Schema::new(vec![field("c")]))
        .unwrap()
        .remove(0);
    let mut writer = writer_of(column.clone(), field("c"));
    let other = Arc::new(Schema::new(vec![field("other")]));
    let batch = RecordBatch::try_new(other, vec![array]).unwrap();
    let error = writer.write(&batch).unwrap_err().to_string();
    assert!(
        error.contains("`c`") && error.contains("`other`"),
        "{error}"
    );

    let error = RecordBatchWriter::with_columns(
        Vec::new(),
        &Schema::new(vec![field("other")]),
        &[column],
        &WriterOptions::default(),
        FileProperties::default(),
        &PushOptions::default(),
        MemoryStores,
    );
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("`c`") && error.contains("`other`"),
        "{error}"
    );
}

#[test]
fn options_of_single_columns_are_honoured() {
    let batch = batch(1000, 3);
    let mut columns = columns_of(&batch.schema()).unwrap();
    columns[8] = columns[8].clone().with_encoding(Encoding::ByteStreamSplit);
    columns[12] = columns[12].clone().with_bloom(BloomRate::DEFAULT);
    let mut writer = RecordBatchWriter::with_columns(
        Vec::new(),
        &batch.schema(),
        &columns,
        &WriterOptions::default(),
        FileProperties::default(),
        &PushOptions::default(),
        MemoryStores,
    )
    .unwrap();
    writer.write(&batch).unwrap();
    let (file, _) = writer.finish().unwrap();
    let footer = pq_format::read_footer(&file).unwrap();
    let chunk = |i: usize| &footer.row_groups[0].columns[i].meta;
    assert!(
        chunk(8)
            .encodings
            .contains(&pq_format::Encoding::ByteStreamSplit)
    );
    assert!(chunk(12).bloom_filter_offset.is_some());
    assert!(chunk(13).bloom_filter_offset.is_none());
}
