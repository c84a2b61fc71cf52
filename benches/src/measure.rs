//! One process, measured from outside.
//!
//! Wall clock, CPU and peak memory come from the kernel (`wait4`), through a few lines of Python
//! that hold nothing in memory themselves, so that all contestants are measured alike. What a
//! process does not survive is an answer, not an error.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

/// What one run cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Seconds from start to end.
    pub wall_s: f64,
    /// User and system seconds of all threads.
    pub cpu_s: f64,
    /// The system seconds among them.
    pub sys_s: f64,
    /// Greatest resident set in MiB, mapped pages of files included.
    pub peak_rss_mib: f64,
    /// Greatest anonymous part of it that was seen in looks every 10 ms.
    pub peak_anon_mib: f64,
    /// Bytes of the output in MB.
    pub out_mb: f64,
}

impl Cost {
    /// As it is kept.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "wall_s": self.wall_s,
            "cpu_s": self.cpu_s,
            "sys_s": self.sys_s,
            "peak_rss_mib": self.peak_rss_mib,
            "peak_anon_mib": self.peak_anon_mib,
            "out_mb": self.out_mb,
        })
    }

    /// As it was kept; what is missing is not a number.
    #[must_use]
    pub fn from_json(value: &Value) -> Cost {
        let number = |key: &str| value[key].as_f64().unwrap_or(f64::NAN);
        Cost {
            wall_s: number("wall_s"),
            cpu_s: number("cpu_s"),
            sys_s: number("sys_s"),
            peak_rss_mib: number("peak_rss_mib"),
            peak_anon_mib: number("peak_anon_mib"),
            out_mb: number("out_mb"),
        }
    }

    /// The same with what a process says of itself in place of what was seen from outside: who
    /// starts an interpreter or a server first is charged for the work alone.
    #[must_use]
    pub fn corrected(mut self, said: &Value) -> Cost {
        let figures = [
            ("wall_s", &mut self.wall_s),
            ("cpu_s", &mut self.cpu_s),
            ("sys_s", &mut self.sys_s),
            ("peak_rss_mib", &mut self.peak_rss_mib),
            ("peak_anon_mib", &mut self.peak_anon_mib),
        ];
        for (key, figure) in figures {
            if let Some(value) = said[key].as_f64() {
                *figure = value;
            }
        }
        self
    }
}

/// Path of a script of ours.
#[must_use]
pub fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("python")
        .join(name)
}

/// What a command cost and what it printed last, if that is JSON; or how it ended otherwise.
pub type Measured = Result<(Cost, Value), String>;

/// Runs a command to its end, for at most so many seconds.
///
/// # Errors
/// The measuring itself fails.
pub fn run(python: &Path, command: &[String], seconds_max: u64) -> io::Result<Measured> {
    let measured = Command::new(python)
        .arg("-I")
        .arg(script("measure.py"))
        .arg(seconds_max.to_string())
        .args(command)
        .output()?;
    let printed = String::from_utf8_lossy(&measured.stdout);
    let stderr = String::from_utf8_lossy(&measured.stderr);
    let mut lines = printed.lines().rev();
    let told: Value = serde_json::from_str(lines.next().unwrap_or_default()).map_err(|_| {
        io::Error::other(format!(
            "measure.py {}: {printed}{stderr}",
            command.join(" ")
        ))
    })?;
    if let Some(why) = told["ended"].as_str() {
        let says = |line: &&str| !line.trim().is_empty() && !line.starts_with("note:");
        let last = stderr.lines().rev().find(says);
        let last = last.filter(|_| why == "fails").unwrap_or_default();
        return Ok(Err(format!("{why} {}", last.trim()).trim().to_owned()));
    }
    let said = lines
        .next()
        .and_then(|line| serde_json::from_str(line).ok());
    Ok(Ok((Cost::from_json(&told), said.unwrap_or(Value::Null))))
}

/// Bytes in MB.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "sizes of files are below 2^53")]
pub fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(shell: &str, seconds_max: u64) -> Measured {
        let command = ["sh", "-c", shell].map(str::to_owned);
        run(Path::new("python3"), &command, seconds_max).unwrap()
    }

    #[test]
    fn a_process_is_charged_and_heard() {
        let (cost, said) = measured("echo '{\"rows\": 7}'", 60).unwrap();
        assert!(cost.wall_s > 0.0 && cost.peak_rss_mib > 0.0, "{cost:?}");
        assert_eq!(said["rows"], 7);
        let corrected = cost.corrected(&json!({"wall_s": 3.0}));
        assert!((corrected.wall_s - 3.0).abs() < f64::EPSILON);
    }

    #[test]
    fn what_a_process_does_not_survive_is_an_answer() {
        assert_eq!(measured("kill -9 $$", 60).unwrap_err(), "killed");
        let failed = measured("echo first >&2; echo no room >&2; exit 3", 60);
        assert_eq!(failed.unwrap_err(), "fails no room");
        let slow = measured("exec sleep 600", 1);
        assert_eq!(slow.unwrap_err(), "stopped after 1 s");
    }
}
