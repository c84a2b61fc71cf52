//! Every encoding and type on one core: ours, arrow-rs and parquet2 on the same values.
//!
//! usage: encode OUT_DIR ROWS REPEATS [NAME]
//!
//! With NAME, only columns whose name and encoding (`price/dictionary`) contain it: what one looks at while working on an encoder.
//!
//! Thread CPU time, best of so many repeats, which take turns; a table goes to stdout, table and
//! figures to OUT_DIR.

#![forbid(unsafe_code)]

use std::fmt::Write;
use std::path::Path;

use peers::arrays::Outcome;
use peers::input::inputs;
use peers::writers::{
    arrow_column, arrow_encoder, descriptor, our_encoder, ours, ours_alone, parquet2,
};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Map, Value, json};

/// Names of the contestants, ours first.
const NAMES: [&str; 6] = [
    "ours",
    "ours, nullable",
    "arrow-rs column",
    "ours, encoder",
    "arrow-rs encoder",
    "parquet2 encoder",
];

fn thread_s() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// How the bare encoders compare, where both have one.
fn encoders(ours: f64, arrow: f64) -> String {
    match ours > 0.0 && arrow > 0.0 {
        true => format!("{:.2}", ours / arrow),
        false => "–".to_owned(),
    }
}

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let ([out, rows, repeats], name) = match args.as_slice() {
        [out, rows, repeats] => ([out, rows, repeats], ""),
        [out, rows, repeats, name] => ([out, rows, repeats], name.as_str()),
        _ => return Err("encode OUT_DIR ROWS REPEATS [NAME]".into()),
    };
    let (rows, repeats): (usize, usize) = (rows.parse()?, repeats.parse()?);
    let mut table = format!(
        "Million rows a second of one core, {rows} rows, pages of 1 MiB, thread CPU time, best of {repeats}. *ours* and \
         *arrow-rs column* make whole pages (headers, statistics; ours with CRC-32); *encoder* is the bare encoder over \
         ready slices. *nullable*: sentinels looked for and levels written. B: bytes a row, ours and arrow-rs.\n\n"
    );
    let _ = writeln!(
        table,
        "| column | encoding | {} | ours ÷ arrow-rs column | encoders: ours ÷ arrow-rs | B |",
        NAMES.join(" | ")
    );
    table.push_str("|---|---|---|---|---|---|---|---|---|---|---|\n");
    print!("{table}");
    let mut figures = Map::new();
    for input in inputs(rows)? {
        for &encoding in &input.encodings {
            if !format!("{}/{}", input.name, encoding.alias()).contains(name) {
                continue;
            }
            let descriptor = descriptor(&input)?;
            let (mut plain, mut nullable) = (
                our_encoder(&input, encoding, false)?,
                our_encoder(&input, encoding, true)?,
            );
            let mut alone = Vec::with_capacity(2 << 20);
            let mut best = [f64::INFINITY; NAMES.len()];
            let mut bytes = [0; NAMES.len()];
            for _ in 0..repeats {
                for at in 0..NAMES.len() {
                    let start = thread_s();
                    let made = match at {
                        0 => Some(ours(&mut plain, &input)),
                        1 => Some(ours(&mut nullable, &input)),
                        2 => Some(arrow_column(&input, encoding, &descriptor)),
                        3 => ours_alone(&input, encoding, &mut alone),
                        4 => arrow_encoder(&input, encoding, &descriptor),
                        _ => parquet2(&input, encoding),
                    };
                    let took = thread_s() - start;
                    if let Some(made) = made {
                        bytes[at] = made?;
                        best[at] = best[at].min(took);
                    }
                }
            }
            let rates = best.map(|seconds| rows as f64 / seconds / 1e6);
            let mut line = format!(
                "| {} {} | {} |",
                input.name,
                input.column_type,
                encoding.alias()
            );
            for (name, rate) in NAMES.iter().zip(rates) {
                if rate > 0.0 {
                    let _ = write!(line, " {rate:.0} |");
                    figures.insert(
                        format!("{}.{}.{name}", input.name, encoding.alias()),
                        json!(rate),
                    );
                } else {
                    line.push_str(" – |");
                }
            }
            let each = |at: usize| bytes[at] as f64 / rows as f64;
            let _ = write!(
                line,
                " {:.2} | {} | {:.2}, {:.2} |",
                rates[0] / rates[2],
                encoders(rates[3], rates[4]),
                each(0),
                each(2)
            );
            println!("{line}");
            table.push_str(&line);
            table.push('\n');
        }
    }
    let out = Path::new(out);
    std::fs::write(out.join("encode.md"), &table)?;
    std::fs::write(
        out.join("last.json"),
        serde_json::to_vec_pretty(&Value::Object(figures))?,
    )?;
    Ok(())
}
