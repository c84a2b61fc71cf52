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
