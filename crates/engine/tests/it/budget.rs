//! A budget is refused by naming the least that would do, or kept; it never shows in the output.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use engine::{Cause, ExitClass, ExportRequest, ReadMode};
use mmap_io::RealVfs;
use tempfile::TempDir;
use testkit::generate::{Request, Workload, generate};
use testkit::{case, temp_dir};

use crate::export::export_bytes;

pub(crate) fn generated(workload: Workload, rows: u64, partitions: u64) -> (TempDir, PathBuf) {
    let scratch = temp_dir();
    let table = scratch.path().join(workload.to_string());
    generate(&RealVfs, &Request::new(workload, rows, partitions, &table)).unwrap();
    (scratch, table)
}

/// The least budget of an export, as the refusal of a smaller one names it.
pub(crate) fn least(table: &Path, change: impl Fn(&mut ExportRequest)) -> u64 {
    let error = export_bytes(table, |r| {
        change(r);
        r.memory_bytes = 1;
    })
    .unwrap_err();
    assert_eq!(error.exit_class(), ExitClass::Usage);
    let line = error.to_line();
    assert!(
        line.contains("--memory 1 bytes") && line.contains("at least"),
        "{line}"
    );
    match error.cause() {
        Cause::Budget {
            least_bytes,
            budget_bytes: 1,
            ..
        } => *least_bytes,
        other => panic!("{other}"),
    }
}

#[test]
fn the_least_budget_works_one_byte_less_does_not_and_neither_shows() {
    for (workload, rows, partitions, groups) in [
        (Workload::Trades, 20_000, 3, 40),
        (Workload::Cpu, 5_000, 2, 20),
        (Workload::Wide, 400, 2, 8),
    ] {
        let (_scratch, table) = generated(workload, rows, partitions);
        let small_groups = |r: &mut ExportRequest| r.row_group_rows = rows / groups;
        let least = least(&table, small_groups);
        let with = |memory_bytes| {
            export_bytes(&table, |r| {
                small_groups(r);
                r.memory_bytes = memory_bytes;
            })
        };
        assert!(with(least - 1).is_err(), "{workload}");
        let (report, bytes) = with(least).unwrap();
        assert!(
            report.spilled_bytes > 0,
            "{workload}: nothing is left for the footer"
        );
        let (rich, expected) = with(1 << 30).unwrap();
        assert_eq!(rich.spilled_bytes, 0);
        assert!(bytes == expected, "{workload}");
        assert_eq!(rich.row_groups, usize::try_from(groups).unwrap());
    }
}

#[test]
fn what_needs_more_is_told_so_before_any_work() {
    let table = case("questdb/trades").table();
    let small = least(&table, |_| {});
    assert!(small < 16 << 20, "{small}");
    let pages = least(&table, |r| r.writer.page_bytes = 64 << 20);
    assert!(pages > 256 << 20, "{pages}");
    let codec = least(&table, |r| r.writer.codec = "brotli:11".parse().unwrap());
    assert!(codec > 64 << 20, "{codec}");
    // Of one column as of all.
    let of_column = least(&table, |r| {
        r.overrides.add_codec("price=brotli:11").unwrap();
    });
    assert_eq!(of_column, codec);
    let one_filter = least(&table, |r| r.add_bloom("amount").unwrap());
    let two_filters = least(&table, |r| {
        r.add_bloom("amount").unwrap();
        r.add_bloom("price").unwrap();
    });
    assert!(one_filter > small + (1 << 17), "{one_filter}");
    assert!(two_filters > one_filter + (1 << 17), "{two_filters}");
    // Where nothing is mapped, the rows that are encoded count: those of one column at a time.
    let copies = least(&table, |r| r.read_mode = ReadMode::Positional);
    let (report, _) = export_bytes(&table, |_| {}).unwrap();
    let of_a_column = report.rows * 8;
    assert!(copies >= small + of_a_column, "{copies}");
    assert!(copies < small + report.bytes_in / 2, "{copies}");
    let fewer = least(&table, |r| {
        (r.read_mode, r.row_group_rows) = (ReadMode::Positional, 5_000);
    });
    assert!(fewer < copies, "{fewer} {copies}");
}

#[test]
fn a_value_that_does_not_fit_is_refused_before_it_is_copied() {
    let (_scratch, table) = generated(Workload::Wide, 400, 1);
    let small_pages = |r: &mut ExportRequest| {
        (r.writer.page_bytes, r.threads) = (1 << 10, NonZeroUsize::MIN);
    };
    let least = least(&table, small_pages);
    // Texts of up to 2,000 bytes, against pages of 1,024.
    let error = export_bytes(&table, |r| {
        small_pages(r);
        r.memory_bytes = least;
    })
    .unwrap_err();
    let Cause::Budget {
        what, least_bytes, ..
    } = error.cause()
    else {
        panic!("{}", error.to_line());
    };
    assert_eq!(*what, "the largest value");
    // Two bytes a unit are counted as three, in four copies.
    assert!(*least_bytes > least && *least_bytes < least + 4 * 6000);
    export_bytes(&table, |r| {
        small_pages(r);
        r.memory_bytes = *least_bytes;
    })
    .unwrap();
}

/// A row group of many columns takes more than the budget, none of its chunks does.
#[test]
fn row_groups_larger_than_the_budget_are_read_in_columns() {
    let (_scratch, table) = generated(Workload::Trades, 60_000, 3);
    let one_group = |r: &mut ExportRequest| {
        (r.threads, r.writer.dictionary_bytes) = (NonZeroUsize::MIN, 64 << 10);
    };
    let (mapped, expected) = export_bytes(&table, one_group).unwrap();
    assert_eq!(mapped.row_groups, 1);
    let positional = |r: &mut ExportRequest| {
        one_group(r);
        r.read_mode = ReadMode::Positional;
    };
    let least = least(&table, positional);
    let mapped_least = self::least(&table, one_group);
    // The largest column, not all of them.
    assert!(
        least - mapped_least < mapped.bytes_in / 2,
        "{least} {mapped_least}"
    );
    let (report, bytes) = export_bytes(&table, |r| {
        positional(r);
        r.memory_bytes = least;
    })
    .unwrap();
    assert!(bytes == expected);
    assert_eq!(report.peak_mapped_partitions, 0);
}

/// Nothing ends the growth of a dictionary that was asked for by name but its bound.
#[test]
fn a_dictionary_that_was_asked_for_fits_or_is_refused() {
    let (_scratch, table) = generated(Workload::Trades, 60_000, 3);
    let named = |r: &mut ExportRequest| {
        r.threads = NonZeroUsize::MIN;
        r.writer.dictionary_bytes = 64 << 10;
        r.overrides.add_encoding("order_id=dictionary").unwrap();
    };
    let (_, expected) = export_bytes(&table, |r| {
        named(r);
        r.memory_bytes = 1 << 30;
    })
    .unwrap();
    let least = least(&table, named);
    let small = export_bytes(&table, |r| {
        named(r);
        r.memory_bytes = least + (1 << 20);
    });
    let line = small.unwrap_err().to_line();
    assert!(
        line.contains("order_id") && line.contains("dictionary that was asked for"),
        "{line}"
    );
    // 60,000 values of 24 bytes, six times, and as much for pages.
    let (_, bytes) = export_bytes(&table, |r| {
        named(r);
        r.memory_bytes = least + (20 << 20);
    })
    .unwrap();
    assert!(bytes == expected);
}
