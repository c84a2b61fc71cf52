//! One record, unverified and verified (txn.md §3).
//!
//! A [`RawRecord`] is bytes that were read while a writer may have been at work. It has no accessor: the only
//! way to its content is [`RawRecord::verify`], which consumes it and returns a [`Txn`].

use zerocopy::FromBytes;

use crate::bytes::{off, shown, slice, view};
use crate::disk::txn::{DiskPartition, DiskRecord, DiskSymbolCount};
use crate::error::{Expected, ParseError, SmallFile};
use crate::txn::header::{FIXED_LEN, REPEATED_LEN, Slot};
use crate::txn::{Lag, MaskedSize, PartitionEntry, Txn};

/// The bytes of one record and where they came from.
pub(crate) struct RawRecord {
    pub(crate) slot: Slot,
    pub(crate) bytes: Vec<u8>,
}

impl RawRecord {
    /// Checks the record against the version that selected it and decodes it.
    pub(crate) fn verify(self, version: i64) -> Result<Txn, ParseError> {
        let base = self.slot.base_off();
        let raw: &DiskRecord =
            view(SmallFile::Txn, "record", &self.bytes, 0).map_err(|e| rebase(e, base))?;
        let corrupt = |field, at: u64, expected, found| ParseError::Corrupt {
            file: SmallFile::Txn,
            field,
            offset: base + at,
            expected,
            found,
        };
        let txn = raw.txn.get();
        if txn != version {
            return Err(corrupt("txn", 0, Expected::Exactly(version), txn));
        }
        let rows = |field, at, found: i64| {
            u64::try_from(found)
                .ok()
                .filter(|r| *r <= MaskedSize::ROWS_MAX)
                .ok_or(corrupt(
                    field,
                    at,
                    Expected::Between(0, (1 << 44) - 1),
                    found,
                ))
        };
        let transient_rows = rows("transientRowCount", 8, raw.transient_rows.get())?;
        let fixed_rows = u64::try_from(raw.fixed_rows.get())
            .ok()
            .filter(|r| *r <= u64::MAX >> 2)
            .ok_or(corrupt(
                "fixedRowCount",
                16,
                Expected::AtLeast(0),
                raw.fixed_rows.get(),
            ))?;
        let lag_row_count = raw.lag_row_count.get();
        if lag_row_count < 0 {
            return Err(corrupt(
                "lagRowCount",
                96,
                Expected::AtLeast(0),
                i64::from(lag_row_count),
            ));
        }
        let symbol_counts = self.symbols(raw)?;
        let entries = self.partitions()?;
        Ok(Txn {
            version,
            txn,
            transient_rows,
            fixed_rows,
            min_timestamp: raw.min_timestamp.get(),
            max_timestamp: raw.max_timestamp.get(),
            structure_version: raw.structure_version.get(),
            data_version: raw.data_version.get(),
            partition_table_version: raw.partition_table_version.get(),
            column_version: raw.column_version.get(),
            truncate_version: raw.truncate_version.get(),
            seq_txn: raw.seq_txn.get(),
            lag: Lag {
                checksum: raw.lag_checksum.get(),
                txn_count: raw.lag_txn_count.get(),
                row_count: lag_row_count,
                min_timestamp: raw.lag_min_timestamp.get(),
                max_timestamp: raw.lag_max_timestamp.get(),
            },
            symbol_counts,
            entries,
        })
    }

    fn segment(&self, field: &'static str, at: u64, len: u64) -> Result<&[u8], ParseError> {
        let start = usize::try_from(at).unwrap_or(usize::MAX);
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        slice(SmallFile::Txn, field, &self.bytes, start, len)
            .map_err(|e| rebase(e, self.slot.base_off()))
    }

    fn symbols(&self, raw: &DiskRecord) -> Result<Vec<u32>, ParseError> {
        let base = self.slot.base_off();
        let bytes = self.segment("symbol segment", FIXED_LEN, self.slot.symbols_len())?;
        let items: &[DiskSymbolCount] = items(bytes);
        let declared = raw.symbol_column_count.get();
        if usize::try_from(declared) != Ok(items.len()) {
            return Err(ParseError::Corrupt {
                file: SmallFile::Txn,
                field: "symbolColumnCount",
                offset: base + 128,
                expected: Expected::Exactly(shown(items.len())),
                found: i64::from(declared),
            });
        }
        let one = |(i, item): (usize, &DiskSymbolCount)| {
            let count = item.count.get();
            u32::try_from(count).map_err(|_| ParseError::Corrupt {
                file: SmallFile::Txn,
                field: "symbol count",
                offset: base + FIXED_LEN + 8 * off(i),
                expected: Expected::AtLeast(0),
                found: i64::from(count),
            })
        };
        items.iter().enumerate().map(one).collect()
    }

    fn partitions(&self) -> Result<Vec<PartitionEntry>, ParseError> {
        let at = FIXED_LEN + self.slot.symbols_len() + REPEATED_LEN;
        let bytes = self.segment("partition segment", at, self.slot.partitions_len())?;
        let items: &[DiskPartition] = items(bytes);
        let one = |p: &DiskPartition| PartitionEntry {
            timestamp: p.timestamp.get(),
            masked_size: MaskedSize(p.masked_size.get()),
            name_txn: p.name_txn.get(),
            parquet_file_size: p.parquet_file_size.get(),
        };
        Ok(items.iter().map(one).collect())
    }
}

/// Bytes as whole items; the callers' lengths are multiples of the item by the check of the slot.
fn items<T>(bytes: &[u8]) -> &[T]
where
    T: FromBytes + zerocopy::KnownLayout + zerocopy::Immutable + zerocopy::Unaligned,
{
    <[T]>::ref_from_bytes(bytes).unwrap_or_default()
}

/// Turns offsets within a record into offsets within the file.
fn rebase(e: ParseError, base: u64) -> ParseError {
    match e {
        ParseError::Truncated {
            file,
            field,
            offset,
            needed,
            found,
        } => ParseError::Truncated {
            file,
            field,
            offset: offset.saturating_add(base),
            needed,
            found,
        },
        other => other,
    }
}
