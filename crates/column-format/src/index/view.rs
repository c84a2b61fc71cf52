//! A checked reader of a bitmap index (symbol-index.md §7).
//!
//! Nothing is trusted: the header is checked when the view is made, an entry when it is asked for, a
//! block when the walk comes to it, so that a look-up costs what it reads.

use zerocopy::FromBytes;

use super::header::{
    BLOCK_CAPACITY_OFF, INDEX_BLOCK_CAPACITY_MAX, INDEX_HEADER_LEN, INDEX_KEY_ENTRY_LEN,
    INDEX_SIGNATURE, IndexHeader, KEY_COUNT_OFF, KeyEntry, RawEntry, RawHeader, SEQUENCE_CHECK_OFF,
    VALUES_LEN_OFF, block_len,
};
use super::values::IndexValues;
use crate::bits::{clamp_i64, len_u64, len_usize};
use crate::{Expected, FileKind, LayoutError};

/// A bitmap index over the bytes of its two files.
#[derive(Clone, Copy, Debug)]
pub struct BitmapIndexView<'a> {
    header: IndexHeader,
    /// Key entries, exactly `key_count` of them.
    entries: &'a [[u8; INDEX_KEY_ENTRY_LEN]],
    /// Bytes of `.k` after the last entry.
    unused: &'a [u8],
    /// The used part of `.v`.
    values: &'a [u8],
}

impl<'a> BitmapIndexView<'a> {
    /// Checks the header against both files; key entries and blocks are checked when read.
    ///
    /// # Errors
    /// A file is too short, the header is invalid, or a writer is at work
    /// ([`LayoutError::Changing`]).
    pub fn new(keys: &'a [u8], values: &'a [u8]) -> Result<Self, LayoutError> {
        let truncated = |file, expected: u64, found: usize| LayoutError::Truncated {
            file,
            row: None,
            offset: len_u64(found),
            expected,
            found: len_u64(found),
        };
        let (raw, entries) = RawHeader::read_from_prefix(keys)
            .map_err(|_| truncated(FileKind::Keys, len_u64(INDEX_HEADER_LEN), keys.len()))?;
        let header = check_header(&raw)?;
        let entries_len = u64::from(header.key_count) * len_u64(INDEX_KEY_ENTRY_LEN);
        let (entries, unused) = len_usize(entries_len)
            .and_then(|len| entries.split_at_checked(len))
            .ok_or_else(|| {
                let expected = entries_len + len_u64(INDEX_HEADER_LEN);
                truncated(FileKind::Keys, expected, keys.len())
            })?;
        let used = len_usize(header.values_len).and_then(|len| values.get(..len));
        let values =
            used.ok_or_else(|| truncated(FileKind::Values, header.values_len, values.len()))?;
        Ok(Self {
            header,
            entries: entries.as_chunks().0,
            unused,
            values,
        })
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> IndexHeader {
        self.header
    }

    /// Number of keys, those without values included.
    #[must_use]
    pub const fn key_count(&self) -> u32 {
        self.header.key_count
    }

    /// Whether all bytes of `.k` after the last entry are zero, as they must be while no writer is
    /// at work: QuestDB takes them for entries when it adds a key (symbol-index.md §1).
    #[must_use]
    pub fn unused_is_zero(&self) -> bool {
        self.unused.iter().all(|byte| *byte == 0)
    }

    /// The entry of a key; `None` for a key that was never used.
    ///
    /// # Errors
    /// The entry is invalid or being changed.
    pub fn entry(&self, key: u32) -> Result<Option<KeyEntry>, LayoutError> {
        let Some(raw) = usize::try_from(key)
            .ok()
            .and_then(|at| self.entries.get(at))
        else {
            return Ok(None);
        };
        let raw: RawEntry = zerocopy::transmute!(*raw);
        self.check_entry(&raw, key).map(Some)
    }

    /// The values of a key in ascending order; none for a key that was never used.
    ///
    /// # Errors
    /// The entry is invalid or being changed. The iterator yields an error, and ends, where a block
    /// is invalid.
    pub fn values(&self, key: u32) -> Result<IndexValues<'a>, LayoutError> {
        let entry = self.entry(key)?.unwrap_or(KeyEntry {
            count: 0,
            first_block: 0,
            last_block: 0,
        });
        Ok(IndexValues::new(key, &self.header, self.values, entry))
    }

    fn check_entry(&self, raw: &RawEntry, key: u32) -> Result<KeyEntry, LayoutError> {
        let start = entry_off(key);
        let (count, check) = (raw.count.get(), raw.count_check.get());
        if count != check {
            return Err(LayoutError::Changing {
                file: FileKind::Keys,
                row: Some(u64::from(key)),
                offset: start + 24,
                expected: count,
                found: check,
            });
        }
        let block_len = self.header.block_len();
        let blocks = self.header.values_len / block_len;
        let room = blocks.saturating_mul(u64::from(self.header.block_capacity));
        let corrupt = |at: u64, expected, found| LayoutError::Corrupt {
            file: FileKind::Keys,
            row: Some(u64::from(key)),
            offset: start + at,
            expected,
            found,
        };
        let count = u64::try_from(count)
            .ok()
            .filter(|count| *count <= room)
            .ok_or_else(|| corrupt(0, Expected::Between(0, clamp_i64(room)), count))?;
        if count == 0 {
            let stale = |n: i64| u64::try_from(n).unwrap_or(0);
            return Ok(KeyEntry {
                count,
                first_block: stale(raw.first_block.get()),
                last_block: stale(raw.last_block.get()),
            });
        }
        let block = |at, found: i64| {
            u64::try_from(found)
                .ok()
                .filter(|off| off % block_len == 0 && off / block_len < blocks)
                .ok_or_else(|| corrupt(at, Expected::Rule("the offset of a used block"), found))
        };
        let first_block = block(8, raw.first_block.get())?;
        let last_block = block(16, raw.last_block.get())?;
        Ok(KeyEntry {
            count,
            first_block,
            last_block,
        })
    }
}

/// Offset of a key's entry in `.k`.
pub(super) fn entry_off(key: u32) -> u64 {
    len_u64(INDEX_HEADER_LEN) + u64::from(key) * len_u64(INDEX_KEY_ENTRY_LEN)
}

/// The rules of §7 about the header alone.
fn check_header(raw: &RawHeader) -> Result<IndexHeader, LayoutError> {
    let corrupt = |offset, expected, found| LayoutError::Corrupt {
        file: FileKind::Keys,
        row: None,
        offset,
        expected,
        found,
    };
    if raw.signature != INDEX_SIGNATURE {
        let expected = Expected::Exactly(i64::from(INDEX_SIGNATURE));
        return Err(corrupt(0, expected, i64::from(raw.signature)));
    }
    let (sequence, check) = (raw.sequence.get(), raw.sequence_check.get());
    if sequence != check {
        return Err(LayoutError::Changing {
            file: FileKind::Keys,
            row: None,
            offset: SEQUENCE_CHECK_OFF,
            expected: sequence,
            found: check,
        });
    }
    let capacity = raw.block_capacity.get();
    let block_capacity = u32::try_from(capacity)
        .ok()
        .filter(|n| n.is_power_of_two() && (2..=INDEX_BLOCK_CAPACITY_MAX).contains(n))
        .ok_or_else(|| {
            let rule = Expected::Rule("a power of two from 2 to 2^23");
            corrupt(BLOCK_CAPACITY_OFF, rule, i64::from(capacity))
        })?;
    let key_count = u32::try_from(raw.key_count.get()).map_err(|_| {
        corrupt(
            KEY_COUNT_OFF,
            Expected::AtLeast(0),
            i64::from(raw.key_count.get()),
        )
    })?;
    let used = raw.values_len.get();
    let values_len = u64::try_from(used)
        .ok()
        .filter(|used| used % block_len(block_capacity) == 0)
        .ok_or_else(|| {
            corrupt(
                VALUES_LEN_OFF,
                Expected::Rule("a multiple of the block size"),
                used,
            )
        })?;
    Ok(IndexHeader {
        sequence,
        values_len,
        block_capacity,
        key_count,
        greatest: raw.greatest.get(),
    })
}
