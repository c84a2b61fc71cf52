//! The grammar: what can be asked, and how it is spelled.
//!
//! Only flags that work stand here. Values with rules of their own (codecs, points in time, column
//! lists) stay text: the engine parses them, so that a bad one gets the engine's one clear line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::parquet_args::ParquetArgs;

/// Open QuestDB table directories: stream them to Parquet, print rows, list what is there.
#[derive(Debug, Parser)]
#[command(
    name = "sluice",
    version,
    propagate_version = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Stream a table to one Parquet file, or to stdout
    Export(ExportArgs),
    /// Print rows as CSV or JSON
    Scan(ScanArgs),
    /// List tables, columns or partitions
    #[command(subcommand)]
    Show(ShowCommand),
    /// Make, show or check the `_pm` sidecar of a Parquet file
    #[command(subcommand)]
    Pm(PmCommand),
}

/// Which rows and columns: the same for every command that reads rows.
#[derive(Debug, Args)]
pub(crate) struct Selection {
    /// Columns, in this order; all of them without it
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(crate) columns: Option<Vec<String>>,

    /// First point in time, inclusive: RFC 3339, a date, or an integer in the table's unit
    #[arg(long, value_name = "TS", allow_hyphen_values = true)]
    pub(crate) from: Option<String>,

    /// Last point in time, exclusive
    #[arg(long, value_name = "TS", allow_hyphen_values = true)]
    pub(crate) to: Option<String>,
}

/// How a table is read, and for how long.
#[derive(Clone, Debug, Args)]
pub(crate) struct Reading {
    /// How column files become bytes in memory
    #[arg(long, value_enum, default_value_t = ReadMode::Auto)]
    pub(crate) read_mode: ReadMode,

    /// Stop after this long: 90s, 15m, 1h 30m
    #[arg(long, value_name = "DURATION")]
    pub(crate) timeout: Option<String>,
}

/// What is done to mappings and page cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// Share mappings, and leave pages in the page cache
    Cached,
    /// Read ahead aggressively
    Sequential,
    /// Read ahead, and take every page out of the page cache that was not in it before
    Evict,
}

/// How column files become bytes in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReadMode {
    /// Map; where the file system cannot map, copy
    Auto,
    /// Map, or fail
    Mapped,
    /// Copy a partition at a time: needs its size in memory, and cannot fault
    Positional,
}

/// How much to say.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Volume {
    /// Say nothing but errors
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Say on stderr what happens
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Table directory; its parent is the database root
    #[arg(value_name = "TABLE")]
    pub(crate) table: PathBuf,

    /// Parquet file to write, or `-` for stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,

    /// Codec of the pages: none, snappy, lz4_raw, zstd, gzip or brotli, with an optional `:LEVEL`; chunks
    /// that `--keep-codec` copies keep theirs
    #[arg(long, value_name = "CODEC[:LEVEL]", default_value = "zstd:1")]
    pub(crate) codec: String,

    /// Most rows in a row group
    #[arg(long, value_name = "N", default_value_t = engine::ROW_GROUP_ROWS_DEFAULT)]
    pub(crate) row_group_rows: u64,

    #[command(flatten)]
    pub(crate) parquet: ParquetArgs,

    #[command(flatten)]
    pub(crate) selection: Selection,

    /// What is done to mappings and page cache, for the table and for the output
    #[arg(long, value_enum, default_value_t = Profile::Evict)]
    pub(crate) profile: Profile,

    #[command(flatten)]
    pub(crate) reading: Reading,

    /// Threads that encode; all cores without it
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,

    /// Memory for all that the export holds: buffers, dictionaries, pages, footer (64MiB, 1GiB); one
    /// that cannot do is refused before any work, with exit code 2 and the least that can
    #[arg(long, value_name = "SIZE", default_value = "64MiB")]
    pub(crate) memory: String,

    /// Tell more: mappings, page cache, each column's encodings and sizes
    #[arg(long)]
    pub(crate) stats: bool,

    /// Replace an existing output
    #[arg(long)]
    pub(crate) force: bool,

    /// Do not wait until the output is on disk
    #[arg(long)]
    pub(crate) no_sync: bool,

    /// Print the report as one JSON object
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) volume: Volume,
}

#[derive(Debug, Args)]
pub(crate) struct ScanArgs {
    /// Table directory; its parent is the database root
    #[arg(value_name = "TABLE")]
    pub(crate) table: PathBuf,

    #[command(flatten)]
    pub(crate) selection: Selection,

    /// Most rows to print
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u64>,

    /// Last row first
    #[arg(long)]
    pub(crate) reverse: bool,

    /// How rows are printed
    #[arg(long, value_enum, default_value_t = ScanFormat::Csv)]
    pub(crate) format: ScanFormat,

    /// What is done to mappings and page cache
    #[arg(long, value_enum, default_value_t = Profile::Cached)]
    pub(crate) profile: Profile,

    #[command(flatten)]
    pub(crate) reading: Reading,

    /// File to write instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Replace an existing output
    #[arg(long)]
    pub(crate) force: bool,

    #[command(flatten)]
    pub(crate) volume: Volume,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScanFormat {
    /// What QuestDB's /exp prints
    Csv,
    /// One object a line
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ShowCommand {
    /// The tables of a database root
    Tables(ShowTablesArgs),
    /// The columns of a table
    Columns(ShowTableArgs),
    /// The partitions of a table
    Partitions(ShowTableArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ShowTablesArgs {
    /// Directory that holds table directories
    #[arg(value_name = "ROOT")]
    pub(crate) root: PathBuf,

    #[command(flatten)]
    pub(crate) listing: Listing,
}

#[derive(Debug, Args)]
pub(crate) struct ShowTableArgs {
    /// Table directory; its parent is the database root
    #[arg(value_name = "TABLE")]
    pub(crate) table: PathBuf,

    #[command(flatten)]
    pub(crate) listing: Listing,
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Listing {
    /// How the listing is printed
    #[arg(long, value_enum, default_value_t = ListingFormat::Table)]
    pub(crate) format: ListingFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListingFormat {
    /// Aligned columns
    Table,
    /// One object a line
    Json,
    /// As QuestDB's /exp prints it
    Csv,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PmCommand {
    /// Write the missing and stale sidecars of a Parquet file, a table or a database root
    Generate(PmGenerateArgs),
    /// Print everything that a sidecar says, as far as it can be read
    Inspect(PmInspectArgs),
    /// Check a sidecar; exits with 3 when something is wrong
    Verify(PmVerifyArgs),
}

#[derive(Debug, Args)]
pub(crate) struct PmGenerateArgs {
    /// Parquet file, table directory or database root
    #[arg(value_name = "FILE|TABLE|ROOT")]
    pub(crate) target: PathBuf,

    /// Say what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Add a CRC-32C of every column chunk, for `pm verify --against`; reads all data once
    #[arg(long)]
    pub(crate) checksums: bool,

    /// Print the report as one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PmInspectArgs {
    /// Sidecar to read
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,

    /// Committed size of the sidecar, instead of the one at its offset 0
    #[arg(long, value_name = "N")]
    pub(crate) size: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct PmVerifyArgs {
    /// Sidecar to check
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Committed size of the sidecar, instead of the one at its offset 0
    #[arg(long, value_name = "N")]
    pub(crate) size: Option<u64>,

    /// Parquet file to compare it with
    #[arg(long, value_name = "data.parquet")]
    pub(crate) against: Option<PathBuf>,
}
