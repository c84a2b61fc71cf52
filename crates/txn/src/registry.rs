//! `tables.d.N`: the registry of WAL tables, materialized views and views (table-dir.md §1.2).
//!
//! A log of adds and removes that is replayed in order. Tables that are not listed (normally those without a
//! WAL) are found by looking for `_txn` in the directories of the root.

use std::collections::HashMap;

use crate::bytes::{
    i32_at, i64_at, off, push_string16, shown, slice, string16_units, utf16_strict,
};
use crate::error::{Expected, ParseError, SmallFile, WriteError};

/// Bytes of the header: the end offset.
const HEADER_LEN: usize = 8;
/// Reserved bytes behind an added table.
const RESERVED_LEN: usize = 64;
/// Longest table or directory name in UTF-16 code units that is read.
const NAME_UNITS_MAX: usize = 4096;

/// What a registered name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TableKind {
    /// A table without a WAL.
    NonWal,
    /// A table with a WAL.
    Wal,
    /// A materialized view.
    MatView,
    /// A view: no data.
    View,
}

impl TableKind {
    fn from_code(code: i32) -> Option<Self> {
        Some(match code {
            0 => Self::NonWal,
            1 => Self::Wal,
            2 => Self::MatView,
            3 => Self::View,
            _ => return None,
        })
    }

    fn code(self) -> i32 {
        match self {
            Self::NonWal => 0,
            Self::Wal => 1,
            Self::MatView => 2,
            Self::View => 3,
        }
    }
}

/// One registered table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryEntry {
    /// Current name.
    pub name: String,
    /// Directory name.
    pub directory: String,
    /// Table id.
    pub table_id: i32,
    /// Kind.
    pub kind: TableKind,
}

/// The registry after replay, in the order in which the entries were added.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct TablesRegistry {
    /// Entries that no later record removed.
    pub entries: Vec<RegistryEntry>,
}

impl TablesRegistry {
    /// `N` of a file name `tables.d.N`; the registry is the file with the largest.
    #[must_use]
    pub fn file_number(file_name: &str) -> Option<u64> {
        let digits = file_name.strip_prefix("tables.d.")?;
        digits
            .bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| digits.parse().ok())?
    }

    /// Parses a whole file and replays it.
    ///
    /// # Errors
    /// Truncated: an end offset or record behind the end of the file. Corrupt: end offset below 8 (0 is
    /// an empty registry), an unknown
    /// operation, names. Unsupported: an unknown table type.
    pub fn parse(file: &[u8]) -> Result<Self, ParseError> {
        let declared = i64_at(SmallFile::Registry, "end offset", file, 0)?;
        if declared == 0 {
            // A root without WAL tables: the file was made and never written.
            return Ok(Self::default());
        }
        let end = usize::try_from(declared)
            .ok()
            .filter(|e| *e >= HEADER_LEN)
            .ok_or(ParseError::Corrupt {
                file: SmallFile::Registry,
                field: "end offset",
                offset: 0,
                expected: Expected::AtLeast(shown(HEADER_LEN)),
                found: declared,
            })?;
        let data = slice(SmallFile::Registry, "records", file, 0, end)?;
        let mut live: Vec<Option<RegistryEntry>> = Vec::new();
        let mut by_name: HashMap<String, usize> = HashMap::new();
        let mut at = HEADER_LEN;
        while at < data.len() {
            let (record, next) = Record::parse(data, at)?;
            at = next;
            let name = record.entry.name.clone();
            if record.is_add {
                if let Some(replaced) = by_name.insert(name, live.len()) {
                    clear(&mut live, replaced);
                }
                live.push(Some(record.entry));
            } else if let Some(&idx) = by_name.get(&name)
                && live.get(idx).and_then(Option::as_ref).map(|e| &e.directory)
                    == Some(&record.entry.directory)
            {
                by_name.remove(&name);
                clear(&mut live, idx);
            }
        }
        Ok(Self {
            entries: live.into_iter().flatten().collect(),
        })
    }

    /// The entry of a directory. If several names lead there, the latest.
    #[must_use]
    pub fn by_directory(&self, directory: &str) -> Option<&RegistryEntry> {
        self.entries.iter().rev().find(|e| e.directory == directory)
    }

    /// The bytes of a file with these entries and nothing else.
    ///
    /// # Errors
    /// An empty name, or one above 4096 code units.
    pub fn to_bytes(&self) -> Result<Vec<u8>, WriteError> {
        let mut out = vec![0; HEADER_LEN];
        for entry in &self.entries {
            out.extend_from_slice(&0i32.to_le_bytes());
            push_name(&mut out, "table name", &entry.name)?;
            push_name(&mut out, "directory name", &entry.directory)?;
            out.extend_from_slice(&entry.table_id.to_le_bytes());
            out.extend_from_slice(&entry.kind.code().to_le_bytes());
            out.extend_from_slice(&[0; RESERVED_LEN]);
        }
        let end = shown(out.len()).to_le_bytes();
        if let Some(word) = out.first_chunk_mut() {
            *word = end;
        }
        Ok(out)
    }
}

fn push_name(out: &mut Vec<u8>, field: &'static str, name: &str) -> Result<(), WriteError> {
    let units = name.encode_utf16().count();
    let refused = WriteError {
        file: SmallFile::Registry,
        field,
        expected: Expected::Between(1, shown(NAME_UNITS_MAX)),
        found: shown(units),
    };
    if !(1..=NAME_UNITS_MAX).contains(&units) {
        return Err(refused);
    }
    push_string16(out, name).ok_or(refused)
}

fn clear(live: &mut [Option<RegistryEntry>], idx: usize) {
    if let Some(entry) = live.get_mut(idx) {
        *entry = None;
    }
}

struct Record {
    is_add: bool,
    entry: RegistryEntry,
}

impl Record {
    /// The record at `at` and the offset behind it.
    fn parse(data: &[u8], at: usize) -> Result<(Self, usize), ParseError> {
        const FILE: SmallFile = SmallFile::Registry;
        let operation = i32_at(FILE, "operation", data, at)?;
        let is_add = match operation {
            0 => true,
            -1 => false,
            _ => {
                let (field, offset) = ("operation", off(at));
                let expected = Expected::That("0 (add) or -1 (remove)");
                let found = i64::from(operation);
                return Err(ParseError::Corrupt {
                    file: FILE,
                    field,
                    offset,
                    expected,
                    found,
                });
            }
        };
        let name_off = at + 4;
        let (units, directory_off) =
            string16_units(FILE, "table name", data, name_off, NAME_UNITS_MAX)?;
        let name = utf16_strict(FILE, "table name", units, name_off)?;
        let (units, id_off) =
            string16_units(FILE, "directory name", data, directory_off, NAME_UNITS_MAX)?;
        let directory = utf16_strict(FILE, "directory name", units, directory_off)?;
        let table_id = i32_at(FILE, "table id", data, id_off)?;
        let kind_off = id_off + 4;
        let code = i32_at(FILE, "table type", data, kind_off)?;
        let kind = TableKind::from_code(code).ok_or(ParseError::Unsupported {
            file: FILE,
            field: "table type",
            offset: off(kind_off),
            expected: Expected::Between(0, 3),
            found: i64::from(code),
        })?;
        let mut next = kind_off + 4;
        if is_add {
            slice(FILE, "reserved", data, next, RESERVED_LEN)?;
            next += RESERVED_LEN;
        }
        Ok((
            Self {
                is_add,
                entry: RegistryEntry {
                    name,
                    directory,
                    table_id,
                    kind,
                },
            },
            next,
        ))
    }
}
