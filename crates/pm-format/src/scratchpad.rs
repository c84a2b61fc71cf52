//! The sections behind the bloom table: sequencer transaction and scratchpad (pm.md §20.1).
//!
//! Both are optional: a reader of the first release never needs to pass them. Sluicegate keeps its
//! chunk checksums in a scratchpad entry ([`CHUNK_CHECKSUMS_CODE`](crate::CHUNK_CHECKSUMS_CODE)),
//! which others carry along or ignore.

use zerocopy::little_endian::{I64, U32};

use crate::error::PmError;
use crate::flags;
use crate::layout::SCRATCHPAD_LEN_MAX;
use crate::span::{at, bytes, record, wide};

/// The entries of a scratchpad, borrowed. All bounds were checked when the snapshot was opened.
#[derive(Clone, Copy, Debug)]
pub struct Scratchpad<'a> {
    count: u32,
    entries: &'a [u8],
}

impl<'a> Scratchpad<'a> {
    /// Number of entries, at least 1.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.count
    }

    /// Never true for a stored scratchpad: an empty one is not stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The entries in stored order: code and content. Codes may repeat.
    pub fn entries(&self) -> impl Iterator<Item = (u32, &'a [u8])> + use<'a> {
        let mut rest = self.entries;
        std::iter::from_fn(move || {
            let (code, content, tail) = split_entry(rest)?;
            rest = tail;
            Some((code, content))
        })
    }

    /// Content of the first entry with this code.
    #[must_use]
    pub fn get(&self, code: u32) -> Option<&'a [u8]> {
        self.entries()
            .find(|(c, _)| *c == code)
            .map(|(_, content)| content)
    }
}

fn split_entry(bytes: &[u8]) -> Option<(u32, &[u8], &[u8])> {
    let (code, rest) = bytes.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (content, tail) = rest.split_at_checked(at(u64::from(u32::from_le_bytes(*length))))?;
    Some((u32::from_le_bytes(*code), content, tail))
}

pub(crate) struct FooterSections<'a> {
    pub(crate) seq_txn: Option<i64>,
    pub(crate) scratchpad: Option<Scratchpad<'a>>,
    pub(crate) end: usize,
}

/// Parses the known sections that start at `offset`; `data` ends at the CRC field.
pub(crate) fn footer_sections(
    data: &[u8],
    offset: usize,
    feature_flags: u64,
) -> Result<FooterSections<'_>, PmError> {
    let mut end = offset;
    let mut seq_txn = None;
    if feature_flags & flags::SEQ_TXN != 0 {
        let stored: &I64 = record(data, end, "sequencer transaction")?;
        seq_txn = Some(stored.get());
        end += size_of::<I64>();
    }
    let mut scratchpad = None;
    if feature_flags & flags::SCRATCHPAD != 0 {
        let (parsed, after) = open_scratchpad(data, end)?;
        scratchpad = Some(parsed);
        end = after;
    }
    Ok(FooterSections {
        seq_txn,
        scratchpad,
        end,
    })
}

fn open_scratchpad(data: &[u8], offset: usize) -> Result<(Scratchpad<'_>, usize), PmError> {
    let bad = |field, found, expected| PmError::InvalidValue {
        field,
        offset: wide(offset),
        found,
        expected,
    };
    let count: &U32 = record(data, offset, "scratchpad")?;
    if count.get() == 0 {
        return Err(bad("scratchpad entry count", 0, "at least 1"));
    }
    let start = offset + size_of::<U32>();
    let mut end = start;
    for _ in 0..count.get() {
        let length: &U32 = record(data, end.saturating_add(4), "scratchpad entry")?;
        let whole = at(u64::from(length.get())).saturating_add(8);
        end += bytes(data, end, whole, "scratchpad entry")?.len();
    }
    if end - offset > SCRATCHPAD_LEN_MAX {
        return Err(bad(
            "scratchpad length",
            wide(end - offset),
            "at most 1 MiB",
        ));
    }
    let entries = data.get(start..end).unwrap_or_default();
    Ok((
        Scratchpad {
            count: count.get(),
            entries,
        },
        end,
    ))
}
