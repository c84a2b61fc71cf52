//! `bench export`: `sluice export` against pyarrow writing the same rows.
//!
//! `trades` is generated once, exported once, and that file turned once into uncompressed Arrow
//! IPC, which is what pyarrow starts from (mapped, symbols as dictionaries): it neither parses nor
//! decodes anything. Then all contestants take turns. Both sides write zstd at level 1 in row
//! groups of a million rows, to the same file system, without fsync.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a program talks to its caller")]

use std::io;
use std::path::{Path, PathBuf};

use benches::measure::{Cost, run, script};
use benches::report::{Contestant, table, write};
use benches::{env, export_params, is_smoke, path_of};
use serde_json::Value;

fn main() -> io::Result<()> {
    let params = export_params(is_smoke());
    let (python, sluice) = (path_of(env::PYTHON)?, path_of(env::SLUICE)?);
    let data = path_of(env::DATA)?;
    let source = benches::table(&data, &params)?;
    let scratch = tempfile::Builder::new()
        .prefix("export-")
        .tempdir_in(&data)?;
    let bench = Bench {
        python,
        sluice,
        source,
        scratch: scratch.path().to_owned(),
    };
    let ipc = bench.ipc()?;

    let mut contestants = ["sluice", "pyarrow", "pyarrow-defaults"].map(Contestant::new);
    for turn in 0..params.runs {
        for place in 0..contestants.len() {
            // Everyone starts first sometimes.
            let at = (turn + place) % contestants.len();
            let contestant = &mut contestants[at];
            let (cost, rows) = match contestant.name {
                "sluice" => bench.ours()?,
                style => bench.pyarrow(&ipc, style)?,
            };
            assert_eq!(
                rows, params.rows,
                "{} wrote another number of rows",
                contestant.name
            );
            contestant.runs.push(cost);
        }
    }
    bench.compare_outputs(is_smoke())?;
    println!(
        "{} rows, {} interleaved runs, warm source",
        params.rows, params.runs
    );
    println!("pyarrow is charged from its first row on, sluice from the start of the process");
    print!("{}", table(&contestants));
    write(&contestants)
}

struct Bench {
    python: PathBuf,
    sluice: PathBuf,
    source: PathBuf,
    scratch: PathBuf,
}

impl Bench {
    fn output(&self, name: &str) -> PathBuf {
        self.scratch.join(format!("{name}.parquet"))
    }

    fn ours(&self) -> io::Result<(Cost, u64)> {
        let output = self.output("sluice");
        let (sluice, source, to) = (text(&self.sluice)?, text(&self.source)?, text(&output)?);
        let command = [
            sluice,
            "export",
            source,
            "-o",
            to,
            "--force",
            "--no-sync",
            "--json",
        ];
        let codec = ["--codec", "zstd:1", "--row-group-rows", "1000000"];
        let (cost, said) = run(&self.python, &[&command[..], &codec[..]].concat(), &output)?;
        Ok((cost, rows(&said)?))
    }

    fn pyarrow(&self, ipc: &Path, style: &str) -> io::Result<(Cost, u64)> {
        let output = self.output(style);
        let program = script("pyarrow_write.py");
        let (python, program) = (text(&self.python)?, text(&program)?);
        let command = [python, program, style, text(ipc)?, text(&output)?];
        let (mut cost, said) = run(&self.python, &command, &output)?;
        // Starting Python and importing pyarrow is not its work.
        for (figure, key) in [(&mut cost.wall_s, "wall_s"), (&mut cost.cpu_s, "cpu_s")] {
            let inner = said[key].as_f64();
            *figure = inner.ok_or_else(|| io::Error::other("pyarrow_write.py printed no times"))?;
        }
        Ok((cost, rows(&said)?))
    }

    /// What pyarrow starts from; kept beside the table.
    fn ipc(&self) -> io::Result<PathBuf> {
        let ipc = self.source.with_extension("arrow");
        if !ipc.is_file() {
            self.ours()?;
            let part = ipc.with_extension("part");
            let (program, exported) = (script("to_ipc.py"), self.output("sluice"));
            let command = [
                text(&self.python)?,
                text(&program)?,
                text(&exported)?,
                text(&part)?,
            ];
            run(&self.python, &command, &part)?;
            std::fs::rename(&part, &ipc)?;
        }
        Ok(ipc)
    }

    /// The files agree: in their row counts, and in every value where they are small.
    fn compare_outputs(&self, deep: bool) -> io::Result<()> {
        let (program, ours) = (script("compare.py"), self.output("sluice"));
        let depth = if deep { "values" } else { "sums" };
        for peer in ["pyarrow", "pyarrow-defaults"].map(|name| self.output(name)) {
            let command = [
                text(&self.python)?,
                text(&program)?,
                depth,
                text(&ours)?,
                text(&peer)?,
            ];
            run(&self.python, &command, &peer)?;
        }
        Ok(())
    }
}

fn rows(said: &Value) -> io::Result<u64> {
    said["rows"]
        .as_u64()
        .ok_or_else(|| io::Error::other(format!("no rows in {said}")))
}

fn text(path: &Path) -> io::Result<&str> {
    path.to_str()
        .ok_or_else(|| io::Error::other(format!("{}: not UTF-8", path.display())))
}
