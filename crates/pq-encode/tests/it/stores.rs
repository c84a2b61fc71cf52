//! Page stores: what goes in comes out, whichever store it is, and faults are clean errors (R8).

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};
use std::sync::{Arc, Mutex};

use column_format::ColumnType;
use pq_encode::{
    AssembleError, BudgetedStores, ChunkEncoder, ChunkSpool, Codec, ColumnSpec, EncodeError,
    FileAssembler, FileProperties, MemoryBudget, MemoryStores, PIECE_BYTES_MAX, PageKey, PageSink,
    PageStore, PageStoreFactory, SinkError, SpillFile, StoreError, TempFileStores, WriterOptions,
};

use crate::data::{Column, Nulls, Rng, Shape, column};
use crate::write::{Input, chunk, groups};

/// Keys all over the range, in a map of its own.
pub(crate) struct SparseStores;

struct SparseStore {
    pages: HashMap<u64, Vec<u8>>,
    rng: Rng,
}

impl PageStoreFactory for SparseStores {
    fn store(&self) -> Result<Box<dyn PageStore>, StoreError> {
        Ok(Box::new(SparseStore {
            pages: HashMap::new(),
            rng: Rng::new(77),
        }))
    }
}

impl PageStore for SparseStore {
    /// Takes the buffer, which a store may.
    fn put(&mut self, page: &mut Vec<u8>) -> Result<PageKey, StoreError> {
        let key = self.rng.next();
        assert!(
            self.pages.insert(key, std::mem::take(page)).is_none(),
            "a key twice"
        );
        Ok(PageKey::new(key))
    }

    fn take(&mut self, key: PageKey, into: &mut Vec<u8>) -> Result<(), StoreError> {
        *into = self
            .pages
            .remove(&key.number())
            .ok_or(StoreError::NoSuchPage { key })?;
        Ok(())
    }
}

pub(crate) fn temp_file() -> TempFileStores {
    TempFileStores::in_dir(std::env::temp_dir())
}

/// Every kind of store; the budget is enough for some pages.
pub(crate) fn all_stores() -> Vec<(&'static str, Box<dyn PageStoreFactory>)> {
    let budget = |bytes| BudgetedStores::new(Arc::new(MemoryBudget::new(bytes)), temp_file());
    vec![
        ("memory", Box::new(MemoryStores)),
        ("sparse", Box::new(SparseStores)),
        ("temp file", Box::new(temp_file())),
        ("no budget", Box::new(budget(0))),
        ("small budget", Box::new(budget(20_000))),
        ("large budget", Box::new(budget(u64::MAX))),
    ]
}

#[test]
fn every_store_gives_back_what_it_was_given_in_any_order() {
    for (name, factory) in all_stores() {
        let mut stores = [factory.store().unwrap(), factory.store().unwrap()];
        let mut rng = Rng::new(3);
        let mut kept: Vec<(usize, PageKey, Vec<u8>)> = Vec::new();
        let mut out = b"what stood here before".to_vec();
        for _ in 0..600 {
            if kept.is_empty() || rng.below(5) < 3 {
                let page: Vec<u8> = (0..rng.below(900)).map(|_| rng.bytes::<1>()[0]).collect();
                let store = rng.below(2);
                let key = stores[store].put(&mut page.clone()).unwrap();
                kept.push((store, key, page));
            } else {
                let (store, key, page) = kept.swap_remove(rng.below(kept.len()));
                stores[store].take(key, &mut out).unwrap();
                assert!(out == page, "{name}");
                let again = stores[store].take(key, &mut out).unwrap_err();
                assert!(
                    matches!(again, StoreError::NoSuchPage { .. }),
                    "{name}: {again}"
                );
            }
        }
    }
}

/// Ends the thief, also when the test fails.
struct AtEnd<'a>(&'a AtomicU64);

impl Drop for AtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(0, Ordering::SeqCst);
    }
}

/// Somebody else takes from the budget whenever there is something: never the bytes of a page on its
/// way from a store to whoever takes it.
#[test]
fn the_bytes_of_a_large_page_are_never_anybody_elses() {
    let page = vec![7_u8; PIECE_BYTES_MAX + 1];
    let budget = Arc::new(MemoryBudget::new(page.len() as u64));
    let stores = BudgetedStores::new(Arc::clone(&budget), temp_file());
    // Odd while the page is in the store or lent, and 0 at the end.
    let held = AtomicU64::new(2);
    let stolen = std::thread::scope(|scope| {
        let thief = scope.spawn(|| {
            let mut stolen = 0;
            loop {
                let round = held.load(Ordering::SeqCst);
                if round == 0 {
                    return stolen;
                }
                if budget.try_take(1) {
                    fence(Ordering::SeqCst);
                    let is_same = held.load(Ordering::SeqCst) == round;
                    stolen += u32::from(is_same && round % 2 == 1);
                    budget.give_back(1);
                }
            }
        });
        let thief_ends = AtEnd(&held);
        let mut in_memory = 0;
        for _ in 0..20_000 {
            let mut store = stores.store().unwrap();
            let key = store.put(&mut page.clone()).unwrap();
            // Else it went to the file, while the thief had its byte: that says nothing.
            let is_here = u64::from(budget.used() == budget.limit());
            held.fetch_add(is_here, Ordering::SeqCst);
            fence(Ordering::SeqCst);
            let mut out = Vec::new();
            store.take(key, &mut out).unwrap();
            held.fetch_add(is_here, Ordering::SeqCst);
            assert!(out == page);
            in_memory += is_here;
            if in_memory == 2_000 {
                break;
            }
        }
        assert!(in_memory > 0, "the thief always was faster");
        drop(thief_ends);
        thief.join().unwrap()
    });
    assert_eq!((stolen, budget.used()), (0, 0));
}

/// Columns that become dictionaries, plain and delta pages.
fn columns() -> Vec<Column> {
    [
        (ColumnType::Symbol, Shape::Few),
        (ColumnType::Double, Shape::Wild),
        (ColumnType::Varchar, Shape::Wild),
        (ColumnType::Varchar, Shape::Few),
        (ColumnType::Long, Shape::Rising),
        (ColumnType::Array { dims: 2 }, Shape::Wild),
    ]
    .into_iter()
    .map(|(column_type, shape)| column(column_type, 5000, Nulls::Random, shape, 9))
    .collect()
}

fn options() -> WriterOptions {
    WriterOptions {
        page_bytes: 4096,
        ..Default::default()
    }
}

const GROUPS: [std::ops::Range<usize>; 3] = [0..1800, 1800..1801, 1801..5000];

fn specs(columns: &[Column]) -> Vec<ColumnSpec> {
    (0..)
        .zip(columns)
        .map(|(i, column)| ColumnSpec::new(format!("c{i}"), column.column_type))
        .collect()
}

/// Chunks are encoded last column first, every one of them ahead of its turn.
fn file_by_way_of(factory: &dyn PageStoreFactory, columns: &[Column]) -> Vec<u8> {
    let (specs, options) = (specs(columns), options());
    let file = FileAssembler::new(Vec::new(), &specs, &options, FileProperties::default()).unwrap();
    // What waits for the footer goes the same way.
    let mut file = file.with_store(factory.store().unwrap());
    for rows in GROUPS {
        let mut chunks = Vec::new();
        for (spec, column) in specs.iter().zip(columns).rev() {
            let mut spool = ChunkSpool::new(factory).unwrap();
            let slices = [column.slice().slice(rows.clone())];
            let summary = ChunkEncoder::new(spec, &options)
                .unwrap()
                .encode(&slices, column.symbols.as_ref(), &mut spool)
                .unwrap();
            assert_eq!(spool.bytes(), summary.compressed_len);
            chunks.push(spool.finish(summary));
        }
        file.begin_row_group(u64::try_from(rows.len()).unwrap())
            .unwrap();
        for chunk in chunks.into_iter().rev() {
            file.splice(chunk).unwrap();
        }
        file.finish_row_group().unwrap();
    }
    file.finish().unwrap().0
}

#[test]
fn a_file_does_not_show_which_store_its_pages_waited_in() {
    let columns = columns();
    let specs = specs(&columns);
    let inputs = |rows: std::ops::Range<usize>| -> Vec<Input<'_>> {
        specs
            .iter()
            .zip(&columns)
            .map(|(spec, column)| Input {
                spec: spec.clone(),
                slices: vec![column.slice().slice(rows.clone())],
                symbols: column.symbols.as_ref(),
            })
            .collect()
    };
    let parts = GROUPS.map(inputs);
    let direct = groups(&[&parts[0], &parts[1], &parts[2]], &options());
    for (name, factory) in all_stores() {
        assert!(
            file_by_way_of(factory.as_ref(), &columns) == direct,
            "{name}"
        );
    }
}

/// Writes down who was asked for what.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<&'static str>>>);

struct LoggingStore(Log, Box<dyn PageStore>);

impl PageStoreFactory for Log {
    fn store(&self) -> Result<Box<dyn PageStore>, StoreError> {
        Ok(Box::new(LoggingStore(
            self.clone(),
            MemoryStores.store().unwrap(),
        )))
    }
}

impl PageStore for LoggingStore {
    fn put(&mut self, page: &mut Vec<u8>) -> Result<PageKey, StoreError> {
        self.1.put(page)
    }

    fn take(&mut self, key: PageKey, into: &mut Vec<u8>) -> Result<(), StoreError> {
        self.0.0.lock().unwrap().push("take");
        self.1.take(key, into)
    }
}

impl PageSink for Log {
    fn page(&mut self, _: &[u8]) -> Result<(), SinkError> {
        self.0.lock().unwrap().push("page");
        Ok(())
    }
}

#[test]
fn a_splice_takes_the_next_page_only_when_the_last_is_gone() {
    let column = column(ColumnType::Long, 5000, Nulls::None, Shape::Wild, 9);
    let mut log = Log::default();
    let mut spool = ChunkSpool::new(&log).unwrap();
    let spec = ColumnSpec::new("c", ColumnType::Long);
    let mut encoder = ChunkEncoder::new(&spec, &options()).unwrap();
    let summary = encoder.encode(&[column.slice()], None, &mut spool).unwrap();
    spool.drain(&mut log).unwrap();
    assert_eq!(spool.bytes(), 0);
    let log = log.0.lock().unwrap();
    assert!(summary.pages.len() > 5);
    assert_eq!(*log, ["take", "page"].repeat(summary.pages.len()));
}

#[test]
fn a_chunk_whose_turn_comes_midway_has_the_same_bytes() {
    let column = column(ColumnType::Double, 9000, Nulls::Random, Shape::Wild, 9);
    let spec = ColumnSpec::new("c", ColumnType::Double);
    let input = Input {
        spec: spec.clone(),
        slices: vec![column.slice()],
        symbols: None,
    };
    let (expected, _) = chunk(&input, &options());

    /// Spools the first pages and writes the rest through.
    struct Turn(ChunkSpool, Vec<u8>, usize);
    impl PageSink for Turn {
        fn page(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
            self.2 += 1;
            if self.2 < 5 {
                return self.0.page(bytes);
            }
            self.0.drain(&mut self.1)?;
            self.1.page(bytes)
        }
    }
    let mut turn = Turn(ChunkSpool::new(&temp_file()).unwrap(), Vec::new(), 0);
    let mut encoder = ChunkEncoder::new(&spec, &options()).unwrap();
    encoder.encode(&[column.slice()], None, &mut turn).unwrap();
    assert!(turn.2 > 10, "{} pages", turn.2);
    assert!(turn.1 == expected);
}

#[test]
fn the_temporary_file_has_no_name_and_its_space_is_used_again() {
    let dir = tempfile::tempdir().unwrap();
    let factory = TempFileStores::in_dir(dir.path());
    let names = || std::fs::read_dir(dir.path()).unwrap().count();
    let mut store = factory.store().unwrap();
    let mut out = Vec::new();
    for round in 0..50 {
        let keys: Vec<_> = (0..4)
            .map(|i| store.put(&mut vec![i; 1000]).unwrap())
            .collect();
        assert_eq!(names(), 0);
        for key in keys {
            store.take(key, &mut out).unwrap();
        }
        assert_eq!(factory.spilled_bytes(), 4000 * (round + 1));
        assert_eq!(factory.file_bytes(), 0);
    }
    store.put(&mut vec![1; 500]).unwrap();
    let mut other = factory.store().unwrap();
    other.put(&mut vec![2; 500]).unwrap();
    assert_eq!(factory.file_bytes(), 1000);
    drop(store);
    assert_eq!(other.put(&mut vec![3; 500]).unwrap(), PageKey::new(1));
    assert_eq!(factory.file_bytes(), 1000);
    drop(other);
    assert_eq!(factory.file_bytes(), 0);
    let missing = TempFileStores::in_dir(dir.path().join("missing"));
    let error = missing.store().unwrap().put(&mut vec![1]).unwrap_err();
    assert!(matches!(error, StoreError::Create { .. }), "{error}");
}

#[test]
fn a_budget_is_shared_kept_and_given_back() {
    let budget = Arc::new(MemoryBudget::new(1000));
    let spill = temp_file();
    let factory = BudgetedStores::new(Arc::clone(&budget), spill.clone());
    let mut first = factory.store().unwrap();
    let mut second = factory.store().unwrap();
    let key = first.put(&mut vec![1; 600]).unwrap();
    second.put(&mut vec![2; 600]).unwrap();
    assert_eq!((budget.used(), spill.spilled_bytes()), (600, 600));
    second.put(&mut vec![3; 400]).unwrap();
    assert_eq!((budget.used(), budget.peak()), (1000, 1000));
    first.take(key, &mut Vec::new()).unwrap();
    assert_eq!(budget.used(), 400);
    drop(second);
    assert_eq!((budget.used(), spill.file_bytes()), (0, 0));
    assert!(!budget.try_take(1001) && !budget.try_take(u64::MAX));
    assert_eq!((budget.peak(), budget.limit()), (1000, 1000));
}

#[test]
fn pages_make_room_for_what_is_needed_in_any_case() {
    let budget = Arc::new(MemoryBudget::new(1000));
    let spill = temp_file();
    let factory = BudgetedStores::new(Arc::clone(&budget), spill.clone());
    let mut stores = [factory.store().unwrap(), factory.store().unwrap()];
    let keys = [(0, 1_u8), (1, 2), (0, 3), (1, 4)].map(|(store, byte)| {
        let key = stores[store].put(&mut vec![byte; 200]).unwrap();
        (store, byte, key)
    });
    factory.make_room().unwrap();
    assert_eq!((budget.used(), spill.spilled_bytes()), (800, 0));
    budget.take(500);
    assert!(!budget.try_take(1));
    factory.make_room().unwrap();
    // As many as have to, and no more.
    assert_eq!((budget.used(), spill.spilled_bytes()), (900, 400));
    budget.take(5000);
    factory.make_room().unwrap();
    assert_eq!((budget.used(), spill.spilled_bytes()), (5500, 800));
    budget.give_back(5500);
    let mut back = Vec::new();
    for (store, byte, key) in keys {
        stores[store].take(key, &mut back).unwrap();
        assert_eq!(back, vec![byte; 200]);
    }
    assert_eq!((budget.used(), spill.file_bytes()), (0, 0));
}

#[test]
fn a_page_for_which_there_is_no_room_on_the_disk_stays_where_it_is() {
    let budget = Arc::new(MemoryBudget::new(1000));
    let factory = BudgetedStores::new(Arc::clone(&budget), Disk::new(300).stores());
    let mut store = factory.store().unwrap();
    let keys = [1_u8, 2].map(|byte| (byte, store.put(&mut vec![byte; 200]).unwrap()));
    budget.take(1000);
    let error = factory.make_room().unwrap_err();
    assert!(matches!(error, StoreError::Write { .. }), "{error}");
    assert_eq!(budget.used(), 1200);
    budget.give_back(1000);
    let mut back = Vec::new();
    for (byte, key) in keys {
        store.take(key, &mut back).unwrap();
        assert_eq!(back, vec![byte; 200]);
    }
    assert_eq!(budget.used(), 0);
}

/// Whoever reads a large page back has it in memory until it is written.
#[test]
fn a_large_page_counts_until_the_next_one_is_taken() {
    const LARGE: usize = 3 << 20;
    let budget = Arc::new(MemoryBudget::new(4 << 20));
    let spill = temp_file();
    let factory = BudgetedStores::new(Arc::clone(&budget), spill.clone());
    let mut store = factory.store().unwrap();
    let keys = [1_u8, 2, 3].map(|byte| store.put(&mut vec![byte; LARGE]).unwrap());
    assert_eq!(budget.used(), LARGE as u64);
    assert_eq!(spill.spilled_bytes(), 2 * LARGE as u64);
    let mut back = Vec::new();
    // A page in memory makes room for one that was read back.
    store.take(keys[1], &mut back).unwrap();
    assert_eq!(budget.used(), LARGE as u64);
    assert_eq!(spill.spilled_bytes(), 3 * LARGE as u64);
    for (byte, key) in [(1_u8, keys[0]), (3, keys[2])] {
        store.take(key, &mut back).unwrap();
        assert!(back == vec![byte; LARGE]);
        assert_eq!(budget.used(), LARGE as u64);
    }
    drop(store);
    assert_eq!(budget.used(), 0);
}

/// A disk with a fault.
#[derive(Clone)]
struct Disk {
    bytes: Arc<Mutex<Vec<u8>>>,
    capacity: u64,
    unreadable: Arc<AtomicBool>,
    /// Bit to turn over on the way back, counted from the start of the file.
    flip: Arc<AtomicU64>,
}

impl Disk {
    fn new(capacity: u64) -> Self {
        Self {
            bytes: Arc::default(),
            capacity,
            unreadable: Arc::default(),
            flip: Arc::new(AtomicU64::new(u64::MAX)),
        }
    }

    fn stores(&self) -> TempFileStores {
        let disk = self.clone();
        TempFileStores::open_with(move || Ok(Box::new(disk.clone())))
    }
}

impl SpillFile for Disk {
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let end = offset + u64::try_from(bytes.len()).unwrap();
        if end > self.capacity {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let mut file = self.bytes.lock().unwrap();
        let (at, end) = (
            usize::try_from(offset).unwrap(),
            usize::try_from(end).unwrap(),
        );
        let len = file.len().max(end);
        file.resize(len, 0);
        file[at..end].copy_from_slice(bytes);
        Ok(())
    }

    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        if self.unreadable.load(Ordering::Relaxed) {
            return Err(io::Error::from_raw_os_error(5));
        }
        let at = usize::try_from(offset).unwrap();
        bytes.copy_from_slice(&self.bytes.lock().unwrap()[at..at + bytes.len()]);
        let bit = self.flip.load(Ordering::Relaxed);
        let place = usize::try_from(bit / 8).unwrap_or(usize::MAX);
        if let Some(byte) = place.checked_sub(at).and_then(|i| bytes.get_mut(i)) {
            *byte ^= 1 << (bit % 8);
        }
        Ok(())
    }
}

/// A column on its way through a store with a fault.
fn spool(stores: &TempFileStores) -> Result<pq_encode::SpooledChunk, EncodeError> {
    let column = column(ColumnType::Long, 5000, Nulls::None, Shape::Wild, 9);
    let mut spool = ChunkSpool::new(stores).unwrap();
    let options = WriterOptions {
        codec: Codec::None,
        ..options()
    };
    let spec = ColumnSpec::new("the_column", ColumnType::Long);
    let mut encoder = ChunkEncoder::new(&spec, &options)?;
    let summary = encoder.encode(&[column.slice()], None, &mut spool)?;
    Ok(spool.finish(summary))
}

fn splice(chunk: pq_encode::SpooledChunk) -> Result<(), AssembleError> {
    let spec = ColumnSpec::new("the_column", ColumnType::Long);
    let options = WriterOptions::default();
    let mut file = FileAssembler::new(Vec::new(), &[spec], &options, FileProperties::default())?;
    file.begin_row_group(5000)?;
    file.splice(chunk)?;
    file.finish_row_group()
}

#[test]
fn a_full_disk_is_an_error_that_names_it_and_leaves_nothing() {
    let stores = Disk::new(10_000).stores();
    let error = spool(&stores).unwrap_err();
    let EncodeError::Sink(error) = error else {
        panic!("{error}")
    };
    let store = error.cause().downcast_ref::<StoreError>().unwrap();
    assert_eq!(store.io().unwrap().kind(), io::ErrorKind::StorageFull);
    assert!(store.to_string().contains("spill file"), "{store}");
    assert_eq!(stores.file_bytes(), 0);
    // The next try finds a file that works.
    let mut store = stores.store().unwrap();
    let key = store.put(&mut vec![7; 5000]).unwrap();
    let mut out = Vec::new();
    store.take(key, &mut out).unwrap();
    assert!(out == vec![7; 5000]);
}

#[test]
fn an_unreadable_page_and_a_turned_bit_are_errors_that_name_the_column() {
    let disk = Disk::new(u64::MAX);
    let stores = disk.stores();
    disk.unreadable.store(true, Ordering::Relaxed);
    let error = splice(spool(&stores).unwrap()).unwrap_err();
    assert!(error.to_string().contains("the_column"), "{error}");
    let AssembleError::Store { source, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(source.io().unwrap().raw_os_error(), Some(5));
    assert_eq!(stores.file_bytes(), 0);
    disk.unreadable.store(false, Ordering::Relaxed);
    splice(spool(&stores).unwrap()).unwrap();

    for bit in [0, 7, 4096 * 8, 12_345 * 8 + 3] {
        disk.flip.store(bit, Ordering::Relaxed);
        let error = splice(spool(&stores).unwrap()).unwrap_err();
        let AssembleError::Store { source, .. } = error else {
            panic!("{error}")
        };
        let StoreError::Damaged {
            offset,
            len,
            expected,
            found,
        } = source
        else {
            panic!("{source}")
        };
        assert!((offset..offset + u64::try_from(len).unwrap()).contains(&(bit / 8)));
        assert_ne!(expected, found);
        assert_eq!(stores.file_bytes(), 0);
    }
}
