//! What an export holds in memory, against what it may hold.
//!
//! The parts are known before work starts (`needs`). What is left over is shared by all that grows
//! (pages that wait for their turn, what waits for the footer), and that goes to disk when the share is
//! used up. So a budget is refused at once, by naming the least that would do, or it is kept. Decoded
//! columns of Parquet partitions come out of a pool: what one takes is known when its row group is
//! planned. So do values much larger than a page, for which pages that wait make room. Where there are
//! Parquet partitions, the two pools are the same bytes: a large value of a decoded column is part of what
//! was decoded, but native partitions with values of megabytes beside Parquet ones that are being decoded may
//! take up to twice what is left over. The tests of the command line watch the memory of the process.

use std::sync::Arc;

use column_format::ColumnType;
use mmap_io::ReadMode;
use pq_encode::{BudgetedStores, ColumnSpec, Encoding, MemoryBudget, TempFileStores};
use table_reader::{RowSelection, TableReader};

use super::chunks::specs_of;
use super::needs::{
    Blooms, DICTIONARY_COPIES, count, encoder_bytes, group_bytes, group_rows, likely_decoded,
    open_partitions, pages, parquet_rows, summary_bytes, symbol_bytes,
};
use super::pool::{Pool, Share};
use super::request::ExportRequest;
use crate::error::{Cause, EngineError, Result};
use crate::running::Running;

/// Writing: pieces that wait to become large enough, and one page on its way.
const OUTPUT_BYTES: u64 = 1 << 20;
/// An open file of the table: descriptor, paths, mapping.
const FILE_BYTES: u64 = 768;
/// What every thread but the first should be able to keep in memory of pages ahead of their turn.
const WAITING_BYTES: u64 = 1 << 20;
/// Beside decoded columns: the sizes of rows that are being planned (1 MiB), and of a copied chunk a
/// piece and the parts of its page index that are being read.
const PLANNED_BYTES: u64 = 2 << 20;
/// One part of so many of what is shared is for pages that wait, the others for what is decoded.
const SHARED_OF: u64 = 8;
/// What becomes of a large value: the sample or what was read last, the page, that in the codec, growth.
const VALUE_COPIES: u64 = 4;
/// One part of so many of what is left over is for values that are larger than a page but not so large
/// that somebody has to ask for them.
const UNASKED_OF: u64 = 8;

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
            shared_of: if spare.named { 2 } else { 1 },
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

/// Whether a column has a dictionary whatever it costs. That of a SYMBOL column is there already.
fn names_dictionary(spec: &ColumnSpec) -> bool {
    spec.encoding == Some(Encoding::Dictionary) && spec.column_type != ColumnType::Symbol
}

/// What is left over, and what becomes of it.
#[derive(Clone, Copy, Debug)]
struct Spare {
    /// A dictionary was asked for by name.
    named: bool,
    /// For such dictionaries: half.
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
        let named = specs.iter().any(names_dictionary);
        let dictionaries = if named { bytes / 2 } else { 0 };
        let shared = bytes - dictionaries;
        let left = shared.saturating_sub(PLANNED_BYTES);
        let (decoding, waiting) = match parquet {
            true => (Some(left - left / SHARED_OF), left / SHARED_OF),
            false => (None, shared),
        };
        let unasked = waiting / UNASKED_OF;
        Self {
            named,
            dictionaries,
            values: shared - unasked,
            unasked,
            decoding,
            waiting: waiting - unasked,
        }
    }
}

/// What must be left over for so much to be decoded.
fn shared(bytes: u64) -> u64 {
    let parts = bytes / (SHARED_OF - 1) + 1;
    PLANNED_BYTES.saturating_add(parts.saturating_mul(SHARED_OF))
}
