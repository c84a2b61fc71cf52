//! Exactly which pages go, on a page cache that does nothing by itself.
//!
//! A real kernel takes pages away and holds on to pages whenever it likes, so the tests on real
//! files can only say *most* and *hardly any*; the exact statements are made here.

use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use super::{EVICT_WINDOW_BYTES as WINDOW, Evictor};
use crate::mapping::Evicted;
use crate::sys::{Trust, page_size};
use crate::vfs::{File, FileAdvice, MapAdvice, Region, Stat};

/// A page cache of one file: which pages are in memory, which are mapped, and which are held by
/// somebody else for one more request.
#[derive(Debug, Default)]
struct Cache {
    resident: Vec<bool>,
    mapped: Vec<bool>,
    held: Vec<usize>,
}

#[derive(Clone, Debug)]
struct Fake(Arc<Mutex<Cache>>);

impl Fake {
    fn new(page_count: usize, warm: &[usize]) -> Self {
        let resident = (0..page_count).map(|idx| warm.contains(&idx)).collect();
        let cache = Cache {
            resident,
            mapped: vec![false; page_count],
            held: Vec::new(),
        };
        Self(Arc::new(Mutex::new(cache)))
    }

    fn touch_all(&self) {
        let mut cache = self.0.lock().unwrap();
        cache.resident.fill(true);
        cache.mapped.fill(true);
    }

    fn resident(&self) -> Vec<usize> {
        let cache = self.0.lock().unwrap();
        (0..cache.resident.len())
            .filter(|idx| cache.resident[*idx])
            .collect()
    }
}

fn pages(range: &Range<u64>) -> Range<usize> {
    assert!(range.start.is_multiple_of(page_size()), "{range:?}");
    let end = range.end.div_ceil(page_size());
    usize::try_from(range.start / page_size()).unwrap()..usize::try_from(end).unwrap()
}

impl Region for Fake {
    fn bytes(&self) -> &[u8] {
        &[]
    }

    fn advise(&self, range: Range<u64>, advice: MapAdvice) -> io::Result<()> {
        assert_eq!(advice, MapAdvice::DontNeed);
        self.0.lock().unwrap().mapped[pages(&range)].fill(false);
        Ok(())
    }

    fn residency(&self, range: Range<u64>, asked: &mut [u8]) -> io::Result<()> {
        let cache = self.0.lock().unwrap();
        for (page, resident) in asked.iter_mut().zip(&cache.resident[pages(&range)]) {
            *page = u8::from(*resident);
        }
        Ok(())
    }

    fn is_poisoned(&self) -> bool {
        false
    }

    fn is_mapped(&self) -> bool {
        true
    }
}

impl File for Fake {
    /// Like the kernel: pages that are mapped or held stay.
    fn advise(&self, range: Range<u64>, advice: FileAdvice) -> io::Result<()> {
        assert_eq!(advice, FileAdvice::DontNeed);
        let mut cache = self.0.lock().unwrap();
        for idx in pages(&range) {
            let was_held = cache.held.iter().position(|held| *held == idx);
            match was_held {
                Some(at) => drop(cache.held.swap_remove(at)),
                None if cache.mapped[idx] => {}
                None => cache.resident[idx] = false,
            }
        }
        Ok(())
    }

    fn stat(&self) -> io::Result<Stat> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn read_at(&self, _off: u64, _buf: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn write_at(&self, _off: u64, _bytes: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn sync(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn map(&self, _len: u64, _trust: &Trust) -> io::Result<Box<dyn Region>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn writeback(&self, _range: Range<u64>, _wait: bool) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Two windows and three pages, the last of them cut.
fn page_count() -> usize {
    usize::try_from(2 * WINDOW / page_size()).unwrap() + 3
}

fn file_len() -> u64 {
    page_count() as u64 * page_size() - 1
}

fn window_page_count() -> usize {
    usize::try_from(WINDOW / page_size()).unwrap()
}

#[test]
fn exactly_the_pages_that_were_not_there_go() {
    let in_second = window_page_count() + 7;
    let warm = [0, 5, 6, in_second, page_count() - 1];
    let fake = Fake::new(page_count(), &warm);
    let mut evictor = Evictor::record(&fake, file_len()).unwrap();
    fake.touch_all();

    let evicted = evictor.done(&fake, &fake, 0..WINDOW);
    let kept_bytes = 3 * page_size();
    assert_eq!(
        evicted,
        Evicted {
            bytes: WINDOW - kept_bytes,
            kept_bytes
        }
    );
    let rest = window_page_count()..page_count();
    assert_eq!(
        fake.resident(),
        [0, 5, 6].into_iter().chain(rest).collect::<Vec<_>>()
    );

    evictor.finish(&fake, &fake);
    assert_eq!(fake.resident(), warm);
}

#[test]
fn a_window_goes_with_its_last_byte_in_any_order() {
    let fake = Fake::new(page_count(), &[]);
    let mut evictor = Evictor::record(&fake, file_len()).unwrap();
    fake.touch_all();
    for early in [
        10..WINDOW,
        0..9,
        WINDOW..2 * WINDOW - 1,
        2 * WINDOW..file_len() - 1,
    ] {
        assert_eq!(evictor.done(&fake, &fake, early), Evicted::default());
    }
    assert_eq!(fake.resident().len(), page_count());
    assert_eq!(evictor.done(&fake, &fake, 9..10).bytes, WINDOW);
    let last = file_len() - 1..file_len();
    assert_eq!(evictor.done(&fake, &fake, last).bytes, 3 * page_size());
    let second = window_page_count()..2 * window_page_count();
    assert_eq!(fake.resident(), second.collect::<Vec<_>>());
}

#[test]
fn a_second_pass_needs_a_second_done() {
    let fake = Fake::new(page_count(), &[]);
    let mut evictor = Evictor::record(&fake, file_len()).unwrap();
    fake.touch_all();
    assert_eq!(evictor.done(&fake, &fake, 0..WINDOW).bytes, WINDOW);
    fake.touch_all();
    // One byte of the second pass must not take the rest of its window away.
    assert_eq!(evictor.done(&fake, &fake, 0..1), Evicted::default());
    assert_eq!(evictor.done(&fake, &fake, 1..WINDOW).bytes, WINDOW);
}

#[test]
fn a_page_that_is_held_for_a_moment_goes_at_the_end_and_counts_once() {
    let fake = Fake::new(page_count(), &[3]);
    let mut evictor = Evictor::record(&fake, file_len()).unwrap();
    fake.touch_all();
    fake.0.lock().unwrap().held = vec![1, window_page_count(), page_count() - 1];
    let evicted = evictor.finish(&fake, &fake);
    assert_eq!(fake.resident(), [3]);
    assert_eq!(evicted.bytes, (page_count() as u64 - 1) * page_size());
}

#[test]
fn a_page_that_is_held_for_long_does_not_hold_us_up() {
    let fake = Fake::new(page_count(), &[]);
    let mut evictor = Evictor::record(&fake, file_len()).unwrap();
    fake.touch_all();
    fake.0.lock().unwrap().held = vec![1; 10];
    let evicted = evictor.finish(&fake, &fake);
    assert_eq!(fake.resident(), [1]);
    assert_eq!(evicted.bytes, (page_count() as u64 - 1) * page_size());
    assert_eq!(
        fake.0.lock().unwrap().held.len(),
        8,
        "it was asked for twice, and no more"
    );
}
