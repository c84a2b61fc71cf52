//! `cargo xtask heap`: one job under a profiler that counts every byte.
//!
//! usage: heap list | heap NAME DATA | heap NAME DATA PROFILE
//!
//! The first two print a JSON object a line: what the jobs are, or what one of them needed. The last
//! writes who held what at the peak, for dhat's viewer.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a program talks to its caller")]

use std::io;
use std::path::Path;

use benches::heap::{Job, Measured, jobs};
use serde_json::json;

#[global_allocator]
static ALLOC: dhat::Alloc = dhat::Alloc;

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["list"] => {
            for job in jobs() {
                println!(
                    "{}",
                    json!({"name": job.name, "what": job.what, "bound": job.bound})
                );
            }
            Ok(())
        }
        [name, data] => measure(name, Path::new(data)),
        [name, data, profile] => {
            let measured = prepare(name, Path::new(data))?;
            let _profiler = dhat::Profiler::builder().file_name(profile).build();
            measured()
        }
        _ => Err(io::Error::other("heap list | heap NAME DATA [PROFILE]")),
    }
}

fn job(name: &str) -> io::Result<Job> {
    let job = jobs().into_iter().find(|job| job.name == name);
    job.ok_or_else(|| io::Error::other(format!("no job {name}")))
}

fn prepare(name: &str, data: &Path) -> io::Result<Measured> {
    (job(name)?.prepare)(data)
}

fn measure(name: &str, data: &Path) -> io::Result<()> {
    let bound = job(name)?.bound;
    let measured = prepare(name, data)?;
    let profiler = dhat::Profiler::builder().testing().build();
    let before = dhat::HeapStats::get();
    let outcome = measured();
    let stats = dhat::HeapStats::get();
    drop(profiler);
    outcome?;
    let blocks = stats.total_blocks - before.total_blocks;
    println!(
        "{}",
        json!({"name": name, "peak": stats.max_bytes, "bound": bound, "blocks": blocks})
    );
    Ok(())
}
