//! `cargo xtask heap`: memory as figures with bounds.
//!
//! Each job runs in a process of its own under a profiler that counts every byte of the heap. A
//! line a job; above a bound the command fails, but only after all have been told.

use std::process::Command;

use serde_json::Value;

use crate::run::{Done, build_bin, only, output, work_dir};

/// Runs the named job, or all.
pub(crate) fn run(args: &[String]) -> Done {
    only(args, &[], &[], 1)?;
    let program = build_bin("benches", "heap", true)?;
    let data = work_dir("bench-data")?;
    let listed = output(Command::new(&program).arg("list"))?;
    let listed = String::from_utf8(listed).map_err(|e| e.to_string())?;
    let jobs = listed.lines().map(serde_json::from_str);
    let jobs: Vec<Value> = jobs.collect::<Result<_, _>>().map_err(|e| e.to_string())?;
    let (mut told, mut above) = (0, Vec::new());
    println!("{:<28} {:>12} {:>12}", "peak heap, MiB", "found", "bound");
    for job in &jobs {
        let name = job["name"].as_str().unwrap_or_default();
        if args.first().is_some_and(|asked| asked != name) {
            continue;
        }
        told += 1;
        let measured = match output(Command::new(&program).arg(name).arg(&data)) {
            Ok(measured) => measured,
            Err(why) => {
                println!("{name:<28} {why}");
                above.push(name);
                continue;
            }
        };
        let found: Value = serde_json::from_slice(&measured).map_err(|e| format!("{name}: {e}"))?;
        let number = |key: &str| found[key].as_f64().ok_or(format!("{name} says no {key}"));
        let (peak, bound) = (number("peak")?, number("bound")?);
        let word = if peak > bound { "ABOVE" } else { "" };
        let (mib, what) = (1024.0 * 1024.0, job["what"].as_str().unwrap_or_default());
        println!(
            "{name:<28} {:>12.3} {:>12.3}  {word:<5} {what}",
            peak / mib,
            bound / mib
        );
        if peak > bound {
            above.push(name);
        }
    }
    if told == 0 {
        return Err(format!("no job {}", args.join(" ")));
    }
    if above.is_empty() {
        Ok(())
    } else {
        Err(format!("above the bound: {}", above.join(", ")))
    }
}
