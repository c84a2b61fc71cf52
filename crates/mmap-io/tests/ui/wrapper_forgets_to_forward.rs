//! No method of the traits has a default: a wrapper that forgets one does not compile.
use std::io;
use std::ops::Range;

use mmap_io::{MapAdvice, Region};

#[derive(Debug)]
struct Wrapper(Box<dyn Region>);

impl Region for Wrapper {
    fn bytes(&self) -> &[u8] {
        self.0.bytes()
    }

    fn advise(&self, range: Range<u64>, advice: MapAdvice) -> io::Result<()> {
        self.0.advise(range, advice)
    }

    fn residency(&self, range: Range<u64>, pages: &mut [u8]) -> io::Result<()> {
        self.0.residency(range, pages)
    }

    fn is_mapped(&self) -> bool {
        self.0.is_mapped()
    }
}

fn main() {}
