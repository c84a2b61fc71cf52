//! CSV as lines of raw fields, and the documented differences between ours and QuestDB's.

use std::io::Write;
use std::sync::{Arc, Mutex};

use engine::{CancelToken, NoProgress, Output, ScanFormat, ScanReport, ScanRequest};
use testkit::Case;

use crate::support::Table;

/// A writer that a test can look into afterwards.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    pub(crate) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Scans a table into memory.
pub(crate) fn scan_with(
    case: &Case,
    format: ScanFormat,
    change: impl FnOnce(&mut ScanRequest),
) -> engine::Result<(ScanReport, String)> {
    let (table, out) = (Table::of(case), Shared::default());
    let mut request = ScanRequest::new(&table.path, Output::Writer(Box::new(out.clone())));
    request.format = format;
    change(&mut request);
    let report = engine::scan(request, &NoProgress, &CancelToken::new())?;
    Ok((
        report,
        String::from_utf8(out.take()).expect("a scan is text"),
    ))
}

/// The CSV of a whole table.
pub(crate) fn scan_csv(case: &Case) -> String {
    let (report, text) = scan_with(case, ScanFormat::Csv, |_| {})
        .unwrap_or_else(|error| panic!("{}: {}", case.id, error.to_line()));
    assert_eq!(report.rows, case.rows, "{}", case.id);
    text
}

/// Fields of a line as they stand there, quotes included.
pub(crate) fn raw_fields(line: &str) -> Vec<&str> {
    let mut fields = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                fields.push(&line[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    fields.push(&line[start..]);
    fields
}

/// Lines without their CRLF; every line, the last one too, must have it.
pub(crate) fn lines(text: &str) -> Vec<&str> {
    let body = text
        .strip_suffix("\r\n")
        .expect("the last line ends with CRLF");
    body.split("\r\n").collect()
}

/// Our field as QuestDB prints the same value: the documented differences undone.
pub(crate) fn as_questdb_prints(field: &str, column_type: &str) -> String {
    match column_type {
        "CHAR" => match field
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
        {
            Some("\"\"") => "\"".to_owned(),
            Some(quoted) => quoted.to_owned(),
            None => field.to_owned(),
        },
        "BINARY" => String::new(),
        "FLOAT" | "DOUBLE" if field.ends_with("Infinity") => String::new(),
        array if array.ends_with("[]") => field
            .replace("-Infinity", "null")
            .replace("Infinity", "null"),
        _ => field.to_owned(),
    }
}
