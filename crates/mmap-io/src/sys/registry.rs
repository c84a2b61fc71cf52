//! The table of live mappings that the SIGBUS handler searches.
//!
//! A signal handler may take no lock and allocate nothing, so the table is a fixed array of slots,
//! each a small sequence lock: an odd sequence number means "being written", an equal number before
//! and after reading means "what was read belongs together". A slot with length 0 is free.

use std::hint;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicUsize, fence};

/// Linux allows 65,530 mappings a process by default (`vm.max_map_count`), so this is not the
/// limit that is met first. 2 MiB of zero pages, touched only as far as they are used.
const MAPPINGS_MAX: usize = 1 << 16;

/// The registry of this process.
pub(super) static REGISTRY: Registry<MAPPINGS_MAX> = Registry::new();

/// Up to `N` address ranges, searchable without a lock.
#[derive(Debug)]
pub(super) struct Registry<const N: usize> {
    slots: [Slot; N],
    /// Entries that are in the table or on their way into it or out of it: never more than `N`, so whoever is
    /// counted has a slot.
    entry_count: AtomicUsize,
    /// Slots at and above this index were never used.
    used_count: AtomicUsize,
    /// Where the last slot was found: the next free one is likely right behind it.
    hint_idx: AtomicUsize,
}

#[derive(Debug)]
struct Slot {
    sequence: AtomicUsize,
    start: AtomicUsize,
    len: AtomicUsize,
    poisoned: AtomicBool,
}

/// An entry of the registry; dropping it removes the entry.
#[derive(Debug)]
pub(super) struct Registration<'r> {
    slot: &'r Slot,
    entry_count: &'r AtomicUsize,
}

impl<const N: usize> Registry<N> {
    pub(super) const fn new() -> Self {
        Self {
            slots: [const { Slot::new() }; N],
            entry_count: AtomicUsize::new(0),
            used_count: AtomicUsize::new(0),
            hint_idx: AtomicUsize::new(0),
        }
    }

    /// Enters a range; `None` if the table is full or the range is empty.
    pub(super) fn register(&self, start: usize, len: usize) -> Option<Registration<'_>> {
        if len == 0 {
            return None;
        }
        self.entry_count
            .fetch_update(AcqRel, Relaxed, |count| (count < N).then_some(count + 1))
            .ok()?;
        // One search may find nothing although a slot is free: entries that move may always be
        // where the search is. Being counted, this one finds a slot sooner or later.
        let slot = loop {
            if let Some(slot) = self.claim_any(start, len) {
                break slot;
            }
            hint::spin_loop();
        };
        Some(Registration {
            slot,
            entry_count: &self.entry_count,
        })
    }

    /// Claims the first slot from the hint on, round, that is free when this comes to it.
    fn claim_any(&self, start: usize, len: usize) -> Option<&Slot> {
        let hint_idx = self.hint_idx.load(Relaxed);
        let (before, after) = self.slots.split_at(hint_idx.min(N));
        for (distance, slot) in after.iter().chain(before).enumerate() {
            if slot.claim(start, len) {
                let idx = (hint_idx + distance) % N;
                self.used_count.fetch_max(idx + 1, AcqRel);
                self.hint_idx.store((idx + 1) % N, Relaxed);
                return Some(slot);
            }
        }
        None
    }

    /// Poisons the range that contains `addr`, if there is one. Async-signal-safe.
    ///
    /// The caller holds a borrow of the range that contains `addr` (it is reading it), so that
    /// entry neither moves nor goes while this runs; all others may.
    pub(super) fn poison(&self, addr: usize) -> bool {
        let used_count = self.used_count.load(Acquire);
        for slot in self.slots.iter().take(used_count) {
            if slot.contains(addr) {
                slot.poisoned.store(true, Release);
                return true;
            }
        }
        false
    }
}

impl Slot {
    const fn new() -> Self {
        Self {
            sequence: AtomicUsize::new(0),
            start: AtomicUsize::new(0),
            len: AtomicUsize::new(0),
            poisoned: AtomicBool::new(false),
        }
    }

    /// Takes the slot if it is free. Any change of the slot changes the sequence, so the exchange
    /// proves that it was still free when it was taken.
    fn claim(&self, start: usize, len: usize) -> bool {
        let sequence = self.sequence.load(Acquire);
        if !sequence.is_multiple_of(2) || self.len.load(Relaxed) != 0 {
            return false;
        }
        let odd = sequence.wrapping_add(1);
        if self
            .sequence
            .compare_exchange(sequence, odd, Acquire, Relaxed)
            .is_err()
        {
            return false;
        }
        fence(Release);
        self.poisoned.store(false, Relaxed);
        self.start.store(start, Relaxed);
        self.len.store(len, Relaxed);
        self.sequence.store(odd.wrapping_add(1), Release);
        true
    }

    /// Frees the slot. Only its one `Registration` calls this, so no exchange is needed.
    fn release(&self) {
        let odd = self.sequence.load(Relaxed).wrapping_add(1);
        self.sequence.store(odd, Relaxed);
        fence(Release);
        self.start.store(0, Relaxed);
        self.len.store(0, Relaxed);
        self.sequence.store(odd.wrapping_add(1), Release);
    }

    fn contains(&self, addr: usize) -> bool {
        let before = self.sequence.load(Acquire);
        let start = self.start.load(Relaxed);
        let len = self.len.load(Relaxed);
        fence(Acquire);
        let after = self.sequence.load(Relaxed);
        before == after && before.is_multiple_of(2) && addr.wrapping_sub(start) < len
    }
}

impl Registration<'_> {
    pub(super) fn is_poisoned(&self) -> bool {
        self.slot.poisoned.load(Acquire)
    }
}

impl Drop for Registration<'_> {
    fn drop(&mut self) {
        self.slot.release();
        // Behind the release: who is counted in its place finds the slot free.
        self.entry_count.fetch_sub(1, AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::sync::atomic::Ordering::Relaxed;

    use super::Registry;

    #[test]
    fn a_fault_poisons_the_range_that_it_is_in_and_no_other() {
        let registry = Registry::<4>::new();
        let first = registry.register(1000, 100).unwrap();
        let second = registry.register(1100, 100).unwrap();
        for outside in [0, 999, 1200, usize::MAX] {
            assert!(!registry.poison(outside), "{outside}");
        }
        assert!(!first.is_poisoned() && !second.is_poisoned());
        assert!(registry.poison(1100));
        assert!(!first.is_poisoned() && second.is_poisoned());
        assert!(registry.poison(1099));
        assert!(first.is_poisoned());
    }

    #[test]
    fn a_range_that_left_is_not_found_and_its_slot_is_clean() {
        let registry = Registry::<1>::new();
        for _ in 0..10 {
            let only = registry.register(1000, 100).unwrap();
            assert!(!only.is_poisoned());
            assert!(registry.poison(1050));
            drop(only);
            assert!(!registry.poison(1050));
        }
    }

    #[test]
    fn a_full_table_refuses_and_recovers() {
        let registry = Registry::<3>::new();
        let mut held: Vec<_> = (1..=3).map(|i| registry.register(i * 100, 100)).collect();
        assert!(held.iter().all(Option::is_some));
        assert!(registry.register(1000, 100).is_none());
        held.remove(1);
        let again = registry.register(1000, 100);
        assert!(again.is_some() && registry.poison(1099));
        assert!(
            registry.register(2000, 0).is_none(),
            "an empty range cannot fault"
        );
    }

    #[test]
    fn a_table_that_has_room_refuses_nobody() {
        // As many threads as slots: whoever asks is at most the last that fits, wherever the
        // others' entries move while it searches.
        let registry = Registry::<3>::new();
        std::thread::scope(|scope| {
            for thread in 1..=3_usize {
                let registry = &registry;
                scope.spawn(move || {
                    for round in 0..200_000_usize {
                        let held = registry.register(thread << 20, 10);
                        assert!(held.is_some(), "thread {thread}, round {round}");
                    }
                });
            }
        });
        let held: Vec<_> = (1..=3).map(|i| registry.register(i * 100, 100)).collect();
        assert!(held.iter().all(Option::is_some), "every slot came back");
        assert!(registry.register(1000, 100).is_none());
    }

    #[test]
    fn ranges_that_come_and_go_elsewhere_are_never_mistaken() {
        // One thread's range stays, others come and go in all slots at other addresses; a search
        // must find the one that stays, and must never find an address between all ranges, which
        // the start of one range and the length of another would cover.
        let registry = Registry::<8>::new();
        let stays = registry.register(1 << 40, 10).unwrap();
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for thread in 0..3_usize {
                let (registry, stop) = (&registry, &stop);
                scope.spawn(move || {
                    for round in 0.. {
                        if stop.load(Relaxed) {
                            break;
                        }
                        let (start, len) = if round % 2 == 0 {
                            (1000, 10)
                        } else {
                            (5000, 9000)
                        };
                        let start = start + thread * (1 << 20);
                        let held = registry.register(start, len).unwrap();
                        assert!(registry.poison(start + len - 1));
                        assert!(held.is_poisoned());
                    }
                });
            }
            for _ in 0..100_000 {
                assert!(registry.poison((1 << 40) + 9));
                assert!(!registry.poison(3000));
            }
            stop.store(true, Relaxed);
        });
        assert!(stays.is_poisoned());
    }
}
