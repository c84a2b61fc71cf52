//! Threads that encode: chunks in any order, the file in one.
//!
//! A job is one column of one row group; jobs are numbered in the order of the file, and workers take
//! them in that order. The job whose turn it is writes its pages straight to the file. Jobs ahead of
//! their turn put pages into a store; when the turn comes to them, what waits goes first. So bytes
//! depend on the plan alone, and nobody waits for anybody but the planner, who is kept from running
//! away with the mappings of the whole table.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use pq_encode::{ChunkEncoder, ChunkSpool, PageSink, PageStoreFactory, SinkError};

use super::chunks::{Chunks, EncodedChunk};
use super::copy::GroupCopy;
use super::group::PendingGroup;
use super::writing::Writing;
use crate::error::{Cause, EngineError, Result};
use crate::progress::Progress;
use crate::running::Running;

/// Row groups whose rows may be held at once: while the last chunks of one are encoded, workers that
/// are free go on with the next.
const GROUPS_IN_FLIGHT: usize = 2;
/// How often the planner looks at the stop signs while it waits.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// One column of one row group.
struct Job {
    /// In the order of the file.
    number: u64,
    group_index: usize,
    group: Arc<PendingGroup>,
    column: usize,
}

/// A chunk that is complete but for its turn.
struct Waiting {
    rows: u64,
    group_index: usize,
    column: usize,
    /// Chunks of its row group are copied.
    copies: bool,
    chunk: WaitingChunk,
}

/// Where the bytes of a chunk are.
enum WaitingChunk {
    /// In the file already, as far as they are not in the store.
    Encoded(Box<EncodedChunk>, Option<ChunkSpool>),
    /// In the file of a partition: they are copied when it is their turn, and nowhere before.
    Stored(Arc<GroupCopy>),
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    /// Jobs that were given out and not taken back, by row group; one more for a row group of which
    /// chunks are copied and that is not written, since it holds its partition until then.
    open_groups: BTreeMap<usize, usize>,
    groups: usize,
    groups_written: usize,
    jobs_made: u64,
    closed: bool,
    error: Option<EngineError>,
}

/// What the threads share.
pub(crate) struct Crew<'c, 'w> {
    chunks: &'c Chunks<'c>,
    stores: &'c dyn PageStoreFactory,
    progress: &'c dyn Progress,
    running: &'c Running,
    queue: Mutex<Queue>,
    /// There are jobs, or no more will come.
    work: Condvar,
    /// A row group is encoded, or the crew has stopped.
    room: Condvar,
    stopped: AtomicBool,
    /// Number of the job that writes.
    turn: AtomicU64,
    waiting: Mutex<BTreeMap<u64, Waiting>>,
    writing: Mutex<Writing<'w>>,
}

impl<'c, 'w> Crew<'c, 'w> {
    pub(crate) fn new(
        chunks: &'c Chunks<'c>,
        stores: &'c dyn PageStoreFactory,
        progress: &'c dyn Progress,
        running: &'c Running,
        writing: Writing<'w>,
    ) -> Self {
        Self {
            chunks,
            stores,
            progress,
            running,
            queue: Mutex::default(),
            work: Condvar::new(),
            room: Condvar::new(),
            stopped: AtomicBool::new(false),
            turn: AtomicU64::new(0),
            waiting: Mutex::default(),
            writing: Mutex::new(writing),
        }
    }

    /// Lets `plan` submit row groups while `threads` workers encode them; ends when all are written.
    pub(crate) fn run(
        self,
        threads: usize,
        plan: impl FnOnce(&Self) -> Result<()>,
    ) -> Result<Writing<'w>> {
        let started = thread::scope(|scope| {
            let closing = Closing(&self);
            let start = || thread::Builder::new().spawn_scoped(scope, || self.work());
            // Where the system gives fewer threads than asked for, those that there are do it.
            let started = (0..threads).map_while(|_| start().ok()).count();
            let planned = if started == 0 {
                Err(Cause::Threads.into())
            } else {
                plan(&self).and_then(|()| self.wait_for(0))
            };
            if let Err(error) = planned {
                self.stop(error);
            }
            drop(closing);
            started
        });
        if let Some(error) = lock(&self.queue).error.take() {
            return Err(error);
        }
        let mut writing = self
            .writing
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        writing.written.threads = started;
        Ok(writing)
    }

    /// Hands a row group to the workers. Waits while too many are under way.
    pub(crate) fn submit(&self, group: PendingGroup) -> Result<()> {
        self.wait_for(GROUPS_IN_FLIGHT - 1)?;
        let group = Arc::new(group);
        let mut queue = lock(&self.queue);
        let group_index = queue.groups;
        queue.groups += 1;
        let columns = self.chunks.count();
        if columns > 0 {
            let copies = usize::from(group.copies());
            queue.open_groups.insert(group_index, columns + copies);
        } else {
            queue.groups_written += 1;
        }
        for column in 0..columns {
            let number = queue.jobs_made;
            queue.jobs_made += 1;
            queue.jobs.push_back(Job {
                number,
                group_index,
                group: Arc::clone(&group),
                column,
            });
        }
        drop(queue);
        self.work.notify_all();
        Ok(())
    }

    /// Waits until at most `groups` row groups are being encoded or copied, and but one more waits to be
    /// written: an output that is slower than the encoders slows them down.
    fn wait_for(&self, groups: usize) -> Result<()> {
        let mut queue = lock(&self.queue);
        loop {
            if self.stopped.load(Ordering::Relaxed) {
                // Whoever stopped said why.
                return Err(Cause::Cancelled.into());
            }
            let unwritten = queue.groups - queue.groups_written;
            if queue.open_groups.len() <= groups && unwritten <= GROUPS_IN_FLIGHT {
                return Ok(());
            }
            let woken = self.room.wait_timeout(queue, LOOK_EVERY);
            drop(woken.unwrap_or_else(PoisonError::into_inner));
            self.running.go_on()?;
            queue = lock(&self.queue);
        }
    }

    /// What a worker does.
    fn work(&self) {
        // A worker that panics must not leave the others waiting.
        let guard = StopOnPanic(self);
        let mut kept = None;
        while let Some(job) = self.next_job() {
            let (group_index, column) = (job.group_index, job.column);
            let place = |error: EngineError| {
                let error = self.chunks.in_column(column, error);
                error.in_row_group(group_index)
            };
            if let Err(error) = self.encode(&job, &mut kept).map_err(place) {
                self.stop(error);
            } else {
                self.taken_back(job);
                if let Err(error) = self.write_what_can_be() {
                    self.stop(error);
                }
            }
        }
        std::mem::forget(guard);
    }

    fn next_job(&self) -> Option<Job> {
        let mut queue = lock(&self.queue);
        loop {
            if self.stopped.load(Ordering::Relaxed) {
                return None;
            }
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            if queue.closed {
                return None;
            }
            queue = self
                .work
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn encode(&self, job: &Job, kept: &mut Option<ChunkEncoder>) -> Result<()> {
        if let Some(copy) = job.group.copy_of(job.column) {
            self.put(job, WaitingChunk::Stored(Arc::clone(copy)));
            return Ok(());
        }
        let mut sink = TurnSink {
            crew: self,
            number: job.number,
            rows: job.group.rows(),
            spool: None,
        };
        let chunk = self
            .chunks
            .encode(&job.group, job.column, &mut sink, kept)?;
        let spool = sink.spool.take();
        self.put(job, WaitingChunk::Encoded(Box::new(chunk), spool));
        Ok(())
    }

    fn put(&self, job: &Job, chunk: WaitingChunk) {
        let waiting = Waiting {
            rows: job.group.rows(),
            group_index: job.group_index,
            column: job.column,
            copies: job.group.copies(),
            chunk,
        };
        lock(&self.waiting).insert(job.number, waiting);
    }

    /// The rows of a job are read no more. They go before the planner hears of it, so that it never
    /// maps more while what it waited for is still mapped.
    fn taken_back(&self, job: Job) {
        let group_index = job.group_index;
        drop(job);
        self.close_one(group_index);
    }

    /// One less of what a row group holds.
    fn close_one(&self, group_index: usize) {
        let mut queue = lock(&self.queue);
        if let Some(open) = queue.open_groups.get_mut(&group_index) {
            *open -= 1;
            if *open == 0 {
                queue.open_groups.remove(&group_index);
                self.room.notify_all();
            }
        }
    }

    /// Writes complete chunks whose turn it is. One thread does; the others go on encoding, since
    /// whoever writes looks again before it leaves.
    fn write_what_can_be(&self) -> Result<()> {
        while self.is_waiting() {
            let Ok(mut writing) = self.writing.try_lock() else {
                // Whoever writes now looks again.
                return Ok(());
            };
            while let Some(mut done) = self.next_in_turn() {
                let written = self.write(&mut writing, &mut done);
                written.map_err(|error| {
                    let error = self.chunks.in_column(done.column, error);
                    error.in_row_group(done.group_index)
                })?;
                // Under the lock, so that numbers never fall.
                self.progress.advance(writing.done());
                self.turn.fetch_add(1, Ordering::Release);
                let (group_index, copies) = (done.group_index, done.copies);
                let last = done.column + 1 == self.chunks.count();
                // With it goes what it holds of its partition.
                drop(done);
                if last {
                    lock(&self.queue).groups_written += 1;
                    self.room.notify_all();
                    if copies {
                        self.close_one(group_index);
                    }
                }
            }
        }
        Ok(())
    }

    fn is_waiting(&self) -> bool {
        let turn = self.turn.load(Ordering::Acquire);
        lock(&self.waiting).contains_key(&turn)
    }

    fn next_in_turn(&self) -> Option<Waiting> {
        let turn = self.turn.load(Ordering::Acquire);
        lock(&self.waiting).remove(&turn)
    }

    fn write(&self, writing: &mut Writing<'_>, done: &mut Waiting) -> Result<()> {
        self.running.go_on()?;
        match &mut done.chunk {
            WaitingChunk::Encoded(chunk, spool) => {
                match spool {
                    Some(spool) => writing.drain(done.rows, spool, self.chunks)?,
                    None => {
                        writing.sink(done.rows)?;
                    }
                }
                writing.finish_chunk(chunk)
            }
            WaitingChunk::Stored(copy) => {
                writing.copy_chunk(done.rows, copy, done.column, self.chunks)
            }
        }
    }

    /// Nobody goes on; the first error is the one that counts.
    fn stop(&self, error: EngineError) {
        let mut queue = lock(&self.queue);
        queue.error.get_or_insert(error);
        self.stopped.store(true, Ordering::Relaxed);
        queue.jobs.clear();
        drop(queue);
        self.work.notify_all();
        self.room.notify_all();
    }
}

/// Where the pages of a job go: to the file once it is its turn, until then into a store.
struct TurnSink<'s, 'c, 'w> {
    crew: &'s Crew<'c, 'w>,
    number: u64,
    rows: u64,
    spool: Option<ChunkSpool>,
}

impl TurnSink<'_, '_, '_> {
    fn put(&mut self, buffer: &mut Vec<u8>, start: usize) -> std::result::Result<(), SinkError> {
        let crew = self.crew;
        if crew.stopped.load(Ordering::Relaxed) {
            return Err(SinkError::new(EngineError::from(Cause::Cancelled)));
        }
        if crew.turn.load(Ordering::Acquire) == self.number {
            let mut writing = lock(&crew.writing);
            if let Some(mut spool) = self.spool.take() {
                writing
                    .drain(self.rows, &mut spool, crew.chunks)
                    .map_err(SinkError::new)?;
            }
            return writing
                .whole_page(self.rows, buffer, start)
                .map_err(SinkError::new);
        }
        let spool = match &mut self.spool {
            Some(spool) => spool,
            None => self.spool.insert(ChunkSpool::new(crew.stores)?),
        };
        spool.whole_page(buffer, start)
    }
}

impl PageSink for TurnSink<'_, '_, '_> {
    fn page(&mut self, header_and_body: &[u8]) -> std::result::Result<(), SinkError> {
        self.put(&mut header_and_body.to_vec(), 0)
    }

    fn whole_page(
        &mut self,
        buffer: &mut Vec<u8>,
        start: usize,
    ) -> std::result::Result<(), SinkError> {
        self.put(buffer, start)
    }
}

/// No more row groups follow, however the planner ends.
struct Closing<'a, 'c, 'w>(&'a Crew<'c, 'w>);

impl Drop for Closing<'_, '_, '_> {
    fn drop(&mut self) {
        lock(&self.0.queue).closed = true;
        self.0.work.notify_all();
    }
}

/// Stops the others when its worker panics: the panic itself arrives where the threads are joined.
struct StopOnPanic<'a, 'c, 'w>(&'a Crew<'c, 'w>);

impl Drop for StopOnPanic<'_, '_, '_> {
    fn drop(&mut self) {
        self.0.stopped.store(true, Ordering::Relaxed);
        self.0.work.notify_all();
        self.0.room.notify_all();
    }
}

/// What a thread that panicked left behind is thrown away with the attempt.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
