//! Where pages wait that cannot be written yet.
//!
//! Chunks encoded ahead of their turn, and all chunks of push mode, hand their pages to a store and
//! take them back in file order. A store is dumb: it knows nothing of pages, order or offsets, so
//! that anybody can write one, and output can never depend on which was used.

mod budget;
mod error;
mod extents;
mod file;
mod memory;
mod spool;
mod temp_file;

pub use budget::{BudgetedStores, MemoryBudget};
pub use error::StoreError;
pub use file::SpillFile;
pub use memory::MemoryStores;
pub use spool::{ChunkSpool, SpooledChunk};
pub use temp_file::TempFileStores;

/// Names one page in the store that made it; means nothing elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PageKey(u64);

impl PageKey {
    /// A key with a number of the store's own choosing.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number that the store chose.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// Keeps pages of one chunk until they are wanted.
///
/// What is dropped with pages inside gives back all that they took.
pub trait PageStore: Send {
    /// Keeps the bytes of `page`. The buffer may be taken or left, whatever is cheaper; what it
    /// holds afterwards is of no meaning.
    ///
    /// # Errors
    /// The page could not be kept. The store is as before.
    fn put(&mut self, page: &mut Vec<u8>) -> Result<PageKey, StoreError>;

    /// Gives a page back, exactly as it was, in place of what `into` holds, and forgets it.
    ///
    /// # Errors
    /// The page could not be read, is not what was kept, or is not here. It is lost then.
    fn take(&mut self, key: PageKey, into: &mut Vec<u8>) -> Result<(), StoreError>;
}

/// Makes a store for every chunk. Shared by all threads that encode.
pub trait PageStoreFactory: Send + Sync {
    /// A store without pages.
    ///
    /// # Errors
    /// What the store needs could not be had.
    fn store(&self) -> Result<Box<dyn PageStore>, StoreError>;
}

impl<F: PageStoreFactory + ?Sized> PageStoreFactory for std::sync::Arc<F> {
    fn store(&self) -> Result<Box<dyn PageStore>, StoreError> {
        (**self).store()
    }
}
