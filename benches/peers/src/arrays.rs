//! Columns of a partition as Arrow arrays, without copies where Arrow can do without.
//!
//! What a Rust user writes who knows the column files: fixed-width values and VARCHAR data are the
//! mapped pages themselves, sentinels are scanned for, entries of VARCHAR become string views,
//! symbols become dictionaries. Tables without column tops and the types of `trades` and `cpu`:
//! anything else is refused.

use std::error::Error;
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, DictionaryArray, Float64Array, Int32Array, Int64Array, StringArray, StringViewArray,
    TimestampMicrosecondArray,
};
use arrow_buffer::{BooleanBufferBuilder, Buffer, NullBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use bytes::Bytes;
use column_format::{ColumnType, TimestampUnit};
use mmap_io::{Root, ScanProfile};
use table_reader::{OpenOptions, TableColumn, TableReader};

/// Whatever goes wrong ends the program.
pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Bytes that a long VARCHAR has at least.
const VARCHAR_LONG_MIN: usize = 10;
/// Bytes of a string view that stand in the view.
const VIEW_INLINE_MAX: usize = 12;

/// A table whose columns can be had as arrays.
pub struct Table {
    root: Root,
    reader: TableReader,
    symbols: Vec<Option<Arc<StringArray>>>,
}

impl Table {
    /// Opens a table.
    pub fn open(root: &Root) -> Outcome<Table> {
        let reader = TableReader::open(root, &OpenOptions::default())?;
        let mut symbols = Vec::new();
        for (at, column) in reader.columns().iter().enumerate() {
            let values = match column.column_type {
                ColumnType::Symbol => {
                    let dict = reader.symbols(at)?;
                    let text = dict.iter().map(|value| {
                        let units = value.units_le().as_chunks::<2>().0;
                        let units: Vec<u16> =
                            units.iter().map(|u| u16::from_le_bytes(*u)).collect();
                        String::from_utf16(&units)
                    });
                    let text: Vec<String> = text.collect::<Result<_, _>>()?;
                    Some(Arc::new(StringArray::from(text)))
                }
                _ => None,
            };
            symbols.push(values);
        }
        Ok(Table {
            root: root.clone(),
            reader,
            symbols,
        })
    }

    /// Its columns.
    pub fn columns(&self) -> &[TableColumn] {
        self.reader.columns()
    }

    /// Its partitions: directory and rows.
    pub fn partitions(&self) -> Vec<(String, usize)> {
        let all = self.reader.partitions().iter();
        all.map(|p| {
            (
                p.directory.clone(),
                usize::try_from(p.rows).unwrap_or(usize::MAX),
            )
        })
        .collect()
    }

    /// Its columns as Arrow names them.
    pub fn schema(&self) -> Outcome<SchemaRef> {
        let field = |column: &TableColumn| {
            let kind = match column.column_type {
                ColumnType::Timestamp(TimestampUnit::Micros) => {
                    DataType::Timestamp(TimeUnit::Microsecond, None)
                }
                ColumnType::Double => DataType::Float64,
                ColumnType::Long => DataType::Int64,
                ColumnType::Varchar => DataType::Utf8View,
                ColumnType::Symbol => {
                    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
                }
                other => return Err(format!("not written for {other}")),
            };
            Ok(Field::new(&column.name, kind, !column.designated))
        };
        let fields: Result<Vec<Field>, String> = self.columns().iter().map(field).collect();
        Ok(Arc::new(Schema::new(fields?)))
    }

    /// All rows of a column in a partition.
    pub fn array(&self, partition: &str, rows: usize, column: usize) -> Outcome<ArrayRef> {
        let place = &self.columns()[column];
        let file = |extension: &str, len: usize| -> Outcome<Bytes> {
            let file = self
                .root
                .file(&format!("{partition}/{}.{extension}", place.name))?;
            Ok(file.map(u64::try_from(len)?, ScanProfile::Cached)?.bytes())
        };
        let optional = !place.designated;
        Ok(match place.column_type {
            ColumnType::Timestamp(_) => {
                let values = ScalarBuffer::<i64>::from(Buffer::from(file("d", rows * 8)?));
                let nulls = nulls(&values, |v| *v == i64::MIN).filter(|_| optional);
                Arc::new(TimestampMicrosecondArray::try_new(values, nulls)?)
            }
            ColumnType::Long => {
                let values = ScalarBuffer::<i64>::from(Buffer::from(file("d", rows * 8)?));
                let nulls = nulls(&values, |v| *v == i64::MIN);
                Arc::new(Int64Array::try_new(values, nulls)?)
            }
            ColumnType::Double => {
                let values = ScalarBuffer::<f64>::from(Buffer::from(file("d", rows * 8)?));
                let nulls = nulls(&values, |v| v.is_nan());
                Arc::new(Float64Array::try_new(values, nulls)?)
            }
            ColumnType::Symbol => {
                let keys = ScalarBuffer::<i32>::from(Buffer::from(file("d", rows * 4)?));
                let nulls = nulls(&keys, |key| *key < 0);
                let keys = Int32Array::try_new(keys, nulls)?;
                let values = self.symbols[column].clone().ok_or("no symbols")?;
                Arc::new(DictionaryArray::<Int32Type>::try_new(keys, values)?)
            }
            ColumnType::Varchar => {
                let entries = file("i", rows * 16)?;
                let data = self.root.file(&format!("{partition}/{}.d", place.name))?;
                let data = data.map(data.len()?, ScanProfile::Cached)?.bytes();
                Arc::new(text(&entries, &data)?)
            }
            other => return Err(format!("not written for {other}").into()),
        })
    }
}

/// Rows that hold the sentinel; none where there are none.
fn nulls<T>(values: &[T], is_null: impl Fn(&T) -> bool) -> Option<NullBuffer> {
    if !values.iter().fold(false, |any, value| any | is_null(value)) {
        return None;
    }
    let mut valid = BooleanBufferBuilder::new(values.len());
    for value in values {
        valid.append(!is_null(value));
    }
    Some(NullBuffer::new(valid.finish()))
}

/// Entries of VARCHAR as string views over `.d`.
fn text(entries: &[u8], data: &Bytes) -> Outcome<StringViewArray> {
    let entries = entries.as_chunks::<16>().0;
    let mut views = Vec::<u128>::with_capacity(entries.len());
    let mut valid = BooleanBufferBuilder::new(entries.len());
    let mut any_null = false;
    for entry in entries {
        let [h0, h1, h2, h3, rest @ ..] = *entry;
        let header = u32::from_le_bytes([h0, h1, h2, h3]);
        let null = header & 4 != 0;
        any_null |= null;
        valid.append(!null);
        let mut view = [0_u8; 16];
        if null {
            // An empty view.
        } else if header & 1 != 0 {
            let len = (header >> 4 & 0xf) as usize;
            view[0] = u8::try_from(len)?;
            view[4..4 + len].copy_from_slice(entry.get(1..1 + len).ok_or("bad entry")?);
        } else {
            let len = (header >> 4) as usize;
            let [.., o0, o1, o2, o3, o4, o5] = rest;
            let off = u64::from_le_bytes([o0, o1, o2, o3, o4, o5, 0, 0]);
            let off = usize::try_from(off)?;
            if len < VARCHAR_LONG_MIN {
                return Err("bad entry".into());
            }
            view[..4].copy_from_slice(&u32::try_from(len)?.to_le_bytes());
            if len <= VIEW_INLINE_MAX {
                view[4..4 + len].copy_from_slice(data.get(off..off + len).ok_or("bad entry")?);
            } else {
                view[4..8].copy_from_slice(&rest[..4]);
                view[12..].copy_from_slice(&u32::try_from(off)?.to_le_bytes());
            }
        }
        views.push(u128::from_le_bytes(view));
    }
    let nulls = any_null.then(|| NullBuffer::new(valid.finish()));
    let buffers = vec![Buffer::from(data.clone())];
    Ok(StringViewArray::try_new(
        ScalarBuffer::from(views),
        buffers,
        nulls,
    )?)
}
