//! Helpers: hexadecimal text, generators of columns, and the files under `testdata`.

use std::fs;
use std::path::{Path, PathBuf};

use column_format::{ColumnSlice, ColumnType, ColumnWriter, TimestampUnit, Value};

/// Bytes of a hexadecimal text; blanks are ignored.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    assert!(
        digits.len().is_multiple_of(2),
        "odd number of digits in {text:?}"
    );
    digits
        .chunks(2)
        .map(|d| u8::try_from(d[0] * 16 + d[1]).expect("two digits"))
        .collect()
}

/// One type of every tag and width.
pub(crate) fn all_types() -> Vec<ColumnType> {
    let mut types = vec![
        ColumnType::Boolean,
        ColumnType::Byte,
        ColumnType::Short,
        ColumnType::Char,
        ColumnType::Int,
        ColumnType::Long,
        ColumnType::Date,
        ColumnType::Timestamp(TimestampUnit::Micros),
        ColumnType::Timestamp(TimestampUnit::Nanos),
        ColumnType::Float,
        ColumnType::Double,
        ColumnType::String,
        ColumnType::Symbol,
        ColumnType::Long256,
        ColumnType::Binary,
        ColumnType::Uuid,
        ColumnType::Long128,
        ColumnType::Ipv4,
        ColumnType::Varchar,
    ];
    types.extend([1, 7, 8, 15, 16, 31, 32, 60].map(|bits| ColumnType::Geohash { bits }));
    types.extend([1, 2, 3, 32].map(|dims| ColumnType::Array { dims }));
    let decimals = [(1, 0), (2, 1), (4, 2), (9, 3), (18, 6), (38, 10), (76, 20)];
    types.extend(decimals.map(|(precision, scale)| ColumnType::Decimal { precision, scale }));
    types
}

/// The files of a column that holds `values`.
pub(crate) fn write(column_type: ColumnType, values: &[Value<'_>]) -> (Vec<u8>, Vec<u8>) {
    let mut writer = ColumnWriter::new(column_type);
    for value in values {
        writer
            .push(value)
            .expect("a value that the column can hold");
    }
    writer.take()
}

/// A view of a column's files.
pub(crate) fn view<'a>(
    column_type: ColumnType,
    files: &'a (Vec<u8>, Vec<u8>),
    rows: usize,
) -> ColumnSlice<'a> {
    ColumnSlice::new(column_type.layout(), &files.0, &files.1, rows).expect("sound files")
}

/// The folders of tables that real releases wrote.
pub(crate) fn testdata() -> Vec<PathBuf> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata");
    ["questdb", "questdb-94"]
        .map(|name| top.join(name))
        .to_vec()
}

/// All files below `dir`, sorted, symlinks not followed.
pub(crate) fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut todo = vec![dir.to_path_buf()];
    while let Some(dir) = todo.pop() {
        for entry in fs::read_dir(&dir).expect("a folder of testdata") {
            let entry = entry.expect("an entry of testdata");
            let kind = entry.file_type().expect("a file type");
            if kind.is_dir() {
                todo.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    found
}

/// The file beside `path` with another extension and the same suffix: `a.k.1`, `d` to `a.d.1`.
pub(crate) fn sibling(path: &Path, extension: &str) -> Option<PathBuf> {
    let (stem, _, suffix) = split_name(path)?;
    let name = match suffix {
        Some(suffix) => format!("{stem}.{extension}.{suffix}"),
        None => format!("{stem}.{extension}"),
    };
    Some(path.with_file_name(name)).filter(|path| path.is_file())
}

/// `a.k.1` as `("a", "k", Some("1"))`.
pub(crate) fn split_name(path: &Path) -> Option<(String, String, Option<String>)> {
    let name = path.file_name()?.to_str()?;
    let (rest, last) = name.rsplit_once('.')?;
    if last.bytes().all(|b| b.is_ascii_digit()) {
        let (stem, extension) = rest.rsplit_once('.')?;
        return Some((stem.to_owned(), extension.to_owned(), Some(last.to_owned())));
    }
    Some((rest.to_owned(), last.to_owned(), None))
}

/// Cells of a line of `columns.csv` or `partitions.csv`, quotes removed.
pub(crate) fn csv_cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            _ => cells.last_mut().expect("a cell").push(c),
        }
    }
    cells
}

/// Name and type code of the live columns of a `_meta` file (meta.md §1–4).
pub(crate) fn live_columns(meta: &[u8]) -> Vec<(String, i32)> {
    let i32_at = |at: usize| i32::from_le_bytes(meta[at..at + 4].try_into().expect("4 bytes"));
    let len_at = |at: usize| usize::try_from(i32_at(at)).expect("a length");
    let count = len_at(0);
    let mut at = 128 + 32 * count;
    let mut columns = Vec::new();
    for w in 0..count {
        let len = 2 * len_at(at);
        let name = column_format::Utf16::new(&meta[at + 4..at + 4 + len]).to_string_lossy();
        at += 4 + len;
        let code = i32_at(128 + 32 * w);
        if code > 0 {
            columns.push((name, code));
        }
    }
    columns
}

/// The folder of every table: those that hold an `info.json`, with the table directory itself.
pub(crate) fn tables() -> Vec<(PathBuf, PathBuf)> {
    let mut found = Vec::new();
    for top in testdata() {
        for info in files_below(&top) {
            if info.file_name().is_none_or(|name| name != "info.json") {
                continue;
            }
            let text = fs::read_to_string(&info).expect("info.json");
            let directory = text
                .split_once("\"directory\": \"")
                .and_then(|(_, rest)| rest.split_once('"'))
                .map(|(name, _)| name.to_owned())
                .expect("info.json names the directory");
            let case = info.parent().expect("a folder").to_path_buf();
            let table = case.join("table").join(directory);
            found.push((case, table));
        }
    }
    found
}

/// How many values a stored dictionary holds, committed or not: as many as are consecutive.
pub(crate) fn stored_symbol_count(offsets: &[u8], chars: &[u8]) -> u32 {
    let i64_at = |at: usize| Some(i64::from_le_bytes(*offsets.get(at..)?.first_chunk()?));
    let (mut count, mut at) = (0_u32, 0_usize);
    let mut entry = 72;
    while let Some(len) = chars.get(at..).and_then(|c| c.first_chunk()) {
        let end = at + 4 + 2 * usize::try_from(i32::from_le_bytes(*len)).expect("a length");
        if i64_at(entry) != Some(i64::try_from(end).expect("an offset")) {
            break;
        }
        (at, entry, count) = (end, entry + 8, count + 1);
    }
    count
}
