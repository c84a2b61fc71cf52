//! The registry of running queries: who reads, since when, how far.
//!
//! Counters are plain atomics that the registered cursor bumps once per frame, so listing running
//! queries never waits for one, and a query that is dropped disappears whatever ended it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::cancel::CancelToken;
use crate::error::ReadError;

/// Identity of a query within its registry; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueryId(u64);

impl fmt::Display for QueryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// One moment of a running query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryInfo {
    /// Identity within the registry.
    pub id: QueryId,
    /// What the caller named it.
    pub name: String,
    /// Time since it was registered.
    pub running: Duration,
    /// Frames delivered so far.
    pub frames: u64,
    /// Rows delivered so far.
    pub rows: u64,
    /// Native bytes of the columns of those rows, as far as they are known without decoding: rows
    /// of Parquet partitions count none.
    pub bytes: u64,
    /// Partitions entered so far (again after `to_top`).
    pub partitions: u64,
    /// Somebody asked it to stop.
    pub cancelled: bool,
}

/// Lists running queries. Clones share the list.
///
/// ```
/// use table_reader::{CancelToken, QueryRegistry};
///
/// let registry = QueryRegistry::new();
/// let query = registry.register("nightly export", CancelToken::new(), None);
/// assert_eq!(registry.running()[0].name, "nightly export");
/// drop(query);
/// assert!(registry.running().is_empty());
/// ```
#[derive(Clone, Debug, Default)]
pub struct QueryRegistry {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    next_id: AtomicU64,
    queries: Mutex<BTreeMap<QueryId, Arc<Counters>>>,
}

#[derive(Debug)]
struct Counters {
    name: String,
    started: Instant,
    /// The caller's: other work may share it, so it is looked at and never set here.
    cancel: CancelToken,
    /// This query was cancelled by its id.
    stopped: AtomicBool,
    frames: AtomicU64,
    rows: AtomicU64,
    bytes: AtomicU64,
    partitions: AtomicU64,
}

impl QueryRegistry {
    /// An empty registry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a query, which is listed until the returned handle is dropped. `limit` counts from now.
    #[must_use]
    pub fn register(
        &self,
        name: impl Into<String>,
        cancel: CancelToken,
        limit: Option<Duration>,
    ) -> QueryHandle {
        let id = QueryId(self.shared.next_id.fetch_add(1, Ordering::Relaxed));
        let counters = Arc::new(Counters {
            name: name.into(),
            started: Instant::now(),
            cancel,
            stopped: AtomicBool::new(false),
            frames: AtomicU64::new(0),
            rows: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            partitions: AtomicU64::new(0),
        });
        self.lock().insert(id, Arc::clone(&counters));
        QueryHandle {
            registry: self.clone(),
            id,
            counters,
            limit,
        }
    }

    /// The queries that run right now, oldest first.
    #[must_use]
    pub fn running(&self) -> Vec<QueryInfo> {
        self.lock().iter().map(|(id, c)| c.info(*id)).collect()
    }

    /// Asks one query to stop; `false` if it is not running. Its token is left alone, and so is
    /// whatever else shares that.
    pub fn cancel(&self, id: QueryId) -> bool {
        match self.lock().get(&id) {
            Some(c) => {
                c.stopped.store(true, Ordering::Relaxed);
                true
            }
            None => false,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<QueryId, Arc<Counters>>> {
        // The map is never left half-changed, so a panic elsewhere does not spoil it.
        self.shared
            .queries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counters {
    fn info(&self, id: QueryId) -> QueryInfo {
        QueryInfo {
            id,
            name: self.name.clone(),
            running: self.started.elapsed(),
            frames: self.frames.load(Ordering::Relaxed),
            rows: self.rows.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            partitions: self.partitions.load(Ordering::Relaxed),
            cancelled: self.is_cancelled(),
        }
    }

    fn is_cancelled(&self) -> bool {
        self.stopped.load(Ordering::Relaxed) || self.cancel.is_cancelled()
    }
}

/// Membership in a registry; dropping it ends the query.
#[derive(Debug)]
pub struct QueryHandle {
    registry: QueryRegistry,
    id: QueryId,
    counters: Arc<Counters>,
    limit: Option<Duration>,
}

/// Why a query must not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Its token was cancelled, or the query itself.
    Cancelled,
    /// Its time limit passed.
    TimedOut {
        /// The limit.
        limit: Duration,
    },
}

impl QueryHandle {
    /// Identity within the registry.
    #[must_use]
    pub fn id(&self) -> QueryId {
        self.id
    }

    /// Counters as of now.
    #[must_use]
    pub fn info(&self) -> QueryInfo {
        self.counters.info(self.id)
    }

    /// Whether the query must stop, and why. Cancel wins over the limit.
    #[must_use]
    pub fn must_stop(&self) -> Option<Stop> {
        if self.counters.is_cancelled() {
            return Some(Stop::Cancelled);
        }
        let limit = self.limit?;
        (self.counters.started.elapsed() >= limit).then_some(Stop::TimedOut { limit })
    }

    /// An error if the query must stop.
    ///
    /// # Errors
    /// [`ReadError::Cancelled`], [`ReadError::TimedOut`].
    pub fn go_on(&self) -> Result<(), ReadError> {
        match self.must_stop() {
            None => Ok(()),
            Some(Stop::Cancelled) => Err(ReadError::Cancelled),
            Some(Stop::TimedOut { limit }) => Err(ReadError::TimedOut { limit }),
        }
    }

    /// States how far the query is, for one that counts its rows itself: no longer what frames add up
    /// to. May fall when work starts over.
    pub fn progressed(&self, rows: u64, bytes: u64) {
        self.counters.rows.store(rows, Ordering::Relaxed);
        self.counters.bytes.store(bytes, Ordering::Relaxed);
    }

    /// Counts a delivered frame.
    pub fn delivered(&self, rows: u64, bytes: u64, entered_partition: bool) {
        self.counters.frames.fetch_add(1, Ordering::Relaxed);
        self.counters.rows.fetch_add(rows, Ordering::Relaxed);
        self.counters.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.counters
            .partitions
            .fetch_add(u64::from(entered_partition), Ordering::Relaxed);
    }
}

impl Drop for QueryHandle {
    fn drop(&mut self) {
        self.registry.lock().remove(&self.id);
    }
}
