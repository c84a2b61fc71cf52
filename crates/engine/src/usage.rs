//! What the process cost so far: CPU time and peak memory.
//!
//! A report states them; nothing is decided by them. Linux tells both in `/proc/self`, elsewhere
//! they are unknown.

use std::time::Duration;

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

/// The most memory that was resident at once, in bytes.
pub(crate) fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    kib.checked_mul(1_024)
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
}
