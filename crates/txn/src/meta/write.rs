//! Bytes of a `_meta` (meta.md §1 to §4, §9).
//!
//! Written in the exact length, as upstream does after the first DDL; it reads padded and unpadded files
//! alike. What would not be read back as itself is refused.

use zerocopy::IntoBytes;

use crate::bytes::{push_string16, shown};
use crate::disk::meta::{DiskMetaColumn, DiskMetaHeader};
use crate::error::{Expected, SmallFile, WriteError};
use crate::meta::minor::minor_field;
use crate::meta::raw::{NAME_UNITS_MAX, RawMeta, STORAGE_VERSION};
use crate::meta::{Meta, MetaColumn};

fn refused(field: &'static str, expected: Expected, found: i64) -> WriteError {
    WriteError {
        file: SmallFile::Meta,
        field,
        expected,
        found,
    }
}

/// A writer index as an i32 field.
fn index(field: &'static str, w: usize) -> Result<i32, WriteError> {
    i32::try_from(w).map_err(|_| refused(field, Expected::AtMost(i64::from(i32::MAX)), shown(w)))
}

impl Meta {
    /// The bytes of the file, in exact length, with the check value of its minor version.
    ///
    /// # Errors
    /// Anything that [`Meta::parse`] would refuse or read back as something else: names, the designated
    /// timestamp, `replaced`, covering lists without their flag, fields that the minor version does not cover.
    pub fn to_bytes(&self) -> Result<Vec<u8>, WriteError> {
        let count = index("column count", self.columns.len())?;
        let header = DiskMetaHeader {
            column_count: count.into(),
            partition_by: self.partition_by.code().into(),
            designated: self
                .designated
                .map_or(Ok(-1), |w| index("designated timestamp", w))?
                .into(),
            storage_version: STORAGE_VERSION.into(),
            table_id: self.table_id.into(),
            max_uncommitted_rows: self.max_uncommitted_rows.into(),
            o3_max_lag: self.o3_max_lag.into(),
            metadata_version: self.metadata_version.into(),
            wal: u8::from(self.wal),
            minor: minor_field(self.minor_version, self.metadata_version, count).into(),
            ttl: self.ttl.into(),
            table_format: self.table_format.into(),
            reserved_53: [0; 75],
        };
        let mut out = header.as_bytes().to_vec();
        for column in &self.columns {
            out.extend_from_slice(column.to_disk()?.as_bytes());
        }
        for column in &self.columns {
            let units = column.name.encode_utf16().count();
            if !(1..=NAME_UNITS_MAX).contains(&units) {
                return Err(refused(
                    "column name",
                    Expected::Between(1, 255),
                    shown(units),
                ));
            }
            push_string16(&mut out, &column.name).ok_or(refused(
                "column name",
                Expected::Between(1, 255),
                shown(units),
            ))?;
        }
        for column in self.columns.iter().filter(|c| c.flags.covering()) {
            out.extend_from_slice(&index("covering list", column.covering.len())?.to_le_bytes());
            for w in &column.covering {
                let w = w.map_or(Ok(-1), |w| index("covering list", w))?;
                out.extend_from_slice(&w.to_le_bytes());
            }
        }
        self.check_reads_back(&out)?;
        Ok(out)
    }

    /// A writer that trusts itself is how a table becomes unreadable: parse what was made, and compare.
    fn check_reads_back(&self, bytes: &[u8]) -> Result<(), WriteError> {
        match RawMeta::new(bytes).verify() {
            Ok(back) if back == *self => Ok(()),
            Ok(_) => Err(refused(
                "metadata",
                Expected::That("values that read back equal"),
                0,
            )),
            Err(e) => {
                let found = i64::try_from(e.offset()).unwrap_or(i64::MAX);
                Err(refused(
                    e.field(),
                    Expected::That("a value that reads back"),
                    found,
                ))
            }
        }
    }
}

impl MetaColumn {
    fn to_disk(&self) -> Result<DiskMetaColumn, WriteError> {
        let code = if self.deleted {
            self.type_code.checked_neg()
        } else {
            Some(self.type_code)
        };
        let code = code.filter(|_| self.type_code > 0).ok_or(refused(
            "column type",
            Expected::AtLeast(1),
            i64::from(self.type_code),
        ))?;
        let replaced = match self.replaced {
            Some(w) => index("replaced column", w.saturating_add(1))?,
            None => 0,
        };
        Ok(DiskMetaColumn {
            type_code: code.into(),
            flags: self.flags.0.into(),
            index_block_capacity: self.index_block_capacity.into(),
            symbol_capacity: self.symbol_capacity.into(),
            parquet_config: self.parquet_config.0.into(),
            replaced: replaced.into(),
            reserved_28: [0; 4],
        })
    }
}
