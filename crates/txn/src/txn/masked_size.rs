//! The second word of a partition entry, every bit of it named (txn.md §3.3).
//!
//! Row count, squash counter and format flags share one i64. Which release introduced which bit does not
//! matter to a reader: before that release the bits are zero.

use std::fmt;

/// Row count and flags of a partition entry.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct MaskedSize(pub i64);

const ROWS_MASK: i64 = (1 << 44) - 1;
const SQUASH_SHIFT: u32 = 44;
const SQUASH_MASK: i64 = 0xFFFF << SQUASH_SHIFT;
const PARQUET_GENERATED: i64 = 1 << 60;
const PARQUET: i64 = 1 << 61;
const READ_ONLY: i64 = 1 << 62;
const RESERVED: i64 = i64::MIN;

impl MaskedSize {
    /// Largest row count that fits.
    pub const ROWS_MAX: u64 = (1 << 44) - 1;
    /// Bits 44 to 62: what must not change under a reader (table-dir.md §8.3).
    pub const FLAGS_MASK: i64 = 0x7FFF_F000_0000_0000;

    /// A native partition of so many rows without any flag; `None` above [`MaskedSize::ROWS_MAX`].
    #[must_use]
    pub fn of_rows(rows: u64) -> Option<Self> {
        Some(Self(i64::try_from(rows).ok().filter(|r| *r <= ROWS_MASK)?))
    }

    /// Bits 0–43: rows, as stored. Stale for the last entry: use [`crate::Partition::rows`].
    #[must_use]
    #[expect(clippy::cast_sign_loss, reason = "masked to 44 bits")]
    pub fn rows(self) -> u64 {
        (self.0 & ROWS_MASK) as u64
    }

    /// Bits 44–59: how often split parts were merged into this directory in place; saturates at 65535.
    #[must_use]
    #[expect(clippy::cast_sign_loss, reason = "masked to 16 bits before the shift")]
    pub fn squash_count(self) -> u16 {
        ((self.0 & SQUASH_MASK) >> SQUASH_SHIFT) as u16
    }

    /// Bit 60: a Parquet copy lies beside the native files, which stay authoritative.
    #[must_use]
    pub fn parquet_generated(self) -> bool {
        self.0 & PARQUET_GENERATED != 0
    }

    /// Bit 61: the partition is stored as Parquet.
    #[must_use]
    pub fn is_parquet(self) -> bool {
        self.0 & PARQUET != 0
    }

    /// Bit 62: read-only (attached through a symlink).
    #[must_use]
    pub fn read_only(self) -> bool {
        self.0 & READ_ONLY != 0
    }

    /// Bit 63: reserved, set by no release.
    #[must_use]
    pub fn reserved(self) -> bool {
        self.0 & RESERVED != 0
    }

    /// Bits 44–62 alone.
    #[must_use]
    pub fn flag_bits(self) -> i64 {
        self.0 & Self::FLAGS_MASK
    }

    /// The same flags with another row count; `None` above [`MaskedSize::ROWS_MAX`].
    #[must_use]
    pub fn with_rows(self, rows: u64) -> Option<Self> {
        Some(Self(self.0 & !ROWS_MASK | Self::of_rows(rows)?.0))
    }

    /// The same with another squash counter.
    #[must_use]
    pub fn with_squash_count(self, count: u16) -> Self {
        Self(self.0 & !SQUASH_MASK | i64::from(count) << SQUASH_SHIFT)
    }

    /// The same with bit 60 set or cleared.
    #[must_use]
    pub fn with_parquet_generated(self, on: bool) -> Self {
        self.with(PARQUET_GENERATED, on)
    }

    /// The same with bit 61 set or cleared.
    #[must_use]
    pub fn with_parquet(self, on: bool) -> Self {
        self.with(PARQUET, on)
    }

    /// The same with bit 62 set or cleared.
    #[must_use]
    pub fn with_read_only(self, on: bool) -> Self {
        self.with(READ_ONLY, on)
    }

    fn with(self, bit: i64, on: bool) -> Self {
        Self(if on { self.0 | bit } else { self.0 & !bit })
    }
}

impl fmt::Debug for MaskedSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MaskedSize")
            .field("rows", &self.rows())
            .field("squash_count", &self.squash_count())
            .field("parquet_generated", &self.parquet_generated())
            .field("is_parquet", &self.is_parquet())
            .field("read_only", &self.read_only())
            .field("reserved", &self.reserved())
            .finish()
    }
}
