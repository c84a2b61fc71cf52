//! Positional reads that finish: short reads and interruptions are nobody else's business.

use std::io;
use std::path::Path;

use crate::error::{IoError, Op};
use crate::vfs::File;

/// Reads at `off` until `buf` is full or the file ends; returns the bytes read.
pub(crate) fn read_full(
    file: &dyn File,
    path: &Path,
    off: u64,
    buf: &mut [u8],
) -> Result<usize, IoError> {
    let mut filled = 0;
    while let Some(rest) = buf.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(off.saturating_add(filled as u64), rest) {
            Ok(0) => break,
            Ok(n) => filled += n.min(rest.len()),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(IoError::new(Op::Read, path, e)),
        }
    }
    Ok(filled)
}

/// A buffer of `len` zeros, or a typed error instead of an abort.
pub(crate) fn zeroed(path: &Path, len: u64) -> Result<Vec<u8>, IoError> {
    let out_of_memory = || IoError::OutOfMemory {
        path: path.to_path_buf(),
        op: Op::Read,
        bytes: len,
    };
    let capacity = usize::try_from(len).map_err(|_| out_of_memory())?;
    let mut buf = Vec::new();
    buf.try_reserve_exact(capacity)
        .map_err(|_| out_of_memory())?;
    buf.resize(capacity, 0);
    Ok(buf)
}
