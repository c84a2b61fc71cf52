//! Reading `_txn` while a writer commits (txn.md §5).
//!
//! A writer fills the area that the current version does not select and then flips the version, so a reader
//! is disturbed only if a whole commit happens between its first and its last look at the version. Each look
//! is a separate positional read; nothing assumes that one large read is atomic.

use crate::bytes::off;
use crate::error::{ParseError, SmallFile};
use crate::read::{Pause, ReadAt, Torn, damaged, moved, no_version, read_vec, read_version};
use crate::txn::Txn;
use crate::txn::header::{SLOT_OFF, parity, slot_of};
use crate::txn::record::RawRecord;

/// Why no commit could be read from `_txn`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TxnError<E> {
    /// The file could not be read.
    #[error("_txn: {0}")]
    Io(E),
    /// The same version was seen broken until the deadline: not a writer at work but damage.
    #[error(transparent)]
    Parse(ParseError),
    /// Every attempt was disturbed by a writer until the deadline.
    #[error("_txn: no undisturbed read in {attempts} attempts; the last one: {torn}")]
    Timeout {
        /// Attempts that were made.
        attempts: u32,
        /// What disturbed the last one.
        torn: Torn,
    },
}

/// Reads the version word at offset 0: the cheap way to poll for change. `None`: fewer than 8 bytes.
///
/// # Errors
/// Whatever the read reports.
pub fn read_txn_version<R: ReadAt>(r: &mut R) -> Result<Option<i64>, R::Error> {
    Ok(read_version(r)?.ok())
}

/// Reads one whole commit, trying again while a writer disturbs and `p` has time.
///
/// A torn header, slot or record is retried too: a file that is just being created or extended looks the
/// same as a damaged one until the deadline.
///
/// # Errors
/// [`TxnError::Parse`] if the last two attempts (or the only one) found the same version broken,
/// [`TxnError::Timeout`] if the writer kept moving, [`TxnError::Io`] as it comes.
pub fn read_txn<R: ReadAt>(r: &mut R, p: &mut impl Pause) -> Result<Txn, TxnError<R::Error>> {
    let mut attempts = 0u32;
    let mut previous = None;
    loop {
        let torn = match attempt(r).map_err(TxnError::Io)? {
            Ok(txn) => return Ok(txn),
            Err(torn) => torn,
        };
        attempts = attempts.saturating_add(1);
        if !p.pause() {
            return Err(match damaged(torn, previous) {
                Some(what) => TxnError::Parse(what),
                None => TxnError::Timeout { attempts, torn },
            });
        }
        previous = Some(torn);
    }
}

fn truncated(field: &'static str, offset: u64, needed: u64, found: u64) -> ParseError {
    ParseError::Truncated {
        file: SmallFile::Txn,
        field,
        offset,
        needed,
        found,
    }
}

/// Steps 1 to 8 of the protocol, once.
fn attempt<R: ReadAt>(r: &mut R) -> Result<Result<Txn, Torn>, R::Error> {
    let broken = |version, what| Ok(Err(Torn::Structure { version, what }));
    let version = match read_version(r)? {
        Ok(version) => version,
        Err(found) => return broken(0, no_version(SmallFile::Txn, found)),
    };
    let mut raw = [0u8; 12];
    let got = r
        .read_at(SLOT_OFF[parity(version)], &mut raw)?
        .min(raw.len());
    if let Some(torn) = moved(r, version)? {
        return Ok(Err(torn));
    }
    let slot = match slot_of(version, raw.get(..got).unwrap_or_default()) {
        Ok(slot) => slot,
        Err(what) => return broken(version, what),
    };
    let len = slot.record_len();
    let bytes = read_vec(
        r,
        slot.base_off(),
        usize::try_from(len).unwrap_or(usize::MAX),
    )?;
    if let Some(torn) = moved(r, version)? {
        return Ok(Err(torn));
    }
    if off(bytes.len()) < len {
        return broken(
            version,
            truncated("record", slot.base_off(), len, off(bytes.len())),
        );
    }
    match (RawRecord { slot, bytes }).verify(version) {
        Ok(txn) => Ok(Ok(txn)),
        Err(what) => broken(version, what),
    }
}
