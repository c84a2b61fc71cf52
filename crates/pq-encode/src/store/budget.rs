//! Pages on the heap while the budget lasts, then in another store.
//!
//! The budget is shared: by all stores of a factory, and by whatever else its owner counts against
//! it. Where a page went shows in no byte of the output.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::{PageKey, PageStore, PageStoreFactory, StoreError};
use crate::PIECE_BYTES_MAX;

/// Bytes that may be in use at once, counted by all who share them.
#[derive(Debug)]
pub struct MemoryBudget {
    limit: u64,
    used: AtomicU64,
    peak: AtomicU64,
}

impl MemoryBudget {
    /// A budget of `limit` bytes.
    #[must_use]
    pub const fn new(limit: u64) -> Self {
        Self {
            limit,
            used: AtomicU64::new(0),
            peak: AtomicU64::new(0),
        }
    }

    /// All bytes.
    #[must_use]
    pub const fn limit(&self) -> u64 {
        self.limit
    }

    /// Bytes in use.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Most bytes that were in use at once.
    #[must_use]
    pub fn peak(&self) -> u64 {
        self.peak.load(Ordering::Relaxed)
    }

    /// Takes `bytes` from the budget; `false`, and nothing taken, if they are not there.
    #[must_use]
    pub fn try_take(&self, bytes: u64) -> bool {
        let add = |used: u64| used.checked_add(bytes).filter(|sum| *sum <= self.limit);
        let taken = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        if let Ok(before) = taken {
            self.peak.fetch_max(before + bytes, Ordering::Relaxed);
        }
        taken.is_ok()
    }

    /// Takes `bytes` that are needed in any case, be they there or not: until enough is given back,
    /// nothing else is.
    pub fn take(&self, bytes: u64) {
        let before = self.used.fetch_add(bytes, Ordering::Relaxed);
        self.peak.fetch_max(before + bytes, Ordering::Relaxed);
    }

    /// Gives back `bytes` that were taken.
    pub fn give_back(&self, bytes: u64) {
        let before = self.used.fetch_sub(bytes, Ordering::Relaxed);
        debug_assert!(before >= bytes, "more was given back than taken");
    }
}

/// Makes stores that keep pages on the heap while a shared budget lasts.
#[derive(Clone)]
pub struct BudgetedStores {
    shared: Arc<Shared>,
}

struct Shared {
    budget: Arc<MemoryBudget>,
    spill: Arc<dyn PageStoreFactory>,
    /// The pages of every store.
    stores: Mutex<Vec<Weak<Mutex<Pages>>>>,
}

impl std::fmt::Debug for BudgetedStores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BudgetedStores")
            .field("budget", &self.shared.budget)
            .finish_non_exhaustive()
    }
}

impl BudgetedStores {
    /// Pages beyond `budget` go to stores of `spill`.
    pub fn new(budget: Arc<MemoryBudget>, spill: impl PageStoreFactory + 'static) -> Self {
        let shared = Shared {
            budget,
            spill: Arc::new(spill),
            stores: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Moves pages that are on the heap to the other stores until no more is taken from the budget than
    /// there is, or no page is left.
    ///
    /// # Errors
    /// Another store does not take a page, which stays where it is.
    pub fn make_room(&self) -> Result<(), StoreError> {
        self.shared.make_room()
    }
}

impl Shared {
    /// Nobody who calls it holds the pages of a store.
    fn make_room(&self) -> Result<(), StoreError> {
        let over = || self.budget.used() > self.budget.limit();
        if !over() {
            return Ok(());
        }
        let stores: Vec<_> = lock(&self.stores)
            .iter()
            .filter_map(Weak::upgrade)
            .collect();
        // Those that were made last are needed last.
        for store in stores.into_iter().rev() {
            lock(&store).spill_while(self, over)?;
        }
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Whole after every statement.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PageStoreFactory for BudgetedStores {
    fn store(&self) -> Result<Box<dyn PageStore>, StoreError> {
        let store = BudgetedStore {
            shared: Arc::clone(&self.shared),
            pages: Arc::default(),
            lent: 0,
        };
        let mut stores = lock(&self.shared.stores);
        stores.retain(|store| store.strong_count() > 0);
        stores.push(Arc::downgrade(&store.pages));
        Ok(Box::new(store))
    }
}

enum Page {
    Here(Vec<u8>),
    /// With its length.
    Spilled(PageKey, usize),
}

/// The pages of one store.
#[derive(Default)]
struct Pages {
    /// Made when the first page is spilled.
    spill: Option<Box<dyn PageStore>>,
    pages: HashMap<u64, Page>,
    next: u64,
}

impl Pages {
    fn spill(&mut self, shared: &Shared, page: &mut Vec<u8>) -> Result<Page, StoreError> {
        let spill = match &mut self.spill {
            Some(spill) => spill,
            None => self.spill.insert(shared.spill.store()?),
        };
        let len = page.len();
        Ok(Page::Spilled(spill.put(page)?, len))
    }

    /// Moves pages that are on the heap, as long as that has to be.
    fn spill_while(&mut self, shared: &Shared, over: impl Fn() -> bool) -> Result<(), StoreError> {
        let here = self.pages.iter();
        let here = here.filter(|(_, page)| matches!(page, Page::Here(_)));
        let mut keys: Vec<u64> = here.map(|(key, _)| *key).collect();
        // Those that are needed last go first.
        keys.sort_unstable_by(|a, b| b.cmp(a));
        for key in keys {
            if !over() {
                break;
            }
            let Some(Page::Here(mut page)) = self.pages.remove(&key) else {
                continue;
            };
            let len = page.len() as u64;
            let moved = self.spill(shared, &mut page);
            let (kept, moved) = match moved {
                Ok(spilled) => (spilled, Ok(())),
                Err(error) => (Page::Here(page), Err(error)),
            };
            self.pages.insert(key, kept);
            moved?;
            shared.budget.give_back(len);
        }
        Ok(())
    }
}

struct BudgetedStore {
    shared: Arc<Shared>,
    pages: Arc<Mutex<Pages>>,
    /// Bytes of a large page that was taken last: they are on the heap until the next one is.
    lent: u64,
}

impl BudgetedStore {
    /// A page of `len` bytes is given away, of which the budget counts `counted`. Those of a large one stay
    /// taken all the while: given back and taken again, they would be anybody's for a moment.
    fn lend(&mut self, len: usize, counted: u64) -> Result<(), StoreError> {
        let budget = &self.shared.budget;
        budget.give_back(std::mem::take(&mut self.lent));
        // Smaller ones are what everybody has room for.
        if len > PIECE_BYTES_MAX {
            self.lent = len as u64;
        }
        if self.lent <= counted {
            budget.give_back(counted - self.lent);
            return Ok(());
        }
        budget.take(self.lent - counted);
        self.shared.make_room()
    }
}

impl PageStore for BudgetedStore {
    fn put(&mut self, page: &mut Vec<u8>) -> Result<PageKey, StoreError> {
        let mut pages = lock(&self.pages);
        let kept = if self.shared.budget.try_take(page.len() as u64) {
            Page::Here(page.as_slice().to_vec())
        } else {
            pages.spill(&self.shared, page)?
        };
        let key = pages.next;
        pages.next += 1;
        pages.pages.insert(key, kept);
        Ok(PageKey::new(key))
    }

    fn take(&mut self, key: PageKey, into: &mut Vec<u8>) -> Result<(), StoreError> {
        if into.capacity() > PIECE_BYTES_MAX {
            // The last page goes before the next one comes.
            *into = Vec::new();
        }
        let page = lock(&self.pages).pages.remove(&key.number());
        match page {
            Some(Page::Here(page)) => {
                *into = page;
                self.lend(into.len(), into.len() as u64)
            }
            Some(Page::Spilled(spilled, len)) => {
                // Room is made before it is there.
                self.lend(len, 0)?;
                match &mut lock(&self.pages).spill {
                    Some(spill) => spill.take(spilled, into),
                    None => Err(StoreError::NoSuchPage { key }),
                }
            }
            None => Err(StoreError::NoSuchPage { key }),
        }
    }
}

impl Drop for BudgetedStore {
    fn drop(&mut self) {
        self.shared.budget.give_back(self.lent);
        for page in lock(&self.pages).pages.drain() {
            if let (_, Page::Here(page)) = page {
                self.shared.budget.give_back(page.len() as u64);
            }
        }
    }
}
