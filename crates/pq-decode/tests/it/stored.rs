//! The files of real QuestDB releases: by footer and by `_pm` the same facts, and every chunk equal
//! to arrow-rs's reader.

use std::path::{Path, PathBuf};

use column_format::{ColumnType, TimestampUnit};
use parquet::file::reader::{FileReader, SerializedFileReader};
use pq_decode::{FileFacts, Stored};

use crate::judge;
use crate::read::{decode, decoded_slots};

/// Every `data.parquet` below `testdata`.
pub(crate) fn files() -> Vec<PathBuf> {
    fn walk(dir: &Path, out: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, out);
            } else if path.file_name().unwrap() == "data.parquet" {
                out.push(path);
            }
        }
    }
    let mut out = Vec::new();
    walk(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata"),
        &mut out,
    );
    out.sort();
    assert!(out.len() > 90, "{}", out.len());
    out
}

/// A column type of which such values are the natural form.
pub(crate) fn natural(stored: Stored) -> Option<ColumnType> {
    use ColumnType as T;
    Some(match stored {
        Stored::Boolean => T::Boolean,
        Stored::Int(8) => T::Byte,
        Stored::Int(16) => T::Short,
        Stored::Int(32) => T::Int,
        Stored::Int(64) => T::Long,
        Stored::Uint(16) => T::Char,
        Stored::Uint(32) => T::Ipv4,
        Stored::Float => T::Float,
        Stored::Double => T::Double,
        Stored::Millis => T::Date,
        Stored::Timestamp(unit) => T::Timestamp(unit),
        Stored::Text => T::Varchar,
        Stored::Bytes => T::Binary,
        Stored::Uuid => T::Uuid,
        Stored::Fixed(16) => T::Long128,
        Stored::Fixed(32) => T::Long256,
        Stored::Decimal { len, scale } => T::Decimal {
            precision: match len {
                1 => 2,
                2 => 4,
                4 => 9,
                8 => 18,
                16 => 38,
                _ => 76,
            },
            scale,
        },
        Stored::Doubles { dims } => T::Array {
            dims: u8::try_from(dims).ok()?,
        },
        _ => return None,
    })
}

/// The same file without ordinals: after merges QuestDB's are such that arrow-rs refuses the file.
pub(crate) fn with_plain_ordinals(file: &[u8]) -> Vec<u8> {
    let mut meta = pq_format::read_footer(file).unwrap();
    for group in &mut meta.row_groups {
        group.ordinal = None;
    }
    let tail = file[file.len() - 8..].try_into().unwrap();
    let end = file.len() - 8 - pq_format::footer_len(tail).unwrap() as usize;
    [&file[..end], &pq_format::write_footer(&meta).unwrap()].concat()
}

#[test]
fn every_chunk_of_questdb_is_read_as_arrow_rs_reads_it() {
    let mut chunks = 0;
    for path in files() {
        let file = std::fs::read(&path).unwrap();
        let facts = crate::read::facts(&file);
        let judged = with_plain_ordinals(&file);
        let reader = SerializedFileReader::new(bytes::Bytes::from(judged.clone())).unwrap();
        let schema = reader.metadata().file_metadata().schema_descr_ptr();
        for (i, leaf) in facts.leaves.iter().enumerate() {
            let wanted = natural(leaf.stored).unwrap_or_else(|| panic!("{path:?} {leaf:?}"));
            let required = schema.column(i).max_def_level() == 0;
            let decoded = decode(&file, &facts, i, wanted, None);
            let found = decoded_slots(wanted, &decoded, None, required);
            let expected = judge::read(&judged, i).into_iter().map(|mut slot| {
                if slot.value.is_none() && !wanted.has_null() {
                    let len = if wanted == ColumnType::Boolean { 1 } else { 4 };
                    (slot.definition, slot.value) = (1, Some(vec![0; len]));
                }
                slot
            });
            assert!(
                found == expected.collect::<Vec<_>>(),
                "{path:?}: {} as {wanted}",
                leaf.name
            );
            chunks += facts.groups.len();
        }
    }
    assert!(chunks > 3_000, "{chunks}");
}

#[test]
fn footer_and_sidecar_tell_the_same() {
    let mut compared = 0;
    for path in files() {
        let Ok(sidecar) = std::fs::read(path.with_file_name("_pm")) else {
            continue;
        };
        let file = std::fs::read(&path).unwrap();
        let newest = pm_format::PmView::open_newest(&sidecar).unwrap();
        for link in pm_format::chain(&sidecar, newest.committed_size()) {
            let link = link.unwrap();
            let view = pm_format::PmView::open(&sidecar, link.committed_size).unwrap();
            let by_sidecar = FileFacts::from_sidecar(&view).unwrap();
            let size = link.parquet_file_size.unwrap() as usize;
            let by_footer = crate::read::facts(&file[..size]);
            assert!(
                by_footer == by_sidecar,
                "{path:?} at {size}: {by_footer:#?} {by_sidecar:#?}"
            );
            compared += 1;
        }
    }
    assert!(compared > 60, "{compared}");
}

#[test]
fn a_designated_timestamp_has_bounds() {
    let nanos = Stored::Timestamp(TimestampUnit::Nanos);
    let micros = Stored::Timestamp(TimestampUnit::Micros);
    let mut with_bounds = 0;
    for path in files() {
        let facts = crate::read::facts(&std::fs::read(&path).unwrap());
        let at = facts
            .leaves
            .iter()
            .position(|l| (l.stored == micros || l.stored == nanos) && l.max_definition == 0);
        for group in at
            .iter()
            .flat_map(|at| facts.groups.iter().map(|g| &g.chunks[*at]))
        {
            assert!(group.bounds.is_some(), "{path:?}");
            with_bounds += 1;
        }
    }
    assert!(with_bounds > 100, "{with_bounds}");
}
