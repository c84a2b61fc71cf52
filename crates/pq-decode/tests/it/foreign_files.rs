//! Files by pyarrow, DuckDB and Polars (`testdata/foreign`): type × encoding × codec × page version ×
//! nulls, every column equal to arrow-rs's reader.
//!
//! `cargo xtask interop` writes new ones with another seed and points `SLUICEGATE_FOREIGN` at them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use column_format::ColumnType;
use parquet::file::reader::{FileReader, SerializedFileReader};
use pq_decode::Stored;
use pq_format::{PageHeader, PageKind, PhysicalType};

use crate::judge;
use crate::read::{bytes, decode, decoded_slots, facts};
use crate::stored::natural;

fn files() -> Vec<PathBuf> {
    let fixed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/foreign");
    let folder = std::env::var_os("SLUICEGATE_FOREIGN").map_or(fixed, PathBuf::from);
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|e| e == "parquet"))
        .collect();
    paths.sort();
    paths
}

/// Kind of page and encoding of every data page of a chunk, with the codec.
fn kinds(chunk: &[u8]) -> impl Iterator<Item = String> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (header, len) =
            PageHeader::read(chunk.get(at..).filter(|rest| !rest.is_empty())?).unwrap();
        at += len + header.compressed_len as usize;
        Some(match header.kind {
            PageKind::Data(h) => format!("V1 {:?}", h.encoding),
            PageKind::DataV2(h) => format!("V2 {:?}", h.encoding),
            _ => String::new(),
        })
    })
    .filter(|kind| !kind.is_empty())
}

#[test]
fn files_of_other_writers_are_read_as_arrow_rs_reads_them() {
    let (mut columns, mut pages, mut codecs) = (0, BTreeSet::new(), BTreeSet::new());
    let mut writers = BTreeSet::new();
    for path in files() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        writers.insert(name.split('-').next().unwrap().to_owned());
        let file = std::fs::read(&path).unwrap();
        let facts = facts(&file);
        let reader = SerializedFileReader::new(bytes::Bytes::from(file.clone())).unwrap();
        let schema = reader.metadata().file_metadata().schema_descr_ptr();
        for (i, leaf) in facts.leaves.iter().enumerate() {
            let what = format!("{name}: {}", leaf.name);
            let wanted = natural(leaf.stored).unwrap_or_else(|| panic!("{what}: {leaf:?}"));
            let required = schema.column(i).max_def_level() == 0;
            let decoded = decode(&file, &facts, i, wanted, None);
            let found = decoded_slots(wanted, &decoded, None, required);
            let wide = facts
                .leaves
                .iter()
                .position(|l| *l.name == *format!("{}_wide", leaf.name));
            let mut expected = judge::read(&file, wide.unwrap_or(i));
            for value in expected.iter_mut().filter_map(|slot| slot.value.as_mut()) {
                if wide.is_some() {
                    value.truncate(4);
                }
            }
            for slot in &mut expected {
                let whole = matches!(leaf.physical, PhysicalType::Int32 | PhysicalType::Int64);
                match &mut slot.value {
                    None if !wanted.has_null() => {
                        let len = if wanted == ColumnType::Boolean { 1 } else { 4 };
                        (slot.definition, slot.value) = (1, Some(vec![0; len]));
                    }
                    // Decimals in integers are little-endian.
                    Some(value) if whole && matches!(leaf.stored, Stored::Decimal { .. }) => {
                        value.reverse();
                    }
                    _ => {}
                }
            }
            assert!(found == expected, "{what} as {wanted}");
            for group in 0..facts.groups.len() {
                codecs.insert(facts.groups[group].chunks[i].codec.code());
                pages.extend(kinds(bytes(&file, &facts, group, i)));
            }
            columns += 1;
        }
    }
    assert!(columns >= 500, "{columns}");
    assert_eq!(writers.len(), 3, "{writers:?}");
    assert_eq!(codecs.len(), 6, "{codecs:?}");
    // V1 and V2 of PLAIN, dictionary, RLE, the three deltas and BYTE_STREAM_SPLIT.
    assert!(pages.len() >= 13, "{pages:?}");
}
