//! One contestant from start to end, looked at every few milliseconds.
//!
//! All are looked at from outside and in the same way: the length of the output tells the
//! progress, the group the CPU time, `/proc/PID/status` what is in memory. A contestant that can
//! tell says when its work began and ended (one JSON object a line on stdout), so that nobody is
//! charged for starting an interpreter or a server.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::group::Group;

/// Between two looks.
const PERIOD: Duration = Duration::from_millis(4);
/// Signal of a process that ran out of the memory of its group.
const SIGKILL: i32 = 9;

/// What to start.
#[derive(Debug)]
pub struct Job<'a> {
    /// Program and arguments.
    pub command: Vec<String>,
    /// Where it runs.
    pub group: Option<&'a Group>,
    /// It drives a server, which says its process id and enters the group by itself.
    pub is_server: bool,
    /// It says `begin` and `end`; others are at work as long as they live.
    pub speaks: bool,
    /// Directory that it writes to, empty before.
    pub output: PathBuf,
    /// File for its complaints.
    pub log: PathBuf,
    /// Seconds after which it is stopped.
    pub seconds_max: u64,
}

/// One look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Seconds since the work began.
    pub at_s: f64,
    /// Bytes of output so far.
    pub out_len: u64,
    /// Seconds of CPU so far; 0 without a group.
    pub cpu_s: f64,
}

/// The most that was seen in memory, in bytes; each at its own moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Peaks {
    /// All, as the kernel itself remembers it.
    pub rss: u64,
    /// Anonymous.
    pub anon: u64,
    /// Mapped from files.
    pub file: u64,
}

/// How it ended.
#[derive(Clone, Debug)]
pub enum Ending {
    /// At work from the first to the last sample.
    Done(Vec<Sample>),
    /// Killed before the work began, or gave up.
    NotStarted(String),
    /// Killed at work.
    Killed,
    /// Complained.
    Failed(String),
    /// Stopped by us.
    TooSlow,
}

/// What was seen.
#[derive(Clone, Debug)]
pub struct Watched {
    /// The end of it.
    pub ending: Ending,
    /// Memory of the contestant.
    pub peaks: Peaks,
    /// Its own last words, if they were JSON.
    pub said: Value,
}

/// What the neighbour has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The work begins.
    Begin,
    /// The work has ended.
    End,
}

/// Runs a job to its end.
///
/// # Errors
/// Programs that cannot be started, files that cannot be read. What happens *to* a contestant is
/// no error but an [`Ending`].
pub fn watch(job: &Job<'_>, mut on: impl FnMut(Phase) -> io::Result<()>) -> io::Result<Watched> {
    let mut child = start(job)?;
    let lines = read_lines(&mut child)?;
    let mut seen = Seen {
        job,
        pid: (!job.is_server).then(|| child.id()),
        started: Instant::now(),
        begun: None,
        ended: None,
        cpu_before: 0.0,
        samples: Vec::new(),
        peaks: Peaks::default(),
        said: Value::Null,
        complaint: None,
    };
    if !job.speaks {
        seen.begin(Instant::now())?;
        on(Phase::Begin)?;
    }
    let mut stopped = false;
    let status = loop {
        for (at, line) in lines.try_iter() {
            if let Some(phase) = seen.hear(at, line)? {
                on(phase)?;
            }
        }
        seen.look()?;
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if seen.started.elapsed() > Duration::from_secs(job.seconds_max) && !stopped {
            stopped = true;
            seen.stop(&mut child)?;
        }
        sleep(PERIOD);
    };
    let exited = Instant::now();
    for (at, line) in lines.iter() {
        if let Some(phase) = seen.hear(at, line)? {
            on(phase)?;
        }
    }
    if !job.speaks {
        seen.ended = Some(exited);
        on(Phase::End)?;
    }
    seen.conclude(status, stopped)
}

fn start(job: &Job<'_>) -> io::Result<Child> {
    let log = fs::File::create(&job.log)?;
    let enter = match job.group {
        Some(group) if !job.is_server => format!("{}; exec \"$@\"", group.offer()),
        _ => "exec \"$@\"".to_owned(),
    };
    let mut shell = Command::new("sh");
    shell.args(["-c", &enter, "sh"]).args(&job.command);
    shell
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log);
    shell.spawn()
}

fn read_lines(child: &mut Child) -> io::Result<Receiver<(Instant, Value)>> {
    let stdout = child.stdout.take();
    let stdout = stdout.ok_or_else(|| io::Error::other("a child without stdout"))?;
    let (send, lines) = channel();
    spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let at = Instant::now();
            if let Ok(value) = serde_json::from_str(&line)
                && send.send((at, value)).is_err()
            {
                break;
            }
        }
    });
    Ok(lines)
}

struct Seen<'a> {
    job: &'a Job<'a>,
    pid: Option<u32>,
    started: Instant,
    begun: Option<Instant>,
    ended: Option<Instant>,
    cpu_before: f64,
    samples: Vec<Sample>,
    peaks: Peaks,
    said: Value,
    complaint: Option<String>,
}

impl Seen<'_> {
    fn cpu_s(&self) -> io::Result<f64> {
        self.job.group.map_or(Ok(0.0), Group::cpu_s)
    }

    fn begin(&mut self, at: Instant) -> io::Result<()> {
        self.begun = Some(at);
        self.cpu_before = self.cpu_s()?;
        self.samples.push(Sample {
            at_s: 0.0,
            out_len: 0,
            cpu_s: 0.0,
        });
        Ok(())
    }

    /// Takes a line of the contestant.
    fn hear(&mut self, at: Instant, line: Value) -> io::Result<Option<Phase>> {
        match line["event"].as_str() {
            Some("pid") => {
                let pid = line["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok());
                self.pid = pid;
            }
            Some("begin") => {
                self.begin(at)?;
                return Ok(Some(Phase::Begin));
            }
            Some("end") => {
                self.ended = Some(at);
                self.said = line;
                return Ok(Some(Phase::End));
            }
            Some("failed") => {
                let why = line["why"].as_str().unwrap_or("?").to_owned();
                self.complaint = Some(why);
            }
            _ => self.said = line,
        }
        Ok(None)
    }

    fn look(&mut self) -> io::Result<()> {
        if let Some(pid) = self.pid {
            self.peaks = self.peaks.with(pid);
        }
        if let (Some(begun), None) = (self.begun, self.ended) {
            // A file that is being renamed may be missed by one look.
            let before = self.samples.last().map_or(0, |sample| sample.out_len);
            let out_len = bytes_below(&self.job.output)?.max(before);
            // The length first: the time is then never too early for it.
            let sample = Sample {
                at_s: begun.elapsed().as_secs_f64(),
                out_len,
                cpu_s: self.cpu_s()? - self.cpu_before,
            };
            self.samples.push(sample);
        }
        Ok(())
    }

    fn stop(&self, child: &mut Child) -> io::Result<()> {
        if let (true, Some(pid)) = (self.job.is_server, self.pid) {
            // The server is a grandchild: killed alone, its driver would leave it running.
            Command::new("kill")
                .args(["-9", &pid.to_string()])
                .status()?;
        }
        child.kill()
    }

    fn conclude(mut self, status: ExitStatus, stopped: bool) -> io::Result<Watched> {
        let ending = if stopped {
            Ending::TooSlow
        } else if let (true, Some(begun), Some(ended)) = (status.success(), self.begun, self.ended)
        {
            // A look that began before the end was heard may have ended after it.
            let wall_s = (ended - begun).as_secs_f64();
            let out_len = bytes_below(&self.job.output)?;
            self.samples.retain(|sample| sample.at_s < wall_s);
            for sample in &mut self.samples {
                sample.out_len = sample.out_len.min(out_len);
            }
            self.samples.push(Sample {
                at_s: wall_s,
                out_len,
                cpu_s: self.cpu_s()? - self.cpu_before,
            });
            Ending::Done(self.samples)
        } else {
            let killed = status.signal() == Some(SIGKILL);
            let log = || last_line(&self.job.log);
            let why = match self.complaint {
                Some(why) => why,
                None if killed => "killed".to_owned(),
                None => log(),
            };
            // Who does not speak is at work from the first moment on.
            match (self.begun.is_some(), why.as_str()) {
                (false, _) => Ending::NotStarted(why),
                (true, "killed") => Ending::Killed,
                (true, _) => Ending::Failed(why),
            }
        };
        Ok(Watched {
            ending,
            peaks: self.peaks,
            said: self.said,
        })
    }
}

impl Peaks {
    /// Looks at a process; one that has ended has nothing in memory.
    fn with(self, pid: u32) -> Peaks {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let bytes = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key));
            let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
            kib.map_or(0, |kib| kib * 1024)
        };
        Peaks {
            rss: self.rss.max(bytes("VmHWM:")),
            anon: self.anon.max(bytes("RssAnon:")),
            file: self.file.max(bytes("RssFile:")),
        }
    }
}

/// Bytes of all files below a directory; a file that goes away meanwhile has none.
fn bytes_below(dir: &Path) -> io::Result<u64> {
    let mut total = 0;
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        match entry.metadata() {
            Ok(meta) if meta.is_dir() => total += bytes_below(&entry.path())?,
            Ok(meta) => total += meta.len(),
            Err(_) => {}
        }
    }
    Ok(total)
}

fn last_line(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().rev().find(|line| !line.trim().is_empty());
    line.unwrap_or("no word").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(dir: &Path, script: &str, speaks: bool) -> Job<'static> {
        Job {
            command: ["sh", "-c", script].map(str::to_owned).to_vec(),
            group: None,
            is_server: false,
            speaks,
            output: dir.join("out"),
            log: dir.join("log"),
            seconds_max: 60,
        }
    }

    fn watched(script: &str, speaks: bool) -> (Watched, Vec<Phase>) {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("out")).unwrap();
        let script = format!("cd '{}'; {script}", dir.path().display());
        let mut phases = Vec::new();
        let on = |phase| {
            phases.push(phase);
            Ok(())
        };
        let watched = watch(&job(dir.path(), &script, speaks), on).unwrap();
        (watched, phases)
    }

    #[test]
    fn work_is_between_begin_and_end() {
        let script = "echo '{\"event\":\"begin\"}'; printf 12345 > out/a; \
                      echo '{\"event\":\"end\",\"rows\":7}'";
        let (watched, phases) = watched(script, true);
        let Ending::Done(samples) = watched.ending else {
            panic!("{watched:?}");
        };
        assert_eq!(samples.first().unwrap().out_len, 0);
        assert_eq!(samples.last().unwrap().out_len, 5);
        assert!(samples.is_sorted_by(|a, b| a.at_s <= b.at_s));
        assert_eq!(watched.said["rows"], 7);
        assert_eq!(phases, [Phase::Begin, Phase::End]);
    }

    #[test]
    fn ends_are_told_apart() {
        let begin = "echo '{\"event\":\"begin\"}'";
        let ending = |script: &str| watched(script, true).0.ending;
        let is = |ending: &Ending, wanted: &str| format!("{ending:?}").starts_with(wanted);
        let killed = ending(&format!("{begin}; kill -9 $$"));
        assert!(is(&killed, "Killed"), "{killed:?}");
        let failed = ending(&format!("{begin}; echo no memory >&2; exit 3"));
        assert!(is(&failed, "Failed(\"no memory\")"), "{failed:?}");
        let early = ending("kill -9 $$");
        assert!(is(&early, "NotStarted(\"killed\")"), "{early:?}");
    }

    #[test]
    fn who_does_not_speak_is_at_work_all_the_time() {
        let (watched, phases) = watched("printf 123 > out/a; echo '{\"rows\":1}'", false);
        assert!(matches!(watched.ending, Ending::Done(_)), "{watched:?}");
        assert_eq!(watched.said["rows"], 1);
        assert_eq!(phases, [Phase::Begin, Phase::End]);
    }
}
