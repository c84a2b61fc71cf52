//! Dictionaries of SYMBOL columns, read when first asked for.
//!
//! They are read positionally up to the committed count and verified once: that values are
//! consecutive is also how a TRUNCATE in progress shows (columns.md §7.2).

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use column_format::{FileKind, SymbolDict};

use crate::column::TableColumn;
use crate::error::ReadError;
use crate::files::{Committed, SymbolFileset, committed_error};

/// The files of a dictionary at the snapshot.
#[derive(Debug)]
pub(crate) enum SymbolPin {
    /// The column has none, or an empty one.
    None,
    /// Open.
    Open(SymbolFileset),
    /// Past the descriptor limit: opened by name when the dictionary is asked for.
    Later {
        /// Committed bytes; those of the offsets only, where not even measuring was possible.
        bytes: u64,
    },
}

/// The dictionary of one column, if it is one.
#[derive(Debug)]
pub(crate) struct SymbolSlot {
    pin: SymbolPin,
    dict: Mutex<Option<Arc<SymbolDict>>>,
    index: Mutex<Option<Arc<SymbolIndex>>>,
}

impl SymbolSlot {
    pub(crate) fn new(pin: SymbolPin) -> Self {
        Self {
            pin,
            dict: Mutex::default(),
            index: Mutex::default(),
        }
    }

    /// Committed bytes of the dictionary: what it takes in memory once it is read.
    pub(crate) fn bytes(&self) -> u64 {
        match &self.pin {
            SymbolPin::None => 0,
            SymbolPin::Open(files) => files.bytes(),
            SymbolPin::Later { bytes } => *bytes,
        }
    }

    /// The dictionary; empty for a column that has none. `open` opens its files by name.
    pub(crate) fn get(
        &self,
        column: &TableColumn,
        txn: i64,
        open: impl FnOnce() -> Result<Option<SymbolFileset>, ReadError>,
    ) -> Result<Arc<SymbolDict>, ReadError> {
        let mut dict = self.dict.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(dict) = &*dict {
            return Ok(Arc::clone(dict));
        }
        let read = |files: &SymbolFileset| read_dict(column, files, txn);
        let read = match &self.pin {
            SymbolPin::None => SymbolDict::empty(),
            SymbolPin::Open(files) => read(files)?,
            SymbolPin::Later { .. } => match open()? {
                None => SymbolDict::empty(),
                Some(files) => read(&files)?,
            },
        };
        Ok(Arc::clone(dict.insert(Arc::new(read))))
    }

    /// Keys by text, made when a Parquet partition first needs them. `dict` gets the dictionary.
    pub(crate) fn index(
        &self,
        dict: impl FnOnce() -> Result<Arc<SymbolDict>, ReadError>,
    ) -> Result<Arc<SymbolIndex>, ReadError> {
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = &*index {
            return Ok(Arc::clone(index));
        }
        let made = SymbolIndex::new(dict()?);
        Ok(Arc::clone(index.insert(Arc::new(made))))
    }
}

/// Keys of a dictionary by text. Holds hashes and no text of its own.
#[derive(Debug)]
pub(crate) struct SymbolIndex {
    dict: Arc<SymbolDict>,
    hasher: RandomState,
    /// The last key of each hash.
    last: HashMap<u64, u32>,
    /// For each key, the one before it with the same hash.
    before: Vec<Option<u32>>,
}

impl SymbolIndex {
    fn new(dict: Arc<SymbolDict>) -> Self {
        let hasher = RandomState::new();
        let mut last = HashMap::with_capacity(usize::try_from(dict.len()).unwrap_or(0));
        let mut text = Vec::new();
        let before = (0..).zip(dict.iter()).map(|(key, value)| {
            text.clear();
            value.push_utf8_lossy(&mut text);
            last.insert(hasher.hash_one(text.as_slice()), key)
        });
        let before = before.collect();
        Self {
            dict,
            hasher,
            last,
            before,
        }
    }

    /// The key of a UTF-8 text.
    pub(crate) fn key(&self, text: &[u8]) -> Option<u32> {
        let text = std::str::from_utf8(text).ok()?;
        let mut next = self
            .last
            .get(&self.hasher.hash_one(text.as_bytes()))
            .copied();
        while let Some(key) = next {
            let value = self.dict.value(key)?;
            let chars = char::decode_utf16(value.units());
            let chars = chars.map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER));
            if chars.eq(text.chars()) {
                return Some(key);
            }
            next = self
                .before
                .get(usize::try_from(key).ok()?)
                .copied()
                .flatten();
        }
        None
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
