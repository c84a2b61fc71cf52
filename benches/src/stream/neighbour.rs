//! Somebody else on the machine, who reads one file that is in memory, and whose file may leave it.
//!
//! The neighbour shares the memory limit with the contestant, as two services in one container do.
//! It reads 64 KiB at a random place every 2 ms, so it hardly needs a core, and notes how long
//! each read took: alone, and while the contestant is at work.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::group::Group;
use super::{Limit, MIB};

/// The argument that makes the program of this bench be the neighbour.
pub const ARGUMENT: &str = "neighbour";

const READ_LEN: usize = 64 * 1024;
const PAUSE: Duration = Duration::from_millis(2);
/// Names of the phases, in the order of their numbers.
const PHASES: [&str; 3] = ["alone", "waiting", "beside"];

/// Bytes of the file that it reads under a limit.
#[must_use]
pub fn file_len(limit: Limit, smoke: bool) -> u64 {
    if smoke {
        return MIB;
    }
    limit.0.map_or(256 * MIB, |bytes| bytes / 4)
}

/// How long reads took, in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Latency {
    /// Mean.
    pub mean_us: f64,
    /// One read in a hundred takes longer.
    pub p99_us: f64,
}

impl Latency {
    fn of(mut micros: Vec<f64>) -> Latency {
        micros.sort_by(f64::total_cmp);
        let count = u32::try_from(micros.len()).map_or(f64::INFINITY, f64::from);
        let tail = micros.len().saturating_sub(micros.len() / 100 + 1);
        Latency {
            mean_us: micros.iter().sum::<f64>() / count,
            p99_us: micros.get(tail).copied().unwrap_or(f64::NAN),
        }
    }

    fn parse(value: &Value) -> io::Result<Latency> {
        let number = |key: &str| {
            let found = value[key].as_f64();
            found.ok_or_else(|| io::Error::other(format!("the neighbour said {value}")))
        };
        Ok(Latency {
            mean_us: number("mean_us")?,
            p99_us: number("p99_us")?,
        })
    }
}

/// The neighbour's side: reads until its stdin ends.
///
/// # Errors
/// The file's.
pub fn live(file: &Path) -> io::Result<()> {
    static PHASE: AtomicUsize = AtomicUsize::new(0);
    let file = File::open(file)?;
    let mut buffer = vec![0; READ_LEN];
    let places = file.metadata()?.len() / READ_LEN as u64;
    // Twice: pages that were used once are the first to go, and these are in use.
    for place in (0..places).chain(0..places) {
        file.read_exact_at(&mut buffer, place * READ_LEN as u64)?;
    }
    let mut stdout = io::stdout();
    writeln!(stdout, "ready")?;
    stdout.flush()?;
    let listener = spawn(|| {
        for line in io::stdin().lines().map_while(Result::ok) {
            if let Some(phase) = PHASES.iter().position(|name| *name == line) {
                PHASE.store(phase, Ordering::Relaxed);
            }
        }
    });
    let mut micros = PHASES.map(|_| Vec::new());
    // A multiplicative generator: which place comes next must only not be foreseeable to readahead.
    let mut random: u64 = 1;
    while !listener.is_finished() {
        sleep(PAUSE);
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let place = (random >> 33) % places;
        let phase = PHASE.load(Ordering::Relaxed);
        let start = Instant::now();
        file.read_exact_at(&mut buffer, place * READ_LEN as u64)?;
        let took = start.elapsed().as_secs_f64() * 1e6;
        if let Some(micros) = micros.get_mut(phase) {
            micros.push(took);
        }
    }
    let [alone, _, beside] = micros.map(Latency::of);
    let told = |latency: Latency| json!({"mean_us": latency.mean_us, "p99_us": latency.p99_us});
    writeln!(
        stdout,
        "{}",
        json!({"alone": told(alone), "beside": told(beside)})
    )
}

/// A living neighbour.
#[derive(Debug)]
pub struct Neighbour {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Neighbour {
    /// Moves in; returns when its file is in memory.
    ///
    /// # Errors
    /// It does not start.
    pub fn start(program: &Path, file: &Path, group: Option<&Group>) -> io::Result<Neighbour> {
        // The limit is to cost the contestant, not the one who was there before.
        // Not every container allows that; the contestant has offered itself then (`Group::offer`).
        let spare = "{ echo -1000 > /proc/$$/oom_score_adj; } 2> /dev/null";
        let enter = match group {
            Some(group) => format!("{spare}; {}; exec \"$@\"", group.enter()),
            None => "exec \"$@\"".to_owned(),
        };
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &enter, "sh"])
            .arg(program)
            .arg(ARGUMENT)
            .arg(file);
        let mut child = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("a child without pipes"));
        };
        let mut neighbour = Neighbour {
            child,
            stdin,
            stdout: BufReader::new(stdout),
        };
        let mut line = String::new();
        neighbour.stdout.read_line(&mut line)?;
        if line.trim() == "ready" {
            Ok(neighbour)
        } else {
            Err(io::Error::other("the neighbour did not move in"))
        }
    }

    /// Everything before this was alone; from now on the contestant starts.
    ///
    /// # Errors
    /// It is gone.
    pub fn wait(&mut self) -> io::Result<()> {
        writeln!(self.stdin, "{}", PHASES[1])
    }

    /// The contestant is at work.
    ///
    /// # Errors
    /// It is gone.
    pub fn beside(&mut self) -> io::Result<()> {
        writeln!(self.stdin, "{}", PHASES[2])
    }

    /// Ends it: how long reads took alone and beside the contestant.
    ///
    /// # Errors
    /// It is gone.
    pub fn end(mut self) -> io::Result<(Latency, Latency)> {
        drop(self.stdin);
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        self.child.wait()?;
        let said: Value = serde_json::from_str(&line)?;
        Ok((
            Latency::parse(&said["alone"])?,
            Latency::parse(&said["beside"])?,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_one_in_a_hundred() {
        let mut micros = vec![1.0; 199];
        micros.push(801.0);
        let latency = Latency::of(micros.clone());
        assert!((latency.mean_us - 5.0).abs() < 1e-9, "{latency:?}");
        assert!((latency.p99_us - 1.0).abs() < 1e-9, "{latency:?}");
        micros.extend([801.0, 801.0]);
        assert!((Latency::of(micros).p99_us - 801.0).abs() < 1e-9);
    }
}
