//! Pages in a temporary file: the one module of the `pq-*` crates that touches a file.
//!
//! All stores of a factory share one file, which is made when the first page comes and unlinked at
//! once, so that nothing is left whatever happens to the process. Every page carries a CRC-32C in
//! memory that is checked on the way back: a disk that lies must not write a wrong Parquet file.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::extents::{Extent, Extents};
use super::{PageKey, PageStore, PageStoreFactory, SpillFile, StoreError};
use crate::PIECE_BYTES_MAX;

/// Makes the file when it is needed.
type Open = Box<dyn Fn() -> io::Result<Box<dyn SpillFile>> + Send + Sync>;

/// Makes stores that keep pages in one temporary file.
#[derive(Clone)]
pub struct TempFileStores {
    shared: Arc<Shared>,
}

struct Shared {
    open: Open,
    state: Mutex<State>,
    spilled_bytes: AtomicU64,
}

#[derive(Default)]
struct State {
    file: Option<Arc<dyn SpillFile>>,
    extents: Extents,
}

impl std::fmt::Debug for TempFileStores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TempFileStores")
            .field("spilled_bytes", &self.spilled_bytes())
            .finish_non_exhaustive()
    }
}

impl TempFileStores {
    /// Spills to a file without a name in the directory `dir`, made when the first page comes.
    #[must_use]
    pub fn in_dir(dir: impl Into<PathBuf>) -> Self {
        let dir = dir.into();
        Self::open_with(move || Ok(Box::new(unlinked_file(&dir)?)))
    }

    /// Spills to the file that `open` makes when the first page comes.
    pub fn open_with(
        open: impl Fn() -> io::Result<Box<dyn SpillFile>> + Send + Sync + 'static,
    ) -> Self {
        let shared = Shared {
            open: Box::new(open),
            state: Mutex::default(),
            spilled_bytes: AtomicU64::new(0),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Bytes written to the file so far, by all stores.
    #[must_use]
    pub fn spilled_bytes(&self) -> u64 {
        self.shared.spilled_bytes.load(Ordering::Relaxed)
    }

    /// Bytes from the file's start to the end of the last page in it: what it takes on disk, at most.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        self.shared.state().extents.end()
    }
}

impl Shared {
    /// The state is whole after every statement, so a thread that died with it left nothing half.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file, and room for `len` bytes in it.
    fn allocate(&self, len: u64) -> Result<(Arc<dyn SpillFile>, Extent), StoreError> {
        let mut state = self.state();
        let file = match &state.file {
            Some(file) => Arc::clone(file),
            None => {
                let opened = (self.open)().map_err(|source| StoreError::Create { source })?;
                let file: Arc<dyn SpillFile> = opened.into();
                Arc::clone(state.file.insert(file))
            }
        };
        let extent = state.extents.allocate(len);
        Ok((file, extent))
    }

    fn release(&self, extent: Extent) {
        self.state().extents.release(extent);
    }
}

/// A new file that only its descriptor knows.
fn unlinked_file(dir: &Path) -> io::Result<std::fs::File> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = dir.join(format!(".sluicegate-spill-{}-{number}", std::process::id()));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o600);
        match options.open(&path) {
            Ok(file) => {
                std::fs::remove_file(&path)?;
                return Ok(file);
            }
            // Left by a process that died between two system calls, long ago.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

/// Writes a page of any size in pieces that are still in cache.
fn write_pieces(file: &dyn SpillFile, page: &[u8], offset: u64) -> io::Result<()> {
    let mut at = offset;
    for piece in page.chunks(PIECE_BYTES_MAX) {
        file.write_all_at(piece, at)?;
        at += piece.len() as u64;
    }
    Ok(())
}

impl PageStoreFactory for TempFileStores {
    fn store(&self) -> Result<Box<dyn PageStore>, StoreError> {
        Ok(Box::new(TempFileStore {
            shared: Arc::clone(&self.shared),
            pages: HashMap::new(),
            next: 0,
        }))
    }
}

/// A page in the file.
#[derive(Clone, Copy, Debug)]
struct Spilled {
    extent: Extent,
    len: usize,
    crc: u32,
}

struct TempFileStore {
    shared: Arc<Shared>,
    pages: HashMap<u64, Spilled>,
    next: u64,
}

impl PageStore for TempFileStore {
    fn put(&mut self, page: &mut Vec<u8>) -> Result<PageKey, StoreError> {
        let len = page.len();
        let (file, extent) = self.shared.allocate(len as u64)?;
        let offset = extent.offset;
        if let Err(source) = write_pieces(file.as_ref(), page, offset) {
            self.shared.release(extent);
            return Err(StoreError::Write {
                offset,
                len,
                source,
            });
        }
        let shared = &self.shared;
        shared
            .spilled_bytes
            .fetch_add(len as u64, Ordering::Relaxed);
        let crc = crc32c::crc32c(page);
        let key = self.next;
        self.next += 1;
        self.pages.insert(key, Spilled { extent, len, crc });
        Ok(PageKey::new(key))
    }

    fn take(&mut self, key: PageKey, into: &mut Vec<u8>) -> Result<(), StoreError> {
        let page = self.pages.remove(&key.number());
        let Spilled { extent, len, crc } = page.ok_or(StoreError::NoSuchPage { key })?;
        let read = self.read(extent, len, into);
        self.shared.release(extent);
        read?;
        let found = crc32c::crc32c(into);
        if found == crc {
            return Ok(());
        }
        Err(StoreError::Damaged {
            offset: extent.offset,
            len,
            expected: crc,
            found,
        })
    }
}

impl TempFileStore {
    fn read(&self, extent: Extent, len: usize, into: &mut Vec<u8>) -> Result<(), StoreError> {
        let file = self.shared.state().file.clone();
        into.clear();
        // Not by doubling: pages are of about one size, and one is in memory at a time.
        into.reserve_exact(len);
        into.resize(len, 0);
        let offset = extent.offset;
        let read = match file {
            Some(file) => file.read_exact_at(into, offset),
            None => Err(io::ErrorKind::NotFound.into()),
        };
        read.map_err(|source| StoreError::Read {
            offset,
            len,
            source,
        })
    }
}

impl Drop for TempFileStore {
    fn drop(&mut self) {
        for page in self.pages.values() {
            self.shared.release(page.extent);
        }
    }
}
