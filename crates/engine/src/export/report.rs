//! The closing report of an export.
//!
//! Its serialised keys are a contract of the command line: scripts read them. Fields are added as
//! features arrive, and never change their meaning.

use serde::Serialize;

use super::stats::ExportStats;

/// What an export did. Serialises to the JSON object that `--json` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExportReport {
    /// Name of the table.
    pub table: String,
    /// The output as it was asked for; `-` for a stream.
    pub output: String,
    /// Transaction of the snapshot that was exported.
    pub snapshot_txn: i64,
    /// Rows written.
    pub rows: u64,
    /// Partitions that held them.
    pub partitions: usize,
    /// Row groups written.
    pub row_groups: usize,
    /// Columns written.
    pub columns: usize,
    /// Threads that encoded: no more than the memory suffices for.
    pub threads: usize,
    /// Native bytes of the selected columns.
    pub bytes_in: u64,
    /// Length of the Parquet file.
    pub bytes_out: u64,
    /// Elapsed time.
    pub wall_ms: u64,
    /// CPU time of the process during the export; 0 where the system does not tell.
    pub cpu_ms: u64,
    /// Peak resident memory of the process so far; 0 where the system does not tell.
    pub peak_rss_bytes: u64,
    /// The most anonymous memory of the process that was seen during the export (heap and stacks,
    /// sampled every 20 ms at most); 0 where the system does not tell.
    pub peak_anon_bytes: u64,
    /// The most partitions that were mapped at once.
    pub peak_mapped_partitions: usize,
    /// Bytes that pages took in temporary files.
    pub spilled_bytes: u64,
    /// Bytes of the table's pages that the export brought into the page cache and took out again.
    pub evicted_bytes: u64,
    /// Column chunks that were copied as they were.
    pub passthrough_chunks: u64,
    /// Column chunks that were encoded.
    pub encoded_chunks: u64,
    /// Codec of those, unless one was asked for by column; copied chunks keep theirs.
    #[serde(skip)]
    pub codec: String,
    /// Texts with bytes that are not UTF-8, or half a surrogate pair: U+FFFD stands in their place.
    pub replaced_texts: u64,
    /// More, if it was asked for.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub stats: Option<ExportStats>,
}
