//! `Fetcher`: threads that wait for the disk, so that encoders do not.
//!
//! Under the frugal profile the system reads nothing by itself but the piece that is touched, in large
//! pages, which cost a tenth of what small ones do. There is no way to ask for such a piece without
//! waiting for it. So encoders send errands, and threads that do nothing else run them. An errand is
//! never late: what the encoder has reached meanwhile is struck from the list, or what was just evicted
//! would be read again.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope};

use super::group::PendingGroup;

/// Rows of a column that will be read soon.
struct Errand {
    group: Arc<PendingGroup>,
    column: usize,
    rows: Range<u64>,
}

#[derive(Default)]
struct List {
    errands: VecDeque<Errand>,
    /// Group and first row of those that somebody is at.
    under_way: Vec<(usize, u64)>,
    threads: usize,
    closed: bool,
}

/// Runs the errands of all encoders.
#[derive(Default)]
pub(crate) struct Fetcher {
    list: Mutex<List>,
    /// There are errands, or no more will come.
    work: Condvar,
    /// An errand is done.
    done: Condvar,
}

impl std::fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fetcher").finish_non_exhaustive()
    }
}

impl Fetcher {
    /// Starts `threads` threads, or as many as the system gives: without one nothing is fetched, and
    /// encoders wait for the disk. They end when the answer is dropped.
    pub(crate) fn start<'s>(&'s self, scope: &'s Scope<'s, '_>, threads: usize) -> Closing<'s> {
        let start = || thread::Builder::new().spawn_scoped(scope, || self.work());
        self.list().threads = (0..threads).map_while(|_| start().ok()).count();
        Closing(self)
    }

    /// Has `rows` of a column read meanwhile.
    pub(crate) fn fetch(&self, group: &Arc<PendingGroup>, column: usize, rows: Range<u64>) {
        let mut list = self.list();
        if list.threads == 0 || rows.is_empty() {
            return;
        }
        let group = Arc::clone(group);
        list.errands.push_back(Errand {
            group,
            column,
            rows,
        });
        drop(list);
        self.work.notify_one();
    }

    /// The encoder of `group`, which nobody else has, is at `row`: nothing up to there is fetched any
    /// more when this returns.
    pub(crate) fn reached(&self, group: &Arc<PendingGroup>, row: u64) {
        let mut list = self.list();
        if list.threads == 0 {
            return;
        }
        list.errands
            .retain(|errand| !Arc::ptr_eq(&errand.group, group) || errand.rows.start > row);
        let id = id_of(group);
        while list.under_way.iter().any(|(of, lo)| *of == id && *lo < row) {
            list = self.done.wait(list).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn work(&self) {
        while let Some(errand) = self.next() {
            // Declared in this order: the group is let go before anybody hears of it.
            let _under_way = UnderWay {
                fetcher: self,
                id: id_of(&errand.group),
                row_lo: errand.rows.start,
            };
            let Errand {
                group,
                column,
                rows,
            } = errand;
            // Whoever needs them will see for himself what is wrong with them.
            drop(group.ahead(column, rows));
        }
    }

    fn next(&self) -> Option<Errand> {
        let mut list = self.list();
        while !list.closed {
            if let Some(errand) = list.errands.pop_front() {
                let about = (id_of(&errand.group), errand.rows.start);
                list.under_way.push(about);
                return Some(errand);
            }
            list = self.work.wait(list).unwrap_or_else(PoisonError::into_inner);
        }
        None
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn id_of(group: &Arc<PendingGroup>) -> usize {
    Arc::as_ptr(group).addr()
}

/// An errand that somebody is at, however it ends.
struct UnderWay<'f> {
    fetcher: &'f Fetcher,
    id: usize,
    row_lo: u64,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut list = self.fetcher.list();
        let about = (self.id, self.row_lo);
        if let Some(at) = list.under_way.iter().position(|found| *found == about) {
            list.under_way.swap_remove(at);
        }
        drop(list);
        self.fetcher.done.notify_all();
    }
}

/// No more errands come, however the export ends.
#[must_use]
pub(crate) struct Closing<'f>(&'f Fetcher);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        let mut list = self.0.list();
        list.closed = true;
        list.errands.clear();
        drop(list);
        self.0.work.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group() -> Arc<PendingGroup> {
        Arc::new(PendingGroup::default())
    }

    #[test]
    fn nobody_holds_a_group_whose_encoder_is_done() {
        let fetcher = Fetcher::default();
        let (ours, other) = (group(), group());
        thread::scope(|scope| {
            let ends = fetcher.start(scope, 2);
            for row in 0..1_000 {
                fetcher.fetch(&ours, 0, row..row + 1);
                if row % 100 == 0 {
                    fetcher.reached(&ours, row);
                }
            }
            fetcher.reached(&ours, 1_000);
            assert_eq!(Arc::strong_count(&ours), 1);
            (0..1_000).for_each(|row| fetcher.fetch(&other, 0, row..row + 1));
            drop(ends);
        });
        // Errands that were still on the list went with the threads.
        assert_eq!(Arc::strong_count(&other), 1);
    }

    #[test]
    fn what_is_ahead_of_the_encoder_and_of_others_stays_on_the_list() {
        let fetcher = Fetcher::default();
        fetcher.list().threads = 1; // One that never comes.
        let (ours, other) = (group(), group());
        for group in [&ours, &other] {
            (0..4).for_each(|row| fetcher.fetch(group, 0, row..row + 1));
        }
        fetcher.fetch(&ours, 0, 9..9);
        fetcher.reached(&ours, 2);
        let left: Vec<_> = std::iter::from_fn(|| fetcher.next().map(|e| (e.group, e.rows)))
            .take(5)
            .map(|(group, rows)| (Arc::ptr_eq(&group, &ours), rows.start))
            .collect();
        assert_eq!(
            left,
            [(true, 3), (false, 0), (false, 1), (false, 2), (false, 3)]
        );
    }

    #[test]
    fn without_threads_nothing_is_put_on_the_list() {
        let fetcher = Fetcher::default();
        let group = group();
        fetcher.fetch(&group, 0, 0..1);
        fetcher.reached(&group, 7);
        assert_eq!(Arc::strong_count(&group), 1);
    }
}
