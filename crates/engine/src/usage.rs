//! What the process cost so far: CPU time and peak memory.
//!
//! A report states them; nothing is decided by them. Linux tells both in `/proc/self`, elsewhere
//! they are unknown. The system keeps no peak of anonymous memory, so that one is sampled.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Clock ticks of `/proc/self/stat` in a second: `USER_HZ`, which is 100 on every Linux ABI.
const TICKS_PER_SECOND: u64 = 100;

/// User and system time of all threads, finished ones included.
pub(crate) fn cpu_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the command may hold anything, but nothing after its last parenthesis does.
    let after_name = &stat[stat.rfind(')')? + 1..];
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    let total = ticks()?.checked_add(ticks()?)?;
    Some(Duration::from_millis(
        total.checked_mul(1_000 / TICKS_PER_SECOND)?,
    ))
}

/// The most memory that was resident at once, in bytes; mapped files count.
pub(crate) fn peak_rss_bytes() -> Option<u64> {
    status_bytes("VmHWM:")
}

/// A line of `/proc/self/status` that is a number of kibibytes.
fn status_bytes(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    kib.checked_mul(1_024)
}

/// Time between two samples, so that asking often costs nothing.
const SAMPLE_EVERY: Duration = Duration::from_millis(20);

/// The most anonymous memory seen: heap and stacks, without mapped files.
#[derive(Debug)]
pub(crate) struct AnonPeak {
    started: Instant,
    /// Milliseconds since the start at which the next sample is due.
    due_ms: AtomicU64,
    bytes: AtomicU64,
}

impl AnonPeak {
    pub(crate) fn start() -> Self {
        let peak = Self {
            started: Instant::now(),
            due_ms: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        };
        peak.look();
        peak
    }

    /// Takes a sample if the last one is old enough.
    pub(crate) fn look(&self) {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let now = millis(self.started.elapsed());
        let due = self.due_ms.load(Ordering::Relaxed);
        let next = now.saturating_add(millis(SAMPLE_EVERY));
        let swap = |due| {
            self.due_ms
                .compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed)
        };
        if now >= due && swap(due).is_ok() {
            let bytes = status_bytes("RssAnon:").unwrap_or(0);
            self.bytes.fetch_max(bytes, Ordering::Relaxed);
        }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_process_has_a_peak_and_a_clock() {
        assert!(peak_rss_bytes().unwrap() > 100_000);
        let before = cpu_time().unwrap();
        let mut sum = 0_u64;
        while cpu_time().unwrap() == before {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(cpu_time().unwrap() > before);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn anonymous_memory_is_part_of_all_memory() {
        let touched = vec![1_u8; 8 << 20];
        let peak = AnonPeak::start();
        assert!(touched.iter().all(|byte| *byte == 1));
        assert!(peak.bytes() >= 8 << 20);
        assert!(peak.bytes() <= peak_rss_bytes().unwrap());
    }
}
