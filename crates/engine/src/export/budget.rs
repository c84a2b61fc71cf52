//! What an export holds in memory, against what it may hold.
//!
//! The parts are known before work starts (`needs`). What is left over is shared by all that grows
//! (pages that wait for their turn, what waits for the footer), and that goes to disk when the share is
//! used up. So a budget is refused at once, by naming the least that would do, or it is kept. Decoded
//! columns of Parquet partitions come out of a pool: what one takes is known when its row group is
//! planned. So do values much larger than a page, out of the same one. For both, pages that wait make
//! room. Nobody who has some of the pool waits for more of it: whoever decodes values that are too large
//! takes the memory for them at once, or gives back what was decoded and waits for both. The tests of
//! the command line watch the memory of the process.

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
    /// For larger ones, and for what is decoded.
    pool: Pool,
    /// The same bytes as those of `pool`, as far as they are taken, and pages that wait.
    memory: Arc<MemoryBudget>,
    stores: BudgetedStores,
    /// Most bytes that may be decoded, of a selection with Parquet partitions.
    decoding: Option<u64>,
}

/// Memory for what is decoded, or for large values of a chunk, or both, until dropped.
#[derive(Debug)]
pub(crate) struct Taken<'b> {
    /// For values of up to this length.
    pub(crate) value_bytes: u64,
    share: Share<'b>,
    memory: &'b MemoryBudget,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.memory.give_back(self.share.bytes());
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
        let memory = Arc::new(MemoryBudget::new(spare.pool));
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
            pool: Pool::new(spare.pool),
            stores: BudgetedStores::new(Arc::clone(&memory), spill),
            memory,
            decoding: spare.decoding,
        })
    }

    /// Refuses a column whose rows are not to be had in memory: it is known when its row group is
    /// planned.
    pub(crate) fn check_decoding(&self, bytes: u64) -> Result<()> {
        match self.decoding {
            Some(most) if bytes > most => {
                // A larger budget may start more threads: this one suffices for all of them.
                let enough = shared(bytes).saturating_mul(self.shared_of);
                let enough = self.held_by_all.saturating_add(enough);
                let what = "decoding a column of a Parquet partition";
                Err(too_small(what, self.limit, enough))
            }
            _ => Ok(()),
        }
    }

    /// The largest value that every thread may have under way at the same time.
    pub(crate) fn value_bytes(&self) -> u64 {
        self.value_bytes
    }

    /// The most bytes of values of a dictionary that was asked for by name: no fallback ends its growth.
    pub(crate) fn named_dictionary_bytes(&self) -> usize {
        usize::try_from(self.named_dictionary_bytes).unwrap_or(usize::MAX)
    }

    /// Whether there can be memory for values larger than [`Budget::value_bytes`] beside what is decoded.
    pub(crate) fn fits(&self, decoded: u64, value_bytes: u64) -> bool {
        self.needed(decoded, value_bytes) <= self.pool.capacity()
    }

    /// Says what a value that does not fit needs.
    pub(crate) fn refuse_value(&self, decoded: u64, value_bytes: u64) -> EngineError {
        // A larger budget may start more threads: this one suffices for all of them.
        let needed = self.needed(decoded, value_bytes);
        let enough = match self.decoding {
            Some(_) => shared(needed),
            None => (needed / (UNASKED_OF - 1) + 1).saturating_mul(UNASKED_OF),
        };
        let enough = enough.saturating_mul(self.shared_of);
        let enough = self.held_by_all.saturating_add(enough);
        too_small("the largest value", self.limit, enough)
    }

    /// What is decoded, and what a value takes beyond what every page does.
    fn needed(&self, decoded: u64, value_bytes: u64) -> u64 {
        let beyond = value_bytes.saturating_sub(self.page_bytes);
        decoded.saturating_add(beyond.saturating_mul(VALUE_COPIES))
    }

    /// Memory for what is decoded and for values of up to `value_bytes`, which fit; waits for what
    /// others have, and takes the place of pages that wait. Whoever calls it has none of it.
    pub(crate) fn take(
        &self,
        decoded: u64,
        value_bytes: u64,
        running: &Running,
    ) -> Result<Taken<'_>> {
        let share = self.pool.take(self.needed(decoded, value_bytes), running)?;
        self.memory.take(share.bytes());
        let taken = Taken {
            value_bytes: value_bytes.max(self.value_bytes),
            share,
            memory: &self.memory,
        };
        self.stores.make_room().map_err(Cause::Spill)?;
        Ok(taken)
    }

    /// More memory for who has some for what is decoded: for values of up to `value_bytes`, if it is
    /// there.
    pub(crate) fn try_add_values(&self, taken: &mut Taken<'_>, value_bytes: u64) -> Result<bool> {
        let bytes = self.needed(0, value_bytes);
        if !taken.share.try_add(bytes) {
            return Ok(false);
        }
        self.memory.take(bytes);
        taken.value_bytes = value_bytes.max(self.value_bytes);
        self.stores.make_room().map_err(Cause::Spill)?;
        Ok(true)
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
    /// For values that are larger than a page, for what is decoded, and for pages that wait, which make
    /// room for both.
    pool: u64,
    /// For values that are larger than a page, and nobody asks for them.
    unasked: u64,
    /// As much of `pool` may be decoded at the same time, if there are Parquet partitions.
    decoding: Option<u64>,
}

impl Spare {
    fn of(bytes: u64, specs: &[ColumnSpec], parquet: bool) -> Self {
        let named = specs.iter().any(names_dictionary);
        let dictionaries = if named { bytes / 2 } else { 0 };
        let shared = bytes - dictionaries;
        let left = shared.saturating_sub(PLANNED_BYTES);
        let (decoding, unasked, shared) = match parquet {
            true => {
                let waiting = left / SHARED_OF;
                (Some(left - waiting), waiting / UNASKED_OF, left)
            }
            false => (None, shared / UNASKED_OF, shared),
        };
        Self {
            named,
            dictionaries,
            pool: shared - unasked,
            unasked,
            decoding,
        }
    }
}

/// What must be left over for so much to be decoded.
fn shared(bytes: u64) -> u64 {
    let parts = bytes / (SHARED_OF - 1) + 1;
    PLANNED_BYTES.saturating_add(parts.saturating_mul(SHARED_OF))
}
