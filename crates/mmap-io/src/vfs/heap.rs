//! `Bytes` as a `Region`: memory that no file can change.
//!
//! Positional reads and every `Vfs` that is not backed by a kernel need a region without pages to
//! advise. Advice on the heap is checked like any other and then does nothing.

use std::io;
use std::ops::Range;

use bytes::Bytes;

use super::{MapAdvice, Region};
use crate::sys::{check_region_range, page_count};

impl Region for Bytes {
    fn bytes(&self) -> &[u8] {
        self
    }

    fn advise(&self, range: Range<u64>, _advice: MapAdvice) -> io::Result<()> {
        check_region_range(&range, self.len()).map(drop)
    }

    fn residency(&self, range: Range<u64>, pages: &mut [u8]) -> io::Result<()> {
        let checked = check_region_range(&range, self.len())?;
        let page_count = page_count(checked.len());
        let Some(asked) = pages.get_mut(..page_count) else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "residency buffer is shorter than the range has pages",
            ));
        };
        asked.fill(1);
        Ok(())
    }

    fn is_poisoned(&self) -> bool {
        false
    }

    fn is_mapped(&self) -> bool {
        false
    }
}
