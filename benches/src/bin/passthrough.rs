//! `bench passthrough`: Parquet partitions exported by copying their chunks, beside decoding and
//! encoding them, and beside `cp`.
//!
//! The table is the generated `trades`, of which QuestDB has turned all partitions but the last into
//! Parquet with its defaults (in a small run, where no server is started, `sluice` stands in for it).
//! All contestants take turns over those partitions, warm, to the same file system, without fsync.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a program talks to its caller")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use benches::args::Args;
use benches::measure::{Cost, run, script};
use benches::stream::files::succeed;
use benches::stream::page_cache::PageCache;
use benches::{TableParams, env, is_smoke, path_of, table};
use serde_json::{Map, Value};
use testkit::generate::Workload;
use testkit::parquet::{partition_dirs, store_as_parquet};

/// The table that figures are quoted for.
const ROWS: u64 = 34_000_000;
const PARTITIONS: u64 = 17;
const RUNS: usize = 5;
/// Seconds after which a contestant is stopped.
const SECONDS_MAX: u64 = 600;
/// Enough that no thread waits for another's memory.
const MEMORY: &str = "512MiB";

/// Name and, but for `cp`, the flags of an export. The default profile takes what it read and wrote out
/// of the page cache again, `cp` does not: the cached one is what it is to be compared with.
const CONTESTANTS: [(&str, Option<&[&str]>); 5] = [
    ("passthrough", Some(&["--keep-codec"])),
    (
        "passthrough, cached",
        Some(&["--keep-codec", "--profile", "cached"]),
    ),
    ("decode and encode, zstd:1", Some(&[])),
    ("decode and encode, lz4_raw", Some(&["--codec", "lz4_raw"])),
    ("cp", None),
];

fn main() -> io::Result<()> {
    let (args, smoke) = (Args::of_process()?, is_smoke());
    let params = TableParams {
        workload: Workload::Trades,
        rows: args.rows.unwrap_or(if smoke { 4_000 } else { ROWS }),
        partitions: if smoke { 3 } else { PARTITIONS },
        runs: args.runs.unwrap_or(if smoke { 1 } else { RUNS }),
    };
    let bench = Bench {
        sluice: path_of(env::SLUICE)?,
        python: path_of(env::PYTHON)?,
        data: path_of(env::DATA)?,
        smoke,
    };
    let source = bench.converted(&params)?;
    let costs = bench.measure(&source, params.runs)?;
    let figures = report(&costs);
    let result = path_of(env::RESULT)?;
    fs::write(result, Value::Object(figures).to_string())
}

struct Bench {
    sluice: PathBuf,
    python: PathBuf,
    data: PathBuf,
    smoke: bool,
}

/// What is exported.
struct Source {
    table: PathBuf,
    /// The Parquet files, in order.
    files: Vec<PathBuf>,
    /// The first day that is not Parquet.
    end: String,
}

impl Bench {
    /// The table with Parquet partitions; made if it is not there.
    fn converted(&self, params: &TableParams) -> io::Result<Source> {
        let native = table(&self.data, params)?;
        let name = params.workload.to_string();
        let home = native.with_extension(if self.smoke {
            "parquet-smoke"
        } else {
            "parquet"
        });
        let path = home.join("db").join(&name);
        if !home.join("done").is_file() {
            if home.exists() {
                fs::remove_dir_all(&home)?;
            }
            fs::create_dir_all(home.join("db"))?;
            testkit::copy_dir(&native, &path)?;
            match (path_of(env::JAVA), path_of(env::JAR)) {
                (Ok(java), Ok(jar)) => {
                    let mut convert = Command::new(&self.python);
                    convert
                        .arg("-I")
                        .arg(script("convert_questdb.py"))
                        .arg(&name);
                    succeed(convert.arg(java).arg(jar).arg(&home))?;
                }
                _ if self.smoke => self.stand_in(&path)?,
                _ => return Err(io::Error::other("QuestDB is needed: no Java, or no jar")),
            }
            fs::write(home.join("done"), "")?;
        }
        let mut dirs = live_dirs(&path)?;
        let last = dirs.pop().ok_or_else(|| io::Error::other("no partition"))?;
        let file = |dir: &PathBuf| dir.join("data.parquet");
        let files: Vec<PathBuf> = dirs.iter().map(file).collect();
        match files.iter().find(|file| !file.is_file()) {
            None => Ok(Source {
                table: path,
                files,
                end: day(&last),
            }),
            Some(file) => Err(io::Error::other(format!("{} is missing", file.display()))),
        }
    }

    /// Partitions that `sluice` has written.
    fn stand_in(&self, path: &Path) -> io::Result<()> {
        let days: Vec<String> = partition_dirs(path)?.iter().map(|dir| day(dir)).collect();
        for (at, pair) in days.windows(2).enumerate() {
            let mut export = Command::new(&self.sluice);
            export.arg("export").arg(path).args(["-o", "-", "--quiet"]);
            export.args(["--codec", "lz4_raw", "--row-group-rows", "500"]);
            export.args(["--from", &pair[0], "--to", &pair[1]]);
            store_as_parquet(path, at, &succeed(&mut export)?)?;
        }
        Ok(())
    }

    /// All contestants in turn, so many times.
    fn measure(&self, source: &Source, runs: usize) -> io::Result<Vec<Vec<Cost>>> {
        let cache = PageCache {
            python: self.python.clone(),
        };
        let mut costs = vec![Vec::new(); CONTESTANTS.len()];
        for turn in 0..runs {
            for place in 0..CONTESTANTS.len() {
                // Everyone starts first sometimes.
                let at = (turn + place) % CONTESTANTS.len();
                let (name, flags) = CONTESTANTS[at];
                let out = tempfile::Builder::new()
                    .prefix("passthrough-")
                    .tempdir_in(&self.data)?;
                cache.make_room()?;
                cache.warm(&source.table)?;
                let command = self.command(source, flags, out.path());
                let (cost, said) = run(&self.python, &command, SECONDS_MAX)?
                    .map_err(|why| io::Error::other(format!("{name}: {why}")))?;
                if flags.is_some_and(|flags| flags.contains(&"--keep-codec")) {
                    let encoded = said["encoded_chunks"].as_u64();
                    assert_eq!(
                        encoded,
                        Some(0),
                        "{name}: not all chunks were copied: {said}"
                    );
                }
                println!("  {name:<28} {:.3} s, {:.3} s CPU", cost.wall_s, cost.cpu_s);
                costs[at].push(cost);
            }
        }
        Ok(costs)
    }

    fn command(&self, source: &Source, flags: Option<&[&str]>, out: &Path) -> Vec<String> {
        let text = |path: &Path| path.display().to_string();
        let mut words: Vec<String> = Vec::new();
        match flags {
            None => {
                words.extend(["cp", "--reflink=never", "--parents"].map(str::to_owned));
                words.extend(source.files.iter().map(|file| text(file)));
                words.push(text(out));
            }
            Some(flags) => {
                words.extend([text(&self.sluice), "export".to_owned(), text(&source.table)]);
                words.extend(["-o".to_owned(), text(&out.join("out.parquet"))]);
                let all = [
                    "--to",
                    &source.end,
                    "--no-sync",
                    "--json",
                    "--memory",
                    MEMORY,
                ];
                words.extend(all.map(str::to_owned));
                words.extend(flags.iter().map(|&flag| flag.to_owned()));
            }
        }
        words
    }
}

/// Directories of partitions, those alone that are the latest of their name.
fn live_dirs(table: &Path) -> io::Result<Vec<PathBuf>> {
    let mut dirs: Vec<PathBuf> = Vec::new();
    for dir in partition_dirs(table)? {
        let name = dir.file_name().unwrap_or_default().to_string_lossy();
        if !name.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        // A conversion leaves the native directory behind until it is purged.
        match dirs.last_mut().filter(|last| day(last) == day(&dir)) {
            Some(last) => *last = dir,
            None => dirs.push(dir),
        }
    }
    Ok(dirs)
}

/// The day that a partition directory is named after.
fn day(dir: &Path) -> String {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    name.chars().take(10).collect()
}

/// Prints medians and ratios; returns them by name.
fn report(costs: &[Vec<Cost>]) -> Map<String, Value> {
    let median = |of: fn(&Cost) -> f64, at: usize| {
        let mut values: Vec<f64> = costs[at].iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    };
    let (wall, cpu) = (|c: &Cost| c.wall_s, |c: &Cost| c.cpu_s);
    let mut figures = Map::new();
    println!(
        "\n| contestant | wall s | CPU s | peak anon MiB | wall / passthrough | CPU / passthrough |"
    );
    println!("|---|---|---|---|---|---|");
    for (at, (name, _)) in CONTESTANTS.iter().enumerate() {
        let (w, c, anon) = (
            median(wall, at),
            median(cpu, at),
            median(|c| c.peak_anon_mib, at),
        );
        println!(
            "| {name} | {w:.3} | {c:.3} | {anon:.1} | {:.2} | {:.2} |",
            w / median(wall, 0),
            c / median(cpu, 0)
        );
        figures.insert(format!("{name}: wall s"), w.into());
        figures.insert(format!("{name}: CPU s"), c.into());
    }
    figures
}
