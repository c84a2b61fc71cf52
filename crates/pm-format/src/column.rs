//! One column descriptor (pm.md §4.2).
//!
//! Name, id and repetition are those of the top-level field; physical type, length and levels are
//! those of the leaf.

use column_format::ColumnType;

use crate::codes::{PhysicalType, Repetition};
use crate::error::PmError;
use crate::flags;
use crate::layout::{COLUMN_LEN, ColumnRecord, HEADER_LEN};
use crate::span::{at, bytes, wide};

/// A column of a sidecar, borrowed from its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    data: &'a [u8],
    record: &'a ColumnRecord,
    index: usize,
}

impl<'a> Column<'a> {
    pub(crate) fn new(data: &'a [u8], record: &'a ColumnRecord, index: usize) -> Self {
        Self {
            data,
            record,
            index,
        }
    }

    fn offset(&self) -> u64 {
        wide(HEADER_LEN + self.index * COLUMN_LEN)
    }

    /// The name's bytes.
    ///
    /// # Errors
    /// `Truncated` outside the file (which opening excludes).
    pub fn name_bytes(&self) -> Result<&'a [u8], PmError> {
        let length = at(u64::from(self.record.name_length.get()));
        bytes(
            self.data,
            at(self.record.name_offset.get()),
            length,
            "column name",
        )
    }

    /// The name.
    ///
    /// # Errors
    /// `InvalidValue` when it is not UTF-8; `found` is the offset of the first bad byte in it.
    pub fn name(&self) -> Result<&'a str, PmError> {
        std::str::from_utf8(self.name_bytes()?).map_err(|e| PmError::InvalidValue {
            field: "column name",
            offset: self.record.name_offset.get(),
            found: wide(e.valid_up_to()),
            expected: "UTF-8",
        })
    }

    /// Absolute offset of the name.
    #[must_use]
    pub fn name_offset(&self) -> u64 {
        self.record.name_offset.get()
    }

    /// Stable id of the column: writer index or Parquet `field_id`; negative for none.
    #[must_use]
    pub fn id(&self) -> i32 {
        self.record.id.get()
    }

    /// QuestDB type code as stored, designated bits included; -1 when unknown (pm.md §11).
    #[must_use]
    pub fn type_code(&self) -> i32 {
        self.record.col_type.get()
    }

    /// The column type, when the code is one that a table can hold.
    #[must_use]
    pub fn column_type(&self) -> Option<ColumnType> {
        ColumnType::from_code(self.type_code()).ok()
    }

    /// All flags (pm.md §4.2).
    #[must_use]
    pub fn flags(&self) -> i32 {
        self.record.flags.get()
    }

    /// The two repetition bits as they are stored; 3 is invalid.
    #[must_use]
    pub fn repetition_bits(&self) -> u8 {
        let bits = (self.flags() >> flags::REPETITION_SHIFT) & flags::REPETITION_MASK;
        u8::try_from(bits).unwrap_or(u8::MAX)
    }

    /// Repetition of the top-level field. A hint: for decoding, trust the levels.
    ///
    /// # Errors
    /// `InvalidValue` for 3.
    pub fn repetition(&self) -> Result<Repetition, PmError> {
        Repetition::from_code(self.repetition_bits(), self.offset() + 16)
    }

    /// Whether the column sorts descending.
    #[must_use]
    pub fn descending(&self) -> bool {
        self.flags() & flags::DESCENDING != 0
    }

    /// Whether the dictionary indices are the table's symbol keys.
    #[must_use]
    pub fn local_key_is_global(&self) -> bool {
        self.flags() & flags::LOCAL_KEY_IS_GLOBAL != 0
    }

    /// Whether the file held only ASCII when it was created. A hint (pm.md §13.3).
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.flags() & flags::IS_ASCII != 0
    }

    /// Length of a FIXED_LEN_BYTE_ARRAY, else 0.
    #[must_use]
    pub fn fixed_byte_len(&self) -> i32 {
        self.record.fixed_byte_len.get()
    }

    /// The physical type's code as stored.
    #[must_use]
    pub fn physical_code(&self) -> u8 {
        self.record.physical_type
    }

    /// Parquet physical type.
    ///
    /// # Errors
    /// `InvalidValue` for an unknown code.
    pub fn physical_type(&self) -> Result<PhysicalType, PmError> {
        PhysicalType::from_code(self.record.physical_type, self.offset() + 28)
    }

    /// Maximum repetition level of the leaf.
    #[must_use]
    pub fn max_rep_level(&self) -> u8 {
        self.record.max_rep_level
    }

    /// Maximum definition level of the leaf.
    #[must_use]
    pub fn max_def_level(&self) -> u8 {
        self.record.max_def_level
    }

    /// The reserved byte; 0 in every file known.
    #[must_use]
    pub fn reserved(&self) -> u8 {
        self.record.reserved
    }
}
