//! Which rows are to be printed, and how.

use std::path::PathBuf;
use std::time::Duration;

use mmap_io::{ReadMode, ScanProfile};
use table_reader::QueryRegistry;

use crate::target::Output;
use crate::time_range::TimeRange;
use crate::unfinished::Unfinished;

/// How rows are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScanFormat {
    /// What QuestDB's `/exp` prints: CRLF lines, headings in quotes.
    #[default]
    Csv,
    /// One JSON object a line.
    Json,
}

/// Everything that [`scan`](crate::scan()) needs to know.
#[derive(Debug)]
pub struct ScanRequest {
    /// The table directory.
    pub table: PathBuf,
    /// Where the text goes.
    pub output: Output,
    /// Columns in this order; `None` for all, in the table's order.
    pub columns: Option<Vec<String>>,
    /// Rows by time.
    pub range: TimeRange,
    /// Most rows to print.
    pub limit: Option<u64>,
    /// Last row first; `limit` then counts from the end.
    pub reverse: bool,
    /// Notation.
    pub format: ScanFormat,
    /// Replace an existing file.
    pub force: bool,
    /// Make the file durable before it is reported.
    pub sync: bool,
    /// What is done to mappings and page cache. Nothing, unless asked otherwise: whoever looks at
    /// rows will probably look again.
    pub profile: ScanProfile,
    /// Whether column files are mapped or copied into memory, a partition at a time.
    pub read_mode: ReadMode,
    /// The most time that the scan may take.
    pub timeout: Option<Duration>,
    /// Told of the file under way, so that somebody else can remove it who ends the process.
    pub unfinished: Unfinished,
    /// Where the scan is listed while it runs.
    pub registry: QueryRegistry,
}

impl ScanRequest {
    /// All rows and columns of `table` as CSV.
    #[must_use]
    pub fn new(table: impl Into<PathBuf>, output: Output) -> Self {
        Self {
            table: table.into(),
            output,
            columns: None,
            range: TimeRange::default(),
            limit: None,
            reverse: false,
            format: ScanFormat::Csv,
            force: false,
            sync: true,
            profile: ScanProfile::Cached,
            read_mode: ReadMode::Auto,
            timeout: None,
            unfinished: Unfinished::default(),
            registry: QueryRegistry::new(),
        }
    }
}

/// What a scan did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanReport {
    /// Rows printed.
    pub rows: u64,
    /// Transaction of the snapshot.
    pub snapshot_txn: i64,
    /// Bytes of text.
    pub bytes_out: u64,
}
