//! What an export holds in memory, against what it may hold.
//!
//! The parts are known before work starts: sizes from options, dictionaries and open files from the
//! snapshot. What is left over is shared by all that grows (pages that wait for their turn, what
//! waits for the footer), and that goes to disk when the share is used up. So a budget is refused at
//! once, by naming the least that would do, or it is kept. The figures of the encoder are measured,
//! and rounded up. Decoded columns of Parquet partitions come out of a pool: what one takes is known
//! when its row group is planned. The tests of the command line watch the memory of the process
//! against them.

use std::sync::Arc;

use column_format::{AUX_VARCHAR_ENTRY_LEN, ColumnType, Layout};
use mmap_io::ReadMode;
use pq_encode::{
    BudgetedStores, ColumnSpec, Encoding, MemoryBudget, TempFileStores, WriterOptions,
};
use pq_format::Codec;
use table_reader::{PartitionRows, RowSelection, TableReader};

use super::chunks::{option_error, specs_of};
use super::pool::{Pool, Share};
use super::request::ExportRequest;
use crate::error::{Cause, EngineError, Result};
use crate::running::Running;

/// Writing: pieces that wait to become large enough, and one page on its way.
const OUTPUT_BYTES: u64 = 1 << 20;
/// An open file of the table: descriptor, paths, mapping.
const FILE_BYTES: u64 = 768;
/// Row groups of which rows are held at the same time: two that are encoded or wait, and the next one.
const OPEN_GROUPS: u64 = 3;
/// A column: its description, its entry of the row group in progress, its counters.
const COLUMN_BYTES: u64 = 6 << 10;
/// A page of the row group in progress: its entries of the page index.
const PAGE_BYTES: u64 = 128;
/// A page of a chunk in progress: its summary, bounds and levels.
const PAGE_SUMMARY_BYTES: u64 = 384;
/// What every thread but the first should be able to keep in memory of pages ahead of their turn.
const WAITING_BYTES: u64 = 1 << 20;
/// Beside decoded columns: the sizes of rows that are being planned (1 MiB), and of a copied chunk a
/// piece and the parts of its page index that are being read.
const PLANNED_BYTES: u64 = 2 << 20;
/// One part of so many of what is shared is for pages that wait, the others for what is decoded.
const SHARED_OF: u64 = 8;
/// Bytes of a text that are expected, where nobody has looked.
const TEXT_BYTES: u64 = 24;
/// What becomes of a large value: the page, the sample, what both are in the codec, and the growth of one.
const VALUE_COPIES: u64 = 4;
/// One part of so many of what is left over is for values that are larger than a page but not so large
/// that somebody has to ask for them.
const UNASKED_OF: u64 = 8;
/// What becomes of a dictionary: the bytes of its values, their places, slots, and the growth of all.
const DICTIONARY_COPIES: u64 = 6;
/// Most rows of which an encoder keeps 16-bit keys.
const KEYS_MAX: u64 = 1 << 21;

/// The memory of one export.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: u64,
    /// What would be held if all threads that were asked for could be started.
    held_by_all: u64,
    threads: u64,
    page_bytes: u64,
    /// Bytes of values that a dictionary may have that was asked for by name.
    named_dictionary_bytes: u64,
    /// One part of so many of what is left over is for everything but such dictionaries.
    shared_of: u64,
    /// The largest value that every thread may have under way at the same time.
    value_bytes: u64,
    /// For larger ones.
    values: Pool,
    /// The same bytes as those of `values`, as far as they are taken, and pages that wait.
    memory: Arc<MemoryBudget>,
    stores: BudgetedStores,
    /// Of a selection with Parquet partitions.
    decoding: Option<Pool>,
}

/// Memory for large values of a chunk, until dropped.
#[derive(Debug)]
pub(crate) struct LargeValues<'b> {
    /// The largest that it is enough for.
    pub(crate) value_bytes: u64,
    bytes: u64,
    memory: &'b MemoryBudget,
    _share: Share<'b>,
}

impl Drop for LargeValues<'_> {
    fn drop(&mut self) {
        self.memory.give_back(self.bytes);
    }
}

impl Budget {
    /// Adds up what the export needs, and refuses it if that is more than it may have. Threads are
    /// started as far as memory goes: one always.
    pub(crate) fn plan(
        reader: &TableReader,
        request: &ExportRequest,
        selection: &RowSelection,
        read_mode: ReadMode,
        spill: TempFileStores,
        running: &Running,
    ) -> Result<Self> {
        // Where nothing is mapped, whoever encodes a column has the rows of it that the row group has.
        let copy = match read_mode {
            ReadMode::Positional => {
                reader.largest_copy(selection, request.row_group_rows, || running.go_on())?
            }
            _ => 0,
        };
        let rows = group_rows(request, selection);
        let specs = specs_of(reader, request)?;
        let blooms = Blooms::of(&specs, &request.writer, rows)?;
        let symbols = symbol_bytes(reader)?;
        let encoder = [
            encoder_bytes(&specs, &request.writer, rows),
            copy,
            symbols.largest,
            blooms.largest,
        ];
        let encoder = encoder.into_iter().fold(0, u64::saturating_add);
        let pages = pages(reader, request, selection, running)?;
        let least = [
            OUTPUT_BYTES,
            FILE_BYTES.saturating_mul(reader.pinned_file_count()),
            group_bytes(reader, pages),
            reader.footer_heap_bytes(selection, open_partitions(request, selection))?,
            symbols.all,
            blooms.of_group,
            encoder,
        ];
        let least = least.into_iter().fold(0, u64::saturating_add);
        let limit = request.memory_bytes;
        let Some(spare) = limit.checked_sub(least) else {
            return Err(too_small("this export", limit, least));
        };
        // What is known about chunks that wait, and the rows that the planner measures meanwhile.
        let together = summary_bytes(pages)
            .saturating_add(copy)
            .saturating_add(blooms.of_group);
        let threads_asked = count(request.threads.get());
        let parquet = parquet_rows(reader, selection);
        let decoding = match parquet {
            0 => 0,
            rows => shared(likely_decoded(reader, request, rows)).min(spare),
        };
        let room = spare.saturating_sub(together).saturating_sub(decoding);
        let room = room / encoder.saturating_add(WAITING_BYTES).max(1);
        let threads = threads_asked.min(room.saturating_add(1));
        let held_by = |threads: u64| match threads {
            1 => least,
            _ => least
                .saturating_add(together)
                .saturating_add(encoder.saturating_mul(threads - 1)),
        };
        let spare = Spare::of(limit.saturating_sub(held_by(threads)), &specs, parquet > 0);
        let memory = Arc::new(MemoryBudget::new(spare.waiting));
        let page_bytes = count(request.writer.page_bytes);
        Ok(Self {
            limit,
            held_by_all: held_by(threads_asked),
            threads,
            page_bytes,
            named_dictionary_bytes: count(request.writer.dictionary_bytes)
                .saturating_add(spare.dictionaries / threads / DICTIONARY_COPIES),
            shared_of: if spare.dictionaries > 0 { 2 } else { 1 },
            value_bytes: page_bytes.saturating_add(spare.unasked / VALUE_COPIES / threads),
            values: Pool::new(spare.values),
            stores: BudgetedStores::new(Arc::clone(&memory), spill),
            memory,
            decoding: spare.decoding.map(Pool::new),
        })
    }

    /// Refuses a column whose rows are not to be had in memory: it is known when its row group is
    /// planned.
    pub(crate) fn check_decoding(&self, bytes: u64) -> Result<()> {
        match &self.decoding {
            Some(pool) if bytes > pool.capacity() => {
                // A larger budget may start more threads: this one suffices for all of them.
                let enough = shared(bytes).saturating_mul(self.shared_of);
                let enough = self.held_by_all.saturating_add(enough);
                let what = "decoding a column of a Parquet partition";
                Err(too_small(what, self.limit, enough))
            }
            _ => Ok(()),
        }
    }

    /// Memory for what is decoded; waits for it.
    pub(crate) fn decoding(&self, bytes: u64, running: &Running) -> Result<Option<Share<'_>>> {
        let pool = self.decoding.as_ref().filter(|_| bytes > 0);
        pool.map(|pool| pool.take(bytes, running)).transpose()
    }

    /// The largest value that every thread may have under way at the same time.
    pub(crate) fn value_bytes(&self) -> u64 {
        self.value_bytes
    }

    /// The most bytes of values of a dictionary that was asked for by name: no fallback ends its growth.
    pub(crate) fn named_dictionary_bytes(&self) -> usize {
        usize::try_from(self.named_dictionary_bytes).unwrap_or(usize::MAX)
    }

    /// Whether there can be memory for values larger than [`Budget::value_bytes`].
    pub(crate) fn fits(&self, value_bytes: u64) -> bool {
        self.beyond_page(value_bytes) <= self.values.capacity()
    }

    /// Says what a value that does not fit needs.
    pub(crate) fn refuse_value(&self, value_bytes: u64) -> EngineError {
        // A larger budget may start more threads: this one suffices for all of them.
        let parts = self.beyond_page(value_bytes) / (UNASKED_OF - 1) + 1;
        let enough = parts.saturating_mul(UNASKED_OF * self.shared_of);
        let enough = self.held_by_all.saturating_add(enough);
        too_small("the largest value", self.limit, enough)
    }

    /// What a value takes beyond what every page does.
    fn beyond_page(&self, value_bytes: u64) -> u64 {
        let beyond = value_bytes.saturating_sub(self.page_bytes);
        beyond.saturating_mul(VALUE_COPIES)
    }

    /// Memory for values of up to `value_bytes`, which fit; waits for what others have, and takes the
    /// place of pages that wait.
    pub(crate) fn large_values(
        &self,
        value_bytes: u64,
        running: &Running,
    ) -> Result<LargeValues<'_>> {
        let bytes = self.beyond_page(value_bytes);
        let share = self.values.take(bytes, running)?;
        self.memory.take(bytes);
        let taken = LargeValues {
            value_bytes,
            bytes,
            memory: &self.memory,
            _share: share,
        };
        self.stores.make_room().map_err(Cause::Spill)?;
        Ok(taken)
    }

    /// Where pages and entries of the footer wait: in memory while it lasts, then on disk.
    pub(crate) fn stores(&self) -> &BudgetedStores {
        &self.stores
    }

    /// Threads that may encode.
    pub(crate) fn threads(&self) -> usize {
        usize::try_from(self.threads).unwrap_or(usize::MAX)
    }
}

fn too_small(what: &'static str, budget_bytes: u64, least_bytes: u64) -> EngineError {
    Cause::Budget {
        what,
        budget_bytes,
        least_bytes,
    }
    .into()
}

/// Rows of the largest row group that there can be.
fn group_rows(request: &ExportRequest, selection: &RowSelection) -> u64 {
    request.row_group_rows.min(selection.rows())
}

/// The most data pages of a row group and of one of its chunks.
#[derive(Clone, Copy, Debug)]
struct Pages {
    of_group: u64,
    of_chunk: u64,
}

fn pages(
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
fn open_partitions(request: &ExportRequest, selection: &RowSelection) -> usize {
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
fn group_bytes(reader: &TableReader, pages: Pages) -> u64 {
    count(reader.columns().len())
        .saturating_mul(COLUMN_BYTES)
        .saturating_add(pages.of_group.saturating_mul(PAGE_BYTES))
        .saturating_add(pages.of_chunk.saturating_mul(PAGE_SUMMARY_BYTES))
}

/// What is known about the chunks of two row groups that wait for their turn.
fn summary_bytes(pages: Pages) -> u64 {
    pages.of_group.saturating_mul(2 * PAGE_SUMMARY_BYTES)
}

/// Dictionaries of SYMBOL columns.
#[derive(Clone, Copy, Debug, Default)]
struct Symbols {
    all: u64,
    /// What says which entries a chunk of the largest uses: an entry takes 14 bytes of files at
    /// least, and a slot, a key and a code here.
    largest: u64,
}

fn symbol_bytes(reader: &TableReader) -> Result<Symbols> {
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
struct Blooms {
    of_group: u64,
    /// Under construction, and on its way into the file.
    largest: u64,
}

impl Blooms {
    fn of(specs: &[ColumnSpec], options: &WriterOptions, rows: u64) -> Result<Self> {
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
fn encoder_bytes(specs: &[ColumnSpec], options: &WriterOptions, rows: u64) -> u64 {
    let page = count(options.page_bytes);
    let codecs = specs.iter().filter_map(|spec| spec.codec);
    let codec = codecs.chain([options.codec]).map(|c| codec_bytes(c, page));
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

/// Whether a column has a dictionary whatever it costs. That of a SYMBOL column is there already.
fn names_dictionary(spec: &ColumnSpec) -> bool {
    spec.encoding == Some(Encoding::Dictionary) && spec.column_type != ColumnType::Symbol
}

/// What is left over, and what becomes of it.
#[derive(Clone, Copy, Debug)]
struct Spare {
    /// For dictionaries that were asked for by name: half, if there are any.
    dictionaries: u64,
    /// For values that are larger than a page.
    values: u64,
    /// For those that nobody asks for.
    unasked: u64,
    /// For decoded columns of Parquet partitions, if there are any.
    decoding: Option<u64>,
    /// For pages that wait. They make room for `values`.
    waiting: u64,
}

impl Spare {
    fn of(bytes: u64, specs: &[ColumnSpec], parquet: bool) -> Self {
        let dictionaries = match specs.iter().any(names_dictionary) {
            true => bytes / 2,
            false => 0,
        };
        let shared = bytes - dictionaries;
        let left = shared.saturating_sub(PLANNED_BYTES);
        let (decoding, waiting) = match parquet {
            true => (Some(left - left / SHARED_OF), left / SHARED_OF),
            false => (None, shared),
        };
        let unasked = waiting / UNASKED_OF;
        Self {
            dictionaries,
            values: shared - unasked,
            unasked,
            decoding,
            waiting: waiting - unasked,
        }
    }
}

/// What a codec needs for a page.
fn codec_bytes(codec: Codec, page: u64) -> u64 {
    match codec {
        Codec::None | Codec::Snappy | Codec::Lz4Raw => 1 << 18,
        Codec::Gzip(_) => 1 << 20,
        Codec::Zstd(level) if level < 10 => (2 << 20) + page,
        Codec::Zstd(_) => (2 << 20) + page.saturating_mul(32).min(136 << 20),
        Codec::Brotli(level) if level < 5 => 1 << 20,
        Codec::Brotli(level) if level < 9 => (16 << 20) + page.saturating_mul(2),
        Codec::Brotli(_) => (64 << 20) + page.saturating_mul(2),
    }
}

/// Rows that lie in Parquet partitions.
fn parquet_rows(reader: &TableReader, selection: &RowSelection) -> u64 {
    let parquet = |part: &&PartitionRows| {
        let info = reader.partitions().get(part.partition);
        info.is_some_and(|info| info.parquet)
    };
    let parts = selection.parts().iter().filter(parquet);
    parts.map(PartitionRows::rows).fold(0, u64::saturating_add)
}

/// What a column of a row group most likely takes when it is decoded: so much is kept free when
/// threads are counted.
fn likely_decoded(reader: &TableReader, request: &ExportRequest, rows: u64) -> u64 {
    let width = |column: &table_reader::TableColumn| match column.column_type.layout() {
        Layout::Fixed(width) => count(width) + count(width) / 4,
        _ => count(AUX_VARCHAR_ENTRY_LEN) + TEXT_BYTES,
    };
    let width = reader.columns().iter().map(width).max().unwrap_or(0);
    let rows = rows.min(request.row_group_rows);
    rows.saturating_mul(width).min(request.row_group_bytes)
}

/// What must be left over for so much to be decoded.
fn shared(bytes: u64) -> u64 {
    let parts = bytes / (SHARED_OF - 1) + 1;
    PLANNED_BYTES.saturating_add(parts.saturating_mul(SHARED_OF))
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
