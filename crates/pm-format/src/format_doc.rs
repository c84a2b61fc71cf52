//! `FORMAT.md`, printed from the code.
//!
//! A table of bytes that is kept by hand drifts; this one is made from the structs and constants
//! that read the files. `cargo xtask layout` writes it, a test holds it.

use std::fmt::Write as _;

use crate::checksums::CHUNK_CHECKSUMS_CODE;
use crate::flags;
use crate::layout::{
    BLOCK_ALIGN, BLOCK_HEAD_LEN, CHAIN_STEPS_MAX, CRC_LEN, CRC_START, ChunkRecord, ColumnRecord,
    ENTRY_LEN, FooterRecord, HeaderRecord, PARQUET_TAIL_LEN, SCRATCHPAD_LEN_MAX, STAT_LEN_MAX,
    TRAILER_LEN,
};

/// One field of a record.
struct FieldDoc {
    name: &'static str,
    offset: usize,
    len: usize,
    meaning: &'static str,
}

fn field_len<R, F>(_: fn(&R) -> &F) -> usize {
    size_of::<F>()
}

macro_rules! fields {
    ($record:ident { $($field:ident: $meaning:literal),+ $(,)? }) => {
        [$(FieldDoc {
            name: stringify!($field),
            offset: std::mem::offset_of!($record, $field),
            len: field_len(|r: &$record| &r.$field),
            meaning: $meaning,
        }),+]
    };
}

macro_rules! bits {
    ($($name:ident: $meaning:literal),+ $(,)?) => {
        [$((stringify!($name), flags::$name.cast_unsigned_bits(), $meaning)),+]
    };
}

/// Flags of any integer type as their bits.
trait Bits {
    fn cast_unsigned_bits(self) -> u64;
}

impl Bits for u64 {
    fn cast_unsigned_bits(self) -> u64 {
        self
    }
}

impl Bits for u8 {
    fn cast_unsigned_bits(self) -> u64 {
        self.into()
    }
}

impl Bits for i32 {
    fn cast_unsigned_bits(self) -> u64 {
        self.cast_unsigned().into()
    }
}

/// The text of `FORMAT.md`.
#[must_use]
pub fn format_markdown() -> String {
    let mut text = String::from(
        "# The `_pm` format, as this crate reads and writes it\n\n\
         Printed by `cargo xtask layout` from the code; a test fails when the two differ.\n\
         All integers are little-endian, nothing but blocks and bloom records is aligned.\n\n\
         ```\nheader | descriptors | sorting | names | header sections | (pad, block)* | footer | trailer\n```\n",
    );
    records(&mut text);
    flag_words(&mut text);
    constants(&mut text);
    text
}

fn records(text: &mut String) {
    let header = fields!(HeaderRecord {
        committed_size: "committed size of this file: the commit word, outside the CRC",
        feature_flags: "header feature flags",
        designated_timestamp: "index of the designated timestamp column, negative for none",
        sorting_column_count: "u32 entries behind the descriptors",
        column_count: "descriptors",
        reserved: "0",
    });
    record(
        text,
        "Header, at offset 0",
        size_of::<HeaderRecord>(),
        &header,
    );
    let column = fields!(ColumnRecord {
        name_offset: "absolute offset of the name",
        id: "stable column id, or -1",
        col_type: "QuestDB type code, or -1",
        flags: "column flags",
        fixed_byte_len: "length of a FIXED_LEN_BYTE_ARRAY, else 0",
        name_length: "bytes of the name",
        physical_type: "Parquet physical type",
        max_rep_level: "maximum repetition level of the leaf",
        max_def_level: "maximum definition level of the leaf",
        reserved: "0",
    });
    record(
        text,
        "Column descriptor",
        size_of::<ColumnRecord>(),
        &column,
    );
    let chunk = fields!(ChunkRecord {
        codec: "compression codec, 0 to 7",
        encodings: "mask of encodings",
        stat_flags: "which statistics are there",
        stat_sizes: "inlined lengths: minimum in the low nibble, maximum in the high one",
        reserved: "0",
        num_values: "levels, nulls included",
        byte_range_start: "first byte in data.parquet",
        total_compressed: "bytes in data.parquet",
        null_count: "valid by flag",
        distinct_count: "valid by flag",
        min_stat: "value, or locator: offset in the out-of-line region << 16 | length",
        max_stat: "as min_stat",
    });
    let title = "Column chunk, behind the u64 row count of a block; out-of-line bytes follow";
    record(text, title, size_of::<ChunkRecord>(), &chunk);
    let footer = fields!(FooterRecord {
        parquet_footer_offset: "first byte of the Thrift footer in data.parquet",
        parquet_footer_length: "its length, without the 8-byte tail",
        row_group_count: "u32 entries behind: block offset / 8",
        unused_bytes: "dead bytes in data.parquet",
        prev_size: "committed size of the snapshot before, 0 for none",
        feature_flags: "footer feature flags",
    });
    let title = "Footer; entries, bloom cells, sections, u32 CRC-32, u32 footer length follow";
    record(text, title, size_of::<FooterRecord>(), &footer);
}

fn record(text: &mut String, title: &str, len: usize, fields: &[FieldDoc]) {
    let _ = write!(
        text,
        "\n## {title} ({len} bytes)\n\n| offset | bytes | field | meaning |\n|---:|---:|---|---|\n"
    );
    for f in fields {
        let _ = writeln!(
            text,
            "| {} | {} | `{}` | {} |",
            f.offset, f.len, f.name, f.meaning
        );
    }
}

fn flag_words(text: &mut String) {
    flag_table(
        text,
        "Header feature flags",
        &bits![
            BLOOM_FILTERS: "list of columns in the header, cells in the footer",
            BLOOM_FILTERS_EXTERNAL: "cells are u64 offset and length in data.parquet",
            SORTING_IS_DTS_ASC: "sorted by the designated timestamp; no list",
            SQUASH_TRACKER: "i64 behind the bloom list",
            REQUIRED_MASK: "unknown ones of these refuse the file",
        ],
    );
    flag_table(
        text,
        "Footer feature flags",
        &bits![
            SEQ_TXN: "i64 behind the bloom cells",
            SCRATCHPAD: "u32 count, then (u32 code, u32 length, bytes) each",
            REQUIRED_MASK: "unknown ones of these refuse the footer",
        ],
    );
    flag_table(
        text,
        "Column flags (bits 2 and 3: repetition)",
        &bits![
            LOCAL_KEY_IS_GLOBAL: "dictionary indices are the table's symbol keys",
            IS_ASCII: "only ASCII when the file was created",
            DESCENDING: "sorts descending",
        ],
    );
    flag_table(
        text,
        "Statistics flags",
        &bits![
            MIN_PRESENT: "there is a minimum",
            MIN_INLINED: "it is in its slot",
            MIN_EXACT: "it occurs",
            MAX_PRESENT: "there is a maximum",
            MAX_INLINED: "it is in its slot",
            MAX_EXACT: "it occurs",
            DISTINCT_COUNT_PRESENT: "the distinct count is valid",
            NULL_COUNT_PRESENT: "the null count is valid",
        ],
    );
    flag_table(
        text,
        "Encodings",
        &bits![
            ENCODING_PLAIN: "PLAIN",
            ENCODING_DICTIONARY: "RLE_DICTIONARY, PLAIN_DICTIONARY",
            ENCODING_DELTA_BINARY_PACKED: "DELTA_BINARY_PACKED",
            ENCODING_DELTA_LENGTH: "DELTA_LENGTH_BYTE_ARRAY",
            ENCODING_DELTA_BYTE_ARRAY: "DELTA_BYTE_ARRAY",
            ENCODING_BYTE_STREAM_SPLIT: "BYTE_STREAM_SPLIT",
        ],
    );
}

fn flag_table(text: &mut String, title: &str, bits: &[(&str, u64, &str)]) {
    let _ = write!(
        text,
        "\n## {title}\n\n| bits | name | meaning |\n|---:|---|---|\n"
    );
    for (name, value, meaning) in bits {
        let _ = writeln!(text, "| {value:#x} | `{name}` | {meaning} |");
    }
}

fn constants(text: &mut String) {
    text.push_str("\n## Forever constants\n\n| value | name |\n|---:|---|\n");
    let wide = crate::span::wide;
    for (name, value) in [
        (
            "CRC_START: first byte that the CRC-32/ISO-HDLC covers",
            wide(CRC_START),
        ),
        ("CRC_LEN", wide(CRC_LEN)),
        ("TRAILER_LEN", wide(TRAILER_LEN)),
        (
            "BLOCK_HEAD_LEN: the row count of a block",
            wide(BLOCK_HEAD_LEN),
        ),
        ("ENTRY_LEN: a row group entry", wide(ENTRY_LEN)),
        (
            "BLOCK_ALIGN: of blocks and bloom records",
            wide(BLOCK_ALIGN),
        ),
        (
            "PARQUET_TAIL_LEN: added to the footer's end for the Parquet size",
            PARQUET_TAIL_LEN,
        ),
        ("STAT_LEN_MAX: bytes of a statistic", wide(STAT_LEN_MAX)),
        (
            "CHAIN_STEPS_MAX: footers that a walk passes",
            wide(CHAIN_STEPS_MAX),
        ),
        (
            "SCRATCHPAD_LEN_MAX: bytes of the section",
            wide(SCRATCHPAD_LEN_MAX),
        ),
        (
            "CHUNK_CHECKSUMS_CODE: our scratchpad entry, u64 Parquet size, then u32 CRC-32C of each chunk's byte range",
            CHUNK_CHECKSUMS_CODE.into(),
        ),
    ] {
        let _ = writeln!(text, "| {value} | {name} |");
    }
}
