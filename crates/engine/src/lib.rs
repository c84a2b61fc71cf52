#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]

mod error;
mod export;
mod gathered;
mod names;
pub mod pm;
mod progress;
mod reading;
mod root;
mod running;
mod scan;
mod show;
mod target;
mod text;
mod time_range;
mod unfinished;
mod usage;

pub use mmap_io::sigbus::install as install_sigbus_guard;
pub use mmap_io::{ReadMode, Root, ScanProfile, give_back_large_blocks, raise_descriptor_limit};
pub use pq_encode::{BloomRate, Encoding, PageVersion, WriterOptions};
pub use pq_format::Codec;
pub use table_reader::{CancelToken, QueryInfo, QueryRegistry};

pub use crate::error::{Cause, EngineError, ExitClass, Result};
pub use crate::export::{
    ColumnOverrides, ColumnStats, ExportReport, ExportRequest, ExportStats, MEMORY_BYTES_DEFAULT,
    ROW_GROUP_BYTES_DEFAULT, ROW_GROUP_ROWS_DEFAULT, export, export_in,
};
pub use crate::progress::{Done, NoProgress, Progress, Totals};
pub use crate::root::{open_root, open_root_with, real_vfs};
pub use crate::scan::{ScanFormat, ScanReport, ScanRequest, scan, scan_in};
pub use crate::show::{
    Cell, ColumnInfo, Listed, ListingFormat, PartitionInfo, Shown, TableInfo, TablesShown,
    show_columns, show_columns_in, show_partitions, show_partitions_in, show_tables,
    show_tables_with, write_listing,
};
pub use crate::target::Output;
pub use crate::text::parse::{TimePoint, TimePointError};
pub use crate::text::size::{ByteSize, QuantityError, TimeLimit};
pub use crate::time_range::TimeRange;
pub use crate::unfinished::{Remains, Unfinished};
