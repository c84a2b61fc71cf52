//! Pages on the heap while the budget lasts, then in another store.
//!
//! The budget is shared: by all stores of a factory, and by whatever else its owner counts against
//! it. Where a page went shows in no byte of the output.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{PageKey, PageStore, PageStoreFactory, StoreError};

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

    /// Gives back `bytes` that were taken.
    pub fn give_back(&self, bytes: u64) {
        let before = self.used.fetch_sub(bytes, Ordering::Relaxed);
        debug_assert!(before >= bytes, "more was given back than taken");
    }
}

/// Makes stores that keep pages on the heap while a shared budget lasts.
#[derive(Clone)]
pub struct BudgetedStores {
    budget: Arc<MemoryBudget>,
    spill: Arc<dyn PageStoreFactory>,
}

impl std::fmt::Debug for BudgetedStores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BudgetedStores")
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}

impl BudgetedStores {
    /// Pages beyond `budget` go to stores of `spill`.
    pub fn new(budget: Arc<MemoryBudget>, spill: impl PageStoreFactory + 'static) -> Self {
        Self {
            budget,
            spill: Arc::new(spill),
        }
    }
}

impl PageStoreFactory for BudgetedStores {
    fn store(&self) -> Result<Box<dyn PageStore>, StoreError> {
        Ok(Box::new(BudgetedStore {
            budget: Arc::clone(&self.budget),
            factory: Arc::clone(&self.spill),
            spill: None,
            pages: HashMap::new(),
            next: 0,
        }))
    }
}

enum Page {
    Here(Box<[u8]>),
    Spilled(PageKey),
}

struct BudgetedStore {
    budget: Arc<MemoryBudget>,
    factory: Arc<dyn PageStoreFactory>,
    /// Made when the first page is spilled.
    spill: Option<Box<dyn PageStore>>,
    pages: HashMap<u64, Page>,
    next: u64,
}

impl PageStore for BudgetedStore {
    fn put(&mut self, page: &mut Vec<u8>) -> Result<PageKey, StoreError> {
        let kept = if self.budget.try_take(page.len() as u64) {
            Page::Here(page.as_slice().into())
        } else {
            let spill = match &mut self.spill {
                Some(spill) => spill,
                None => self.spill.insert(self.factory.store()?),
            };
            Page::Spilled(spill.put(page)?)
        };
        let key = self.next;
        self.next += 1;
        self.pages.insert(key, kept);
        Ok(PageKey::new(key))
    }

    fn take(&mut self, key: PageKey, into: &mut Vec<u8>) -> Result<(), StoreError> {
        match (self.pages.remove(&key.number()), &mut self.spill) {
            (Some(Page::Here(page)), _) => {
                self.budget.give_back(page.len() as u64);
                *into = page.into_vec();
                Ok(())
            }
            (Some(Page::Spilled(key)), Some(spill)) => spill.take(key, into),
            _ => Err(StoreError::NoSuchPage { key }),
        }
    }
}

impl Drop for BudgetedStore {
    fn drop(&mut self) {
        for page in self.pages.values() {
            if let Page::Here(page) = page {
                self.budget.give_back(page.len() as u64);
            }
        }
    }
}
