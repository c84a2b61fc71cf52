//! arrow-rs `parquet` as the judge: levels and physical values, without Arrow's own types in between.

use bytes::Bytes;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{AsBytes, DataType};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::cells::Slot;

/// The file's metadata, page index included.
pub(crate) fn metadata(file: &[u8]) -> ParquetMetaData {
    ParquetMetaDataReader::new()
        .with_page_index_policy(PageIndexPolicy::Required)
        .parse_and_finish(&Bytes::copy_from_slice(file))
        .unwrap()
}

/// All leaf slots of leaf `column`, all row groups.
pub(crate) fn read(file: &[u8], column: usize) -> Vec<Slot> {
    let reader = SerializedFileReader::new(Bytes::copy_from_slice(file)).unwrap();
    let mut out = Vec::new();
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).unwrap();
        let rows = usize::try_from(group.metadata().num_rows()).unwrap();
        let descriptor = group.metadata().column(column).column_descr_ptr();
        let max = (descriptor.max_def_level(), descriptor.max_rep_level());
        match group.get_column_reader(column).unwrap() {
            ColumnReader::BoolColumnReader(r) => {
                collect(r, rows, max, |v| vec![u8::from(*v)], &mut out);
            }
            ColumnReader::Int32ColumnReader(r) => collect(r, rows, max, bytes_of, &mut out),
            ColumnReader::Int64ColumnReader(r) => collect(r, rows, max, bytes_of, &mut out),
            ColumnReader::FloatColumnReader(r) => collect(r, rows, max, bytes_of, &mut out),
            ColumnReader::DoubleColumnReader(r) => collect(r, rows, max, bytes_of, &mut out),
            ColumnReader::ByteArrayColumnReader(r) => {
                collect(r, rows, max, |v| v.data().to_vec(), &mut out);
            }
            ColumnReader::FixedLenByteArrayColumnReader(r) => {
                collect(r, rows, max, |v| v.data().to_vec(), &mut out);
            }
            ColumnReader::Int96ColumnReader(_) => panic!("nobody writes INT96"),
        }
    }
    out
}

fn bytes_of<T: AsBytes>(value: &T) -> Vec<u8> {
    value.as_bytes().to_vec()
}

fn collect<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    rows: usize,
    (max_definition, max_repetition): (i16, i16),
    plain: impl Fn(&T::T) -> Vec<u8>,
    out: &mut Vec<Slot>,
) {
    let (mut definitions, mut repetitions, mut values) = (vec![], vec![], vec![]);
    let mut done = 0;
    while done < rows {
        let (records, _, _) = reader
            .read_records(
                rows - done,
                Some(&mut definitions),
                Some(&mut repetitions),
                &mut values,
            )
            .unwrap();
        assert!(records > 0, "the chunk ends after {done} of {rows} rows");
        done += records;
    }
    if max_definition == 0 {
        definitions = vec![0; values.len()];
    }
    if max_repetition == 0 {
        repetitions = vec![0; definitions.len()];
    }
    let mut values = values.iter();
    for (definition, repetition) in definitions.into_iter().zip(repetitions) {
        let value = (definition == max_definition).then(|| plain(values.next().unwrap()));
        out.push(Slot {
            repetition,
            definition,
            value,
        });
    }
    assert!(values.next().is_none(), "values behind the last slot");
}
