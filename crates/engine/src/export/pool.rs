//! Memory that is taken for a chunk, and waited for: decoded columns of Parquet partitions, large values.
//!
//! A column of a row group is decoded as a whole, since encoders read it twice. Whoever decodes takes
//! its bytes out of the pool first and waits until they are there. So does whoever encodes values that
//! are much larger than a page. Nobody who holds some of it waits for more ([`Share::try_add`] does
//! not), only for the output: all of it comes back.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::Result;
use crate::running::Running;

/// How often somebody who waits looks at the stop signs.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Bytes that may be held by all at the same time.
#[derive(Debug)]
pub(crate) struct Pool {
    capacity: u64,
    free: Mutex<u64>,
    given_back: Condvar,
}

/// Bytes out of a pool, until dropped.
#[derive(Debug)]
pub(crate) struct Share<'p> {
    pool: &'p Pool,
    bytes: u64,
}

impl Pool {
    pub(crate) fn new(capacity: u64) -> Self {
        Self {
            capacity,
            free: Mutex::new(capacity),
            given_back: Condvar::new(),
        }
    }

    /// Most bytes that can be taken.
    pub(crate) fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Takes bytes, as soon as there are enough.
    pub(crate) fn take(&self, bytes: u64, running: &Running) -> Result<Share<'_>> {
        // Larger shares were refused when they were planned.
        let bytes = bytes.min(self.capacity);
        let mut free = self.lock();
        loop {
            if *free >= bytes {
                *free -= bytes;
                return Ok(Share { pool: self, bytes });
            }
            let woken = self.given_back.wait_timeout(free, LOOK_EVERY);
            drop(woken.unwrap_or_else(PoisonError::into_inner));
            running.go_on()?;
            free = self.lock();
        }
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share<'_> {
    /// All bytes of it.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes more bytes, if they are there.
    pub(crate) fn try_add(&mut self, bytes: u64) -> bool {
        let mut free = self.pool.lock();
        let Some(left) = free.checked_sub(bytes) else {
            return false;
        };
        *free = left;
        self.bytes = self.bytes.saturating_add(bytes);
        true
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        *self.pool.lock() += self.bytes;
        self.pool.given_back.notify_all();
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::thread;

    use table_reader::{CancelToken, QueryRegistry};

    use super::*;
    use crate::error::Cause;

    /// Work that `token` cancels.
    pub(in super::super) fn running(token: &CancelToken) -> Running {
        Running::start(&QueryRegistry::default(), "test".to_owned(), token, None)
    }

    /// What is held is not given back before: whoever waits has to look by himself.
    #[test]
    fn a_cancel_ends_the_waiting_for_memory_that_nobody_gives_back() {
        let token = CancelToken::new();
        let running = running(&token);
        let pool = Pool::new(10);
        let held = pool.take(8, &running).unwrap();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| pool.take(3, &running).map(drop));
            thread::sleep(LOOK_EVERY);
            token.cancel();
            let error = waiting.join().unwrap().unwrap_err();
            assert!(matches!(error.cause(), Cause::Cancelled), "{error}");
        });
        // Nothing of what was waited for is missing.
        drop(held);
        let token = CancelToken::new();
        let running = self::running(&token);
        assert_eq!(pool.take(10, &running).unwrap().bytes(), 10);
    }

    #[test]
    fn who_holds_some_gets_more_at_once_or_not_at_all() {
        let token = CancelToken::new();
        let running = running(&token);
        let pool = Pool::new(10);
        let mut first = pool.take(4, &running).unwrap();
        let mut second = pool.take(4, &running).unwrap();
        assert!(!first.try_add(3) && !second.try_add(3));
        assert!(first.try_add(2));
        assert_eq!((first.bytes(), second.bytes()), (6, 4));
        drop(first);
        assert!(second.try_add(6) && !second.try_add(1));
        drop(second);
        assert_eq!(pool.take(10, &running).unwrap().bytes(), 10);
    }
}
