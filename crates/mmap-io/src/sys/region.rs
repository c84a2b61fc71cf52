//! A read-only mapping of the first `len` bytes of a file.
//!
//! The only `Region` with pages. It is entered in the registry of the SIGBUS guard before anybody
//! can read it and leaves it before it is unmapped.

use std::fs::File;
use std::io;
use std::ops::Range;

use memmap2::{Advice, Mmap, MmapOptions, UncheckedAdvice};

use super::registry::{REGISTRY, Registration};
use super::{check_region_range, mincore};
use crate::Trust;
use crate::vfs::{MapAdvice, Region};

/// Field order is drop order: the registration goes first, while the address range is still ours.
#[derive(Debug)]
struct MappedRegion {
    registration: Registration<'static>,
    mmap: Mmap,
}

/// Maps bytes `0..len` of `file`; `len` is not 0 and not beyond the end of the file.
pub(crate) fn map(file: &File, len: u64, _trust: &Trust) -> io::Result<Box<dyn Region>> {
    let bad = |reason| io::Error::new(io::ErrorKind::InvalidInput, reason);
    let len = usize::try_from(len).map_err(|_| bad("longer than the address space"))?;
    if len == 0 {
        return Err(bad("nothing to map"));
    }
    let mut options = MmapOptions::new();
    options.len(len);
    // SAFETY: the mapping is read-only and shared. That nobody changes or cuts these bytes while it
    // lives is what `_trust` proves: it can only be made by promising the directory protocol.
    let mmap = unsafe { options.map(file) }?;
    let registration = REGISTRY
        .register(mmap.as_ptr().addr(), mmap.len())
        .ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::OutOfMemory,
                "too many mappings in this process",
            )
        })?;
    Ok(Box::new(MappedRegion { registration, mmap }))
}

impl Region for MappedRegion {
    fn bytes(&self) -> &[u8] {
        &self.mmap
    }

    fn advise(&self, range: Range<u64>, advice: MapAdvice) -> io::Result<()> {
        let range = check_region_range(&range, self.mmap.len())?;
        if range.is_empty() {
            return Ok(());
        }
        let advice = match advice {
            MapAdvice::Normal => Advice::Normal,
            MapAdvice::Sequential => Advice::Sequential,
            MapAdvice::Random => Advice::Random,
            MapAdvice::WillNeed => Advice::WillNeed,
            MapAdvice::Huge => Advice::HugePage,
            MapAdvice::Populate => Advice::PopulateRead,
            MapAdvice::DontNeed => return self.unmap_pages(&range),
        };
        self.mmap.advise_range(advice, range.start, range.len())
    }

    fn residency(&self, range: Range<u64>, pages: &mut [u8]) -> io::Result<()> {
        mincore::mincore(&self.mmap, &range, pages)
    }

    fn is_poisoned(&self) -> bool {
        self.registration.is_poisoned()
    }

    fn is_mapped(&self) -> bool {
        true
    }
}

impl MappedRegion {
    fn unmap_pages(&self, range: &Range<usize>) -> io::Result<()> {
        // SAFETY: on a shared, read-only mapping of a file MADV_DONTNEED only empties page table
        // entries; the next access reads the same bytes from the page cache or the file. (A zero
        // page that the SIGBUS guard put there is private and anonymous: it reads as zero again.)
        unsafe {
            self.mmap
                .unchecked_advise_range(UncheckedAdvice::DontNeed, range.start, range.len())
        }
    }
}
