//! The footer's root: schema, row groups, free text.
//!
//! Reading and writing of the whole footer, with its length and magic, is in `footer.rs`.

use std::fmt;

use super::enums::ColumnOrder;
use super::row_group::RowGroup;
use super::schema::Schema;
use crate::error::FormatError;
use crate::thrift::{Field, Reader, Writer, ty};

/// One entry of free text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyValue {
    /// Key; not necessarily unique.
    pub key: String,
    /// Value.
    pub value: Option<String>,
}

impl KeyValue {
    /// An entry with a value.
    #[must_use]
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            value: Some(value.into()),
        }
    }

    pub(crate) fn write_list(items: &[Self], w: &mut Writer<'_>, id: i16) {
        if items.is_empty() {
            return;
        }
        w.list(id, ty::STRUCT, items, |w, kv| {
            w.structure_element(|w| {
                w.string(1, &kv.key);
                if let Some(value) = &kv.value {
                    w.string(2, value);
                }
            });
        });
    }

    pub(crate) fn read_list(r: &mut Reader<'_>, field: Field) -> Result<Vec<Self>, FormatError> {
        r.list(field, ty::STRUCT, |r| {
            let (mut key, mut value) = (None, None);
            r.structure(|r, f| {
                match f.id {
                    1 => key = Some(r.string(f)?),
                    2 => value = Some(r.string(f)?),
                    _ => r.skip(f)?,
                }
                Ok(())
            })?;
            Ok(Self {
                key: key.ok_or(FormatError::missing("KeyValue", "key"))?,
                value,
            })
        })
    }
}

/// The field of the row groups.
const ROW_GROUPS: i16 = 4;

/// `FileMetaData`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileMetaData {
    /// Format version: 1, or 2 in files that use what came later. Readers ignore it.
    pub version: i32,
    /// Schema.
    pub schema: Schema,
    /// Rows of all groups.
    pub num_rows: u64,
    /// Row groups, not necessarily in file order.
    pub row_groups: Vec<RowGroup>,
    /// Free text.
    pub key_value_metadata: Vec<KeyValue>,
    /// Application and version that wrote the file.
    pub created_by: Option<String>,
    /// One order a leaf; empty in files that predate it (then statistics of most types are void).
    pub column_orders: Vec<ColumnOrder>,
}

impl FileMetaData {
    /// The value of the first entry with this key.
    #[must_use]
    pub fn key_value(&self, key: &str) -> Option<&str> {
        let entry = self.key_value_metadata.iter().find(|kv| kv.key == key)?;
        entry.value.as_deref()
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) -> Result<(), FormatError> {
        self.write_head(out, self.row_groups.len())?;
        for group in &self.row_groups {
            group.append_to(out)?;
        }
        self.write_end(out)
    }

    /// Everything that stands in front of the first of `group_count` row groups.
    pub(crate) fn write_head(
        &self,
        out: &mut Vec<u8>,
        group_count: usize,
    ) -> Result<(), FormatError> {
        let mut w = Writer::new(out);
        w.i32(1, self.version);
        self.schema.write(&mut w, 2);
        w.u64(3, "FileMetaData.num_rows", self.num_rows);
        w.list_header(ROW_GROUPS, ty::STRUCT, group_count);
        w.pause()
    }

    /// Everything that stands behind the last row group.
    pub(crate) fn write_end(&self, out: &mut Vec<u8>) -> Result<(), FormatError> {
        let mut w = Writer::behind(out, ROW_GROUPS);
        KeyValue::write_list(&self.key_value_metadata, &mut w, 5);
        if let Some(created_by) = &self.created_by {
            w.string(6, created_by);
        }
        if !self.column_orders.is_empty() {
            w.list(7, ty::STRUCT, &self.column_orders, |w, o| {
                write_order(w, *o);
            });
        }
        w.finish()
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<Self, FormatError> {
        const WHAT: &str = "FileMetaData";
        let mut r = Reader::new(bytes, WHAT);
        let (mut schema, mut rows, mut groups) = (None, None, None);
        let mut meta = Self::default();
        let mut seen = Vec::new();
        r.structure(|r, f| {
            match f.id {
                1 => meta.version = r.i32(f)?,
                2 => schema = Some(Schema::read(r, f)?),
                3 => rows = Some(r.u64(f)?),
                4 => groups = Some(r.list(f, ty::STRUCT, |r| RowGroup::read(r, &mut seen))?),
                5 => meta.key_value_metadata = KeyValue::read_list(r, f)?,
                6 => meta.created_by = Some(r.string(f)?),
                7 => meta.column_orders = r.list(f, ty::STRUCT, read_order)?,
                8 => {
                    let found = "an encrypted file".to_owned();
                    return Err(FormatError::Unsupported { what: WHAT, found });
                }
                _ => r.skip(f)?,
            }
            Ok(())
        })?;
        meta.schema = schema.ok_or(FormatError::missing(WHAT, "schema"))?;
        meta.num_rows = rows.ok_or(FormatError::missing(WHAT, "num_rows"))?;
        meta.row_groups = groups.ok_or(FormatError::missing(WHAT, "row_groups"))?;
        meta.check_shape()?;
        Ok(meta)
    }

    /// What every user of a footer would otherwise have to check: one chunk a leaf, of its type.
    fn check_shape(&self) -> Result<(), FormatError> {
        let kinds = self.schema.leaf_kinds();
        if !self.column_orders.is_empty() && self.column_orders.len() != kinds.len() {
            let what = "column_orders".to_owned();
            return Err(mismatch(
                what,
                format_args!("{} orders", kinds.len()),
                &self.column_orders.len(),
            ));
        }
        for (i, group) in self.row_groups.iter().enumerate() {
            if group.columns.len() != kinds.len() {
                let what = format!("row group {i}");
                return Err(mismatch(
                    what,
                    format_args!("{} chunks", kinds.len()),
                    &group.columns.len(),
                ));
            }
            for (c, (chunk, kind)) in group.columns.iter().zip(&kinds).enumerate() {
                if chunk.meta.physical != *kind {
                    let what = format!("row group {i}, column {c}");
                    return Err(mismatch(what, format_args!("{kind}"), &chunk.meta.physical));
                }
            }
        }
        Ok(())
    }
}

fn mismatch(what: String, expected: fmt::Arguments<'_>, found: &dyn fmt::Display) -> FormatError {
    let (expected, found) = (expected.to_string(), found.to_string());
    FormatError::SchemaMismatch {
        what,
        expected,
        found,
    }
}

fn write_order(w: &mut Writer<'_>, order: ColumnOrder) {
    w.structure_element(|w| {
        let member = match order {
            ColumnOrder::TypeDefined => 1,
            ColumnOrder::Ieee754TotalOrder => 2,
            ColumnOrder::Unknown(id) => id,
        };
        w.structure(member, |_| {});
    });
}

fn read_order(r: &mut Reader<'_>) -> Result<ColumnOrder, FormatError> {
    let mut order = None;
    r.structure(|r, f| {
        order = Some(match f.id {
            1 => ColumnOrder::TypeDefined,
            2 => ColumnOrder::Ieee754TotalOrder,
            id => ColumnOrder::Unknown(id),
        });
        r.skip(f)
    })?;
    order.ok_or(FormatError::missing("ColumnOrder", "member"))
}
