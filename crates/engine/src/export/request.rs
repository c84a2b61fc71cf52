//! What is to be exported, where to, and how.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use mmap_io::{ReadMode, ScanProfile};
use pq_encode::WriterOptions;
use table_reader::QueryRegistry;

use super::overrides::{self, ColumnOverrides};
use crate::error::{Cause, Result};
use crate::reading::check_columns;
use crate::target::Output;
use crate::time_range::TimeRange;
use crate::unfinished::Unfinished;

/// Most rows in a row group, unless asked otherwise.
pub const ROW_GROUP_ROWS_DEFAULT: u64 = 1_000_000;
/// Most native bytes in a row group, unless asked otherwise.
pub const ROW_GROUP_BYTES_DEFAULT: u64 = 256 << 20;
/// Memory budget, unless asked otherwise.
pub const MEMORY_BYTES_DEFAULT: u64 = 64 << 20;

/// Everything that [`export`](crate::export()) needs to know.
#[derive(Debug)]
pub struct ExportRequest {
    /// The table directory.
    pub table: PathBuf,
    /// Where the Parquet file goes.
    pub output: Output,
    /// Columns in this order; `None` for all, in the table's order.
    pub columns: Option<Vec<String>>,
    /// Rows by time.
    pub range: TimeRange,
    /// Most rows in a row group.
    pub row_group_rows: u64,
    /// Most native bytes in a row group; a larger row is a group of its own.
    pub row_group_bytes: u64,
    /// Codec, pages, statistics.
    pub writer: WriterOptions,
    /// Copy the chunks of Parquet partitions with the codec, pages and checksums that they have,
    /// where everything else that was asked for allows it: row groups of such partitions stay as they
    /// are. Without it chunks are copied only where all of them look as asked for.
    ///
    /// Rows that are not copied are encoded with the codec and the page sizes of `writer`. Whatever
    /// else differs from the defaults (pages, page version, checksums, page index, arrays), and what
    /// is asked of single columns, holds for all chunks: those that are not so are encoded again.
    pub keep_codec: bool,
    /// The page sizes in `writer` hold for copied chunks even if they are the defaults: of a chunk with
    /// pages of more than twice the size nothing is copied.
    pub page_sizes_hold: bool,
    /// What is asked of single columns.
    pub overrides: ColumnOverrides,
    /// Replace an existing file.
    pub force: bool,
    /// Make the file durable before it is reported.
    pub sync: bool,
    /// What is done to mappings and page cache. Evicting, unless asked otherwise: the pages that an
    /// export brings in, of the table and of its own output, leave the page cache behind it.
    pub profile: ScanProfile,
    /// Whether column files are mapped or copied into memory, a partition at a time.
    pub read_mode: ReadMode,
    /// Threads that encode. Never changes a byte of the output.
    pub threads: NonZeroUsize,
    /// Memory for everything that the export holds: buffers, dictionaries, open files, the
    /// footers of Parquet partitions whose rows are under way (by what real ones take), pages that
    /// wait for their turn, what waits for the footer, decoded columns of Parquet partitions. Not for
    /// the process itself (some 8 MiB), nor for pages of mapped files. Refused before any work if it
    /// cannot do, or when a row group is planned of which a column cannot be decoded within it;
    /// threads that it does not suffice for are not started, or wait; pages that do not fit wait in a
    /// temporary file. Never changes a byte of the output.
    pub memory_bytes: u64,
    /// The most time that the export may take, all attempts together.
    pub timeout: Option<Duration>,
    /// Look at the page cache before and after, for [`ExportStats`](crate::ExportStats).
    pub stats: bool,
    /// Told of the file under way, so that somebody else can remove it who ends the process.
    pub unfinished: Unfinished,
    /// Where the export is listed while it runs.
    pub registry: QueryRegistry,
    /// Rows that are taken from a partition at a time. Never changes a byte of the output.
    pub frame_rows: Option<NonZeroUsize>,
}

impl ExportRequest {
    /// All rows and columns of `table`, with every option at its default.
    ///
    /// ```
    /// use engine::{ExportRequest, Output};
    ///
    /// let mut request = ExportRequest::new("db/trades", Output::File("trades.parquet".into()));
    /// request.writer.codec = "zstd:3".parse()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(table: impl Into<PathBuf>, output: Output) -> Self {
        Self {
            table: table.into(),
            output,
            columns: None,
            range: TimeRange::default(),
            row_group_rows: ROW_GROUP_ROWS_DEFAULT,
            row_group_bytes: ROW_GROUP_BYTES_DEFAULT,
            writer: WriterOptions::default(),
            keep_codec: false,
            page_sizes_hold: false,
            overrides: ColumnOverrides::default(),
            force: false,
            sync: true,
            profile: ScanProfile::SequentialEvict,
            read_mode: ReadMode::Auto,
            threads: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            memory_bytes: MEMORY_BYTES_DEFAULT,
            timeout: None,
            stats: false,
            unfinished: Unfinished::default(),
            registry: QueryRegistry::new(),
            frame_rows: None,
        }
    }

    /// Asks for a bloom filter as the command line does: `COL[:FPP]`, or `auto[:FPP]` for columns of
    /// UUIDs and for text and bytes whose dictionary does not pay. A name may stand in double quotes,
    /// for a column that is called `auto`.
    ///
    /// # Errors
    /// [`Cause::BadOption`] if the false-positive rate is none.
    pub fn add_bloom(&mut self, text: &str) -> Result<()> {
        let (column, rate) = overrides::bloom(text)?;
        let quoted = column.strip_prefix('"').and_then(|c| c.strip_suffix('"'));
        match (quoted, column) {
            (None, "auto") => self.writer.bloom_auto = Some(rate),
            (quoted, column) => {
                let name = quoted.unwrap_or(column).to_owned();
                self.overrides.blooms.push((name, rate));
            }
        }
        Ok(())
    }

    /// Refuses what no table could satisfy, before any table is looked at.
    pub(crate) fn check(&self) -> Result<()> {
        if self.row_group_rows == 0 {
            let reason = "a row group has at least 1 row".to_owned();
            return Err(Cause::BadOption {
                option: "--row-group-rows",
                reason,
            }
            .into());
        }
        if self.row_group_bytes == 0 {
            let reason = "a row group has at least 1 byte".to_owned();
            return Err(Cause::BadOption {
                option: "--row-group-bytes",
                reason,
            }
            .into());
        }
        check_columns(self.columns.as_deref())?;
        self.writer.check().map_err(|error| {
            Cause::BadOption {
                option: "export",
                reason: error.to_string(),
            }
            .into()
        })
    }
}
