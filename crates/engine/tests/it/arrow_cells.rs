//! A Parquet file as rows of plain cells, read by arrow-rs: the judge of every export.
//!
//! Cells keep exactly what the file says (bits of floats, unscaled decimals, raw bytes), so that
//! two files are equal only if every value is.

use std::fs::File;
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, UInt16Type, UInt32Type,
};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// One value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cell {
    Null,
    Bool(bool),
    Int(i64),
    F32(u32),
    F64(u64),
    Timestamp(i64, TimeUnit),
    Decimal(String, i8),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Cell>),
}

/// A column: its name, its Arrow type, its cells.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) data_type: DataType,
    pub(crate) cells: Vec<Cell>,
}

pub(crate) fn read_file(path: &Path) -> Vec<Column> {
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut File::open(path).unwrap(), &mut bytes).unwrap();
    read_bytes(bytes)
}

pub(crate) fn read_bytes(bytes: Vec<u8>) -> Vec<Column> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).unwrap();
    let schema = builder.schema().clone();
    let mut columns: Vec<Column> = schema
        .fields()
        .iter()
        .map(|field| Column {
            name: field.name().clone(),
            data_type: field.data_type().clone(),
            cells: Vec::new(),
        })
        .collect();
    for batch in builder.build().unwrap() {
        let batch = batch.unwrap();
        for (column, array) in columns.iter_mut().zip(batch.columns()) {
            column
                .cells
                .extend((0..array.len()).map(|row| cell(array, row)));
        }
    }
    columns
}

fn cell(array: &ArrayRef, row: usize) -> Cell {
    if array.is_null(row) {
        return Cell::Null;
    }
    match array.data_type() {
        DataType::Boolean => Cell::Bool(array.as_boolean().value(row)),
        DataType::Int8 => Cell::Int(array.as_primitive::<Int8Type>().value(row).into()),
        DataType::Int16 => Cell::Int(array.as_primitive::<Int16Type>().value(row).into()),
        DataType::UInt16 => Cell::Int(array.as_primitive::<UInt16Type>().value(row).into()),
        DataType::Int32 => Cell::Int(array.as_primitive::<Int32Type>().value(row).into()),
        DataType::UInt32 => Cell::Int(array.as_primitive::<UInt32Type>().value(row).into()),
        DataType::Int64 => Cell::Int(array.as_primitive::<Int64Type>().value(row)),
        DataType::Date32 => Cell::Int(array.as_primitive::<Date32Type>().value(row).into()),
        DataType::Float32 => Cell::F32(array.as_primitive::<Float32Type>().value(row).to_bits()),
        DataType::Float64 => Cell::F64(array.as_primitive::<Float64Type>().value(row).to_bits()),
        DataType::Timestamp(unit, Some(zone)) if &**zone == "UTC" => {
            let ticks = match unit {
                TimeUnit::Millisecond => {
                    array.as_primitive::<TimestampMillisecondType>().value(row)
                }
                TimeUnit::Microsecond => {
                    array.as_primitive::<TimestampMicrosecondType>().value(row)
                }
                TimeUnit::Nanosecond => array.as_primitive::<TimestampNanosecondType>().value(row),
                TimeUnit::Second => panic!("no column is in seconds"),
            };
            Cell::Timestamp(ticks, *unit)
        }
        DataType::Decimal128(_, scale) => Cell::Decimal(
            array
                .as_primitive::<Decimal128Type>()
                .value(row)
                .to_string(),
            *scale,
        ),
        DataType::Decimal256(_, scale) => Cell::Decimal(
            array
                .as_primitive::<Decimal256Type>()
                .value(row)
                .to_string(),
            *scale,
        ),
        DataType::Utf8 => Cell::Text(array.as_string::<i32>().value(row).to_owned()),
        DataType::Binary => Cell::Bytes(array.as_binary::<i32>().value(row).to_vec()),
        DataType::FixedSizeBinary(_) => {
            Cell::Bytes(array.as_fixed_size_binary().value(row).to_vec())
        }
        DataType::List(_) => {
            let list = array.as_list::<i32>().value(row);
            Cell::List((0..list.len()).map(|row| cell(&list, row)).collect())
        }
        other => panic!("an export holds no {other}"),
    }
}
