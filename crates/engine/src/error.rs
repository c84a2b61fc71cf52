//! `EngineError`: what went wrong, where, and what kind of failure it is.
//!
//! An operator reads these at night: the error carries path, partition, column and row group beside
//! the cause, as fields and in its text. A script reads the exit class. Errors of the layers below
//! keep their types as causes and are never turned into text early.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use column_format::LayoutError;
use mmap_io::IoError;
use pq_encode::{AssembleError, EncodeError, StoreError};
use table_reader::ReadError;

use crate::names::{name_list, nearest_names, suggestion};
use crate::text::size::{ByteSize, TimeLimit};

/// How a command that met an error ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitClass {
    /// The work failed: something is missing, in the way, or damaged.
    Failed,
    /// The question was wrong: an option, column, codec or point in time that does not exist.
    Usage,
    /// Somebody asked to stop.
    Interrupted,
}

impl ExitClass {
    /// The exit code of the command line.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Interrupted => 130,
        }
    }
}

/// Why a piece of work failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// The table could not be read.
    #[error(transparent)]
    Read(ReadError),
    /// A file other than the table's failed: the output, a database root.
    #[error(transparent)]
    Io(IoError),
    /// Rows could not be encoded as asked.
    #[error(transparent)]
    Encode(EncodeError),
    /// The parts of a file do not fit together.
    #[error(transparent)]
    Assemble(AssembleError),
    /// The files of a column do not hold what their format demands.
    #[error("damaged column: {0}")]
    Column(#[source] LayoutError),
    /// A stream did not take bytes.
    #[error("cannot write to the output: {0}")]
    Stream(#[source] io::Error),
    /// There is something at the output already, and nobody asked to replace it.
    #[error("{path:?} exists already; replace it with --force")]
    OutputExists {
        /// The output.
        path: PathBuf,
    },
    /// The output names something that cannot be a result.
    #[error("cannot write the output: {reason}")]
    BadOutput {
        /// What is wrong with it.
        reason: String,
    },
    /// No column has that name.
    #[error("no column {name:?}{}; the table has {}", suggestion(.nearest), name_list(.available))]
    UnknownColumn {
        /// The name asked for.
        name: String,
        /// Names that are nearly the same, best first.
        nearest: Vec<String>,
        /// All live columns in visible order.
        available: Vec<String>,
    },
    /// An option has a value that does not exist or does not fit.
    #[error("{option}: {reason}")]
    BadOption {
        /// The option as the command line spells it.
        option: &'static str,
        /// What is wrong with the value, and what exists.
        reason: String,
    },
    /// A writer pulled the ground away under every attempt.
    #[error("the table changed under each of {attempts} attempts; the last time: {source}")]
    Unstable {
        /// Snapshots taken.
        attempts: u32,
        /// What the last one lost.
        source: ReadError,
    },
    /// A directory that should hold tables is one.
    #[error("{path:?} is a table; `show tables` takes the directory that holds tables")]
    NotARoot {
        /// The directory.
        path: PathBuf,
    },
    /// A small file of a database root or table directory does not hold what its format demands.
    #[error("damaged file {path:?}: {detail}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Field, offset, expected and found.
        detail: String,
    },
    /// The work does not fit into the memory that it may use.
    #[error("--memory {}: {what} needs at least {}", ByteSize(*.budget_bytes), ByteSize(*.least_bytes))]
    Budget {
        /// What does not fit.
        what: &'static str,
        /// The budget.
        budget_bytes: u64,
        /// The least budget that would do.
        least_bytes: u64,
    },
    /// Pages that waited for their turn could not be kept, or not be had back.
    #[error("what waits for its turn: {0}")]
    Spill(#[source] StoreError),
    /// Bytes of a mapped file went away while they were read; what was made of them is thrown away.
    #[error("a file of the table was cut, or failed, while it was read: {0}")]
    Vanished(#[source] ReadError),
    /// Bytes of a mapped file went away, and reading them in another way was refused.
    #[error(
        "a file of the table was cut, or failed, while it was read: {source}; to read it again without mapping it: {refusal}"
    )]
    NotReadAgain {
        /// What went away.
        source: ReadError,
        /// Why it was not read again.
        refusal: String,
    },
    /// The system gives no thread to encode on.
    #[error("the system starts no thread; try --threads 1")]
    Threads,
    /// Somebody asked to stop.
    #[error("interrupted")]
    Cancelled,
    /// The time limit passed.
    #[error("stopped after the time limit of {}", TimeLimit(*.limit))]
    TimedOut {
        /// The limit.
        limit: Duration,
    },
}

/// Any failure of this crate: a cause and the place where it struck.
#[derive(Debug)]
pub struct EngineError {
    inner: Box<Inner>,
}

#[derive(Debug)]
struct Inner {
    cause: Cause,
    path: Option<PathBuf>,
    partition: Option<String>,
    column: Option<String>,
    row_group: Option<usize>,
}

/// The result of this crate.
pub type Result<T, E = EngineError> = std::result::Result<T, E>;

impl EngineError {
    /// Why.
    #[must_use]
    pub fn cause(&self) -> &Cause {
        &self.inner.cause
    }

    /// The table, if the cause does not say a path itself.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.inner.path.as_deref()
    }

    /// The partition that was being read.
    #[must_use]
    pub fn partition(&self) -> Option<&str> {
        self.inner.partition.as_deref()
    }

    /// The column that was being read or encoded.
    #[must_use]
    pub fn column(&self) -> Option<&str> {
        self.inner.column.as_deref()
    }

    /// The row group that was being written, from 0.
    #[must_use]
    pub fn row_group(&self) -> Option<usize> {
        self.inner.row_group
    }

    /// How a command that met this error ends.
    #[must_use]
    pub fn exit_class(&self) -> ExitClass {
        match &self.inner.cause {
            Cause::UnknownColumn { .. } | Cause::BadOption { .. } | Cause::Budget { .. } => {
                ExitClass::Usage
            }
            Cause::Cancelled => ExitClass::Interrupted,
            _ => ExitClass::Failed,
        }
    }

    /// Whether the reader of a pipe went away: nothing to complain about.
    #[must_use]
    pub fn is_closed_pipe(&self) -> bool {
        matches!(&self.inner.cause, Cause::Stream(e) if e.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The error and its causes on one line, each cause once.
    #[must_use]
    pub fn to_line(&self) -> String {
        let mut line = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let text = error.to_string();
            let in_words = error
                .downcast_ref::<io::Error>()
                .is_some_and(says_no_more_than_its_kind);
            if !in_words && !line.contains(&text) {
                line.push_str(": ");
                line.push_str(&text);
            }
            cause = error.source();
        }
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn in_table(self, path: &Path) -> Self {
        self.at(|inner| {
            inner.path.get_or_insert_with(|| path.to_path_buf());
        })
    }

    pub(crate) fn in_partition(self, name: &str) -> Self {
        self.at(|inner| {
            inner.partition.get_or_insert_with(|| name.to_owned());
        })
    }

    pub(crate) fn in_column(self, name: &str) -> Self {
        self.at(|inner| {
            inner.column.get_or_insert_with(|| name.to_owned());
        })
    }

    pub(crate) fn in_row_group(self, index: usize) -> Self {
        self.at(|inner| {
            inner.row_group.get_or_insert(index);
        })
    }

    /// Adds a place to what went wrong in a table. A full disk or a cancel has none: which column
    /// was under way is chance.
    fn at(mut self, place: impl FnOnce(&mut Inner)) -> Self {
        let in_a_table = matches!(
            &self.inner.cause,
            Cause::Read(_)
                | Cause::Vanished(_)
                | Cause::NotReadAgain { .. }
                | Cause::Column(_)
                | Cause::Encode(_)
                | Cause::Assemble(_)
                | Cause::Unstable { .. }
        );
        if in_a_table {
            place(&mut self.inner);
        }
        self
    }

    /// The same failure in the same place, said otherwise.
    pub(crate) fn map_cause(mut self, say: impl FnOnce(Cause) -> Cause) -> Self {
        self.inner.cause = say(self.inner.cause);
        self
    }

    pub(crate) fn into_cause(self) -> Cause {
        self.inner.cause
    }

    /// Mapped bytes went away: positional reads may still get them, or say better what is wrong.
    pub(crate) fn is_vanished(&self) -> bool {
        matches!(&self.inner.cause, Cause::Vanished(_))
    }

    /// A writer moved the table on: a new snapshot may succeed.
    pub(crate) fn is_stale(&self) -> bool {
        matches!(&self.inner.cause, Cause::Read(e) if e.is_stale())
    }
}

/// A failed write: to a file it is an `IoError` that went through `io::Write`, else a stream's.
impl From<io::Error> for EngineError {
    fn from(error: io::Error) -> Self {
        match error.downcast::<IoError>() {
            Ok(error) => Cause::Io(error),
            Err(error) => Cause::Stream(error),
        }
        .into()
    }
}

impl From<Cause> for EngineError {
    fn from(cause: Cause) -> Self {
        let inner = Inner {
            cause,
            path: None,
            partition: None,
            column: None,
            row_group: None,
        };
        Self {
            inner: Box::new(inner),
        }
    }
}

/// The reader's errors name path, partition and column themselves. Those that answer a wrong
/// question become causes of this crate.
impl From<ReadError> for EngineError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::UnknownColumn { name, available } => {
                let nearest = nearest_names(&name, &available);
                Cause::UnknownColumn {
                    name,
                    nearest,
                    available,
                }
            }
            ReadError::DuplicateColumn { name } => Cause::BadOption {
                option: "--columns",
                reason: format!("column {name:?} is named twice"),
            },
            error @ ReadError::NoDesignatedTimestamp { .. } => Cause::BadOption {
                option: "--from/--to",
                reason: error.to_string(),
            },
            ReadError::Cancelled => Cause::Cancelled,
            ReadError::TimedOut { limit } => Cause::TimedOut { limit },
            other => Cause::Read(other),
        }
        .into()
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.inner.cause.to_string();
        f.write_str(&text)?;
        let place = [
            ("column", self.column()),
            ("partition", self.partition()),
            ("table", self.path().and_then(Path::to_str)),
        ];
        let mut separator = " (";
        for (what, name) in place {
            let said = |name: &str| {
                text.contains(&format!("{name:?}")) || (what != "column" && text.contains(name))
            };
            if let Some(name) = name.filter(|name| !said(name)) {
                write!(f, "{separator}{what} {name}")?;
                separator = ", ";
            }
        }
        if let Some(row_group) = self.row_group() {
            write!(f, "{separator}row group {row_group}")?;
            separator = ", ";
        }
        if separator == ", " {
            f.write_str(")")
        } else {
            Ok(())
        }
    }
}

impl Error for EngineError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.inner.cause.source()
    }
}

/// Errors of the system that `IoError` has put into words already.
fn says_no_more_than_its_kind(error: &io::Error) -> bool {
    use io::ErrorKind as K;
    matches!(
        error.kind(),
        K::NotFound | K::AlreadyExists | K::PermissionDenied | K::NotADirectory | K::IsADirectory
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_column_is_wrong_usage_and_names_what_exists() {
        let available = vec!["sym".into(), "price".into()];
        let error = EngineError::from(ReadError::UnknownColumn {
            name: "prise".into(),
            available,
        });
        assert_eq!(error.exit_class(), ExitClass::Usage);
        assert_eq!(
            error.to_line(),
            "no column \"prise\"; did you mean \"price\"?; the table has sym, price"
        );
    }

    #[test]
    fn a_place_is_said_once() {
        let error = EngineError::from(Cause::Encode(EncodeError::NoDictionary));
        assert_eq!(
            error.in_column("price").in_row_group(3).to_line(),
            "a SYMBOL column needs its dictionary (column price, row group 3)"
        );
        let error = EngineError::from(Cause::Stream(io::Error::other("boom"))).in_column("price");
        assert_eq!(error.to_line(), "cannot write to the output: boom");
        assert_eq!(EngineError::from(Cause::Cancelled).exit_class().code(), 130);
    }
}
