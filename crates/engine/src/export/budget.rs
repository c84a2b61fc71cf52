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
use std::sync::atomic::{AtomicU64, Ordering};

use mmap_io::{ReadMode, give_back_free_memory};
use pq_encode::{BudgetedStores, Codec, MemoryBudget, TempFileStores};
use table_reader::{RowSelection, TableReader};

use super::chunks::specs_of;
use super::needs::{
    Blooms, DICTIONARY_COPIES, codec_growth, codecs, count, encoder_bytes, group_bytes, group_rows,
    likely_decoded, open_partitions, pages, parquet_rows, summary_bytes, symbol_bytes,
};
use super::pool::{Pool, Share};
use super::request::ExportRequest;
use super::spare::Spare;
use crate::error::{Cause, EngineError, Result};
use crate::running::Running;

/// Writing: pieces that wait to become large enough, and one page on its way.
const OUTPUT_BYTES: u64 = 1 << 20;
/// An open file of the table: descriptor, paths, mapping.
const FILE_BYTES: u64 = 768;
/// What every thread but the first should be able to keep in memory of pages ahead of their turn.
const WAITING_BYTES: u64 = 1 << 20;
/// What becomes of a large value: the sample or what was read last, the page, that in the codec, growth.
const VALUE_COPIES: u64 = 4;

/// The memory of one export.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: u64,
    /// What would be held if all threads that were asked for could be started.
    held_by_all: u64,
    threads: u64,
    page_bytes: u64,
    /// What pages may be packed with.
    codecs: Vec<Codec>,
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
    /// Bytes of `pool`, and of pages that made room, which came back since the allocator was last told to let
    /// go of what is free: there are holes of them, of which not every one is of use to others.
    stale: AtomicU64,
    /// Most bytes that may be decoded, of a selection with Parquet partitions.
    decoding: Option<u64>,
}

/// Memory for what is decoded, or for large values of a chunk, or both, until dropped.
#[derive(Debug)]
pub(crate) struct Taken<'b> {
    /// For values of up to this length.
    pub(crate) value_bytes: u64,
    share: Share<'b>,
    budget: &'b Budget,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let bytes = self.share.bytes();
        self.budget.stale.fetch_add(bytes, Ordering::Relaxed);
        self.budget.memory.give_back(bytes);
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
            rows => Spare::least_to_decode(likely_decoded(reader, request, rows)).min(spare),
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
            codecs: codecs(&specs, &request.writer).collect(),
            named_dictionary_bytes: count(request.writer.dictionary_bytes)
                .saturating_add(spare.dictionaries / threads / DICTIONARY_COPIES),
            shared_of: if spare.named { 2 } else { 1 },
            value_bytes: page_bytes.saturating_add(spare.unasked / VALUE_COPIES / threads),
            pool: Pool::new(spare.pool),
            stores: BudgetedStores::new(Arc::clone(&memory), spill),
            memory,
            stale: AtomicU64::new(0),
            decoding: spare.decoding,
        })
    }

    /// Refuses a column whose rows are not to be had in memory: it is known when its row group is
    /// planned.
    pub(crate) fn check_decoding(&self, bytes: u64) -> Result<()> {
        match self.decoding {
            Some(most) if bytes > most => {
                // A larger budget may start more threads: this one suffices for all of them.
                let enough = Spare::least_to_decode(bytes).saturating_mul(self.shared_of);
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
            Some(_) => Spare::least_to_decode(needed),
            None => Spare::least_for_values(needed),
        };
        let enough = enough.saturating_mul(self.shared_of);
        let enough = self.held_by_all.saturating_add(enough);
        too_small("the largest value", self.limit, enough)
    }

    /// What is decoded, and what a value takes beyond what every page does.
    fn needed(&self, decoded: u64, value_bytes: u64) -> u64 {
        let beyond = value_bytes.saturating_sub(self.page_bytes);
        let growth = self.codecs.iter();
        let growth = growth.map(|codec| codec_growth(*codec, value_bytes, self.page_bytes));
        decoded
            .saturating_add(beyond.saturating_mul(VALUE_COPIES))
            .saturating_add(growth.max().unwrap_or(0))
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
            budget: self,
        };
        self.make_room()?;
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
        self.make_room()?;
        Ok(true)
    }

    /// Pages and free memory leave the process, as far as what was taken needs their place.
    fn make_room(&self) -> Result<()> {
        let before = self.memory.used();
        self.stores.make_room().map_err(Cause::Spill)?;
        let used = self.memory.used();
        let spilled = before.saturating_sub(used);
        let stale = self.stale.fetch_add(spilled, Ordering::Relaxed) + spilled;
        if stale > 0 && used.saturating_add(stale) > self.memory.limit() {
            self.stale.store(0, Ordering::Relaxed);
            give_back_free_memory();
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use std::io;

    use pq_encode::{PageStoreFactory, SpillFile, StoreError};
    use table_reader::CancelToken;

    use super::super::pool::tests::running;
    use super::*;

    const PAGE: u64 = 100;

    /// `pool` bytes are shared; pages that have to go meet `spill`.
    fn budget(pool: u64, spill: TempFileStores) -> Budget {
        let memory = Arc::new(MemoryBudget::new(pool));
        Budget {
            limit: 0,
            held_by_all: 0,
            threads: 1,
            page_bytes: PAGE,
            codecs: vec![Codec::Lz4Raw],
            named_dictionary_bytes: 0,
            shared_of: 1,
            value_bytes: PAGE,
            pool: Pool::new(pool),
            stores: BudgetedStores::new(Arc::clone(&memory), spill),
            memory,
            stale: AtomicU64::new(0),
            decoding: Some(pool),
        }
    }

    fn in_temp_dir() -> TempFileStores {
        TempFileStores::in_dir(std::env::temp_dir())
    }

    #[test]
    fn what_is_decoded_is_not_there_for_values() {
        let token = CancelToken::new();
        let running = running(&token);
        let budget = budget(1000, in_temp_dir());
        let mut decoded = budget.take(600, 0, &running).unwrap();
        assert_eq!((decoded.value_bytes, budget.memory.used()), (PAGE, 600));
        // Four times what they have beyond a page.
        assert!(budget.fits(600, PAGE + 100) && !budget.fits(600, PAGE + 101));
        let other = budget.take(0, PAGE + 50, &running).unwrap();
        assert_eq!(budget.memory.used(), 800);
        assert!(!budget.try_add_values(&mut decoded, PAGE + 51).unwrap());
        assert!(budget.try_add_values(&mut decoded, PAGE + 50).unwrap());
        assert_eq!(
            (decoded.value_bytes, budget.memory.used()),
            (PAGE + 50, 1000)
        );
        drop((decoded, other));
        assert_eq!(budget.memory.used(), 0);
    }

    /// A file on a disk that is full.
    struct Full;

    impl SpillFile for Full {
        fn write_all_at(&self, _: &[u8], _: u64) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn read_exact_at(&self, _: &mut [u8], _: u64) -> io::Result<()> {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }

    #[test]
    fn a_full_disk_where_pages_make_room_is_an_error_and_no_memory_stays_taken() {
        let token = CancelToken::new();
        let running = running(&token);
        let budget = budget(1000, TempFileStores::open_with(|| Ok(Box::new(Full))));
        let mut store = budget.stores().store().unwrap();
        let key = store.put(&mut vec![7; 500]).unwrap();
        let full = |error: EngineError| match error.cause() {
            Cause::Spill(StoreError::Write { len: 500, .. }) => {}
            other => panic!("{other}"),
        };
        // For a value, for what is decoded, and for more of both.
        full(budget.take(0, PAGE + 150, &running).unwrap_err());
        assert_eq!(budget.memory.used(), 500);
        full(budget.take(501, 0, &running).unwrap_err());
        assert_eq!(budget.memory.used(), 500);
        let mut decoded = budget.take(400, 0, &running).unwrap();
        full(budget.try_add_values(&mut decoded, PAGE + 26).unwrap_err());
        drop(decoded);
        assert_eq!(budget.memory.used(), 500);
        drop(budget.take(500, 0, &running).unwrap());
        // The page is where it was.
        let mut page = Vec::new();
        store.take(key, &mut page).unwrap();
        assert_eq!((page, budget.memory.used()), (vec![7; 500], 0));
        // Of the pool nothing is missing.
        drop(budget.take(1000, 0, &running).unwrap());
    }
}
