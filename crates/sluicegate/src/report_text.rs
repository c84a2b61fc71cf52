//! The closing report for people.

use std::fmt::Write;

use engine::{ExportReport, ExportStats};
use indicatif::{HumanBytes, HumanCount};

/// A few lines that end with a newline.
pub(crate) fn report_text(report: &ExportReport) -> String {
    let mut text = String::new();
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{} (transaction {}) -> {}",
        report.table, report.snapshot_txn, report.output
    );
    let _ = writeln!(
        text,
        "  {} rows, {} column{}, from {} partition{} to {} row group{}",
        HumanCount(report.rows),
        report.columns,
        plural(report.columns),
        report.partitions,
        plural(report.partitions),
        report.row_groups,
        plural(report.row_groups),
    );
    let _ = write!(
        text,
        "  {} native, {} Parquet",
        HumanBytes(report.bytes_in),
        HumanBytes(report.bytes_out)
    );
    if let Some(permille) = report
        .bytes_out
        .saturating_mul(1_000)
        .checked_div(report.bytes_in)
    {
        let _ = write!(text, " ({}.{} %)", permille / 10, permille % 10);
    }
    let seconds = |ms: u64| format!("{}.{:03} s", ms / 1_000, ms % 1_000);
    let _ = writeln!(
        text,
        "\n  {} elapsed, {} CPU, {} peak memory",
        seconds(report.wall_ms),
        seconds(report.cpu_ms),
        HumanBytes(report.peak_rss_bytes),
    );
    push_memory(&mut text, report);
    if report.passthrough_chunks > 0 {
        let _ = writeln!(
            text,
            "  {} column chunks copied with the codec that they have, {} encoded with {}",
            HumanCount(report.passthrough_chunks),
            HumanCount(report.encoded_chunks),
            report.codec,
        );
    }
    if report.replaced_texts > 0 {
        let _ = writeln!(
            text,
            "  {} texts were not valid Unicode: U+FFFD stands in their place",
            HumanCount(report.replaced_texts)
        );
    }
    if let Some(stats) = &report.stats {
        push_stats(&mut text, stats);
    }
    text
}

/// What the export held, and what it took out of the page cache: with `--stats` even if that is nothing.
fn push_memory(text: &mut String, report: &ExportReport) {
    if report.evicted_bytes > 0 || report.stats.is_some() {
        let _ = writeln!(
            text,
            "  {} taken out of the page cache again, {} anonymous memory, {} partition{} mapped at once",
            HumanBytes(report.evicted_bytes),
            HumanBytes(report.peak_anon_bytes),
            report.peak_mapped_partitions,
            if report.peak_mapped_partitions == 1 {
                ""
            } else {
                "s"
            },
        );
    }
    if report.spilled_bytes > 0 || report.stats.is_some() {
        let _ = writeln!(
            text,
            "  {} of pages waited in a temporary file",
            HumanBytes(report.spilled_bytes),
        );
    }
}

/// What `--stats` adds: the page cache, and a line a column.
fn push_stats(text: &mut String, stats: &ExportStats) {
    let _ = writeln!(
        text,
        "  {} mappings, at most {} and {} at once",
        HumanCount(stats.mappings_opened),
        HumanCount(stats.peak_mappings),
        HumanBytes(stats.peak_mapped_bytes),
    );
    let resident = |bytes: Option<u64>| match bytes {
        Some(bytes) => HumanBytes(bytes).to_string(),
        None => "an unknown part".to_owned(),
    };
    let _ = writeln!(
        text,
        "  {} of the columns in the page cache before, {} after",
        resident(stats.resident_before_bytes),
        resident(stats.resident_after_bytes),
    );
    if !stats.reencoded_chunks.is_empty() {
        let reasons = stats.reencoded_chunks.iter();
        let reasons: Vec<String> = reasons.map(|(name, n)| format!("{n} {name}")).collect();
        let _ = writeln!(
            text,
            "  column chunks of Parquet partitions encoded again: {}",
            reasons.join(", ")
        );
    }
    let name_width = stats
        .per_column
        .iter()
        .map(|c| c.name.chars().count())
        .max();
    let type_width = stats.per_column.iter().map(|c| c.column_type.len()).max();
    for column in &stats.per_column {
        let chunks = column.encoding.iter();
        let encodings: Vec<String> = chunks.map(|(name, n)| format!("{n} {name}")).collect();
        let _ = writeln!(
            text,
            "  {:name_width$}  {:type_width$}  {:>11} -> {:>11}  {} pages, {} nulls, {}, {}",
            column.name,
            column.column_type,
            HumanBytes(column.bytes_in).to_string(),
            HumanBytes(column.bytes_out).to_string(),
            HumanCount(column.pages),
            HumanCount(column.nulls),
            encodings.join(" + "),
            column.codec,
            name_width = name_width.unwrap_or(0),
            type_width = type_width.unwrap_or(0),
        );
    }
}
