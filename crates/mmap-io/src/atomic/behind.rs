//! Written pages on their way out of memory: steps are started, awaited and dropped.
//!
//! Starting a step is work: the file system finds it a place on the disk, page by page, and pages that
//! go are taken apart one by one. Beside a writer that only copies that is a third of the time, so it
//! can be left to a thread of its own, which is told how long the file is by now.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

use super::Writeback;
use crate::hint::{hint, is_unsupported};
use crate::vfs::{File, FileAdvice};

/// Steps that the disk is given before their pages are dropped, if nobody waits for them.
const STEPS_UNTIL_DROP: u64 = 4;
/// Steps that may wait for the thread.
const WAITING: usize = 2;
/// Steps that the writer may be ahead of the thread: those that wait, and the one that it wants to add.
const STEPS_AHEAD: u64 = WAITING as u64 + 1;
/// The disk may be at least so many steps behind, or there is no thread: not for so few.
const STEPS_APART_MIN: u64 = 2 * (STEPS_AHEAD + 1);

/// What became of the pages of a file.
#[derive(Debug)]
pub(super) struct Steps {
    file: Arc<dyn File>,
    writeback: Writeback,
    /// Bytes for which writeback was started.
    started_len: u64,
    /// Bytes that are written back.
    clean_len: u64,
    /// Bytes whose pages were told to go.
    dropped_len: u64,
}

impl Steps {
    fn new(file: Arc<dyn File>, writeback: Writeback) -> Self {
        Self {
            file,
            writeback,
            started_len: 0,
            clean_len: 0,
            dropped_len: 0,
        }
    }

    /// Whether the file system knows the call, as far as it was asked.
    fn goes_on(&self) -> bool {
        self.writeback.step_bytes != 0
    }

    /// The file has `len` bytes: starts writeback of the steps that are complete, and waits for those
    /// that are too far behind.
    fn reach(&mut self, len: u64) -> io::Result<()> {
        let Writeback {
            step_bytes,
            lag_bytes,
            drop_behind,
            ..
        } = self.writeback;
        while self.goes_on() && len - self.started_len >= step_bytes {
            let step = self.started_len..self.started_len.saturating_add(step_bytes);
            let lag = lag_bytes.max(step_bytes);
            let late = self.clean_len..step.end.saturating_sub(lag).max(self.clean_len);
            let started = self.file.writeback(step.clone(), false);
            let waited = started.and_then(|()| match late.is_empty() {
                true => Ok(()),
                false => self.file.writeback(late.clone(), true),
            });
            match waited {
                Ok(()) => {}
                // The kernel's own writeback will do; stop asking.
                Err(e) if is_unsupported(&e) => {
                    self.writeback.step_bytes = 0;
                    return Ok(());
                }
                // An error that is reported here is not reported by fsync again.
                Err(e) => return Err(e),
            }
            (self.clean_len, self.started_len) = (late.end, step.end);
            if drop_behind {
                // What was awaited is asked again: it may have been dirty the first time.
                let from = if late.is_empty() {
                    self.dropped_len
                } else {
                    late.start.min(self.dropped_len)
                };
                let rest = lag.min(STEPS_UNTIL_DROP * step_bytes);
                self.drop_pages(from..step.end.saturating_sub(rest));
            }
        }
        Ok(())
    }

    /// Whether a thread is to take the steps, of which there is one by now.
    fn want_a_thread(&self, len: u64) -> bool {
        let Writeback {
            step_bytes,
            lag_bytes,
            apart,
            ..
        } = self.writeback;
        let roomy = lag_bytes >= step_bytes.saturating_mul(STEPS_APART_MIN);
        apart && roomy && self.goes_on() && len >= step_bytes
    }

    fn finish(&mut self, len: u64, synced: bool) {
        if self.writeback.drop_behind {
            let clean = if synced { len } else { self.started_len };
            self.drop_pages(0..clean);
        }
    }

    fn drop_pages(&mut self, range: Range<u64>) {
        if !range.is_empty() {
            self.dropped_len = self.dropped_len.max(range.end);
            hint(self.file.advise(range, FileAdvice::DontNeed));
        }
    }
}

/// Who takes the steps.
#[derive(Debug)]
pub(super) enum Behind {
    /// Whoever writes.
    Here(Steps),
    /// A thread.
    Apart(Apart),
}

impl Behind {
    /// The thread is started with the first step.
    pub(super) fn new(file: Arc<dyn File>, writeback: Writeback) -> Self {
        Self::Here(Steps::new(file, writeback))
    }

    /// The file has `len` bytes.
    pub(super) fn reach(&mut self, len: u64) -> io::Result<()> {
        let goes_on = match self {
            Self::Apart(apart) => apart.tell(len),
            Self::Here(steps) if !steps.want_a_thread(len) => return steps.reach(len),
            Self::Here(steps) => match Apart::start(steps) {
                Some(mut apart) => {
                    let goes_on = apart.tell(len);
                    *self = Self::Apart(apart);
                    goes_on
                }
                // Where the system gives no thread, there is this one.
                None => {
                    steps.writeback.apart = false;
                    return steps.reach(len);
                }
            },
        };
        if goes_on { Ok(()) } else { self.join() }
    }

    /// All steps are taken; what is left to do is done here.
    pub(super) fn join(&mut self) -> io::Result<()> {
        let Self::Apart(apart) = self else {
            return Ok(());
        };
        let (steps, taken) = apart.join()?;
        *self = Self::Here(steps);
        taken
    }

    /// After `join`: nothing more is written to a file of `len` bytes. Pages go, as far as they can.
    pub(super) fn finish(&mut self, len: u64, synced: bool) {
        if let Self::Here(steps) = self {
            steps.finish(len, synced);
        }
    }

    /// Nobody needs the file any more: no further step is taken.
    pub(super) fn give_up(&self) {
        if let Self::Apart(apart) = self {
            apart.stop.store(true, Ordering::Relaxed);
        }
    }
}

/// What the thread ends with.
type Taken = (Steps, io::Result<()>);

/// A thread that takes steps.
#[derive(Debug)]
pub(super) struct Apart {
    step_bytes: u64,
    /// The length that the thread was told last.
    told_len: u64,
    lengths: Option<SyncSender<u64>>,
    /// Nobody needs the file any more.
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Taken>>,
}

impl Apart {
    fn start(steps: &Steps) -> Option<Self> {
        let Writeback {
            step_bytes,
            lag_bytes,
            ..
        } = steps.writeback;
        let mut own = Steps {
            file: Arc::clone(&steps.file),
            writeback: Writeback {
                // What the writer may be ahead is as dirty as what the disk has not taken yet.
                lag_bytes: lag_bytes - STEPS_AHEAD * step_bytes,
                ..steps.writeback
            },
            ..*steps
        };
        let told_len = steps.started_len;
        let (lengths, told) = sync_channel(WAITING);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let work = move || {
            let taken = take_steps(&mut own, &told, &stopped);
            (own, taken)
        };
        let thread = Builder::new().name("writeback".to_owned()).spawn(work);
        Some(Self {
            step_bytes,
            told_len,
            lengths: Some(lengths),
            stop,
            thread: Some(thread.ok()?),
        })
    }

    /// Tells the thread of the steps that are complete; `false` if it has ended.
    fn tell(&mut self, len: u64) -> bool {
        while len - self.told_len >= self.step_bytes {
            self.told_len += self.step_bytes;
            let sent = self.lengths.as_ref().map(|to| to.send(self.told_len));
            if sent.is_none_or(|sent| sent.is_err()) {
                return false;
            }
        }
        true
    }

    fn join(&mut self) -> io::Result<Taken> {
        self.lengths = None;
        let ended = self.thread.take().map(JoinHandle::join);
        match ended {
            Some(Ok(taken)) => Ok(taken),
            _ => Err(io::Error::other("the thread that writes back is gone")),
        }
    }
}

/// Whoever drops it waits for the step under way, and for those that wait unless the file is given up.
impl Drop for Apart {
    fn drop(&mut self) {
        // The thread has nobody left to tell of an error.
        let _ = self.join();
    }
}

fn take_steps(steps: &mut Steps, told: &Receiver<u64>, stop: &AtomicBool) -> io::Result<()> {
    for len in told {
        if stop.load(Ordering::Relaxed) || !steps.goes_on() {
            break;
        }
        steps.reach(len)?;
    }
    Ok(())
}
