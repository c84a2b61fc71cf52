//! Small metadata files: opened, read positionally, parsed, and named in every error.
//!
//! The parsers of `txn` know bytes and no paths; this is the one place that puts a path and the
//! right variant on what they say.

use mmap_io::{IoError, RootDir, RootFile};
use txn::{CvError, Meta, ReadAt, Txn, TxnError};

use crate::error::ReadError;
use crate::patience::Spin;

/// No small metadata file of a real table comes near this; more is refused before it is read.
pub(crate) const SMALL_LEN_MAX: u64 = 64 << 20;

/// A `RootFile` as the read protocols see it.
#[derive(Debug)]
struct Positional<'a>(&'a RootFile);

impl ReadAt for Positional<'_> {
    type Error = IoError;

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> Result<usize, IoError> {
        self.0.read_at(offset, buf)
    }
}

/// What went wrong with `_txn` or `_cv`, by what can be done about it.
#[derive(Debug)]
pub(crate) enum SmallError {
    /// A writer may be at work: try again.
    Retry(ReadError),
    /// A writer kept committing, at last this version: the file is busy, not damaged.
    Disturbed(i64, ReadError),
    /// It will not get better.
    Fatal(ReadError),
}

/// Reads the current commit of the table directory `dir`.
pub(crate) fn read_txn(dir: &RootDir, mut spin: Spin) -> Result<Txn, SmallError> {
    let file = dir.file("_txn").map_err(|e| {
        SmallError::Fatal(match e {
            IoError::NotFound { .. } => ReadError::NotATable {
                path: dir.path().to_path_buf(),
            },
            e => ReadError::Io(e),
        })
    })?;
    txn::read_txn(&mut Positional(&file), &mut spin).map_err(|e| {
        let detail = e.to_string();
        let metadata = ReadError::Metadata {
            file: file.path().to_path_buf(),
            detail,
        };
        match e {
            TxnError::Io(e) => SmallError::Fatal(ReadError::Io(e)),
            TxnError::Timeout { torn, .. } => SmallError::Disturbed(torn.version(), metadata),
            _ => SmallError::Fatal(metadata),
        }
    })
}

/// The version word of `_txn`, `None` if the file is too short for one.
pub(crate) fn read_version(dir: &RootDir) -> Result<Option<i64>, ReadError> {
    let file = dir.file("_txn").map_err(ReadError::Io)?;
    txn::read_txn_version(&mut Positional(&file)).map_err(ReadError::Io)
}

/// Reads the column versions that `txn` names, from the previous area if `_cv` is one ahead.
pub(crate) fn read_cv(
    dir: &RootDir,
    txn: &Txn,
    mut spin: Spin,
) -> Result<txn::ColumnVersions, SmallError> {
    let file = dir.file("_cv").map_err(|e| match e {
        // Every table has one (cv.md), so this is a table being made, or damage.
        IoError::NotFound { path, .. } => {
            SmallError::Retry(ReadError::MissingFile { path, txn: txn.txn })
        }
        e => SmallError::Fatal(ReadError::Io(e)),
    })?;
    let want = txn.column_version;
    let wrap = |e: CvError<IoError>| {
        let (path, detail) = (file.path().to_path_buf(), e.to_string());
        match e {
            CvError::Io(e) => SmallError::Fatal(ReadError::Io(e)),
            CvError::Mismatch { .. } => SmallError::Retry(ReadError::ColumnVersion {
                file: path,
                expected: want,
                detail,
            }),
            CvError::Timeout { torn, .. } => {
                SmallError::Disturbed(torn.version(), ReadError::Metadata { file: path, detail })
            }
            _ => SmallError::Fatal(ReadError::Metadata { file: path, detail }),
        }
    };
    match txn::read_cv(&mut Positional(&file), want, &mut spin) {
        Err(CvError::Mismatch { want, found }) if want.checked_add(1) == Some(found) => {
            let previous =
                txn::read_cv_previous(&mut Positional(&file), want, &mut spin).map_err(wrap)?;
            let now = read_version(dir).map_err(SmallError::Fatal)?;
            now.and_then(|now| previous.confirm(txn, now))
                .ok_or_else(|| {
                    let detail = "the previous area was overwritten while it was read".to_owned();
                    let file = file.path().to_path_buf();
                    SmallError::Retry(ReadError::ColumnVersion {
                        file,
                        expected: want,
                        detail,
                    })
                })
        }
        other => other.map_err(wrap),
    }
}

/// Reads and parses `_meta` or one of its predecessors; `Ok(None)` if there is none.
pub(crate) fn read_meta(dir: &RootDir, name: &str) -> Result<Option<Meta>, ReadError> {
    let bytes = match dir.read_small(name, SMALL_LEN_MAX) {
        Ok(bytes) => bytes,
        Err(IoError::NotFound { .. }) => return Ok(None),
        Err(e) => return Err(ReadError::Io(e)),
    };
    let meta = Meta::parse(&bytes).map_err(|e| ReadError::Metadata {
        file: dir.path().join(name),
        detail: e.to_string(),
    })?;
    Ok(Some(meta))
}

/// The current table name: `_name`, else the directory name up to `~` (table-dir.md §1.2).
pub(crate) fn table_name(root: &RootDir) -> String {
    let stored = root.read_small("_name", 64 << 10).ok();
    if let Some(name) = stored.and_then(|b| txn::TableName::parse(&b).ok()) {
        return name.name;
    }
    let dir = root
        .path()
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    dir.split('~').next().unwrap_or_default().to_owned()
}

/// Transactions that the sequencer of a WAL table accepted and the table does not show yet.
/// `None`: no sequencer log, so nothing is known to wait.
pub(crate) fn pending_transactions(root: &RootDir, txn: &Txn) -> Result<Option<u64>, ReadError> {
    // Releases before 7.0 called the directory `seq` (table-dir.md §2).
    for log in ["txn_seq/_txnlog", "seq/_txnlog"] {
        let file = match root.file(log) {
            Ok(file) => file,
            Err(IoError::NotFound { .. }) => continue,
            Err(e) => return Err(ReadError::Io(e)),
        };
        let mut header = [0u8; txn::SeqTxnLog::NEEDED_LEN];
        let len = file.read_at(0, &mut header).map_err(ReadError::Io)?;
        let parsed = txn::SeqTxnLog::parse(header.get(..len).unwrap_or(&[]));
        let log = parsed.map_err(|e| ReadError::Metadata {
            file: file.path().to_path_buf(),
            detail: e.to_string(),
        })?;
        return Ok(Some(log.pending(txn)));
    }
    Ok(None)
}
