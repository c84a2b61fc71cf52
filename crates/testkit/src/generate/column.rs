//! A column of a table that is being made: what it is, where its values come from, its files.
//!
//! A source fills batches; it never sees a file. What it does not know either is where the column
//! starts to exist: rows above a column top are never asked for.

use std::ops::Range;

use column_format::{
    ArrayWriter, ColumnType, ColumnWriter, StringWriter, SymbolFiles, SymbolWriter, Value,
    WriteError,
};

use super::plan::Span;

/// Rows of one partition that a source is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Batch<'a> {
    /// The partition.
    pub(crate) span: &'a Span,
    /// Rows in the partition.
    pub(crate) rows: Range<u64>,
}

/// Where values come from. Batches are asked for in order, each row once.
pub(crate) trait Source {
    fn fill(&mut self, batch: &Batch<'_>, out: &mut Files) -> Result<(), WriteError>;
}

/// A source that makes one value from its own state, whatever the row.
pub(crate) struct Each<F>(pub(crate) F);

impl<F: FnMut() -> Value<'static>> Source for Each<F> {
    fn fill(&mut self, batch: &Batch<'_>, out: &mut Files) -> Result<(), WriteError> {
        for _ in batch.rows.clone() {
            out.push(&(self.0)())?;
        }
        Ok(())
    }
}

/// The point from which on a column exists, for columns that were added to a table with rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Added {
    /// The last partition at that time.
    pub(crate) span_idx: usize,
    /// Its rows at that time: the column top.
    pub(crate) top: u64,
    /// Suffix of the column's files.
    pub(crate) name_txn: i64,
}

/// One column.
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) column_type: ColumnType,
    /// The dictionary of a SYMBOL column.
    pub(crate) symbols: Option<Symbols>,
    /// A SYMBOL column with a BITMAP index in every partition.
    pub(crate) indexed: bool,
    pub(crate) added: Option<Added>,
    pub(crate) source: Box<dyn Source>,
}

/// The dictionary of a SYMBOL column.
pub(crate) struct Symbols {
    pub(crate) files: SymbolFiles,
    pub(crate) capacity: u32,
}

impl Column {
    pub(crate) fn new(
        name: impl Into<String>,
        column_type: ColumnType,
        source: impl Source + 'static,
    ) -> Column {
        Column {
            name: name.into(),
            column_type,
            symbols: None,
            indexed: false,
            added: None,
            source: Box::new(source),
        }
    }

    /// A SYMBOL column over these texts: the source pushes their positions as keys.
    pub(crate) fn symbol(
        name: impl Into<String>,
        texts: &[String],
        has_null: bool,
        source: impl Source + 'static,
    ) -> Result<Column, WriteError> {
        let count = u32::try_from(texts.len()).unwrap_or(u32::MAX);
        let capacity = count.next_power_of_two().max(256);
        let mut writer = SymbolWriter::new(capacity, true)?;
        for text in texts {
            writer.add(text)?;
        }
        if has_null {
            writer.set_contains_null();
        }
        let symbols = Symbols {
            files: writer.finish(),
            capacity,
        };
        let column = Column::new(name, ColumnType::Symbol, source);
        Ok(Column {
            symbols: Some(symbols),
            ..column
        })
    }

    /// Rows `top..` of a partition are in the column's files; `None` if it has none there.
    pub(crate) fn top(&self, span_idx: usize, span: &Span) -> Option<u64> {
        match self.added {
            None => Some(0),
            Some(added) if span_idx > added.span_idx => Some(0),
            Some(added) if span_idx == added.span_idx && added.top < span.rows => Some(added.top),
            Some(_) => None,
        }
    }

    /// Suffix of the column's files.
    pub(crate) fn name_txn(&self) -> i64 {
        self.added.map_or(-1, |added| added.name_txn)
    }
}

/// The files of one column in one partition, as far as they are in memory.
pub(crate) enum Files {
    Any(ColumnWriter),
    String(StringWriter),
    Array(ArrayWriter),
}

impl Files {
    pub(crate) fn new(column_type: ColumnType) -> Files {
        match column_type {
            ColumnType::String => Files::String(StringWriter::new()),
            ColumnType::Array { dims } => Files::Array(ArrayWriter::new(dims)),
            other => Files::Any(ColumnWriter::new(other)),
        }
    }

    /// Appends a value of any type but STRING and arrays.
    #[inline]
    pub(crate) fn push(&mut self, value: &Value<'_>) -> Result<(), WriteError> {
        match self {
            Files::Any(writer) => writer.push(value),
            Files::String(writer) if value.is_null() => writer.push(None),
            Files::Array(writer) if value.is_null() => {
                writer.push_null();
                Ok(())
            }
            Files::String(_) | Files::Array(_) => Err(self.mixed_up()),
        }
    }

    /// Appends text to a STRING or VARCHAR column.
    pub(crate) fn push_text(&mut self, text: &str) -> Result<(), WriteError> {
        match self {
            Files::Any(writer) => writer.push(&Value::Varchar(text.as_bytes())),
            Files::String(writer) => writer.push(Some(text)),
            Files::Array(_) => Err(self.mixed_up()),
        }
    }

    /// Appends an array.
    pub(crate) fn push_array(&mut self, shape: &[u32], items: &[f64]) -> Result<(), WriteError> {
        match self {
            Files::Array(writer) => writer.push(shape, items),
            Files::Any(_) | Files::String(_) => Err(self.mixed_up()),
        }
    }

    fn mixed_up(&self) -> WriteError {
        let column_type = match self {
            Files::Any(writer) => writer.column_type(),
            Files::String(_) => ColumnType::String,
            Files::Array(writer) => ColumnType::Array {
                dims: writer.dims(),
            },
        };
        WriteError::WrongType {
            column_type,
            found: "a value of another type",
        }
    }

    pub(crate) fn aux(&self) -> &[u8] {
        match self {
            Files::Any(writer) => writer.aux(),
            Files::String(writer) => writer.aux(),
            Files::Array(writer) => writer.aux(),
        }
    }

    pub(crate) fn data(&self) -> &[u8] {
        match self {
            Files::Any(writer) => writer.data(),
            Files::String(writer) => writer.data(),
            Files::Array(writer) => writer.data(),
        }
    }

    pub(crate) fn clear(&mut self) {
        match self {
            Files::Any(writer) => writer.clear(),
            Files::String(writer) => writer.clear(),
            Files::Array(writer) => writer.clear(),
        }
    }
}
