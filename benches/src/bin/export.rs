//! `bench export`: `sluice export` against everybody else who writes these rows to Parquet.
//!
//! Each table is generated once, and turned once into what each peer starts from. Then all take
//! turns, to the same file system, without fsync; outputs are counted by a judge and removed at
//! once, so that nobody pays for the writeback of another.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a program talks to its caller")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use benches::args::Args;
use benches::export::contestant::{Contestant, Places, Role, Task};
use benches::export::state::{Case, State};
use benches::export::{cases, markdown};
use benches::measure::{Cost, Measured, megabytes, run, script};
use benches::sources::{Makers, make, questdb_root, remove};
use benches::stream::contestant::QuestDb;
use benches::stream::files::{clean, succeed, table_bytes};
use benches::stream::page_cache::PageCache;
use benches::{TableParams, env, is_smoke, path_of, table};
use serde_json::{Map, Value, json};

/// Seconds after which a contestant is stopped, unless it is said.
const SECONDS_MAX: u64 = 300;
/// Runs of each contestant in a full run.
const RUNS: usize = 3;

fn main() -> io::Result<()> {
    let (args, smoke) = (Args::of_process()?, is_smoke());
    let data = path_of(env::DATA)?;
    let scratch = tempfile::Builder::new()
        .prefix("export-")
        .tempdir_in(&data)?;
    let bench = Bench {
        places: places()?,
        // What a small run measures is not worth keeping.
        home: if smoke {
            scratch.path().to_owned()
        } else {
            home()?
        },
        runs: args.runs.unwrap_or(if smoke { 1 } else { RUNS }),
        output: scratch.path().join("out"),
        data,
        smoke,
        args,
    };
    let mut told = Vec::new();
    for case in cases(&bench.args, smoke) {
        let state = bench.case(&case)?;
        println!("\n{}", markdown::text(&state));
        told.push(state);
        bench.report(&told)?;
    }
    println!("{}", markdown::legend());
    Ok(())
}

/// Where results go.
fn home() -> io::Result<PathBuf> {
    let result = path_of(env::RESULT)?;
    let parent = result.parent().map(Path::to_owned);
    parent.ok_or_else(|| io::Error::other("a result without a directory"))
}

fn places() -> io::Result<Places> {
    let sluice = path_of(env::SLUICE)?;
    let help = succeed(Command::new(&sluice).args(["export", "--help"]))?;
    let server = path_of(env::JAVA).ok().zip(path_of(env::JAR).ok());
    Ok(Places {
        threads: String::from_utf8_lossy(&help).contains("--threads"),
        python: path_of(env::PYTHON)?,
        chdb: path_of(env::CHDB).ok(),
        arrow_rs: path_of(env::ARROW_RS).ok(),
        sluice,
        server,
    })
}

struct Bench {
    args: Args,
    smoke: bool,
    places: Places,
    /// Where results go.
    home: PathBuf,
    data: PathBuf,
    /// Empty before each run.
    output: PathBuf,
    runs: usize,
}

impl Bench {
    /// Measures one case.
    fn case(&self, case: &Case) -> io::Result<State> {
        println!("{} {} rows, {}", case.workload, case.rows, case.codec);
        let params = TableParams {
            workload: case.workload,
            rows: case.rows,
            partitions: case.partitions,
            runs: self.runs,
        };
        let source = table(&self.data, &params)?;
        // Runs of those that are not asked for now stay as they are known.
        let all = self.places.contestants();
        let asked = |contestant: &Contestant| self.args.wants(&contestant.to_string());
        let mut state = State::load(case, &all, &self.home, self.args.resume)?;
        let entries = all.iter().zip(&mut state.entries);
        for (contestant, entry) in entries.filter(|(contestant, _)| asked(contestant)) {
            if let Err(error) = self.prepare(*contestant, &source) {
                entry.failure = Some(format!("no source: {error}").replace('\n', " "));
            }
        }
        let questdb = self.questdb(
            &source,
            case,
            all.iter().any(|one| one.is_server() && asked(one)),
        )?;
        for turn in 0..self.runs {
            for place in 0..all.len() {
                // Everyone starts first sometimes.
                let at = (turn + place) % all.len();
                let entry = &mut state.entries[at];
                if !asked(&all[at]) || entry.runs.len() > turn || entry.failure.is_some() {
                    continue;
                }
                let task = Task {
                    places: &self.places,
                    workload: case.workload,
                    table: &source,
                    codec: &case.codec,
                    output: &self.output,
                    questdb: questdb.as_ref(),
                };
                match self.once(all[at], &task, case)? {
                    Ok((cost, _)) => {
                        println!("  {:<22} {:.2} s", entry.name, cost.wall_s);
                        entry.runs.push(cost);
                    }
                    Err(why) => {
                        println!("  {:<22} {why}", entry.name);
                        assert!(entry.role != Role::Ours, "{}: {why}", entry.name);
                        entry.failure = Some(why);
                    }
                }
                state.save(&self.home)?;
            }
        }
        state.save(&self.home)?;
        Ok(state)
    }

    /// What a contestant starts from.
    fn prepare(&self, contestant: Contestant, source: &Path) -> io::Result<()> {
        let makers = Makers {
            sluice: &self.places.sluice,
            python: &self.places.python,
            chdb: self.places.chdb.as_deref(),
        };
        let forms: Vec<_> = contestant.form().into_iter().collect();
        make(makers, source, &forms)
    }

    fn questdb(&self, source: &Path, case: &Case, is_asked: bool) -> io::Result<Option<QuestDb>> {
        let Some((java, jar)) = self.places.server.clone().filter(|_| is_asked) else {
            return Ok(None);
        };
        let root = questdb_root(source, &case.workload.to_string())?;
        Ok(Some(QuestDb { java, jar, root }))
    }

    /// One run over a warm source.
    fn once(&self, contestant: Contestant, task: &Task<'_>, case: &Case) -> io::Result<Measured> {
        remove(&self.output)?;
        fs::create_dir(&self.output)?;
        let name = case.workload.to_string();
        let mut source = contestant
            .form()
            .map_or(task.table.to_owned(), |form| form.path(task.table));
        if let Some(server) = task.questdb.filter(|_| contestant.is_server()) {
            clean(&server.root, &name)?;
            source = server.root.join("db").join(&name);
        }
        let cache = PageCache {
            python: self.places.python.clone(),
        };
        cache.make_room()?;
        cache.warm(&source)?;
        let seconds_max = self.args.seconds.unwrap_or(SECONDS_MAX);
        let measured = run(&self.places.python, &contestant.command(task), seconds_max)?;
        let measured = match measured {
            Ok((cost, said)) => {
                let cost = Cost {
                    out_mb: megabytes(table_bytes(&self.output)?),
                    ..cost.corrected(&said)
                };
                self.judge(contestant, case, (cost, said))?
            }
            Err(why) => Err(why),
        };
        remove(&self.output)?;
        Ok(measured)
    }

    /// Counts the rows; in small runs, compares with pyarrow's reading of ours.
    fn judge(
        &self,
        contestant: Contestant,
        case: &Case,
        run: (Cost, Value),
    ) -> io::Result<Measured> {
        if contestant == Contestant::Cp {
            return Ok(Ok(run));
        }
        let mut judge = Command::new(&self.places.python);
        judge.arg(script("stream_rows.py")).arg(&self.output);
        let wrote: Value = match succeed(&mut judge) {
            Ok(wrote) => serde_json::from_slice(&wrote)?,
            Err(error) => {
                return Ok(Err(
                    format!("pyarrow cannot read it: {error}").replace('\n', " ")
                ));
            }
        };
        if wrote["rows"].as_u64() != Some(case.rows) {
            return Ok(Err(format!("wrote {} rows", wrote["rows"])));
        }
        let file = self.output.join(format!("{contestant}.parquet"));
        let kept = self.output.with_extension("ours.parquet");
        match contestant {
            Contestant::Sluice(1) if self.smoke => fs::rename(&file, &kept)?,
            Contestant::Pyarrow(_) if self.smoke && kept.is_file() => {
                let mut compare = Command::new(&self.places.python);
                compare.arg(script("compare.py")).arg("values");
                succeed(compare.arg(&kept).arg(&file))?;
            }
            _ => {}
        }
        Ok(Ok(run))
    }

    /// What is known of the whole matrix: cases of this run, and of earlier ones over as many rows.
    fn matrix(&self, told: &[State]) -> io::Result<Vec<State>> {
        let everything = Args {
            rows: self.args.rows,
            ..Args::default()
        };
        let mut known = Vec::new();
        for case in cases(&everything, self.smoke) {
            if let Some(state) = told.iter().find(|state| state.case == case) {
                known.push(state.clone());
                continue;
            }
            let state = State::load(&case, &self.places.contestants(), &self.home, true)?;
            known.extend(Some(state).filter(State::is_measured));
        }
        Ok(known)
    }

    /// Tables and figures of the cases so far.
    fn report(&self, told: &[State]) -> io::Result<()> {
        let mut figures = Map::new();
        let mut text = String::new();
        for state in &self.matrix(told)? {
            let case = &state.case;
            for entry in state.entries.iter().filter(|entry| !entry.runs.is_empty()) {
                let mut put = |name: &str, value: f64| {
                    let key = format!("{}.{}.{}.{name}", case.workload, case.codec, entry.name);
                    figures.insert(key, json!(value));
                };
                put("wall_s", entry.median(|cost| cost.wall_s));
                put("cpu_s", entry.median(|cost| cost.cpu_s));
                put("out_mb", entry.median(|cost| cost.out_mb));
            }
            text.push_str(&markdown::text(state));
            text.push('\n');
        }
        text.push_str(markdown::legend());
        fs::write(self.home.join("export.md"), text)?;
        fs::write(path_of(env::RESULT)?, serde_json::to_vec_pretty(&figures)?)
    }
}
