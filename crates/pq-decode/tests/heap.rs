//! What a footer takes on the heap with all that readers keep of it, byte for byte of its length.
//!
//! Of real files and of wide ones made of them: what `FOOTER_HEAP_FACTOR` promises to whoever must know
//! before a footer is read. A binary of its own, because the counters are those of the process.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};

use pq_decode::{FOOTER_HEAP_FACTOR, FileFacts, FileIndexes};
use pq_format::{FileMetaData, TAIL_LEN, read_footer, read_metadata, write_footer};

#[global_allocator]
static ALLOC: dhat::Alloc = dhat::Alloc;

/// What does not grow with the footer.
const SLACK: usize = 16 << 10;

/// Peak of heap bytes while a footer is read and everything that is made of it is kept, with the facts
/// twice: a reader may have them from a sidecar as well.
fn peak(footer: &[u8]) -> usize {
    let _profiler = dhat::Profiler::builder().testing().build();
    let bytes = footer.to_vec();
    let meta = read_metadata(&bytes).unwrap();
    let facts = FileFacts::from_footer(&meta).unwrap();
    let told = FileFacts::from_footer(&meta).unwrap();
    let places = FileIndexes::from_footer(&meta);
    let peak = dhat::HeapStats::get().max_bytes;
    assert!(facts == told && places.groups.len() == meta.row_groups.len());
    peak
}

/// The same file with its columns and its row groups repeated.
fn wide(meta: &FileMetaData, columns: usize, groups: usize) -> Vec<u8> {
    let mut meta = meta.clone();
    let fields = std::mem::take(&mut meta.schema.fields);
    for round in 0..columns {
        meta.schema
            .fields
            .extend(fields.iter().cloned().map(|mut field| {
                field.name = format!("{}_{round}", field.name);
                field
            }));
    }
    meta.column_orders = meta.column_orders.repeat(columns);
    for group in &mut meta.row_groups {
        group.columns = vec![std::mem::take(&mut group.columns); columns].concat();
    }
    meta.row_groups = vec![meta.row_groups; groups].concat();
    write_footer(&meta).unwrap()
}

fn files(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|e| e == "parquet") {
            out.push(path);
        }
    }
}

#[test]
fn a_footer_takes_no_more_than_its_factor_says() {
    let mut paths = Vec::new();
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata");
    // Files that were made by hand, without statistics for instance, take more.
    for dir in ["questdb", "questdb-94", "foreign"] {
        files(&testdata.join(dir), &mut paths);
    }
    let (mut most, mut footers) = (0, 0);
    for path in paths {
        let Ok(meta) = read_footer(&std::fs::read(&path).unwrap()) else {
            continue;
        };
        if FileFacts::from_footer(&meta).is_err() || meta.row_groups.is_empty() {
            continue;
        }
        for (columns, groups) in [(1, 1), (20, 1), (1, 20)] {
            let footer = wide(&meta, columns, groups);
            let footer = footer.get(..footer.len() - TAIL_LEN).unwrap();
            let heap = peak(footer);
            assert!(
                heap <= FOOTER_HEAP_FACTOR * footer.len() + SLACK,
                "{path:?}, {columns} x {groups}: {heap} for {}",
                footer.len()
            );
            most = most.max(heap.saturating_sub(SLACK) * 10 / footer.len());
            footers += 1;
        }
    }
    assert!(footers > 100, "{footers}");
    // A factor of twice what is needed would refuse exports for nothing.
    assert!(most > FOOTER_HEAP_FACTOR * 5, "{most} tenths");
}
