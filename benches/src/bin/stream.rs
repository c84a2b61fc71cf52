//! `bench stream`: a table many times larger than memory, exported by us and by peers.
//!
//! Every contestant runs under every limit, cold, several times in turn, and once more beside a
//! neighbour. What it does not survive is an answer, not a failure of the bench; a wrong number of
//! rows is one.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a program talks to its caller")]

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{fs, thread};

use benches::measure::script;
use benches::stream::contestant::{Contestant, Effort, Places, QUESTDB_TABLE, QuestDb};
use benches::stream::figures::{Entry, Felt, Run, effort_name, flat, full};
use benches::stream::files::{clean, ratio, succeed, table_bytes};
use benches::stream::group::{Group, Groups};
use benches::stream::markdown::{self, Context};
use benches::stream::neighbour::{self, Neighbour};
use benches::stream::pace::{RowGroupEnd, steps};
use benches::stream::page_cache::PageCache;
use benches::stream::watch::{Ending, Job, Phase, Sample, Watched, watch};
use benches::stream::{Limit, MIB, StreamParams, params};
use benches::{env, is_smoke, path_of};
use serde_json::Value;

fn main() -> io::Result<()> {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|arg| arg == neighbour::ARGUMENT) {
        let file = args.next().ok_or_else(|| io::Error::other("which file?"))?;
        return neighbour::live(Path::new(&file));
    }
    let smoke = is_smoke();
    let mut params = params(smoke);
    let scratch = tempfile::Builder::new()
        .prefix("stream-")
        .tempdir_in(path_of(env::DATA)?)?;
    let (groups, no_limits) = if smoke {
        (None, None)
    } else {
        match Groups::find() {
            Ok(groups) => (Some(groups), None),
            Err(error) => (None, Some(error.to_string())),
        }
    };
    if let Some(why) = &no_limits {
        println!("no memory limits: {why}");
        params.limits = vec![Limit(None)];
    }
    let bench = Bench::prepare(params, groups, scratch.path(), smoke)?;
    let entries = bench.run()?;
    let warm = bench.warm()?;
    let no_server = bench.places.questdb.is_none();
    let context = Context {
        no_limits,
        no_server: no_server.then(|| "not fetched (Java, Maven), or a smoke run".to_owned()),
        is_trimmed: PageCache::is_trimmed(),
        warm,
        table_bytes: table_bytes(&bench.places.table)?,
    };
    bench.report(&entries, &context)?;
    for entry in entries {
        let ours = entry.contestant == Contestant::Sluice;
        assert!(
            !ours || entry.runs.len() == bench.params.table.runs,
            "{entry:?}"
        );
    }
    Ok(())
}

struct Bench {
    params: StreamParams,
    groups: Option<Groups>,
    places: Places,
    cache: PageCache,
    /// The neighbour's files, by limit.
    scratch: PathBuf,
    smoke: bool,
}

/// How one run ended.
type Outcome = Result<Run, String>;

impl Bench {
    /// Makes everything that is read.
    fn prepare(
        params: StreamParams,
        groups: Option<Groups>,
        scratch: &Path,
        smoke: bool,
    ) -> io::Result<Bench> {
        let data = path_of(env::DATA)?;
        let table = benches::table(&data, &params.table)?;
        let python = path_of(env::PYTHON)?;
        let places = Places {
            sluice: path_of(env::SLUICE)?,
            ipc: table.with_extension("arrow"),
            duckdb: table.with_extension("duckdb"),
            questdb: questdb(&data, &table)?,
            output: scratch.join("out"),
            scratch: scratch.to_owned(),
            python: python.clone(),
            table,
        };
        let bench = Bench {
            params,
            groups,
            places,
            cache: PageCache { python },
            scratch: scratch.to_owned(),
            smoke,
        };
        bench.make_sources()?;
        Ok(bench)
    }

    /// What the peers start from; kept beside the table.
    fn make_sources(&self) -> io::Result<()> {
        for (form, target) in [("ipc", &self.places.ipc), ("duckdb", &self.places.duckdb)] {
            if target.is_file() {
                continue;
            }
            let exported = self.scratch.join("source.parquet");
            if !exported.is_file() {
                let mut export = Command::new(&self.places.sluice);
                export.arg("export").arg(&self.places.table);
                export
                    .arg("-o")
                    .arg(&exported)
                    .args(["--no-sync", "--quiet"]);
                succeed(&mut export)?;
            }
            let part = target.with_extension("part");
            if part.exists() {
                fs::remove_file(&part)?;
            }
            let mut make = Command::new(&self.places.python);
            make.arg(script("stream_sources.py"));
            succeed(make.arg(form).arg(&exported).arg(&part))?;
            fs::rename(&part, target)?;
        }
        Ok(())
    }

    fn run(&self) -> io::Result<Vec<Entry>> {
        let all = Contestant::all(&self.places);
        let mut entries = Vec::new();
        for &limit in &self.params.limits {
            entries.extend(all.iter().map(|&contestant| Entry {
                contestant,
                limit,
                runs: Vec::new(),
                failures: Vec::new(),
                felt: None,
            }));
        }
        for turn in 0..self.params.table.runs {
            for group in entries.chunks_mut(all.len()) {
                for place in 0..group.len() {
                    // Everyone starts first sometimes.
                    let at = (turn + place) % group.len();
                    self.turn(&mut group[at], turn)?;
                }
            }
        }
        for entry in &mut entries {
            let Some(effort) = entry.runs.first().map(|run| run.effort) else {
                continue;
            };
            let felt = self.beside(entry.contestant, entry.limit, effort)?;
            entry.felt = Some(felt);
        }
        Ok(entries)
    }

    fn turn(&self, entry: &mut Entry, turn: usize) -> io::Result<()> {
        let (contestant, limit) = (entry.contestant, entry.limit);
        let known = entry.runs.first().map(|run| run.effort);
        if turn > 0 && known.is_none() {
            return Ok(());
        }
        for &effort in contestant.efforts() {
            if known.is_some_and(|known| known != effort) {
                continue;
            }
            let outcome = self.once(contestant, limit, effort, None)?;
            let told = match &outcome {
                Ok(run) => format!("{:.2} s", run.wall_s),
                Err(why) => why.clone(),
            };
            println!(
                "{limit:>9}  {contestant:<13} {:<7} {told}",
                effort_name(effort)
            );
            match outcome {
                Ok(run) => {
                    entry.runs.push(run);
                    return Ok(());
                }
                Err(why) => entry.failures.push((effort, why)),
            }
        }
        Ok(())
    }

    /// One cold run.
    fn once(
        &self,
        contestant: Contestant,
        limit: Limit,
        effort: Effort,
        mut beside: Option<(&mut Neighbour, &Group)>,
    ) -> io::Result<Outcome> {
        let source = contestant.source(&self.places)?;
        self.cache.drop(&source)?;
        let own = match (&self.groups, &beside) {
            (Some(groups), None) => Some(Group::make(groups, "run", limit)?),
            _ => None,
        };
        let group = match &beside {
            Some((_, group)) => Some(*group),
            None => own.as_ref(),
        };
        let watched = self.watch(contestant, limit, effort, group, &mut |phase| match (
            &mut beside,
            phase,
        ) {
            (Some((neighbour, _)), Phase::Begin) => neighbour.beside(),
            (Some((neighbour, _)), Phase::End) => neighbour.wait(),
            (None, _) => Ok(()),
        })?;
        let outcome = match watched.ending.clone() {
            Ending::Done(samples) => {
                let run = self.measured(contestant, effort, group, &watched, &samples, &source)?;
                Ok(run)
            }
            Ending::NotStarted(why) => Err(format!("does not start: {why}")),
            Ending::Killed => Err("killed".to_owned()),
            Ending::Failed(why) => Err(format!("fails: {why}")),
            Ending::TooSlow => Err(format!("stopped after {} s", self.params.seconds_max)),
        };
        fs::remove_dir_all(&self.places.output)?;
        Ok(outcome)
    }

    fn watch(
        &self,
        contestant: Contestant,
        limit: Limit,
        effort: Effort,
        group: Option<&Group>,
        on: &mut dyn FnMut(Phase) -> io::Result<()>,
    ) -> io::Result<Watched> {
        fs::create_dir(&self.places.output)?;
        let java = self.scratch.join("java.sh");
        if let Some(server) = self
            .places
            .questdb
            .as_ref()
            .filter(|_| contestant.is_server())
        {
            clean(&server.root)?;
            let enter = group.map(Group::enter).unwrap_or_default();
            let flags = Contestant::java_flags(limit, effort);
            let run = format!("exec '{}' {flags} \"$@\"", server.java.display());
            fs::write(&java, format!("#!/bin/sh\n{enter}\n{run}\n"))?;
            succeed(Command::new("chmod").arg("+x").arg(&java))?;
        }
        let job = Job {
            command: contestant.command(&self.places, limit, effort, &self.params, &java)?,
            group,
            is_server: contestant.is_server(),
            speaks: contestant != Contestant::Sluice,
            output: self.places.output.clone(),
            log: self.scratch.join(format!("{contestant}.log")),
            seconds_max: self.params.seconds_max,
        };
        watch(&job, on)
    }

    /// Everything that is known after a run that ended well.
    fn measured(
        &self,
        contestant: Contestant,
        effort: Effort,
        group: Option<&Group>,
        watched: &Watched,
        samples: &[Sample],
        source: &Path,
    ) -> io::Result<Run> {
        let source_left = self.cache.resident(source)?;
        let output_left = self.cache.resident(&self.places.output)?;
        let wrote = self.wrote()?;
        let rows = self.params.table.rows;
        assert_eq!(
            wrote["rows"].as_u64(),
            Some(rows),
            "{contestant} wrote another number of rows"
        );
        let ends = wrote["ends"].as_array().into_iter().flatten();
        let end = |end: &Value| {
            let (off, rows) = (end[0].as_f64()?, end[1].as_f64()?);
            Some(RowGroupEnd { off, rows })
        };
        let ends: Vec<RowGroupEnd> = ends.filter_map(end).collect();
        let partitions = u32::try_from(self.params.table.partitions).map_err(io::Error::other)?;
        let total = ends.last().map_or(0.0, |end| end.rows);
        let last = samples.last().copied();
        Ok(Run {
            effort,
            wall_s: last.map_or(0.0, |sample| sample.at_s),
            cpu_s: last.map_or(0.0, |sample| sample.cpu_s),
            steps: steps(samples, &ends, total, partitions),
            peaks: watched.peaks,
            group_peak: group.map(Group::peak_bytes).transpose()?,
            source_left,
            output_left,
            out_bytes: wrote["bytes"].as_u64().unwrap_or(0),
            said: watched.said.clone(),
        })
    }

    /// What the judge says of the output: rows, bytes, ends of row groups.
    fn wrote(&self) -> io::Result<Value> {
        let mut judge = Command::new(&self.places.python);
        judge.arg(script("stream_rows.py")).arg(&self.places.output);
        Ok(serde_json::from_slice(&succeed(&mut judge)?)?)
    }

    /// One run beside a neighbour.
    fn beside(
        &self,
        contestant: Contestant,
        limit: Limit,
        effort: Effort,
    ) -> io::Result<Result<Felt, String>> {
        let file = self.scratch.join(format!("neighbour-{}", limit.key()));
        let len = neighbour::file_len(limit, self.smoke);
        if !file.is_file() {
            let mib: Vec<u8> = (0..MIB).map(|at| at.to_le_bytes()[0]).collect();
            fs::write(
                &file,
                mib.repeat(usize::try_from(len / MIB).map_err(io::Error::other)?),
            )?;
        }
        self.cache.drop(&file)?;
        let groups = self.groups.as_ref();
        let group = groups
            .map(|groups| Group::make(groups, "beside", limit))
            .transpose()?;
        let mut living = Neighbour::start(&std::env::current_exe()?, &file, group.as_ref())?;
        thread::sleep(Duration::from_millis(self.params.alone_ms));
        living.wait()?;
        let outcome = match &group {
            Some(group) => self.once(contestant, limit, effort, Some((&mut living, group)))?,
            None => {
                living.beside()?;
                self.once(contestant, limit, effort, None)?
            }
        };
        let kept = self.cache.resident(&file)?;
        let (alone, beside) = living.end()?;
        println!(
            "{limit:>9}  {contestant:<13} beside  reads {:.0} → {:.0} µs, {} of {} MiB kept",
            alone.mean_us,
            beside.mean_us,
            kept / MIB,
            len / MIB
        );
        Ok(outcome.map(|_| Felt {
            alone,
            beside,
            kept: ratio(kept, len),
        }))
    }

    /// Our export of a table that is in memory: bytes of it there before and after.
    fn warm(&self) -> io::Result<(u64, u64)> {
        let table = &self.places.table;
        self.cache.warm(table)?;
        let before = self.cache.resident(table)?;
        let (ours, limit) = (Contestant::Sluice, Limit(None));
        let watched = self.watch(ours, limit, Effort::Usual, None, &mut |_| Ok(()))?;
        assert!(matches!(watched.ending, Ending::Done(_)), "{watched:?}");
        fs::remove_dir_all(&self.places.output)?;
        Ok((before, self.cache.resident(table)?))
    }

    /// Prints the table, and keeps table, figures and plot beside the result.
    fn report(&self, entries: &[Entry], context: &Context) -> io::Result<()> {
        let result = path_of(env::RESULT)?;
        let table = self.params.table;
        let text = markdown::text(entries, &self.params, context);
        println!("\n{text}");
        fs::write(&result, serde_json::to_vec_pretty(&flat(entries))?)?;
        fs::write(result.with_file_name("stream.md"), text)?;
        let figures = result.with_file_name("stream.json");
        let all = full(entries, table.rows, table.partitions);
        fs::write(&figures, serde_json::to_vec_pretty(&all)?)?;
        if let Ok(plotter) = path_of(env::PLOTTER) {
            let plot = result.with_file_name("stream.png");
            let mut draw = Command::new(plotter);
            succeed(draw.arg(script("stream_plot.py")).arg(&figures).arg(&plot))?;
            println!("plot: {}", plot.display());
        }
        Ok(())
    }
}

/// The server's root, with a copy of the table: a server writes beside what it reads.
fn questdb(data: &Path, table: &Path) -> io::Result<Option<QuestDb>> {
    let (Ok(java), Ok(jar)) = (path_of(env::JAVA), path_of(env::JAR)) else {
        return Ok(None);
    };
    let root = data.join("stream-questdb");
    let copy = root.join("db").join(QUESTDB_TABLE);
    if !copy.join("_txn").is_file() {
        if root.exists() {
            fs::remove_dir_all(&root)?;
        }
        fs::create_dir_all(root.join("db"))?;
        // Copied under another name: an interrupted copy is no table.
        let part = root.join("db").join("part");
        testkit::copy_dir(table, &part)?;
        fs::rename(&part, &copy)?;
    }
    Ok(Some(QuestDb { java, jar, root }))
}
