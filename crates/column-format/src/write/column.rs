//! A writer for a column of any type: the inverse of [`value`](crate::value()).
//!
//! For generators and tests that decide the type at run time. Ranges are checked here: a geohash with
//! too many bits, or a decimal that happens to be the sentinel of NULL, would be read as something
//! else.

use super::{ArrayWriter, BinaryWriter, FixedWriter, StringWriter, VarcharWriter};
use crate::{ColumnType, Layout, Value, WriteError};

/// Writes the files of a column of any type, value by value.
#[derive(Clone, Debug)]
pub struct ColumnWriter {
    column_type: ColumnType,
    files: Files,
}

#[derive(Clone, Debug)]
enum Files {
    Fixed(FixedWriter),
    String(StringWriter),
    Binary(BinaryWriter),
    Varchar(VarcharWriter),
    Array(ArrayWriter),
}

/// Calls a method that all writers have.
macro_rules! each {
    ($files:expr, $w:ident => $call:expr) => {
        match $files {
            Files::Fixed($w) => $call,
            Files::String($w) => $call,
            Files::Binary($w) => $call,
            Files::Varchar($w) => $call,
            Files::Array($w) => $call,
        }
    };
}

impl ColumnWriter {
    /// A writer without rows.
    #[must_use]
    pub fn new(column_type: ColumnType) -> Self {
        let files = match (FixedWriter::new(column_type), column_type.layout()) {
            (Some(writer), _) => Files::Fixed(writer),
            (None, Layout::String) => Files::String(StringWriter::new()),
            (None, Layout::Binary) => Files::Binary(BinaryWriter::new()),
            (None, Layout::Array { dims }) => Files::Array(ArrayWriter::new(dims)),
            (None, Layout::Varchar | Layout::Fixed(_)) => Files::Varchar(VarcharWriter::new()),
        };
        Self { column_type, files }
    }

    /// The column's type.
    #[must_use]
    pub const fn column_type(&self) -> ColumnType {
        self.column_type
    }

    /// Appends a value. NULL of a type without a null is stored as false / 0; of a symbol only the
    /// key is stored.
    ///
    /// # Errors
    /// A value of another type, outside of the type's range, or too long.
    pub fn push(&mut self, value: &Value<'_>) -> Result<(), WriteError> {
        let column_type = self.column_type;
        let wrong = |found| Err(WriteError::WrongType { column_type, found });
        match (&mut self.files, value) {
            (Files::Fixed(w), _) => push_fixed(w, column_type, value),
            (Files::String(w), Value::Null) => w.push(None),
            (Files::String(w), Value::String(text)) => w.push_utf16(Some(*text)),
            (Files::Binary(w), Value::Null) => w.push(None),
            (Files::Binary(w), Value::Binary(bytes)) => w.push(Some(bytes)),
            (Files::Varchar(w), Value::Null) => w.push(None),
            (Files::Varchar(w), Value::Varchar(text)) => w.push(Some(text)),
            (Files::Array(w), Value::Null) => {
                w.push_null();
                Ok(())
            }
            (Files::Array(w), Value::Array(array)) => w.push_value(*array),
            _ => wrong("a value of another type"),
        }
    }

    /// Rows written so far, those handed out included.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        each!(&self.files, w => w.rows())
    }

    /// Bytes of `.i` not handed out yet; empty for fixed layouts.
    #[must_use]
    pub fn aux(&self) -> &[u8] {
        match &self.files {
            Files::Fixed(_) => &[],
            Files::String(w) => w.aux(),
            Files::Binary(w) => w.aux(),
            Files::Varchar(w) => w.aux(),
            Files::Array(w) => w.aux(),
        }
    }

    /// Bytes of `.d` not handed out yet.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        each!(&self.files, w => w.data())
    }

    /// Forgets [`aux`](Self::aux) and [`data`](Self::data), which the caller has appended to its
    /// files, and keeps their memory.
    pub fn clear(&mut self) {
        each!(&mut self.files, w => w.clear());
    }

    /// Hands out what was not handed out yet: pieces of `.i` (empty for fixed layouts) and `.d`.
    #[must_use]
    pub fn take(&mut self) -> (Vec<u8>, Vec<u8>) {
        match &mut self.files {
            Files::Fixed(w) => (Vec::new(), w.take()),
            Files::String(w) => w.take(),
            Files::Binary(w) => w.take(),
            Files::Varchar(w) => w.take(),
            Files::Array(w) => w.take(),
        }
    }
}

/// A value as the bytes of a column of fixed width.
fn push_fixed(
    w: &mut FixedWriter,
    column_type: ColumnType,
    value: &Value<'_>,
) -> Result<(), WriteError> {
    use ColumnType as T;
    use Value as V;
    let wrong = |found| Err(WriteError::WrongType { column_type, found });
    match (column_type, value) {
        (_, V::Null) => {
            w.push_null();
            Ok(())
        }
        (T::Boolean, V::Boolean(b)) => w.push(&[u8::from(*b)]),
        (T::Byte, V::Byte(n)) => w.push(&n.to_le_bytes()),
        (T::Short, V::Short(n)) => w.push(&n.to_le_bytes()),
        (T::Char, V::Char(n)) => w.push(&n.to_le_bytes()),
        (T::Int, V::Int(n)) => w.push(&n.to_le_bytes()),
        (T::Long, V::Long(n)) | (T::Date, V::Date(n)) => w.push(&n.to_le_bytes()),
        (T::Timestamp(unit), V::Timestamp(n, of)) if unit == *of => w.push(&n.to_le_bytes()),
        (T::Float, V::Float(n)) => w.push(&n.to_le_bytes()),
        (T::Double, V::Double(n)) => w.push(&n.to_le_bytes()),
        (T::Ipv4, V::Ipv4(n)) => w.push(&n.to_le_bytes()),
        (T::Uuid, V::Uuid(n)) | (T::Long128, V::Long128(n)) => w.push(&n.to_le_bytes()),
        (T::Long256, V::Long256(bytes)) => w.push(*bytes),
        (T::Symbol, V::Symbol(key, _)) => match i32::try_from(*key) {
            Ok(key) => w.push(&key.to_le_bytes()),
            Err(_) => wrong("a key beyond any dictionary"),
        },
        (T::Geohash { bits }, V::Geohash(hash, of)) if bits == *of => {
            if hash.checked_shr(u32::from(bits)).unwrap_or(0) != 0 {
                return wrong("a geohash with more bits");
            }
            let width = w.width();
            w.push(hash.to_le_bytes().get(..width).unwrap_or(&[]))
        }
        (T::Decimal { scale, .. }, V::Decimal(n)) if n.scale() == scale => {
            let mut stored = [0; 32];
            let stored = stored.get_mut(..w.width()).unwrap_or(&mut []);
            if !n.to_stored(stored) || crate::null::is_null(column_type, stored) {
                return wrong("a decimal with more digits");
            }
            w.push(stored)
        }
        _ => wrong("a value of another type"),
    }
}
