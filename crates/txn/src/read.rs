//! The two narrow traits through which files that a writer mutates are read.
//!
//! `_txn` and `_cv` change under the reader. What the protocol needs of a file is one positional read, and
//! what it needs of time is one question ("may I try again?"), so both are traits: tests put a model of a
//! concurrent writer behind the first and a counter behind the second, and no clock or file is involved.

use std::convert::Infallible;

use crate::bytes::off;
use crate::error::{ParseError, SmallFile};

/// Positional reads of one file that another process may be writing.
pub trait ReadAt {
    /// What a failed read says.
    type Error;

    /// Reads into `buf` from byte `offset` on. Returns how many bytes were read; fewer than `buf.len()`
    /// means that the file ends there at this moment (implementations repeat interrupted or short system
    /// calls themselves).
    ///
    /// # Errors
    /// Whatever the implementation reports; the protocol hands it on unchanged.
    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> Result<usize, Self::Error>;
}

impl<R: ReadAt + ?Sized> ReadAt for &mut R {
    type Error = R::Error;

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> Result<usize, Self::Error> {
        (**self).read_at(offset, buf)
    }
}

/// A private copy of a whole file reads as a file that nobody writes.
impl ReadAt for &[u8] {
    type Error = Infallible;

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> Result<usize, Infallible> {
        let tail = usize::try_from(offset)
            .ok()
            .and_then(|o| self.get(o..))
            .unwrap_or_default();
        let len = tail.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..len), tail.get(..len)) {
            to.copy_from_slice(from);
        }
        Ok(len)
    }
}

/// Decides between two attempts whether there is time for another one.
pub trait Pause {
    /// Waits a moment and returns `true` to try again, or returns `false`: the deadline has passed.
    fn pause(&mut self) -> bool;
}

impl<F: FnMut() -> bool> Pause for F {
    fn pause(&mut self) -> bool {
        self()
    }
}

/// Tries again a fixed number of times without waiting: for bytes that nobody writes, and for tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts {
    /// Further attempts that are left.
    pub left: u32,
}

impl Pause for Attempts {
    fn pause(&mut self) -> bool {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }
}

/// Why one attempt to read a consistent area failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Torn {
    /// The version word changed while the area was read: a commit came between.
    #[error("the version changed from {before} to {after} during the read")]
    VersionChanged {
        /// Version at the start of the attempt.
        before: i64,
        /// Version afterwards.
        after: i64,
    },
    /// Header, slot or area cannot belong together (yet).
    #[error("version {version}: {what}")]
    Structure {
        /// Version of the attempt (0 if not even that was readable).
        version: i64,
        /// What is wrong.
        what: ParseError,
    },
}

impl Torn {
    /// The last version that the attempt saw: what tells a writer at work from a file that stands still.
    #[must_use]
    pub fn version(&self) -> i64 {
        match self {
            Self::VersionChanged { after, .. } => *after,
            Self::Structure { version, .. } => *version,
        }
    }
}

/// Most bytes that one read of an area asks for; larger areas arrive in pieces, so that a declared size
/// never becomes an allocation before as many bytes have been seen.
const PIECE_LEN: usize = 64 * 1024;

/// Reads `len` bytes from `offset`; a shorter result means that the file ends there.
pub(crate) fn read_vec<R: ReadAt>(r: &mut R, offset: u64, len: usize) -> Result<Vec<u8>, R::Error> {
    let mut out = Vec::new();
    while out.len() < len {
        let start = out.len();
        let want = (len - start).min(PIECE_LEN);
        out.resize(start + want, 0);
        let at = offset.saturating_add(off(start));
        let got = r
            .read_at(at, out.get_mut(start..).unwrap_or_default())?
            .min(want);
        out.truncate(start + got);
        if got < want {
            break;
        }
    }
    Ok(out)
}

/// Reads the version word at offset 0; `Err` in the inner result: so many bytes are there instead of 8.
pub(crate) fn read_version<R: ReadAt>(r: &mut R) -> Result<Result<i64, usize>, R::Error> {
    let mut word = [0u8; 8];
    let got = r.read_at(0, &mut word)?;
    Ok(if got >= word.len() {
        Ok(i64::from_le_bytes(word))
    } else {
        Err(got)
    })
}

/// The error of a file that is too short for its version word.
pub(crate) fn no_version(file: SmallFile, found: usize) -> ParseError {
    ParseError::Truncated {
        file,
        field: "version",
        offset: 0,
        needed: 8,
        found: off(found),
    }
}

/// Looks at the version again: `Some` if it moved since `before`.
pub(crate) fn moved<R: ReadAt>(r: &mut R, before: i64) -> Result<Option<Torn>, R::Error> {
    Ok(match read_version(r)? {
        Ok(after) if after == before => None,
        after => Some(Torn::VersionChanged {
            before,
            after: after.unwrap_or(0),
        }),
    })
}

/// Whether the last failure before the deadline is damage: the only attempt, or the same as the one before.
/// A writer at work does not leave the same version broken in the same way.
pub(crate) fn damaged(torn: Torn, previous: Option<Torn>) -> Option<ParseError> {
    match torn {
        Torn::Structure { what, .. } if previous.is_none_or(|p| p == torn) => Some(what),
        _ => None,
    }
}

/// What a failed attempt means for bytes that nobody writes.
pub(crate) fn settled(torn: Torn, file: SmallFile) -> ParseError {
    match torn {
        Torn::Structure { what, .. } => what,
        Torn::VersionChanged { .. } => ParseError::Truncated {
            file,
            field: "version",
            offset: 0,
            needed: 8,
            found: 0,
        },
    }
}
