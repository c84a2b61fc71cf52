//! Bytes of a `_meta`, unverified (meta.md §1 to §5, §9, §10).
//!
//! The length of the file means nothing (new tables pad to a page, later versions do not), so nothing is
//! derived from it except that what is declared must lie inside.

use std::collections::HashSet;

use zerocopy::FromBytes;

use crate::bytes::{i32_at, off, shown, slice, string16_units, utf16_strict, view};
use crate::disk::meta::{DiskMetaColumn, DiskMetaHeader};
use crate::error::{Expected, MetaError, ParseError, SmallFile};
use crate::meta::minor::minor_version;
use crate::meta::{ColumnFlags, Meta, MetaColumn, ParquetConfig};
use crate::partition_by::PartitionBy;

/// Bytes of the header.
pub(crate) const HEADER_LEN: usize = 128;
/// Bytes of a column entry.
pub(crate) const ENTRY_LEN: usize = 32;
/// The storage version since 6.3.
pub(crate) const STORAGE_VERSION: i32 = 426;
/// Longest column name in UTF-16 code units.
pub(crate) const NAME_UNITS_MAX: usize = 255;

/// Bytes of a `_meta` that nothing has looked at yet.
#[derive(Clone, Copy, Debug)]
pub struct RawMeta<'a>(&'a [u8]);

fn corrupt(field: &'static str, offset: usize, expected: Expected, found: i64) -> ParseError {
    ParseError::Corrupt {
        file: SmallFile::Meta,
        field,
        offset: off(offset),
        expected,
        found,
    }
}

impl<'a> RawMeta<'a> {
    /// Takes the whole file.
    #[must_use]
    pub fn new(file: &'a [u8]) -> Self {
        Self(file)
    }

    /// Checks everything (meta.md §10) and decodes.
    ///
    /// # Errors
    /// Unsupported: a storage version other than 426. Truncated: entries, names or covering lists behind the
    /// end of the file. Corrupt: partition-by, designated timestamp, WAL flag, type code 0, names (length,
    /// lone surrogates, `/`, NUL, two live columns of one name), covering lists. Unknown type codes are *not*
    /// errors, unless they belong to the designated timestamp.
    pub fn verify(self) -> Result<Meta, MetaError> {
        let header: &DiskMetaHeader = view(SmallFile::Meta, "header", self.0, 0)?;
        let storage_version = header.storage_version.get();
        if storage_version != STORAGE_VERSION {
            return Err(ParseError::Unsupported {
                file: SmallFile::Meta,
                field: "storage version",
                offset: 12,
                expected: Expected::Exactly(i64::from(STORAGE_VERSION)),
                found: i64::from(storage_version),
            });
        }
        let entries = self.entries(header)?;
        let count = header.column_count.get();
        let metadata_version = header.metadata_version.get();
        let minor = minor_version(header.minor.get(), metadata_version, count);
        let by = header.partition_by.get();
        let wal = header.wal;
        if wal > 1 {
            return Err(corrupt(
                "WAL enabled",
                40,
                Expected::Between(0, 1),
                i64::from(wal),
            ));
        }
        let mut columns = self.columns(entries, minor)?;
        link_replaced(&mut columns, entries);
        let meta = Meta {
            partition_by: PartitionBy::from_code(by).ok_or(corrupt(
                "partition by",
                4,
                Expected::Between(0, 6),
                i64::from(by),
            ))?,
            designated: designated(header, &columns)?,
            table_id: header.table_id.get(),
            max_uncommitted_rows: header.max_uncommitted_rows.get(),
            o3_max_lag: header.o3_max_lag.get(),
            metadata_version,
            wal: wal == 1,
            minor_version: minor,
            ttl: if minor >= 1 { header.ttl.get() } else { 0 },
            table_format: if minor >= 2 {
                header.table_format.get()
            } else {
                0
            },
            columns,
        };
        Ok(meta)
    }

    fn entries(self, header: &DiskMetaHeader) -> Result<&'a [DiskMetaColumn], MetaError> {
        let count = header.column_count.get();
        let n = usize::try_from(count)
            .map_err(|_| corrupt("column count", 0, Expected::AtLeast(0), i64::from(count)))?;
        let len = n.saturating_mul(ENTRY_LEN);
        let bytes = slice(SmallFile::Meta, "column entries", self.0, HEADER_LEN, len)?;
        Ok(<[DiskMetaColumn]>::ref_from_bytes(bytes).unwrap_or_default())
    }

    fn columns(self, entries: &[DiskMetaColumn], minor: i16) -> Result<Vec<MetaColumn>, MetaError> {
        let mut at = HEADER_LEN + entries.len() * ENTRY_LEN;
        let mut columns = Vec::with_capacity(entries.len());
        let mut live_names = HashSet::with_capacity(entries.len());
        for (w, entry) in entries.iter().enumerate() {
            let (column, next) = self.column(w, entry, at, minor)?;
            if !column.deleted && !live_names.insert(folded(&column.name)) {
                let expected = Expected::That("a name that no earlier live column has");
                return Err(corrupt("column name", at, expected, shown(w)));
            }
            columns.push(column);
            at = next;
        }
        for column in columns.iter_mut().filter(|c| c.flags.covering()) {
            (column.covering, at) = self.covering(at, entries.len())?;
        }
        Ok(columns)
    }

    /// One column and the offset behind its name.
    fn column(
        self,
        w: usize,
        entry: &DiskMetaColumn,
        name_off: usize,
        minor: i16,
    ) -> Result<(MetaColumn, usize), MetaError> {
        let code = entry.type_code.get();
        let type_code = code.checked_abs().filter(|c| *c != 0).ok_or(corrupt(
            "column type",
            HEADER_LEN + w * ENTRY_LEN,
            Expected::That("a type code, negative if deleted"),
            i64::from(code),
        ))?;
        let field = "column name";
        let (units, next) =
            string16_units(SmallFile::Meta, field, self.0, name_off, NAME_UNITS_MAX)?;
        let name = utf16_strict(SmallFile::Meta, field, units, name_off)?;
        if let Some(c) = name.chars().find(|c| matches!(c, '/' | '\0')) {
            let expected = Expected::That("no '/' and no NUL");
            return Err(corrupt(field, name_off, expected, i64::from(u32::from(c))));
        }
        let column = MetaColumn {
            name,
            type_code,
            deleted: code < 0,
            flags: ColumnFlags(entry.flags.get()),
            index_block_capacity: entry.index_block_capacity.get(),
            symbol_capacity: entry.symbol_capacity.get(),
            parquet_config: ParquetConfig(if minor >= 1 {
                entry.parquet_config.get()
            } else {
                0
            }),
            replaced: None,
            covering: Vec::new(),
        };
        Ok((column, next))
    }

    fn covering(self, at: usize, n: usize) -> Result<(Vec<Option<usize>>, usize), MetaError> {
        let field = "covering list";
        let count = i32_at(SmallFile::Meta, field, self.0, at)?;
        let len = usize::try_from(count)
            .map_err(|_| corrupt(field, at, Expected::AtLeast(0), i64::from(count)))?
            .saturating_mul(4);
        let bytes = slice(SmallFile::Meta, field, self.0, at.saturating_add(4), len)?;
        let one = |(i, raw): (usize, &[u8; 4])| {
            let found = i32::from_le_bytes(*raw);
            match usize::try_from(found) {
                Ok(w) if w < n => Ok(Some(w)),
                _ if found == -1 => Ok(None),
                _ => {
                    let expected = Expected::Between(-1, shown(n).saturating_sub(1));
                    Err(corrupt(field, at + 4 + 4 * i, expected, i64::from(found)))
                }
            }
        };
        let list = bytes
            .as_chunks()
            .0
            .iter()
            .enumerate()
            .map(one)
            .collect::<Result<_, _>>()?;
        Ok((list, at + 4 + len))
    }
}

/// A name as QuestDB compares names (meta.md §5): each UTF-16 unit in lower case by itself.
fn folded(name: &str) -> String {
    let fold = |c: char| {
        let mut lower = c.to_lowercase();
        match (lower.next(), lower.next()) {
            (Some(one), None) if c.len_utf16() == 1 => one,
            _ => c,
        }
    };
    name.chars().map(fold).collect()
}

/// Resolves "replaced column" (meta.md §4, §5): an earlier, deleted column whose visible place no live column
/// holds. Tables migrated from 6.0 have random bytes there, and those are not errors.
///
/// A chain of type changes is stored in two forms: each column names the one before it, or each names the
/// first (9.3.4 and 9.4 do so in the WAL tables of `testdata/`), so several columns may name the same one.
fn link_replaced(columns: &mut [MetaColumn], entries: &[DiskMetaColumn]) {
    // For every column the place where its chain started; for every place its present holder.
    let mut place_of: Vec<usize> = Vec::with_capacity(columns.len());
    let mut holder_of: Vec<usize> = (0..columns.len()).collect();
    for (w, entry) in entries.iter().enumerate() {
        let earlier = usize::try_from(entry.replaced.get())
            .ok()
            .and_then(|r| r.checked_sub(1));
        let is_deleted = |w: usize| columns.get(w).is_some_and(|c| c.deleted);
        let accepted = earlier.filter(|r| *r < w && is_deleted(*r)).and_then(|r| {
            let place = *place_of.get(r)?;
            is_deleted(*holder_of.get(place)?).then_some((r, place))
        });
        place_of.push(accepted.map_or(w, |(_, place)| place));
        if let Some((r, place)) = accepted
            && let (Some(column), Some(holder)) = (columns.get_mut(w), holder_of.get_mut(place))
        {
            column.replaced = Some(r);
            *holder = w;
        }
    }
}

fn designated(header: &DiskMetaHeader, columns: &[MetaColumn]) -> Result<Option<usize>, MetaError> {
    use column_format::ColumnType;
    let found = header.designated.get();
    if found == -1 {
        return Ok(None);
    }
    let is_timestamp =
        |c: &MetaColumn| !c.deleted && matches!(c.column_type(), Ok(ColumnType::Timestamp(_)));
    let w = usize::try_from(found)
        .ok()
        .filter(|w| columns.get(*w).is_some_and(is_timestamp));
    let expected = Expected::That("-1 or the writer index of a live TIMESTAMP column");
    w.map(Some).ok_or(corrupt(
        "designated timestamp",
        8,
        expected,
        i64::from(found),
    ))
}
