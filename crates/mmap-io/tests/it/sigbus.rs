//! A file cut under a mapping: a dead process without the guard, a failed batch with it.
//!
//! Each test runs its dangerous half in a process of its own: this same test binary, told by an
//! environment variable to be the child. The parent looks at how the child ended.

use std::fs::{self, OpenOptions};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output};

use mmap_io::{IoError, Mapping, ReadMode, ScanProfile, page_size, sigbus};

use crate::support::{maps_below, pattern, real_root, scratch};

const CHILD_ENV: &str = "MMAP_IO_TEST_CHILD_DIR";
const PAGE_COUNT: usize = 8;

fn page_len() -> usize {
    usize::try_from(page_size()).unwrap()
}

/// In the parent: runs the named test again as a child over a fresh directory, and says how it
/// ended. In the child: runs `child` and ends the process with status 0.
fn in_child(test: &str, child: fn(&Path)) -> Option<Output> {
    if let Some(dir) = std::env::var_os(CHILD_ENV) {
        child(Path::new(&dir));
        return None;
    }
    let dir = scratch();
    let content = pattern(PAGE_COUNT * page_len());
    fs::write(dir.path().join("a.d"), &content).unwrap();
    fs::write(dir.path().join("b.d"), &content).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            &format!("sigbus::{test}"),
            "--nocapture",
            "--test-threads=1",
        ])
        .env(CHILD_ENV, dir.path())
        .output()
        .unwrap();
    Some(output)
}

fn assert_survived(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{:?}\n{said}", output.status);
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(out.contains("1 passed"), "the child ran no test: {out}");
}

fn assert_killed_by_sigbus(output: &Output) {
    assert_eq!(
        output.status.signal(),
        Some(libc::SIGBUS),
        "{:?}",
        output.status
    );
}

fn map_all(dir: &Path, name: &str, profile: ScanProfile) -> Mapping {
    let len = (PAGE_COUNT * page_len()) as u64;
    real_root(dir)
        .file(name)
        .unwrap()
        .map(len, profile)
        .unwrap()
}

fn cut(dir: &Path, name: &str, len: usize) {
    let file = OpenOptions::new().write(true).open(dir.join(name)).unwrap();
    file.set_len(len as u64).unwrap();
}

fn sum(bytes: &[u8]) -> u64 {
    bytes.iter().map(|b| u64::from(*b)).sum()
}

#[test]
fn without_the_guard_the_process_dies() {
    // The library installs nothing by itself, and this is what the guard is for.
    let Some(output) = in_child("without_the_guard_the_process_dies", |dir| {
        let mapping = map_all(dir, "a.d", ScanProfile::Cached);
        cut(dir, "a.d", page_len());
        sum(&mapping);
    }) else {
        return;
    };
    assert_killed_by_sigbus(&output);
}

#[test]
fn with_the_guard_the_batch_fails() {
    let Some(output) = in_child("with_the_guard_the_batch_fails", |dir| {
        sigbus::install().unwrap();
        sigbus::install().unwrap();
        let content = pattern(PAGE_COUNT * page_len());
        let profiles = [
            ScanProfile::Cached,
            ScanProfile::Sequential,
            ScanProfile::SequentialEvict,
        ];
        for profile in profiles {
            fs::write(dir.join("a.d"), &content).unwrap();
            let mapping = map_all(dir, "a.d", profile);
            let other = map_all(dir, "b.d", profile);
            cut(dir, "a.d", 2 * page_len());
            assert!(!mapping.is_poisoned());
            // The bytes that are left are right, the others read as zeros.
            let (left, lost) = mapping.split_at(2 * page_len());
            assert_eq!(left, &content[..2 * page_len()]);
            assert!(!mapping.is_poisoned(), "nothing that is gone was read yet");
            assert!(matches!(
                mapping.verify_len(),
                Err(IoError::TooShort { .. })
            ));
            assert_eq!(sum(lost), 0);
            assert!(mapping.is_poisoned());
            assert!(matches!(
                mapping.verify_len(),
                Err(IoError::Poisoned { .. })
            ));
            // Nobody else is touched.
            assert_eq!(&other[..], &content[..]);
            assert!(!other.is_poisoned());
            other.verify_len().unwrap();
            // Evicting what is left of a poisoned mapping changes nothing.
            mapping.done(0..mapping.len()).unwrap();
            assert_eq!(sum(&mapping[2 * page_len()..]), 0);
            // The second try, positional, cannot fault: it says that the file is too short.
            let file = real_root(dir).file("a.d").unwrap();
            let again = file.map_with(mapping.len(), profile, ReadMode::Positional);
            assert!(matches!(again, Err(IoError::TooShort { .. })), "{again:?}");
            drop((mapping, other));
            assert_eq!(
                maps_below(dir),
                [],
                "the pages of zeros are unmapped with the rest"
            );
        }
    }) else {
        return;
    };
    assert_survived(&output);
}

#[test]
fn a_poisoned_mapping_is_not_shared_with_the_next_reader() {
    let Some(output) = in_child(
        "a_poisoned_mapping_is_not_shared_with_the_next_reader",
        |dir| {
            sigbus::install().unwrap();
            let content = pattern(PAGE_COUNT * page_len());
            let root = real_root(dir);
            let file = root.file("a.d").unwrap();
            let map = || file.map(content.len() as u64, ScanProfile::Cached).unwrap();
            let first = map();
            cut(dir, "a.d", 0);
            assert_eq!(sum(&first), 0);
            // Somebody restores the file, in place: same inode, same length.
            fs::write(dir.join("a.d"), &content).unwrap();
            assert!(first.is_poisoned());
            let second = map();
            assert_eq!(&second[..], &content[..]);
            second.verify_len().unwrap();
            assert!(matches!(first.verify_len(), Err(IoError::Poisoned { .. })));
        },
    ) else {
        return;
    };
    assert_survived(&output);
}

#[test]
fn threads_that_fault_at_once_all_go_on() {
    let Some(output) = in_child("threads_that_fault_at_once_all_go_on", |dir| {
        sigbus::install().unwrap();
        for _round in 0..20 {
            fs::write(dir.join("a.d"), pattern(PAGE_COUNT * page_len())).unwrap();
            let mapping = map_all(dir, "a.d", ScanProfile::Sequential);
            cut(dir, "a.d", 0);
            std::thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| assert_eq!(sum(&mapping), 0));
                }
            });
            assert!(mapping.is_poisoned());
        }
    }) else {
        return;
    };
    assert_survived(&output);
}

/// A mapping that this crate knows nothing of.
fn foreign_fault(dir: &Path) {
    let file = fs::File::open(dir.join("b.d")).unwrap();
    // SAFETY: it is mapped in order to fault; this process reads it for nothing else.
    let foreign = unsafe { memmap2::Mmap::map(&file) }.unwrap();
    cut(dir, "b.d", 0);
    sum(&foreign);
}

#[test]
fn a_fault_elsewhere_still_kills() {
    let Some(output) = in_child("a_fault_elsewhere_still_kills", |dir| {
        sigbus::install().unwrap();
        let _ours = map_all(dir, "a.d", ScanProfile::Cached);
        foreign_fault(dir);
    }) else {
        return;
    };
    assert_killed_by_sigbus(&output);
}

#[test]
fn a_signal_that_somebody_sends_still_kills() {
    let Some(output) = in_child("a_signal_that_somebody_sends_still_kills", |_| {
        sigbus::install().unwrap();
        for _ in 0..2 {
            // The first restores the default (so does std's own handler), the second meets it.
            // SAFETY: takes a number; sends the signal to this thread.
            unsafe { libc::raise(libc::SIGBUS) };
        }
    }) else {
        return;
    };
    assert_killed_by_sigbus(&output);
}

#[test]
fn a_fault_elsewhere_goes_to_the_handler_that_was_there_before() {
    extern "C" fn leave(_signal: i32) {
        // SAFETY: ends the process, and is async-signal-safe.
        unsafe { libc::_exit(42) };
    }
    let test = "a_fault_elsewhere_goes_to_the_handler_that_was_there_before";
    let Some(output) = in_child(test, |dir| {
        let handler: extern "C" fn(i32) = leave;
        // SAFETY: the handler has the signature of a plain handler and only ends the process.
        unsafe { libc::signal(libc::SIGBUS, handler as *const () as libc::sighandler_t) };
        sigbus::install().unwrap();
        let ours = map_all(dir, "a.d", ScanProfile::Cached);
        cut(dir, "a.d", 0);
        assert_eq!(sum(&ours), 0);
        foreign_fault(dir);
    }) else {
        return;
    };
    assert_eq!(output.status.code(), Some(42), "{:?}", output.status);
}
