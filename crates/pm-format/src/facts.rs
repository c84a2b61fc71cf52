//! The facts of a sidecar as plain values: what [`build`](crate::build()) and
//! [`append`](crate::append()) take.
//!
//! Owned and public on purpose: a generator fills them in from a Parquet footer, an encoder from
//! what it just wrote, a test from a vector.

/// Facts of the immutable header (pm.md §4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderFacts {
    /// Index of the designated timestamp column; any negative value means none.
    pub designated_timestamp: i32,
    /// The columns, in Parquet leaf order.
    pub columns: Vec<ColumnFacts>,
    /// Effective sorting columns, most significant first; the short form is chosen by the writer.
    pub sorting_columns: Vec<u32>,
    /// Columns that may have bloom filters, ascending; `None` takes those that have one.
    pub bloom_columns: Option<Vec<u32>>,
    /// Whether bloom filters stay in `data.parquet` (pm.md §8.3).
    pub bloom_external: bool,
    /// QuestDB's squash tracker; `None` or -1 means not tracked.
    pub squash_tracker: Option<i64>,
}

/// Facts of one column (pm.md §4.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnFacts {
    /// Name of the top-level field.
    pub name: String,
    /// Stable id, or -1.
    pub id: i32,
    /// QuestDB type code, or -1.
    pub type_code: i32,
    /// Flags, repetition bits included.
    pub flags: i32,
    /// Length of a FIXED_LEN_BYTE_ARRAY, else 0.
    pub fixed_byte_len: i32,
    /// Parquet physical type code.
    pub physical_type: u8,
    /// Maximum repetition level of the leaf.
    pub max_rep_level: u8,
    /// Maximum definition level of the leaf.
    pub max_def_level: u8,
}

/// Facts of one row group (pm.md §5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowGroupFacts {
    /// Rows.
    pub num_rows: u64,
    /// One chunk a column, in column order.
    pub chunks: Vec<ChunkFacts>,
}

/// Facts of one column chunk (pm.md §5.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChunkFacts {
    /// Codec code, 0 to 7.
    pub codec: u8,
    /// Mask of encodings.
    pub encodings: u8,
    /// Levels, nulls included.
    pub num_values: u64,
    /// First byte in `data.parquet`.
    pub byte_range_start: u64,
    /// Bytes in `data.parquet`.
    pub total_compressed: u64,
    /// Nulls, when known.
    pub null_count: Option<u64>,
    /// Distinct values, when known.
    pub distinct_count: Option<u64>,
    /// Minimum, when known.
    pub min: Option<StatFacts>,
    /// Maximum, when known.
    pub max: Option<StatFacts>,
    /// Bloom filter, when there is one.
    pub bloom: Option<BloomFacts>,
}

/// A statistic (pm.md §6). An empty value is stored as absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatFacts {
    /// PLAIN bytes of the physical type, no length prefix; at most 65,535.
    pub bytes: Vec<u8>,
    /// Whether the value occurs.
    pub exact: bool,
}

/// Where a bloom filter is (pm.md §8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BloomFacts {
    /// The bitset: a positive multiple of 32 bytes.
    Inline(Vec<u8>),
    /// A range of `data.parquet`.
    External {
        /// First byte.
        offset: u64,
        /// Bytes.
        length: u64,
    },
}

/// Facts of one snapshot (pm.md §7).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SnapshotFacts {
    /// Where the Thrift footer starts in `data.parquet`.
    pub parquet_footer_offset: u64,
    /// Its length, without the 8-byte tail.
    pub parquet_footer_length: u32,
    /// Dead bytes in `data.parquet`; `None` inherits on append and is 0 on create.
    pub unused_bytes: Option<u64>,
    /// Sequencer transaction, to be stated on every append; `None` or -1 stores none.
    pub seq_txn: Option<i64>,
    /// Scratchpad of this snapshot.
    pub scratchpad: ScratchpadFacts,
}

/// What happens to the scratchpad (pm.md §20.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ScratchpadFacts {
    /// Keep that of the snapshot before; none on create.
    #[default]
    Inherit,
    /// Exactly these entries; an empty list removes the section.
    Replace(Vec<(u32, Vec<u8>)>),
}
