//! Rows that a WAL applier parked in the last partition's files (txn.md §3.1, §3.4).
//!
//! They lie behind the committed rows and are **not visible**: no row count of this crate contains them. The
//! fields are kept because a writer must hand them on, and because `show` can tell that they exist.

/// The lag fields of a record, as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lag {
    /// Checksum over the lag and the txn. Informational: never validated, arbitrary in old files.
    pub checksum: i32,
    /// Parked sequencer transactions; negative when the parked rows are not in timestamp order.
    pub txn_count: i32,
    /// Parked rows. Not visible.
    pub row_count: i32,
    /// Smallest parked timestamp, `i64::MAX` without lag (0 in files older than 7.1).
    pub min_timestamp: i64,
    /// Largest parked timestamp, `i64::MIN` without lag (0 in files older than 7.1).
    pub max_timestamp: i64,
}

impl Lag {
    /// No parked rows.
    pub const NONE: Self = Self {
        checksum: 0,
        txn_count: 0,
        row_count: 0,
        min_timestamp: i64::MAX,
        max_timestamp: i64::MIN,
    };

    /// Parked transactions, whatever their order.
    #[must_use]
    pub fn txns(&self) -> u32 {
        self.txn_count.unsigned_abs()
    }

    /// Whether the parked rows are in timestamp order.
    #[must_use]
    pub fn is_ordered(&self) -> bool {
        self.txn_count >= 0
    }

    /// The checksum that a writer stores for these fields in a record `txn` with `seq_txn` (txn.md §3.4).
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the low 32 bits are the checksum"
    )]
    #[expect(
        clippy::cast_sign_loss,
        reason = "a logical shift needs the unsigned bits"
    )]
    pub fn checksum_for(&self, txn: i64, seq_txn: i64) -> i32 {
        let words = [
            self.max_timestamp,
            txn,
            seq_txn,
            i64::from(self.row_count),
            i64::from(self.txn_count),
        ];
        let acc = words.iter().fold(self.min_timestamp, |acc, w| {
            acc.wrapping_mul(31).wrapping_add(*w)
        }) as u64;
        (acc ^ (acc >> 32)) as i32
    }
}

impl Default for Lag {
    fn default() -> Self {
        Self::NONE
    }
}
