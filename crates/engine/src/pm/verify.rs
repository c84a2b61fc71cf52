//! Holding a sidecar against its own rules, and against the Parquet file beside it (pm.md §12, §19).
//!
//! Every discrepancy is a finding, not an error: an operator wants the whole list.

use pm_format::{
    BloomFacts, ChunkFacts, Column, ColumnFacts, PmView, RowGroupFacts, StatFacts, chain,
    committed_size,
};
use pq_format::{TAIL_LEN, footer_len, read_metadata};

use super::generate::{FooterPlace, ReadAt, sidecar_facts};

/// Most snapshots that are checked: each takes a pass over the file, and a hostile chain is long.
const SNAPSHOTS_CHECKED_MAX: usize = 1_000;

/// Checks the snapshot of `size` bytes (that at offset 0 without one) and every older one.
#[must_use]
pub fn verify_sidecar(data: &[u8], size: Option<u64>) -> Vec<String> {
    let mut findings = Vec::new();
    let newest = match size.map_or_else(|| committed_size(data), Ok) {
        Ok(newest) => newest,
        Err(error) => return vec![error.to_string()],
    };
    for (index, link) in chain(data, newest).enumerate() {
        if index == SNAPSHOTS_CHECKED_MAX {
            findings.push(format!(
                "more than {index} snapshots: the older ones were not checked"
            ));
            break;
        }
        let size = match link {
            Ok(link) => link.committed_size,
            Err(error) => {
                findings.push(format!("footer chain: {error}"));
                break;
            }
        };
        let mut note = |error: pm_format::PmError| {
            findings.push(format!("snapshot of {size} bytes: {error}"));
        };
        match PmView::open(data, size) {
            Err(error) => note(error),
            Ok(view) => {
                let results = [
                    view.verify_crc(),
                    view.check_footer_length(),
                    view.check().map(drop),
                    check_indices(&view),
                ];
                results.into_iter().filter_map(Result::err).for_each(note);
            }
        }
    }
    findings
}

/// What a strict reader adds (pm.md §12.3).
fn check_indices(view: &PmView<'_>) -> Result<(), pm_format::PmError> {
    let columns = view.column_count();
    let bad = |field, found: usize, expected| pm_format::PmError::InvalidValue {
        field,
        offset: 0,
        found: u64::try_from(found).unwrap_or(u64::MAX),
        expected,
    };
    if let Some(designated) = view.designated_timestamp().filter(|d| *d >= columns) {
        return Err(bad(
            "designated_timestamp",
            designated,
            "less than the column count",
        ));
    }
    for position in 0..view.sorting_column_count() {
        let column = view.sorting_column(position)?;
        if column >= columns {
            return Err(bad("sorting column", column, "less than the column count"));
        }
    }
    for index in 0..view.row_group_count() {
        let group = view.row_group(index)?;
        let outside =
            group.block_offset() < view.header_end() || group.ool_offset() > view.footer_offset();
        if outside {
            let offset = usize::try_from(group.block_offset()).unwrap_or(usize::MAX);
            return Err(bad("row group block", offset, "between header and footer"));
        }
    }
    Ok(())
}

/// Compares a snapshot with the Parquet file that it describes; `parquet_len` is the file's length,
/// which may exceed the committed one.
#[must_use]
pub fn verify_against(
    view: &PmView<'_>,
    parquet_len: u64,
    read_at: &mut ReadAt<'_>,
) -> Vec<String> {
    let Some(committed) = view.parquet_file_size() else {
        return vec!["the Parquet file size overflows".to_owned()];
    };
    if committed > parquet_len {
        return vec![format!(
            "the Parquet file has {parquet_len} bytes, the sidecar describes {committed}"
        )];
    }
    match read_facts(committed, read_at) {
        Ok(facts) => compare(view, &facts),
        Err(error) => vec![format!(
            "data.parquet at {committed} bytes: {}",
            chain_text(&error)
        )],
    }
}

fn chain_text(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// The facts of the Parquet file that ends at `committed` bytes.
///
/// # Errors
/// See [`GenerateError`](super::GenerateError).
pub fn read_facts(
    committed: u64,
    read_at: &mut ReadAt<'_>,
) -> Result<super::SidecarFacts, super::GenerateError> {
    let footer_error = |detail: String| super::GenerateError::Conversion {
        what: "Parquet footer",
        detail,
    };
    let tail_len = u64::try_from(TAIL_LEN).unwrap_or(u64::MAX);
    let tail_off = committed
        .checked_sub(tail_len)
        .ok_or_else(|| footer_error(format!("a file of {committed} bytes has none")))?;
    let tail = read_at(tail_off, TAIL_LEN)?;
    let tail: [u8; TAIL_LEN] = tail
        .try_into()
        .map_err(|_| footer_error(format!("the file ends before {committed} bytes")))?;
    let length = footer_len(tail).map_err(super::GenerateError::Footer)?;
    let offset = tail_off
        .checked_sub(u64::from(length))
        .ok_or_else(|| footer_error(format!("{length} bytes of footer in {committed} of file")))?;
    let want = usize::try_from(length).unwrap_or(usize::MAX);
    let thrift = read_at(offset, want)?;
    if thrift.len() != want {
        return Err(footer_error(format!(
            "the file ends inside it, at {offset}"
        )));
    }
    let meta = read_metadata(&thrift).map_err(super::GenerateError::Footer)?;
    // Nothing behind the committed size exists.
    let mut bounded = |at: u64, len: usize| {
        let left = usize::try_from(committed.saturating_sub(at)).unwrap_or(usize::MAX);
        read_at(at, len.min(left))
    };
    sidecar_facts(&meta, FooterPlace { offset, length }, &mut bounded)
}

/// Discrepancies, in the order of the file.
#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    fn compare(&mut self, what: impl FnOnce() -> String, sidecar: &str, parquet: &str) {
        if sidecar != parquet {
            let what = what();
            self.0.push(format!(
                "{what}: the sidecar says {sidecar}, Parquet says {parquet}"
            ));
        }
    }
}

/// Every fact that both sides must state alike. Repetition, IS_ASCII and unused bytes may differ
/// (pm.md §16.5).
fn compare(view: &PmView<'_>, facts: &super::SidecarFacts) -> Vec<String> {
    let mut findings = Findings::default();
    let snapshot = &facts.snapshot;
    let footer = (view.parquet_footer_offset(), view.parquet_footer_length());
    let stated = (
        snapshot.parquet_footer_offset,
        snapshot.parquet_footer_length,
    );
    let what = || "footer offset and length".to_owned();
    findings.compare(what, &format!("{footer:?}"), &format!("{stated:?}"));
    let counts = (view.column_count(), view.row_group_count());
    let stated = (facts.header.columns.len(), facts.row_groups.len());
    let what = || "columns and row groups".to_owned();
    findings.compare(what, &format!("{counts:?}"), &format!("{stated:?}"));
    let designated = view
        .designated_timestamp()
        .and_then(|d| i32::try_from(d).ok())
        .unwrap_or(-1);
    let stated = facts.header.designated_timestamp.to_string();
    findings.compare(
        || "designated timestamp".to_owned(),
        &designated.to_string(),
        &stated,
    );
    for (i, (column, stated)) in view.columns().zip(&facts.header.columns).enumerate() {
        let own = column_facts(&column, stated.flags);
        findings.compare(
            || format!("column {i}"),
            &format!("{own:?}"),
            &format!("{stated:?}"),
        );
    }
    for (i, stated) in facts.row_groups.iter().enumerate() {
        compare_group(view, i, stated, &mut findings);
    }
    findings.0
}

/// A descriptor as facts; flags are hints that may differ, so the other side's are taken.
fn column_facts(column: &Column<'_>, flags: i32) -> ColumnFacts {
    ColumnFacts {
        name: column.name().unwrap_or("?").to_owned(),
        id: column.id(),
        type_code: column.type_code(),
        flags,
        fixed_byte_len: column.fixed_byte_len(),
        physical_type: column.physical_code(),
        max_rep_level: column.max_rep_level(),
        max_def_level: column.max_def_level(),
    }
}

fn compare_group(view: &PmView<'_>, i: usize, stated: &RowGroupFacts, findings: &mut Findings) {
    let Ok(group) = view.row_group(i) else { return };
    let what = || format!("rows of row group {i}");
    findings.compare(
        what,
        &group.num_rows().to_string(),
        &stated.num_rows.to_string(),
    );
    for (c, (chunk, stated)) in group.chunks().zip(&stated.chunks).enumerate() {
        let bloom = view
            .bloom_filter(i, c)
            .map(|f| BloomFacts::Inline(f.bytes().to_vec()));
        let mut other = stated.clone();
        if bloom.is_none() {
            // A filter that the header does not list cannot be referenced (pm.md §8.1).
            other.bloom = None;
        }
        let own = ChunkFacts {
            codec: chunk.codec_code(),
            encodings: chunk.encodings(),
            num_values: chunk.num_values(),
            byte_range_start: chunk.byte_range_start(),
            total_compressed: chunk.total_compressed(),
            null_count: chunk.null_count(),
            distinct_count: chunk.distinct_count(),
            min: stat(chunk.min()),
            max: stat(chunk.max()),
            bloom,
        };
        let what = || format!("row group {i}, column {c}");
        findings.compare(what, &format!("{own:?}"), &format!("{other:?}"));
    }
}

fn stat(stat: Result<Option<pm_format::Stat<'_>>, pm_format::PmError>) -> Option<StatFacts> {
    let stat = stat.ok().flatten()?;
    Some(StatFacts {
        bytes: stat.bytes.to_vec(),
        exact: stat.exact,
    })
}
