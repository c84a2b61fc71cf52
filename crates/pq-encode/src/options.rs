//! What the caller chooses: for the whole file, and for one column.
//!
//! Checked once, before any byte is written, so that an encoder never meets an impossible option;
//! what is wrong is said by name.

use column_format::ColumnType;
use pq_format::{Codec, CodecError};

use crate::{BloomRate, Encoding, bloom};

/// Smallest page target in bytes.
pub const PAGE_BYTES_MIN: usize = 1 << 10;
/// Largest page target in bytes: page headers carry 32-bit sizes.
pub const PAGE_BYTES_MAX: usize = 1 << 30;
/// Most rows of a page.
pub const PAGE_ROWS_MAX: usize = 1 << 24;

/// Version of data page headers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PageVersion {
    /// Levels and values are compressed together. Every reader takes it without surprises.
    #[default]
    V1,
    /// Levels stand uncompressed before the values.
    V2,
}

/// Options of all columns of a file (parquet.md §2–3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriterOptions {
    /// Codec of every chunk that does not gain less than [`WriterOptions::min_gain_percent`].
    pub codec: Codec,
    /// Target size of a page in bytes, before the codec: a page is closed before the row that would
    /// take it beyond, unless it is the page's first.
    pub page_bytes: usize,
    /// Most rows of a page.
    pub page_rows: usize,
    /// Version of data pages.
    pub page_version: PageVersion,
    /// Write a CRC-32 of every page.
    pub crc: bool,
    /// Write statistics (minimum, maximum) of chunks; null counts are always written.
    pub statistics: bool,
    /// Write column index and offset index.
    pub page_index: bool,
    /// A dictionary larger than this many PLAIN bytes is given up, unless it was asked for by name.
    pub dictionary_bytes: usize,
    /// A chunk whose codec gains less than this, by a sample of its rows, is stored, unless its codec
    /// was asked for by name. 0: never.
    pub min_gain_percent: u8,
    /// Write bloom filters of UUID columns, and of chunks of text and bytes that have no dictionary.
    pub bloom_auto: Option<BloomRate>,
    /// Write DOUBLE[] as BYTE_ARRAY, as stored, instead of as LIST.
    pub raw_arrays: bool,
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self {
            codec: Codec::ZSTD,
            page_bytes: 256 << 10,
            page_rows: 20_000,
            page_version: PageVersion::V1,
            crc: true,
            statistics: true,
            page_index: true,
            dictionary_bytes: 1 << 20,
            min_gain_percent: 5,
            bloom_auto: None,
            raw_arrays: false,
        }
    }
}

impl WriterOptions {
    /// Checks every option against its range.
    ///
    /// # Errors
    /// The first option out of its range, by name.
    pub fn check(&self) -> Result<(), OptionError> {
        self.codec.check()?;
        range(
            "page-bytes",
            self.page_bytes,
            PAGE_BYTES_MIN,
            PAGE_BYTES_MAX,
        )?;
        range("page-rows", self.page_rows, 1, PAGE_ROWS_MAX)?;
        range("dictionary-bytes", self.dictionary_bytes, 0, PAGE_BYTES_MAX)?;
        range(
            "min-gain-percent",
            usize::from(self.min_gain_percent),
            0,
            100,
        )
    }
}

fn range(option: &'static str, found: usize, min: usize, max: usize) -> Result<(), OptionError> {
    if (min..=max).contains(&found) {
        return Ok(());
    }
    Err(OptionError::Range {
        option,
        min,
        max,
        found,
    })
}

/// One column of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnSpec {
    /// Name, as it stands in the schema.
    pub name: String,
    /// Type of the rows that will come.
    pub column_type: ColumnType,
    /// Identity of the column across renames: its original writer index (parquet.md §1).
    pub field_id: Option<i32>,
    /// No nulls: virtual nulls of fixed-width types become false or 0, stored sentinels are values, and
    /// a null of a variable-size type or of a symbol, virtual or not, is an error.
    pub required: bool,
    /// The null sentinels of fixed-width types and of elements of arrays are null, as in column files;
    /// otherwise they are values like any other, and only rows without bytes are null. One NaN of an
    /// array, of bits that arithmetic does not make, is a null element all the same.
    pub sentinels: bool,
    /// Dates and timestamps are local ones, of no time zone, not points in time: the file says so
    /// (`isAdjustedToUTC` is false).
    pub local_time: bool,
    /// The table's designated timestamp.
    pub designated: bool,
    /// Encoding asked for by name: it is used whatever it costs.
    pub encoding: Option<Encoding>,
    /// Codec asked for by name: it is used whatever it gains.
    pub codec: Option<Codec>,
    /// A bloom filter, asked for by name: every type but BOOLEAN and arrays.
    pub bloom: Option<BloomRate>,
}

impl ColumnSpec {
    /// A column with the defaults of its type: REQUIRED if the type has no null.
    pub fn new(name: impl Into<String>, column_type: ColumnType) -> Self {
        Self {
            name: name.into(),
            column_type,
            field_id: None,
            required: !column_type.has_null(),
            sentinels: true,
            local_time: false,
            designated: false,
            encoding: None,
            codec: None,
            bloom: None,
        }
    }

    /// The same column with an identity.
    #[must_use]
    pub fn with_field_id(mut self, id: i32) -> Self {
        self.field_id = Some(id);
        self
    }

    /// The same column as the designated timestamp: REQUIRED, ascending.
    #[must_use]
    pub fn as_designated(mut self) -> Self {
        self.required = true;
        self.designated = true;
        self
    }

    /// The same column with an encoding asked for by name.
    #[must_use]
    pub fn with_encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = Some(encoding);
        self
    }

    /// The same column with a codec of its own.
    #[must_use]
    pub fn with_codec(mut self, codec: Codec) -> Self {
        self.codec = Some(codec);
        self
    }

    /// The same column with a bloom filter.
    #[must_use]
    pub fn with_bloom(mut self, rate: BloomRate) -> Self {
        self.bloom = Some(rate);
        self
    }

    /// Bytes of the bloom filter that a chunk of so many rows may get; 0 for none.
    ///
    /// # Errors
    /// A rate that no filter of a legal size can have.
    pub fn bloom_bytes(&self, options: &WriterOptions, rows: u64) -> Result<u64, OptionError> {
        // Of a column without a dictionary, if it may be one.
        match bloom::wanted(self, options, Encoding::Plain) {
            Some(rate) => bloom::bytes_for(rows, rate),
            None => Ok(0),
        }
    }

    /// The type, for an error.
    #[cfg(feature = "arrow")]
    pub(crate) fn described(&self) -> String {
        let local = if self.local_time { "local " } else { "" };
        let sentinels = if self.sentinels {
            " with sentinels"
        } else {
            ""
        };
        format!("{local}{}{sentinels}", self.column_type)
    }

    /// Checks what was asked for by name.
    ///
    /// # Errors
    /// An encoding that the type cannot have, a codec level that does not exist, a bloom filter of
    /// a type that has none, or local time of a type that has no time.
    pub fn check(&self, options: &WriterOptions) -> Result<(), OptionError> {
        let is_time = matches!(
            self.column_type,
            ColumnType::Date | ColumnType::Timestamp(_)
        );
        if self.local_time && !is_time {
            return Err(OptionError::Schema {
                column: self.name.clone(),
                reason: format!("{} has no time that could be local", self.column_type),
            });
        }
        if let Some(codec) = self.codec {
            codec.check()?;
        }
        if self.bloom.is_some()
            && matches!(
                self.column_type,
                ColumnType::Boolean | ColumnType::Array { .. }
            )
        {
            return Err(OptionError::NoBloom {
                column: self.name.clone(),
                column_type: self.column_type,
            });
        }
        let Some(encoding) = self.encoding else {
            return Ok(());
        };
        let raw = options.raw_arrays && matches!(self.column_type, ColumnType::Array { .. });
        let legal = |e: Encoding| e.legal_for(self.column_type) && (!raw || e == Encoding::Plain);
        if legal(encoding) {
            return Ok(());
        }
        Err(OptionError::IllegalEncoding {
            column: self.name.clone(),
            column_type: self.column_type,
            encoding,
            legal: Encoding::ALL.into_iter().filter(|e| legal(*e)).collect(),
        })
    }
}

/// An option that cannot be honoured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionError {
    /// A number outside of its range.
    #[error("{option} must be {min} to {max}, not {found}")]
    Range {
        /// The option, named as on the command line.
        option: &'static str,
        /// Least value.
        min: usize,
        /// Greatest value.
        max: usize,
        /// The value given.
        found: usize,
    },
    /// A type cannot have the encoding.
    #[error(
        "column `{column}` of type {column_type} cannot be encoded as {encoding}; it can be {}",
        names(legal)
    )]
    IllegalEncoding {
        /// The column.
        column: String,
        /// Its type.
        column_type: ColumnType,
        /// The encoding asked for.
        encoding: Encoding,
        /// The encodings that it can have.
        legal: Vec<Encoding>,
    },
    /// A type that has no bloom filter.
    #[error(
        "column `{column}` of type {column_type} cannot have a bloom filter; every type can but \
         BOOLEAN and arrays"
    )]
    NoBloom {
        /// The column.
        column: String,
        /// Its type.
        column_type: ColumnType,
    },
    /// A false-positive rate that is none.
    #[error(
        "a bloom filter's false-positive rate lies between 0 and 1, for instance 0.01, not {found:?}"
    )]
    BloomRate {
        /// The rate given.
        found: String,
    },
    /// Rows that are seen once need a page and a dictionary for every column in memory.
    #[error(
        "memory must be at least {needed} bytes, not {found}: {columns} columns, each with a page of \
         {page_bytes} and a dictionary of {dictionary_bytes} bytes (more if it is asked for by name), \
         and bloom filters of {blooms}"
    )]
    Memory {
        /// Least memory in bytes.
        needed: u64,
        /// The memory given.
        found: u64,
        /// Columns of the file.
        columns: usize,
        /// Page target in bytes.
        page_bytes: usize,
        /// Dictionary limit in bytes.
        dictionary_bytes: usize,
        /// Bytes of all bloom filters.
        blooms: u64,
    },
    /// A codec level that does not exist.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// The columns do not make a schema that a reader could use.
    #[error("column `{column}`: {reason}")]
    Schema {
        /// The column.
        column: String,
        /// What is wrong with it.
        reason: String,
    },
}

fn names(encodings: &[Encoding]) -> String {
    encodings
        .iter()
        .map(|e| e.name())
        .collect::<Vec<_>>()
        .join(", ")
}
