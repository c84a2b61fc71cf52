//! `txn_seq/_txnlog`: how many transactions the sequencer of a WAL table has handed out.
//!
//! Only the header is read, and only to say how many transactions wait to be applied; rows in the WAL are not
//! part of the table. The format notes leave this file out. What is used here was found in the tables under
//! `testdata/`: see [`SeqTxnLog`].

use crate::bytes::{i32_at, i64_at};
use crate::error::{Expected, ParseError, SmallFile};
use crate::txn::Txn;

/// Header of `txn_seq/_txnlog`.
///
/// Verified on every WAL table of `testdata/` (releases 7.4.2, 8.1.4, 9.3.4 and 9.4; the tests repeat it):
/// i32 format at 0, i64 last txn at 4, i64 creation time in µs at 12, i32 at 20, then from 76 on one record of
/// 28 bytes per txn (i64 structure version, i32 WAL id, i32 segment, i32 segment txn, i64 commit time in µs).
/// Format and the i32 at 20 are 0 in all of them; the last txn equals `seqTxn` of `_txn` in all but
/// `wal_pending/suspended`, where it is 5 against 1. **Not** verified: format 1 (records in part files), for
/// which the same header is assumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeqTxnLog {
    /// Format of the records: 0 = in this file, 1 = in parts. The header is the same.
    pub format: i32,
    /// Last transaction that the sequencer handed out; 0 if none.
    pub last_txn: i64,
}

impl SeqTxnLog {
    /// Bytes of the file that [`SeqTxnLog::parse`] needs.
    pub const NEEDED_LEN: usize = 12;

    /// Parses the first [`SeqTxnLog::NEEDED_LEN`] bytes.
    ///
    /// # Errors
    /// Truncated; unsupported for a format other than 0 and 1; corrupt for a negative txn.
    pub fn parse(header: &[u8]) -> Result<Self, ParseError> {
        let format = i32_at(SmallFile::TxnLog, "format", header, 0)?;
        if !(0..=1).contains(&format) {
            return Err(ParseError::Unsupported {
                file: SmallFile::TxnLog,
                field: "format",
                offset: 0,
                expected: Expected::Between(0, 1),
                found: i64::from(format),
            });
        }
        let last_txn = i64_at(SmallFile::TxnLog, "last txn", header, 4)?;
        if last_txn < 0 {
            return Err(ParseError::Corrupt {
                file: SmallFile::TxnLog,
                field: "last txn",
                offset: 4,
                expected: Expected::AtLeast(0),
                found: last_txn,
            });
        }
        Ok(Self { format, last_txn })
    }

    /// Transactions that `txn` does not show yet. 0 if the log is older than `txn` (it is read separately, and
    /// a table may have been converted).
    #[must_use]
    pub fn pending(&self, txn: &Txn) -> u64 {
        self.last_txn
            .checked_sub(txn.seq_txn)
            .and_then(|n| u64::try_from(n).ok())
            .unwrap_or(0)
    }
}
