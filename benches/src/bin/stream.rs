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

use benches::args::Args;
use benches::measure::script;
use benches::sources::{Form, Makers, make, questdb_root};
use benches::stream::contestant::{Contestant, Effort, Places, QUESTDB_TABLE, QuestDb};
use benches::stream::figures::{Entry, Felt, Run, effort_name, flat, full};
use benches::stream::files::{clean, ratio, succeed, table_bytes};
use benches::stream::group::{Group, Groups};
use benches::stream::kept::from_full;
use benches::stream::markdown::{self, Context};
use benches::stream::neighbour::{self, Neighbour};
use benches::stream::pace::{RowGroupEnd, steps};
use benches::stream::page_cache::PageCache;
use benches::stream::watch::{Ending, Job, Phase, Sample, Watched, watch};
use benches::stream::{BESIDE, Limit, MIB, StreamParams, params};
use benches::{env, is_smoke, path_of};
use serde_json::Value;

fn main() -> io::Result<()> {
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|word| word == neighbour::ARGUMENT) {
        let file = words
            .next()
            .ok_or_else(|| io::Error::other("which file?"))?;
        return neighbour::live(Path::new(&file));
    }
    let (args, smoke) = (Args::of_process()?, is_smoke());
    let mut params = params(&args, smoke);
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
    let bench = Bench::prepare(params, args, groups, scratch.path(), smoke)?;
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
        assert!(!ours || entry.failures.is_empty(), "{entry:?}");
    }
    Ok(())
}

struct Bench {
    params: StreamParams,
    args: Args,
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
        args: Args,
        groups: Option<Groups>,
        scratch: &Path,
        smoke: bool,
    ) -> io::Result<Bench> {
        let data = path_of(env::DATA)?;
        let table = benches::table(&data, &params.table)?;
        let python = path_of(env::PYTHON)?;
        let places = Places {
            sluice: path_of(env::SLUICE)?,
            ipc: Form::Ipc.path(&table),
            duckdb: Form::DuckDb.path(&table),
            questdb: questdb(&table)?,
            output: scratch.join("out"),
            scratch: scratch.to_owned(),
            python: python.clone(),
            table,
        };
        let makers = Makers {
            sluice: &places.sluice,
            python: &python,
            chdb: None,
        };
        make(makers, &places.table, &[Form::Ipc, Form::DuckDb])?;
        Ok(Bench {
            params,
            args,
            groups,
            places,
            cache: PageCache { python },
            scratch: scratch.to_owned(),
            smoke,
        })
    }

    /// Everything that is asked for and not known yet.
    fn run(&self) -> io::Result<Vec<Entry>> {
        let mut entries = self.known()?;
        for turn in 0..self.params.table.runs {
            for &limit in &self.params.limits {
                let mut group: Vec<usize> = (0..entries.len()).collect();
                group.retain(|&at| {
                    let wanted = self.args.wants(&entries[at].contestant.to_string());
                    wanted && entries[at].limit == limit
                });
                for place in 0..group.len() {
                    // Everyone starts first sometimes.
                    let at = group[(turn + place) % group.len()];
                    self.turn(&mut entries[at], turn)?;
                    self.save(&entries)?;
                }
            }
        }
        for at in 0..entries.len() {
            let entry = &mut entries[at];
            let Some(effort) = entry.runs.first().map(|run| run.effort) else {
                continue;
            };
            let wanted =
                self.params.limits.contains(&entry.limit) && BESIDE.contains(&entry.limit.0);
            if entry.felt.is_none() && wanted {
                entry.felt = Some(self.beside(entry.contestant, entry.limit, effort)?);
                self.save(&entries)?;
            }
        }
        entries.retain(|entry| !entry.runs.is_empty() || !entry.failures.is_empty());
        Ok(entries)
    }

    /// What was measured before, if that counts, and what is asked for.
    fn known(&self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        if self.args.resume
            && let Ok(kept) = fs::read(self.figures()?)
        {
            let kept: Value = serde_json::from_slice(&kept)?;
            let table = self.params.table;
            entries = from_full(&kept, table.rows, table.partitions);
        }
        for &limit in &self.params.limits {
            for contestant in Contestant::all(&self.places) {
                let known = entries
                    .iter()
                    .any(|entry: &Entry| (entry.contestant, entry.limit) == (contestant, limit));
                if !known && self.args.wants(&contestant.to_string()) {
                    entries.push(Entry::new(contestant, limit));
                }
            }
        }
        let limits = [Some(64), Some(128), Some(256), None];
        entries.sort_by_key(|entry| {
            let mib = entry.limit.0.map(|bytes| bytes / MIB);
            (
                limits.iter().position(|limit| *limit == mib),
                entry.contestant,
            )
        });
        Ok(entries)
    }

    fn figures(&self) -> io::Result<PathBuf> {
        Ok(path_of(env::RESULT)?.with_file_name("stream.json"))
    }

    fn save(&self, entries: &[Entry]) -> io::Result<()> {
        let table = self.params.table;
        let all = full(entries, table.rows, table.partitions);
        fs::write(self.figures()?, serde_json::to_vec_pretty(&all)?)
    }

    fn turn(&self, entry: &mut Entry, turn: usize) -> io::Result<()> {
        let (contestant, limit) = (entry.contestant, entry.limit);
        let known = entry.runs.first().map(|run| run.effort);
        let gone = known.is_none() && !entry.failures.is_empty();
        if gone || entry.runs.len() > turn {
            return Ok(());
        }
        for &effort in contestant.efforts() {
            // What is frugal is slower still.
            let slow = entry
                .failures
                .iter()
                .any(|(_, why)| why.starts_with("over "));
            if slow || known.is_some_and(|known| known != effort) {
                continue;
            }
            let outcome = self.once(contestant, limit, effort, None)?;
            let told = match &outcome {
                Ok(run) => format!("{:.2} s", run.wall_s),
                Err(why) => why.clone(),
            };
            let effort_told = effort_name(effort);
            println!("{limit:>9}  {contestant:<13} {effort_told:<7} {told}");
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
            Ending::TooSlow => Err(format!("over {} s", self.params.seconds_max)),
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
            clean(&server.root, QUESTDB_TABLE)?;
            let enter = group.map(Group::offer).unwrap_or_default();
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
        let text = markdown::text(entries, &self.params, context);
        println!("\n{text}");
        fs::write(&result, serde_json::to_vec_pretty(&flat(entries))?)?;
        fs::write(result.with_file_name("stream.md"), text)?;
        self.save(entries)?;
        if let Ok(plotter) = path_of(env::PLOTTER) {
            let plot = result.with_file_name("stream.svg");
            let mut draw = Command::new(plotter);
            succeed(
                draw.arg(script("stream_plot.py"))
                    .arg(self.figures()?)
                    .arg(&plot),
            )?;
            println!("plot: {}", plot.display());
        }
        Ok(())
    }
}

fn questdb(table: &Path) -> io::Result<Option<QuestDb>> {
    let (Ok(java), Ok(jar)) = (path_of(env::JAVA), path_of(env::JAR)) else {
        return Ok(None);
    };
    let root = questdb_root(table, QUESTDB_TABLE)?;
    Ok(Some(QuestDb { java, jar, root }))
}
