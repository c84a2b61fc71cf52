//! Exports of every stored table equal QuestDB's own Parquet answer, read by arrow-rs.

use std::path::Path;

use arrow::datatypes::DataType;
use engine::{CancelToken, Codec, ExportReport, ExportRequest, NoProgress, Output};
use testkit::{case, cases};

use crate::arrow_cells::{Cell, Column, read_bytes, read_file};
use crate::csv_lines::Shared;
use crate::support::Table;

/// Exports into memory.
pub(crate) fn export_bytes(
    table: &Path,
    change: impl FnOnce(&mut ExportRequest),
) -> engine::Result<(ExportReport, Vec<u8>)> {
    let out = Shared::default();
    let mut request = ExportRequest::new(table, Output::Writer(Box::new(out.clone())));
    change(&mut request);
    let report = engine::export(request, &NoProgress, &CancelToken::new())?;
    Ok((report, out.take()))
}

/// Exports into memory, with every option at its default.
pub(crate) fn export_all(table: &Path) -> (ExportReport, Vec<u8>) {
    export_bytes(table, |_| {}).unwrap_or_else(|e| panic!("{}: {}", table.display(), e.to_line()))
}

/// The type without what a list calls its child, and without its metadata.
fn plain_type(data_type: &DataType) -> String {
    match data_type {
        DataType::List(field) => format!("list of {}", plain_type(field.data_type())),
        other => other.to_string(),
    }
}

/// QuestDB exports an array without elements as `[]`, whatever its shape: `[[]]` is the same.
fn flat_if_empty(cell: &Cell) -> Cell {
    fn has_elements(cell: &Cell) -> bool {
        match cell {
            Cell::List(items) => items.iter().any(has_elements),
            _ => true,
        }
    }
    if has_elements(cell) {
        cell.clone()
    } else {
        Cell::List(Vec::new())
    }
}

pub(crate) fn assert_equal_columns(what: &str, found: &[Column], expected: &[Column]) {
    let names = |columns: &[Column]| columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(found), names(expected), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        let column = &expected.name;
        let types = (
            plain_type(&found.data_type),
            plain_type(&expected.data_type),
        );
        assert_eq!(types.0, types.1, "{what}: type of {column}");
        assert_eq!(
            found.cells.len(),
            expected.cells.len(),
            "{what}: rows of {column}"
        );
        for (row, (found, expected)) in found.cells.iter().zip(&expected.cells).enumerate() {
            assert_eq!(
                flat_if_empty(found),
                flat_if_empty(expected),
                "{what}: {column}, row {row}"
            );
        }
    }
}

#[test]
fn every_table_exports_what_questdb_exports() {
    for case in cases() {
        let table = Table::of(&case);
        let (report, bytes) = export_all(&table.path);
        let found = read_bytes(bytes.clone());
        let expected = read_file(&case.answer_parquet());
        assert_equal_columns(case.id, &found, &expected);
        assert_eq!(report.rows, case.rows, "{}", case.id);
        assert_eq!(report.table, case.name, "{}", case.id);
        assert_eq!(report.columns, expected.len(), "{}", case.id);
        assert_eq!(report.bytes_out, bytes.len() as u64, "{}", case.id);
        assert_eq!(
            report.encoded_chunks,
            (report.row_groups * report.columns) as u64,
            "{}",
            case.id
        );
    }
}

/// Rows of native partitions can be exported although others are Parquet.
#[test]
fn a_time_range_over_native_partitions_of_a_mixed_table_exports() {
    let case = case("questdb/parquet_partitions");
    let (report, bytes) = export_bytes(&case.table(), |r| {
        r.range.from = Some("2024-01-03".parse().unwrap());
        r.range.to = Some("2024-01-04".parse().unwrap());
    })
    .unwrap();
    assert_eq!(report.rows, 288);
    assert_eq!(report.partitions, 1);
    let answer = read_file(&case.answer_parquet());
    let found = read_bytes(bytes);
    for (found, answer) in found.iter().zip(&answer) {
        assert_eq!(found.cells[..], answer.cells[576..864], "{}", found.name);
    }
}

#[test]
fn every_codec_gives_the_same_values() {
    let case = case("questdb/all_types");
    let expected = read_file(&case.answer_parquet());
    for codec in [
        "none", "snappy", "lz4_raw", "zstd", "zstd:9", "gzip", "gzip:1", "brotli:4",
    ] {
        let codec: Codec = codec.parse().unwrap();
        let (_, bytes) = export_bytes(&case.table(), |r| r.writer.codec = codec).unwrap();
        assert_equal_columns(&codec.to_string(), &read_bytes(bytes), &expected);
    }
}

#[test]
fn columns_and_rows_can_be_chosen() {
    let case = case("questdb/splits");
    let all = read_file(&case.answer_parquet());
    let cells = |name: &str| &all.iter().find(|c| c.name == name).unwrap().cells;
    let (report, bytes) = export_bytes(&case.table(), |r| {
        r.columns = Some(vec!["late".into(), "ts".into()]);
        r.range.from = Some("2024-01-01T20:00:00.500000Z".parse().unwrap());
        r.range.to = Some("2024-01-02".parse().unwrap());
    })
    .unwrap();
    let found = read_bytes(bytes);
    assert_eq!(
        (report.rows, report.partitions, report.columns),
        (829, 2, 2)
    );
    assert_eq!(found[0].name, "late");
    assert_eq!(found[0].cells[..], cells("late")[3_601..4_430]);
    assert_eq!(found[1].cells[..], cells("ts")[3_601..4_430]);
}

#[test]
fn an_empty_range_is_an_empty_file_with_the_full_schema() {
    let case = case("questdb/all_types");
    let expected = read_file(&case.answer_parquet());
    for (from, to) in [("2030-01-01", "2031-01-01"), ("2024-01-02", "2024-01-01")] {
        let (report, bytes) = export_bytes(&case.table(), |r| {
            r.range.from = Some(from.parse().unwrap());
            r.range.to = Some(to.parse().unwrap());
        })
        .unwrap();
        let found = read_bytes(bytes);
        assert_eq!((report.rows, report.row_groups), (0, 0));
        assert_eq!(found.len(), expected.len());
        assert!(found.iter().all(|column| column.cells.is_empty()));
    }
}

/// P8: columns that exist in no partition, alone and together.
#[test]
fn columns_without_a_file_export_as_nulls_or_zeros() {
    let case = case("questdb/zero_columns_added");
    let expected = read_file(&case.answer_parquet());
    for column in &expected {
        let (_, bytes) = export_bytes(&case.table(), |r| {
            r.columns = Some(vec![column.name.clone()]);
        })
        .unwrap();
        let found = read_bytes(bytes);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].cells, column.cells, "{}", column.name);
    }
}

#[test]
fn the_report_has_the_keys_of_the_command_line() {
    let (report, _) = export_all(&case("questdb/by_day").table());
    let json = serde_json::to_value(&report).unwrap();
    let keys: Vec<&str> = json
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "table",
            "output",
            "snapshot_txn",
            "rows",
            "partitions",
            "row_groups",
            "columns",
            "threads",
            "bytes_in",
            "bytes_out",
            "wall_ms",
            "cpu_ms",
            "peak_rss_bytes",
            "peak_anon_bytes",
            "peak_mapped_partitions",
            "spilled_bytes",
            "evicted_bytes",
            "passthrough_chunks",
            "encoded_chunks",
            "replaced_texts",
        ]
    );
    assert_eq!(json["output"], "-");
    assert_eq!(json["table"], "by_day");
}
