//! Reading `_cv` while a writer commits (cv.md §5).
//!
//! `_cv` is committed before `_txn`, so it can be one version ahead, for a moment or for good after a crash.
//! The previous area then still holds what is wanted, but only until the writer starts on the version after
//! next, which it does *without* touching the version word first. So what is read from the previous area is
//! unconfirmed until `_txn` was seen unchanged afterwards: [`PreviousVersions`] is another type.

use crate::bytes::off;
use crate::cv::ColumnVersions;
use crate::cv::raw::{Area, RawArea, SLOT_OFF};
use crate::error::{Expected, ParseError, SmallFile};
use crate::read::{Pause, ReadAt, Torn, damaged, moved, no_version, read_vec, read_version};
use crate::txn::Txn;
use crate::txn::parity;

/// Why no version could be read from `_cv`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CvError<E> {
    /// The file could not be read.
    #[error("_cv: {0}")]
    Io(E),
    /// The same version was seen broken until the deadline: damage.
    #[error(transparent)]
    Parse(ParseError),
    /// The file is at another version than wanted. Read `_txn` again; if `found` is `want + 1` and stays,
    /// [`read_cv_previous`] still has it. Anything else that stays is corruption.
    #[error("_cv: version {found} instead of {want}")]
    Mismatch {
        /// Version that `_txn` named.
        want: i64,
        /// Version that `_cv` has.
        found: i64,
    },
    /// Every attempt was disturbed by a writer until the deadline.
    #[error("_cv: no undisturbed read in {attempts} attempts; the last one: {torn}")]
    Timeout {
        /// Attempts that were made.
        attempts: u32,
        /// What disturbed the last one.
        torn: Torn,
    },
}

/// Column versions out of the area that is no longer current: not to be used before `_txn` confirms them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "column versions of the previous area have to be confirmed"]
pub struct PreviousVersions(ColumnVersions);

impl PreviousVersions {
    /// Confirms them: `txn` is the commit that named this version, `version_now` the version word of `_txn`
    /// read *after* [`read_cv_previous`] returned. A writer reuses the previous area of `_cv` only after it
    /// committed `_txn` once more, so an unchanged `_txn` proves that the area was whole.
    #[must_use]
    pub fn confirm(self, txn: &Txn, version_now: i64) -> Option<ColumnVersions> {
        let whole = txn.column_version == self.0.version && txn.version == version_now;
        whole.then_some(self.0)
    }
}

/// Reads version `want` of `_cv` from its current area, trying again while a writer disturbs and `p` has time.
///
/// # Errors
/// [`CvError::Mismatch`] at once if the file is at another version; otherwise as [`crate::read_txn`].
pub fn read_cv<R: ReadAt>(
    r: &mut R,
    want: i64,
    p: &mut impl Pause,
) -> Result<ColumnVersions, CvError<R::Error>> {
    repeat(p, || attempt(r, Wanted::Current(Some(want))))
}

/// Reads version `want` of `_cv` from the area that is *not* current: `_cv` is at `want + 1`, because its
/// writer is about to commit `_txn` or died before it could (cv.md §5.2, table-dir.md §9).
///
/// # Errors
/// [`CvError::Mismatch`] if the file is not at `want + 1`; corrupt if the previous area was never filled, as
/// in checkpoint copies; otherwise as [`crate::read_txn`].
pub fn read_cv_previous<R: ReadAt>(
    r: &mut R,
    want: i64,
    p: &mut impl Pause,
) -> Result<PreviousVersions, CvError<R::Error>> {
    repeat(p, || attempt(r, Wanted::Previous(want))).map(PreviousVersions)
}

/// Reads whatever version is current.
pub(crate) fn read_cv_current<R: ReadAt>(
    r: &mut R,
    p: &mut impl Pause,
) -> Result<ColumnVersions, CvError<R::Error>> {
    repeat(p, || attempt(r, Wanted::Current(None)))
}

#[derive(Clone, Copy)]
enum Wanted {
    Current(Option<i64>),
    Previous(i64),
}

enum Miss {
    Torn(Torn),
    Mismatch { want: i64, found: i64 },
}

fn repeat<T, E>(
    p: &mut impl Pause,
    mut attempt: impl FnMut() -> Result<Result<T, Miss>, E>,
) -> Result<T, CvError<E>> {
    let mut attempts = 0u32;
    let mut previous = None;
    loop {
        let torn = match attempt().map_err(CvError::Io)? {
            Ok(read) => return Ok(read),
            Err(Miss::Mismatch { want, found }) => return Err(CvError::Mismatch { want, found }),
            Err(Miss::Torn(torn)) => torn,
        };
        attempts = attempts.saturating_add(1);
        if !p.pause() {
            return Err(match damaged(torn, previous) {
                Some(what) => CvError::Parse(what),
                None => CvError::Timeout { attempts, torn },
            });
        }
        previous = Some(torn);
    }
}

fn attempt<R: ReadAt>(r: &mut R, wanted: Wanted) -> Result<Result<ColumnVersions, Miss>, R::Error> {
    let broken = |version, what| Ok(Err(Miss::Torn(Torn::Structure { version, what })));
    let version = match read_version(r)? {
        Ok(version) => version,
        Err(found) => return broken(0, no_version(SmallFile::Cv, found)),
    };
    let target = match wanted {
        Wanted::Current(None) => version,
        Wanted::Current(Some(want)) if want == version => want,
        Wanted::Previous(want) if want.checked_add(1) == Some(version) => want,
        Wanted::Current(Some(want)) | Wanted::Previous(want) => {
            return Ok(Err(Miss::Mismatch {
                want,
                found: version,
            }));
        }
    };
    let mut raw = [0u8; 16];
    let slot_off = SLOT_OFF[parity(target)];
    let got = r.read_at(slot_off, &mut raw)?.min(raw.len());
    if let Some(torn) = moved(r, version)? {
        return Ok(Err(Miss::Torn(torn)));
    }
    let area = match Area::of(parity(target), raw.get(..got).unwrap_or_default()) {
        Ok(area) => area,
        Err(what) => return broken(version, what),
    };
    if matches!(wanted, Wanted::Previous(_)) && area.offset == 0 && target != 0 {
        let what = ParseError::Corrupt {
            file: SmallFile::Cv,
            field: "previous area",
            offset: slot_off,
            expected: Expected::That("an area that was once written"),
            found: 0,
        };
        return broken(version, what);
    }
    let bytes = read_vec(
        r,
        area.offset,
        usize::try_from(area.len).unwrap_or(usize::MAX),
    )?;
    if let Some(torn) = moved(r, version)? {
        return Ok(Err(Miss::Torn(torn)));
    }
    if off(bytes.len()) < area.len {
        let what = ParseError::Truncated {
            file: SmallFile::Cv,
            field: "area",
            offset: area.offset,
            needed: area.len,
            found: off(bytes.len()),
        };
        return broken(version, what);
    }
    match (RawArea { area, bytes }).verify(target) {
        Ok(cv) => Ok(Ok(cv)),
        Err(what) => broken(version, what),
    }
}
