//! Files and mappings that note every call.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use mmap_io::{File, FileAdvice, MapAdvice, Region, Stat, Trust};

use super::journal::{Journal, Operation};

#[derive(Debug)]
struct FaultyFile {
    inner: Arc<dyn File>,
    journal: Arc<Journal>,
    path: String,
}

pub(super) fn wrap(inner: Arc<dyn File>, journal: Arc<Journal>, path: String) -> Arc<dyn File> {
    Arc::new(FaultyFile {
        inner,
        journal,
        path,
    })
}

impl FaultyFile {
    fn note(&self, operation: Operation) -> io::Result<()> {
        self.journal.call(operation, &self.path)
    }
}

impl File for FaultyFile {
    fn stat(&self) -> io::Result<Stat> {
        self.note(Operation::StatFile)?;
        self.inner.stat()
    }

    fn read_at(&self, off: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.note(Operation::ReadAt)?;
        let len = self.inner.read_at(off, buf)?;
        let end = off.saturating_add(len as u64);
        self.journal.was_read(&self.path, off..end);
        Ok(len)
    }

    fn write_at(&self, off: u64, bytes: &[u8]) -> io::Result<usize> {
        self.note(Operation::WriteAt)?;
        let taken = self.journal.writable(bytes.len());
        self.inner
            .write_at(off, bytes.get(..taken).unwrap_or(bytes))
    }

    fn sync(&self) -> io::Result<()> {
        self.note(Operation::SyncFile)?;
        self.inner.sync()
    }

    fn map(&self, len: u64, trust: &Trust) -> io::Result<Box<dyn Region>> {
        self.note(Operation::Map)?;
        let inner = self.inner.map(len, trust)?;
        let journal = Arc::clone(&self.journal);
        Ok(Box::new(FaultyRegion {
            inner,
            journal,
            path: self.path.clone(),
        }))
    }

    fn advise(&self, range: Range<u64>, advice: FileAdvice) -> io::Result<()> {
        self.note(Operation::AdviseFile)?;
        self.inner.advise(range, advice)
    }

    fn writeback(&self, range: Range<u64>, wait: bool) -> io::Result<()> {
        self.note(Operation::Writeback)?;
        self.inner.writeback(range, wait)
    }
}

#[derive(Debug)]
struct FaultyRegion {
    inner: Box<dyn Region>,
    journal: Arc<Journal>,
    path: String,
}

impl Region for FaultyRegion {
    fn bytes(&self) -> &[u8] {
        self.inner.bytes()
    }

    fn advise(&self, range: Range<u64>, advice: MapAdvice) -> io::Result<()> {
        self.journal.call(Operation::AdviseMap, &self.path)?;
        self.inner.advise(range, advice)
    }

    fn residency(&self, range: Range<u64>, pages: &mut [u8]) -> io::Result<()> {
        self.journal.call(Operation::Residency, &self.path)?;
        self.inner.residency(range, pages)
    }

    fn is_poisoned(&self) -> bool {
        self.inner.is_poisoned()
    }

    fn is_mapped(&self) -> bool {
        self.inner.is_mapped()
    }
}
