//! A file system that stands in front of another one: it writes down every call, fails the one that
//! it is told to fail, and can make reads and writes short and interrupted.

use std::ffi::OsStr;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};

use mmap_io::{
    Access, Dir, DirEntry, File, FileAdvice, Links, MapAdvice, Region, Replace, Stat, Trust, Vfs,
};

/// What the spy knows and does; shared with the test.
#[derive(Debug, Default)]
pub(crate) struct Spy {
    calls: Mutex<Vec<String>>,
    call_count: AtomicUsize,
    /// 1-based index of the call to fail; 0 fails none.
    fail_at: AtomicUsize,
    errno: AtomicUsize,
    stutter: AtomicBool,
    is_interrupted: AtomicBool,
    gate: Gate,
}

/// Where writeback can be held up.
#[derive(Debug, Default)]
struct Gate {
    /// Whether it is shut, and how many wait before it.
    state: Mutex<(bool, usize)>,
    changed: Condvar,
}

impl Gate {
    fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.1 += 1;
        self.changed.notify_all();
        let mut state = self.changed.wait_while(state, |(shut, _)| *shut).unwrap();
        state.1 -= 1;
    }
}

#[derive(Debug)]
pub(crate) struct SpyVfs {
    inner: Arc<dyn Vfs>,
    spy: Arc<Spy>,
}

#[derive(Debug)]
struct SpyDir {
    inner: Arc<dyn Dir>,
    spy: Arc<Spy>,
}

#[derive(Debug)]
struct SpyFile {
    inner: Arc<dyn File>,
    spy: Arc<Spy>,
}

#[derive(Debug)]
struct SpyRegion {
    inner: Box<dyn Region>,
    spy: Arc<Spy>,
}

impl SpyVfs {
    pub(crate) fn over(inner: Arc<dyn Vfs>) -> (Arc<dyn Vfs>, Arc<Spy>) {
        let spy = Arc::new(Spy::default());
        (
            Arc::new(Self {
                inner,
                spy: Arc::clone(&spy),
            }),
            spy,
        )
    }
}

impl Spy {
    /// Takes the calls that were made since the last time.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    /// Fails the `n`-th call from now (1-based) with `errno`.
    pub(crate) fn fail_nth(&self, n: usize, errno: i32) {
        self.call_count.store(0, SeqCst);
        self.errno.store(usize::try_from(errno).unwrap(), SeqCst);
        self.fail_at.store(n, SeqCst);
    }

    /// Whether the call that was to fail has been made.
    pub(crate) fn has_failed(&self) -> bool {
        self.call_count.load(SeqCst) >= self.fail_at.load(SeqCst)
    }

    /// Makes every read and write at most 7 bytes long, and interrupts every other one.
    pub(crate) fn stutter(&self) {
        self.stutter.store(true, SeqCst);
    }

    /// Holds up every writeback, or lets all go on.
    pub(crate) fn shut_gate(&self, shut: bool) {
        self.gate.state.lock().unwrap().0 = shut;
        self.gate.changed.notify_all();
    }

    /// Returns when a writeback is held up.
    pub(crate) fn await_held_up(&self) {
        let state = self.gate.state.lock().unwrap();
        let none = |state: &mut (bool, usize)| state.1 == 0;
        drop(self.gate.changed.wait_while(state, none).unwrap());
    }

    fn call(&self, call: String) -> io::Result<()> {
        self.calls.lock().unwrap().push(call);
        if self.call_count.fetch_add(1, SeqCst) + 1 == self.fail_at.load(SeqCst) {
            let errno = i32::try_from(self.errno.load(SeqCst)).unwrap();
            return Err(io::Error::from_raw_os_error(errno));
        }
        Ok(())
    }

    fn piece_len(&self, asked_len: usize) -> io::Result<usize> {
        if !self.stutter.load(SeqCst) {
            return Ok(asked_len);
        }
        if !self.is_interrupted.fetch_xor(true, SeqCst) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        Ok(asked_len.min(7))
    }

    fn file(self: &Arc<Self>, inner: Arc<dyn File>) -> Arc<dyn File> {
        Arc::new(SpyFile {
            inner,
            spy: Arc::clone(self),
        })
    }

    fn dir(self: &Arc<Self>, inner: Arc<dyn Dir>) -> Arc<dyn Dir> {
        Arc::new(SpyDir {
            inner,
            spy: Arc::clone(self),
        })
    }
}

impl Vfs for SpyVfs {
    fn open_dir(&self, path: &Path) -> io::Result<Arc<dyn Dir>> {
        self.spy.call("root".to_owned())?;
        Ok(self.spy.dir(self.inner.open_dir(path)?))
    }
}

impl Dir for SpyDir {
    fn open_file(&self, name: &OsStr, access: Access) -> io::Result<Arc<dyn File>> {
        self.spy.call(format!("open {}", name.display()))?;
        Ok(self.spy.file(self.inner.open_file(name, access)?))
    }

    fn open_dir(&self, name: &OsStr, links: Links) -> io::Result<Arc<dyn Dir>> {
        self.spy.call(format!("open_dir {}", name.display()))?;
        Ok(self.spy.dir(self.inner.open_dir(name, links)?))
    }

    fn create_new(&self, name: &OsStr) -> io::Result<Arc<dyn File>> {
        self.spy.call("create".to_owned())?;
        Ok(self.spy.file(self.inner.create_new(name)?))
    }

    fn create_dir(&self, name: &OsStr) -> io::Result<()> {
        self.spy.call(format!("create_dir {}", name.display()))?;
        self.inner.create_dir(name)
    }

    fn list(&self) -> io::Result<Vec<DirEntry>> {
        self.spy.call("list".to_owned())?;
        self.inner.list()
    }

    fn stat(&self, name: &OsStr, links: Links) -> io::Result<Stat> {
        self.spy.call(format!("stat {}", name.display()))?;
        self.inner.stat(name, links)
    }

    fn rename(&self, from: &OsStr, to: &OsStr, replace: Replace) -> io::Result<()> {
        self.spy
            .call(format!("rename {} {replace:?}", to.display()))?;
        self.inner.rename(from, to, replace)
    }

    fn unlink(&self, name: &OsStr) -> io::Result<()> {
        // Cleaning up is never failed: a crash leaves files, an error must not.
        self.inner.unlink(name)
    }

    fn remove_dir(&self, name: &OsStr) -> io::Result<()> {
        self.spy.call(format!("remove_dir {}", name.display()))?;
        self.inner.remove_dir(name)
    }

    fn sync(&self) -> io::Result<()> {
        self.spy.call("sync_dir".to_owned())?;
        self.inner.sync()
    }
}

impl File for SpyFile {
    fn stat(&self) -> io::Result<Stat> {
        self.spy.call("fstat".to_owned())?;
        self.inner.stat()
    }

    fn read_at(&self, off: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.spy.call(format!("read {off}"))?;
        let len = self.spy.piece_len(buf.len())?;
        self.inner.read_at(off, &mut buf[..len])
    }

    fn write_at(&self, off: u64, bytes: &[u8]) -> io::Result<usize> {
        self.spy.call(format!("write {off}+{}", bytes.len()))?;
        let len = self.spy.piece_len(bytes.len())?;
        self.inner.write_at(off, &bytes[..len])
    }

    fn sync(&self) -> io::Result<()> {
        self.spy.call("sync".to_owned())?;
        self.inner.sync()
    }

    fn map(&self, len: u64, trust: &Trust) -> io::Result<Box<dyn Region>> {
        self.spy.call(format!("map {len}"))?;
        let inner = self.inner.map(len, trust)?;
        Ok(Box::new(SpyRegion {
            inner,
            spy: Arc::clone(&self.spy),
        }))
    }

    fn advise(&self, range: Range<u64>, advice: FileAdvice) -> io::Result<()> {
        self.spy
            .call(format!("fadvise {advice:?} {}..{}", range.start, range.end))?;
        self.inner.advise(range, advice)
    }

    fn writeback(&self, range: Range<u64>, wait: bool) -> io::Result<()> {
        let how = if wait { "wait" } else { "start" };
        self.spy
            .call(format!("writeback {how} {}..{}", range.start, range.end))?;
        self.spy.gate.pass();
        self.inner.writeback(range, wait)
    }
}

impl Region for SpyRegion {
    fn bytes(&self) -> &[u8] {
        self.inner.bytes()
    }

    fn advise(&self, range: Range<u64>, advice: MapAdvice) -> io::Result<()> {
        self.spy
            .call(format!("madvise {advice:?} {}..{}", range.start, range.end))?;
        self.inner.advise(range, advice)
    }

    fn residency(&self, range: Range<u64>, pages: &mut [u8]) -> io::Result<()> {
        self.spy
            .call(format!("mincore {}..{}", range.start, range.end))?;
        self.inner.residency(range, pages)
    }

    fn is_poisoned(&self) -> bool {
        self.inner.is_poisoned()
    }

    fn is_mapped(&self) -> bool {
        self.inner.is_mapped()
    }
}
