#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod bytes;
mod cv;
mod disk;
mod error;
mod meta;
mod naming;
mod partition_by;
mod plan;
mod read;
mod registry;
mod table_name;
mod todo_log;
mod txn;
mod txnlog;

pub use column_format::{ColumnType, TimestampUnit, UnknownType};

pub use crate::cv::{
    ColumnPlace, ColumnVersionEntry, ColumnVersions, CvError, CvHeader, PreviousVersions, read_cv,
    read_cv_previous,
};
pub use crate::error::{Expected, MetaError, ParseError, SmallFile, WriteError};
pub use crate::meta::{ColumnFlags, Meta, MetaColumn, ParquetConfig, RawMeta, minor_check};
pub use crate::naming::{column_file_name, partition_ceiling, partition_dir_name, partition_floor};
pub use crate::partition_by::PartitionBy;
pub use crate::plan::{Barrier, CommitPlan, Step};
pub use crate::read::{Attempts, Pause, ReadAt, Torn};
pub use crate::registry::{RegistryEntry, TableKind, TablesRegistry};
pub use crate::table_name::TableName;
pub use crate::todo_log::{TodoEntry, TodoLog};
pub use crate::txn::{
    Lag, MaskedSize, Partition, PartitionEntry, Slot, SnapshotChange, Txn, TxnError, TxnHeader,
    read_txn, read_txn_version,
};
pub use crate::txnlog::SeqTxnLog;
