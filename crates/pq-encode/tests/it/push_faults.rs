//! Push mode: what is refused, and what fails.

use std::io;

use column_format::{ColumnSlice, ColumnType, Layout};
use pq_encode::{
    ColumnSpec, FileProperties, MemoryStores, PushError, PushOptions, PushWriter, SpillFile,
    TempFileStores, WriterOptions,
};

fn specs(columns: usize) -> Vec<ColumnSpec> {
    (0..columns)
        .map(|i| ColumnSpec::new(format!("c{i}"), ColumnType::Long))
        .collect()
}

fn longs(rows: usize) -> Vec<u8> {
    let mut rng = crate::data::Rng::new(4);
    (0..rows).flat_map(|_| rng.next().to_le_bytes()).collect()
}

fn slice(bytes: &[u8]) -> ColumnSlice<'_> {
    ColumnSlice::new(Layout::Fixed(8), &[], bytes, bytes.len() / 8).unwrap()
}

fn writer(
    columns: usize,
    push: &PushOptions,
    stores: impl pq_encode::PageStoreFactory + 'static,
) -> Result<PushWriter<Vec<u8>>, PushError> {
    let options = WriterOptions {
        page_bytes: 4096,
        dictionary_bytes: 4096,
        ..Default::default()
    };
    let properties = FileProperties::default();
    PushWriter::new(
        Vec::new(),
        &specs(columns),
        &options,
        properties,
        push,
        stores,
    )
}

#[test]
fn memory_for_less_than_a_page_and_a_dictionary_a_column_is_refused_by_name() {
    let push = |memory| PushOptions {
        memory,
        ..Default::default()
    };
    for columns in [1, 2, 2000] {
        let needed = u64::try_from(columns).unwrap() * 8192;
        assert!(writer(columns, &push(needed), MemoryStores).is_ok());
        let error = writer(columns, &push(needed - 1), MemoryStores).unwrap_err();
        let text = error.to_string();
        for part in [
            "memory",
            &needed.to_string(),
            &(needed - 1).to_string(),
            &format!("{columns} columns"),
            "4096",
        ] {
            assert!(text.contains(part), "{text}: no {part}");
        }
    }
    let none = PushOptions {
        row_group_rows: 0,
        ..Default::default()
    };
    let error = writer(1, &none, MemoryStores).unwrap_err().to_string();
    assert!(error.contains("row-group-rows"), "{error}");
}

#[test]
fn memory_is_kept_for_two_and_for_two_thousand_columns() {
    for (columns, rows) in [(2, 60_000), (2000, 2000)] {
        let memory = u64::try_from(columns).unwrap() * 8192 + 100_000;
        let push = PushOptions {
            memory,
            ..Default::default()
        };
        let stores = TempFileStores::in_dir(std::env::temp_dir());
        let mut writer = writer(columns, &push, stores.clone()).unwrap();
        let bytes = longs(rows);
        let mut most = 0;
        for at in (0..rows).step_by(100) {
            let batch = vec![slice(&bytes[at * 8..(at + 100) * 8]); columns];
            writer.write(&batch).unwrap();
            most = most.max(writer.heap_bytes());
        }
        // Gaps in front of pages, stages and page summaries: 64 KiB a column is more than enough, and
        // less than the pages that were spilled.
        let constant = 64 * 1024 * u64::try_from(columns).unwrap();
        let most = u64::try_from(most).unwrap();
        assert!(most <= memory + constant, "{columns}: {most} of {memory}");
        assert!(stores.spilled_bytes() > 256 << 10);
        let (file, summary) = writer.finish().unwrap();
        assert_eq!(summary.bytes, u64::try_from(file.len()).unwrap());
        assert_eq!(stores.file_bytes(), 0);
    }
}

#[test]
fn a_value_of_ten_mebibytes_is_a_page_of_its_own_beyond_the_budget() {
    let value = vec![7; 10 << 20];
    let mut binary = column_format::BinaryWriter::new();
    for part in [&value[..1], &value, &value[..1], &value] {
        binary.push(Some(part)).unwrap();
    }
    let (aux, data) = binary.take();
    let rows = ColumnSlice::new(Layout::Binary, &aux, &data, 4).unwrap();
    let spec = ColumnSpec::new("c", ColumnType::Binary);
    let stores = TempFileStores::in_dir(std::env::temp_dir());
    let mut writer = PushWriter::new(
        Vec::new(),
        &[spec],
        &WriterOptions {
            codec: pq_encode::Codec::None,
            ..Default::default()
        },
        FileProperties::default(),
        &PushOptions {
            memory: 2 << 20,
            ..Default::default()
        },
        stores,
    )
    .unwrap();
    for row in 0..4 {
        writer.write(&[rows.slice(row..row + 1)]).unwrap();
    }
    let (file, _) = writer.finish().unwrap();
    let lens: Vec<usize> = crate::judge::read(&file, 0)
        .into_iter()
        .map(|slot| slot.value.unwrap().len())
        .collect();
    assert_eq!(lens, [1, 10 << 20, 1, 10 << 20]);
}

#[test]
fn a_batch_that_does_not_fit_is_named_and_changes_nothing() {
    let mut writer = writer(2, &PushOptions::default(), MemoryStores).unwrap();
    let (ten, nine) = (longs(10), longs(9));
    writer.write(&[slice(&ten), slice(&ten)]).unwrap();
    let error = writer.write(&[slice(&ten)]).unwrap_err();
    assert!(
        matches!(
            error,
            PushError::Columns {
                expected: 2,
                found: 1
            }
        ),
        "{error}"
    );
    let error = writer.write(&[slice(&ten), slice(&nine)]).unwrap_err();
    assert!(error.to_string().contains("`c1`"), "{error}");
    writer.write(&[slice(&nine), slice(&nine)]).unwrap();
    let (_, summary) = writer.finish().unwrap();
    assert_eq!((summary.rows, summary.row_groups), (19, 1));
}

/// A disk that takes nothing.
struct Full;

impl SpillFile for Full {
    fn write_all_at(&self, _: &[u8], _: u64) -> io::Result<()> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn read_exact_at(&self, _: &mut [u8], _: u64) -> io::Result<()> {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

#[test]
fn a_full_disk_and_rows_of_another_type_end_the_file_by_name() {
    let bytes = longs(10_000);
    let stores = TempFileStores::open_with(|| Ok(Box::new(Full)));
    let push = PushOptions {
        memory: 8192,
        ..Default::default()
    };
    let mut full = writer(1, &push, stores.clone()).unwrap();
    let error = full.write(&[slice(&bytes)]).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("`c0`") && text.contains("spill"), "{text}");
    assert_eq!(stores.file_bytes(), 0);
    assert!(matches!(
        full.write(&[slice(&bytes)]),
        Err(PushError::Failed)
    ));
    assert!(matches!(full.finish(), Err(PushError::Failed)));

    let mut other = writer(1, &PushOptions::default(), MemoryStores).unwrap();
    let rows = ColumnSlice::new(Layout::Fixed(4), &[], &bytes, 100).unwrap();
    other.write(&[slice(&bytes[..80])]).unwrap();
    let error = other.write(&[rows]).unwrap_err().to_string();
    assert!(
        error.contains("`c0`") && error.contains("4 bytes a row"),
        "{error}"
    );
}

#[test]
fn a_file_without_a_row_has_its_schema() {
    let writer = writer(3, &PushOptions::default(), MemoryStores).unwrap();
    let (file, summary) = writer.finish().unwrap();
    assert_eq!(summary.rows, 0);
    let metadata = crate::judge::metadata(&file);
    assert_eq!(metadata.file_metadata().schema_descr().num_columns(), 3);
}

#[test]
fn a_dictionary_of_narrow_values_needs_memory_for_those_that_there_are() {
    for (column_type, values) in [(ColumnType::Byte, 1 << 8), (ColumnType::Short, 1 << 16)] {
        let mut spec = ColumnSpec::new("c", column_type);
        spec.encoding = Some(pq_encode::Encoding::Dictionary);
        let options = WriterOptions {
            page_bytes: 4096,
            dictionary_bytes: 1 << 20,
            ..Default::default()
        };
        let memory = |memory| {
            let push = PushOptions {
                memory,
                ..Default::default()
            };
            let (out, properties) = (Vec::new(), FileProperties::default());
            let columns = std::slice::from_ref(&spec);
            PushWriter::new(out, columns, &options, properties, &push, MemoryStores).is_ok()
        };
        // Values of four bytes, and four slots of four for each.
        let needed = 4096 + 20 * values;
        assert!(memory(needed), "{column_type}");
        assert!(!memory(needed - 1), "{column_type}");
    }
}
