//! What the parts of an export weigh, by what is known before it starts.
//!
//! Sizes come from options, from the snapshot and from the lengths of files: no row is read. The figures
//! of the encoder are measured, and rounded up.

use column_format::{AUX_VARCHAR_ENTRY_LEN, ColumnType, Layout};
use pq_encode::{ColumnSpec, WriterOptions};
use pq_format::Codec;
use table_reader::{PartitionRows, RowSelection, TableReader};

use super::chunks::option_error;
use super::request::ExportRequest;
use crate::error::Result;
use crate::running::Running;

/// Row groups of which rows are held at the same time: two that are encoded or wait, and the next one.
const OPEN_GROUPS: u64 = 3;
/// A column: its description, its entry of the row group in progress, its counters.
const COLUMN_BYTES: u64 = 6 << 10;
/// A page of the row group in progress: its entries of the page index.
const PAGE_BYTES: u64 = 128;
/// A page of a chunk in progress: its summary, bounds and levels.
const PAGE_SUMMARY_BYTES: u64 = 384;
/// Bytes of a text that are expected, where nobody has looked.
const TEXT_BYTES: u64 = 24;
/// What becomes of a dictionary: the bytes of its values, their places, slots, and the growth of all.
pub(super) const DICTIONARY_COPIES: u64 = 6;
/// Most rows of which an encoder keeps 16-bit keys.
const KEYS_MAX: u64 = 1 << 21;

/// Rows of the largest row group that there can be.
pub(super) fn group_rows(request: &ExportRequest, selection: &RowSelection) -> u64 {
    request.row_group_rows.min(selection.rows())
}

/// The most data pages of a row group and of one of its chunks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pages {
    of_group: u64,
    of_chunk: u64,
}

pub(super) fn pages(
    reader: &TableReader,
    request: &ExportRequest,
    selection: &RowSelection,
    running: &Running,
) -> Result<Pages> {
    let by_rows = group_rows(request, selection).div_ceil(count(request.writer.page_rows));
    let mut whole = 0_u64;
    for part in selection.parts() {
        running.go_on()?;
        whole = whole.saturating_add(reader.committed_bytes(part.partition)?);
    }
    let bytes = request.row_group_bytes.min(whole);
    // Pages end by their rows or by their bytes, and the last one of a chunk by its end.
    let by_bytes = bytes / count(request.writer.page_bytes).max(1);
    let of_group = count(reader.columns().len())
        .saturating_mul(by_rows.saturating_add(1))
        .saturating_add(by_bytes);
    Ok(Pages {
        of_group,
        of_chunk: by_rows.saturating_add(by_bytes),
    })
}

/// The most partitions that are open at the same time: those of the row groups that are under way.
pub(super) fn open_partitions(request: &ExportRequest, selection: &RowSelection) -> usize {
    let parts = selection.parts();
    let rows_max = request.row_group_rows.saturating_mul(OPEN_GROUPS);
    let (mut most, mut first, mut rows) = (0, 0, 0_u64);
    for (last, part) in parts.iter().enumerate() {
        rows = rows.saturating_add(part.rows());
        // The first and the last one may be there with one row each.
        let inner = |first: usize, rows: u64| {
            let ends = parts.get(first).map_or(0, PartitionRows::rows) + part.rows();
            rows.saturating_sub(ends).saturating_add(2)
        };
        while first < last && inner(first, rows) > rows_max {
            rows -= parts.get(first).map_or(0, PartitionRows::rows);
            first += 1;
        }
        most = most.max(last - first + 1);
    }
    most
}

/// Entries of the page index and the footer of one row group.
pub(super) fn group_bytes(reader: &TableReader, pages: Pages) -> u64 {
    count(reader.columns().len())
        .saturating_mul(COLUMN_BYTES)
        .saturating_add(pages.of_group.saturating_mul(PAGE_BYTES))
        .saturating_add(pages.of_chunk.saturating_mul(PAGE_SUMMARY_BYTES))
}

/// What is known about the chunks of two row groups that wait for their turn.
pub(super) fn summary_bytes(pages: Pages) -> u64 {
    pages.of_group.saturating_mul(2 * PAGE_SUMMARY_BYTES)
}

/// Dictionaries of SYMBOL columns.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Symbols {
    pub(super) all: u64,
    /// What says which entries a chunk of the largest uses: an entry takes 14 bytes of files at
    /// least, and a slot, a key and a code here.
    pub(super) largest: u64,
}

pub(super) fn symbol_bytes(reader: &TableReader) -> Result<Symbols> {
    let mut found = Symbols::default();
    for (idx, column) in reader.columns().iter().enumerate() {
        if column.column_type == ColumnType::Symbol {
            let bytes = reader.symbol_bytes(idx)?;
            found.all = found.all.saturating_add(bytes);
            found.largest = found.largest.max(bytes);
        }
    }
    Ok(found)
}

/// Bloom filters. Those of a row group stay until it ends.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Blooms {
    pub(super) of_group: u64,
    /// Under construction, and on its way into the file.
    pub(super) largest: u64,
}

impl Blooms {
    pub(super) fn of(specs: &[ColumnSpec], options: &WriterOptions, rows: u64) -> Result<Self> {
        let mut found = Self::default();
        for spec in specs {
            let bytes = spec.bloom_bytes(options, rows);
            let bytes = bytes.map_err(|error| option_error(&error))?;
            found.of_group = found.of_group.saturating_add(bytes);
            found.largest = found.largest.max(bytes.saturating_mul(2));
        }
        Ok(found)
    }
}

/// The buffers of one chunk encoder.
pub(super) fn encoder_bytes(specs: &[ColumnSpec], options: &WriterOptions, rows: u64) -> u64 {
    let page = count(options.page_bytes);
    let codec = codecs(specs, options).map(|codec| codec_bytes(codec, page));
    let codec = codec.max().unwrap_or(0);
    let keys = rows.min(KEYS_MAX).next_power_of_two().saturating_mul(2);
    // A dictionary has at most every second row as an entry.
    let dictionary = count(options.dictionary_bytes).saturating_mul(DICTIONARY_COPIES);
    let dictionary = dictionary.min(rows.saturating_mul(64));
    page.saturating_mul(4)
        .saturating_add(codec)
        .saturating_add(keys)
        .saturating_add(dictionary)
}

/// What pages may be packed with.
pub(super) fn codecs(specs: &[ColumnSpec], options: &WriterOptions) -> impl Iterator<Item = Codec> {
    let of_columns = specs.iter().filter_map(|spec| spec.codec);
    of_columns.chain([options.codec])
}

/// What a codec needs for a page.
fn codec_bytes(codec: Codec, page: u64) -> u64 {
    match codec {
        Codec::None | Codec::Snappy | Codec::Lz4Raw => 1 << 18,
        Codec::Gzip(_) => 1 << 20,
        // A page may be as large as two before its context is thrown away.
        Codec::Zstd(level) => zstd_bytes(level, page.saturating_mul(2)),
        Codec::Brotli(level) if level < 5 => 1 << 20,
        Codec::Brotli(level) if level < 9 => (16 << 20) + page.saturating_mul(2),
        Codec::Brotli(_) => (64 << 20) + page.saturating_mul(2),
    }
}

/// What a codec needs for a value of so many bytes beyond what it needs for a page: zstd's context grows.
pub(super) fn codec_growth(codec: Codec, value: u64, page: u64) -> u64 {
    match codec {
        Codec::Zstd(level) => zstd_bytes(level, value).saturating_sub(codec_bytes(codec, page)),
        _ => 0,
    }
}

/// A context of zstd for an input of so many bytes, measured and rounded up: its tables and its window are
/// no larger than the level says, and than the input is worth.
fn zstd_bytes(level: i32, input: u64) -> u64 {
    const MIB: u64 = 1 << 20;
    if input <= MIB / 2 {
        return match level {
            ..=3 => 9 * MIB / 4,
            4..=6 => 4 * MIB,
            7..=12 => 8 * MIB,
            _ => 12 * MIB,
        };
    }
    let most = match level {
        ..=2 => return 9 * MIB / 4,
        3..=6 => 6,
        7 | 8 => 8,
        9 => 15,
        10 | 11 => 25,
        12 => 45,
        13 => 37,
        14 => 53,
        15 => 69,
        16..=18 => 60,
        19 => 96,
        20 => 200,
        21 => 400,
        _ => 800,
    };
    let by_input = input.next_power_of_two().saturating_mul(18);
    by_input.saturating_add(2 * MIB).min(most * MIB)
}

/// Rows that lie in Parquet partitions.
pub(super) fn parquet_rows(reader: &TableReader, selection: &RowSelection) -> u64 {
    let parquet = |part: &&PartitionRows| {
        let info = reader.partitions().get(part.partition);
        info.is_some_and(|info| info.parquet)
    };
    let parts = selection.parts().iter().filter(parquet);
    parts.map(PartitionRows::rows).fold(0, u64::saturating_add)
}

/// What a column of a row group most likely takes when it is decoded: so much is kept free when
/// threads are counted.
pub(super) fn likely_decoded(reader: &TableReader, request: &ExportRequest, rows: u64) -> u64 {
    let width = |column: &table_reader::TableColumn| match column.column_type.layout() {
        Layout::Fixed(width) => count(width) + count(width) / 4,
        _ => count(AUX_VARCHAR_ENTRY_LEN) + TEXT_BYTES,
    };
    let width = reader.columns().iter().map(width).max().unwrap_or(0);
    let rows = rows.min(request.row_group_rows);
    rows.saturating_mul(width).min(request.row_group_bytes)
}

pub(super) fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use pq_format::{Compressor, Search};

    use super::*;

    /// Large inputs of high levels take their time to say the same.
    #[test]
    fn no_context_of_zstd_is_larger_than_what_is_counted() {
        let zeros = vec![0; 6 << 20];
        for level in 1..=22 {
            for len in [64 << 10, 512 << 10, 1 << 20, 6 << 20] {
                let mut compressor = Compressor::new(Codec::Zstd(level)).unwrap();
                let input = &zeros[..len];
                for cuts in [&[][..], &[len / 2][..]] {
                    let mut out = Vec::new();
                    let done = compressor.compress_in_parts(input, cuts, Search::On, &mut out);
                    done.unwrap();
                }
                let (found, counted) = (compressor.context_bytes(), zstd_bytes(level, count(len)));
                assert!(
                    count(found) <= counted,
                    "level {level}, {len} bytes: {found}, counted {counted}"
                );
            }
        }
    }
}
