//! Where trust is given: the token without which nothing can be mapped, and `Root::open`.
//!
//! A mapping of a file that somebody shortens or overwrites is undefined behaviour waiting to be
//! read. Whoever promises that this does not happen says so once, in `unsafe`, and gets a value;
//! every `File::map` asks to see it. It is neither `Clone` nor `Copy`, so a `Vfs` that is shown one
//! cannot keep it.

use std::path::Path;
use std::sync::Arc;

use crate::error::IoError;
use crate::root::Root;
use crate::vfs::Vfs;

/// Proof that somebody has promised the directory protocol of [`Root::open`].
#[derive(Debug)]
pub struct Trust(());

impl Trust {
    /// Promises the protocol. [`Root::open`] is the usual way; this one exists for tools that
    /// implement or test a [`Vfs`].
    ///
    /// # Safety
    /// The promise of [`Root::open`] holds for every file that is mapped with this token, for as
    /// long as the mapping lives.
    #[must_use]
    pub unsafe fn assume() -> Self {
        Self(())
    }
}

impl Root {
    /// Opens `dir` (following links) and trusts the files below it.
    ///
    /// # Safety
    /// For as long as a [`crate::Mapping`] (or `Bytes` taken from one) of a file below `dir`,
    /// linked directories included, lives, the *directory protocol* holds:
    /// * there is at most one writer at a time, and what it has published of a file as length `n`
    ///   (that is, every `n` with which [`crate::RootFile::map`] is called) is final: bytes `0..n`
    ///   are never overwritten and the file is never cut below `n`;
    /// * files are replaced by rename or removed by unlink, never rewritten in place.
    ///
    /// A file that is shortened all the same is reported where it can be noticed (see
    /// [`crate::Mapping::verify_len`] and [`crate::sigbus`]), but noticing is not a guarantee.
    ///
    /// # Errors
    /// [`IoError::NotFound`], [`IoError::NotADirectory`], [`IoError::PermissionDenied`], ….
    pub unsafe fn open(vfs: Arc<dyn Vfs>, dir: &Path) -> Result<Self, IoError> {
        // SAFETY: the caller makes the same promise for every file below `dir`, and the token never
        // leaves this root.
        let trust = unsafe { Trust::assume() };
        Self::with_trust(vfs, dir, trust)
    }
}
