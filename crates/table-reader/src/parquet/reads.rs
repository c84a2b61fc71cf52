//! Reading several byte ranges of a file by few calls.
//!
//! The chunks of a projection lie one behind the other, or with the chunks of other columns between
//! them: neighbours are read together, small gaps included, up to a bound. What was read for a
//! neighbour waits for it.

use std::ops::Range;

use bytes::Bytes;

/// Bytes between two ranges that are read rather than left out.
pub(super) const GAP_LEN_MAX: u64 = 64 << 10;
/// Bytes of one call for several ranges. A longer range is a call of its own.
pub(super) const RUN_LEN_MAX: u64 = 4 << 20;

/// Byte ranges of several owners, and what was read of them.
#[derive(Debug, Default)]
pub(super) struct Reads {
    /// By start.
    items: Vec<Item>,
}

#[derive(Debug)]
struct Item {
    owner: usize,
    /// Position among the ranges of its owner.
    nth: usize,
    range: Range<u64>,
    state: State,
}

#[derive(Debug)]
enum State {
    Unread,
    Read(Bytes),
    Taken,
}

impl Reads {
    /// The ranges of each owner, none of them reversed.
    pub(super) fn new<'a>(owners: impl IntoIterator<Item = (usize, &'a [Range<u64>])>) -> Self {
        let mut items = Vec::new();
        for (owner, ranges) in owners {
            items.extend(ranges.iter().enumerate().map(|(nth, range)| Item {
                owner,
                nth,
                range: range.clone(),
                state: State::Unread,
            }));
        }
        items.sort_by_key(|item| (item.range.start, item.range.end));
        Self { items }
    }

    /// The bytes of the ranges of `owner`, in its order, by calls of `read`. What was taken before is
    /// read again, alone.
    pub(super) fn take<E>(
        &mut self,
        owner: usize,
        mut read: impl FnMut(&Range<u64>) -> Result<Bytes, E>,
    ) -> Result<Vec<Bytes>, E> {
        let mut parts = Vec::new();
        for at in 0..self.items.len() {
            let Some(item) = self.items.get(at).filter(|item| item.owner == owner) else {
                continue;
            };
            match &item.state {
                State::Unread => self.read_run(at, &mut read)?,
                State::Taken => {
                    let bytes = read(&item.range)?;
                    parts.push((item.nth, bytes));
                    continue;
                }
                State::Read(_) => {}
            }
            if let Some(item) = self.items.get_mut(at)
                && let State::Read(bytes) = std::mem::replace(&mut item.state, State::Taken)
            {
                parts.push((item.nth, bytes));
            }
        }
        parts.sort_by_key(|(nth, _)| *nth);
        Ok(parts.into_iter().map(|(_, bytes)| bytes).collect())
    }

    /// Reads the unread item at `at` with unread neighbours.
    fn read_run<E>(
        &mut self,
        at: usize,
        read: &mut impl FnMut(&Range<u64>) -> Result<Bytes, E>,
    ) -> Result<(), E> {
        let Some(first) = self.items.get(at).map(|item| item.range.clone()) else {
            return Ok(());
        };
        let mut hull = first;
        let (mut lo, mut hi) = (at, at + 1);
        while let Some(item) = self.items.get(hi) {
            let Some(wider) = item.joined(&hull) else {
                break;
            };
            (hull, hi) = (wider, hi + 1);
        }
        while let Some(item) = lo.checked_sub(1).and_then(|before| self.items.get(before)) {
            let Some(wider) = item.joined(&hull) else {
                break;
            };
            (hull, lo) = (wider, lo - 1);
        }
        let bytes = read(&hull)?;
        for item in self.items.get_mut(lo..hi).unwrap_or_default() {
            let at = |offset: u64| usize::try_from(offset - hull.start).unwrap_or(usize::MAX);
            item.state = State::Read(bytes.slice(at(item.range.start)..at(item.range.end)));
        }
        Ok(())
    }
}

impl Item {
    /// The range that covers `run` and this item, if they may be read together.
    fn joined(&self, run: &Range<u64>) -> Option<Range<u64>> {
        let gap = match self.range.start >= run.start {
            true => self.range.start.saturating_sub(run.end),
            false => run.start.saturating_sub(self.range.end),
        };
        let wider = self.range.start.min(run.start)..self.range.end.max(run.end);
        let near = gap <= GAP_LEN_MAX && wider.end - wider.start <= RUN_LEN_MAX;
        (near && matches!(self.state, State::Unread)).then_some(wider)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The calls that taking all owners in this order makes; every owner gets its bytes.
    fn calls(owners: &[&[(u64, u64)]], order: &[usize]) -> Vec<(u64, u64)> {
        let owners: Vec<Vec<Range<u64>>> = owners
            .iter()
            .map(|ranges| ranges.iter().map(|(start, end)| *start..*end).collect())
            .collect();
        let mut calls = Vec::new();
        let of = |range: &Range<u64>| {
            let bytes = range.clone().map(|at| u8::try_from(at % 251));
            Bytes::from(bytes.collect::<Result<Vec<_>, _>>().unwrap())
        };
        let mut reads = Reads::new(owners.iter().map(|ranges| &ranges[..]).enumerate());
        for owner in order {
            let found = reads.take(*owner, |range| {
                calls.push((range.start, range.end));
                Ok::<_, ()>(of(range))
            });
            let expected: Vec<_> = owners[*owner].iter().map(of).collect();
            assert_eq!(found.unwrap(), expected, "owner {owner}");
        }
        calls
    }

    #[test]
    fn neighbours_and_near_ranges_are_one_call_in_any_order() {
        let near = 300 + GAP_LEN_MAX;
        let owners: [&[_]; 3] = [&[(100, 200)], &[(near, near + 50)], &[(200, 300)]];
        for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
            assert_eq!(calls(&owners, &order), [(100, near + 50)]);
        }
    }

    #[test]
    fn distant_ranges_and_long_runs_are_calls_of_their_own() {
        let far = 201 + GAP_LEN_MAX;
        assert_eq!(
            calls(&[&[(100, 200)], &[(far, far + 1)]], &[0, 1]),
            [(100, 200), (far, far + 1)]
        );
        let half = RUN_LEN_MAX / 2 + 1;
        let owners: [&[_]; 3] = [&[(0, half)], &[(half, 2 * half)], &[(2 * half, 3 * half)]];
        assert_eq!(
            calls(&owners, &[0, 1, 2]),
            [(0, half), (half, 2 * half), (2 * half, 3 * half)]
        );
        let small: [&[_]; 2] = [&[(0, RUN_LEN_MAX)], &[(RUN_LEN_MAX, RUN_LEN_MAX + 1)]];
        assert_eq!(calls(&small, &[1, 0]).len(), 2);
    }

    #[test]
    fn ranges_that_overlap_are_each_whole_and_what_was_taken_is_read_again() {
        let owners: [&[_]; 3] = [&[(0, 100), (90, 120)], &[(50, 60)], &[(10, 200)]];
        assert_eq!(calls(&owners, &[1, 0, 2, 1]), [(0, 200), (50, 60)]);
        assert_eq!(calls(&[&[], &[(7, 7)]], &[0, 1]), [(7, 7)]);
    }
}
