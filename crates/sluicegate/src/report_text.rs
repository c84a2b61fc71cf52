//! The closing report for people.

use std::fmt::Write;

use engine::ExportReport;
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
    if report.replaced_texts > 0 {
        let _ = writeln!(
            text,
            "  {} texts were not valid Unicode: U+FFFD stands in their place",
            HumanCount(report.replaced_texts)
        );
    }
    text
}
