//! Pages on the heap.
//!
//! Each in a buffer of its own size: the encoder's buffer stays with the encoder, warm and as large
//! as its largest page.

use std::collections::HashMap;

use super::{PageKey, PageStore, PageStoreFactory, StoreError};

/// Makes stores that keep pages on the heap, without limit.
#[derive(Clone, Copy, Debug, Default)]
pub struct MemoryStores;

impl PageStoreFactory for MemoryStores {
    fn store(&self) -> Result<Box<dyn PageStore>, StoreError> {
        Ok(Box::new(MemoryStore::default()))
    }
}

#[derive(Debug, Default)]
struct MemoryStore {
    pages: HashMap<u64, Box<[u8]>>,
    next: u64,
}

impl PageStore for MemoryStore {
    fn put(&mut self, page: &mut Vec<u8>) -> Result<PageKey, StoreError> {
        let key = self.next;
        self.next += 1;
        self.pages.insert(key, page.as_slice().into());
        Ok(PageKey::new(key))
    }

    fn take(&mut self, key: PageKey, into: &mut Vec<u8>) -> Result<(), StoreError> {
        let page = self.pages.remove(&key.number());
        *into = page.ok_or(StoreError::NoSuchPage { key })?.into_vec();
        Ok(())
    }
}
