//! Dictionaries of SYMBOL columns, read when first asked for.
//!
//! They are read positionally up to the committed count and verified once: that values are
//! consecutive is also how a TRUNCATE in progress shows (columns.md §7.2).

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use column_format::{FileKind, SymbolDict};

use crate::column::TableColumn;
use crate::error::ReadError;
use crate::files::{Committed, SymbolFileset, committed_error};

/// The dictionary of one column, if it is one.
#[derive(Debug, Default)]
pub(crate) struct SymbolSlot {
    files: Option<SymbolFileset>,
    dict: Mutex<Option<Arc<SymbolDict>>>,
}

impl SymbolSlot {
    pub(crate) fn new(files: Option<SymbolFileset>) -> Self {
        Self {
            files,
            ..Self::default()
        }
    }

    /// Committed bytes of the dictionary: what it takes in memory once it is read.
    pub(crate) fn bytes(&self) -> u64 {
        let files = self.files.as_ref();
        files.map_or(0, |files| files.offsets.len.saturating_add(files.chars.len))
    }

    /// The dictionary; empty for a column that has none.
    pub(crate) fn get(&self, column: &TableColumn, txn: i64) -> Result<Arc<SymbolDict>, ReadError> {
        let mut dict = self.dict.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(dict) = &*dict {
            return Ok(Arc::clone(dict));
        }
        let read = match &self.files {
            None => SymbolDict::empty(),
            Some(files) => read_dict(column, files, txn)?,
        };
        Ok(Arc::clone(dict.insert(Arc::new(read))))
    }
}

fn read_dict(
    column: &TableColumn,
    files: &SymbolFileset,
    txn: i64,
) -> Result<SymbolDict, ReadError> {
    let read = |c: &Committed| {
        let bytes = c
            .file
            .read_vec(0, c.len, c.len)
            .map_err(|e| committed_error(txn, e))?;
        Ok(Bytes::from(bytes))
    };
    let (offsets, chars) = (read(&files.offsets)?, read(&files.chars)?);
    SymbolDict::new(&offsets, &chars, files.count).map_err(|source| {
        let at_fault = match source.file() {
            Some(FileKind::Chars) => &files.chars,
            _ => &files.offsets,
        };
        let (column, file) = (column.name.clone(), at_fault.file.path().to_path_buf());
        ReadError::Layout {
            column,
            file,
            source,
        }
    })
}
