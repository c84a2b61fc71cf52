//! Damaged chunks of real files: an error or rows, never a panic, and never more than the limits.

use pq_decode::{Decoder, FileFacts, Limits};

use crate::data::Rng;
use crate::read::facts;
use crate::stored::{files, natural};

const LIMITS: Limits = Limits {
    slots_max: 100_000,
    page_bytes_max: 1 << 22,
    chunk_bytes_max: 1 << 23,
};

/// Decodes one chunk whatever it holds; the rows that came of it are read.
fn attempt(facts: &FileFacts, group: usize, leaf: usize, bytes: &[u8]) -> bool {
    let (column, group) = (&facts.leaves[leaf], &facts.groups[group]);
    let mut chunk = group.chunks[leaf].clone();
    chunk.range = 0..bytes.len() as u64;
    let wanted = natural(column.stored).unwrap();
    let keys = |_: &[u8]| Some(1);
    let decoded =
        Decoder::new(LIMITS).decode(column, &chunk, group.rows, bytes, wanted, Some(&keys));
    let Ok(decoded) = decoded else { return false };
    let slice = decoded.slice().unwrap();
    assert_eq!(slice.rows() as u64, group.rows);
    for row in 0..slice.rows() {
        column_format::value(wanted, &slice, None, row).unwrap();
    }
    true
}

/// One chunk per kind of column of a file, with the bytes.
fn chunks(file: &[u8]) -> (FileFacts, Vec<(usize, Vec<u8>)>) {
    let facts = facts(file);
    let chunks = (0..facts.leaves.len()).filter(|_| !facts.groups.is_empty());
    let chunks = chunks.map(|leaf| (leaf, crate::read::bytes(file, &facts, 0, leaf).to_vec()));
    let chunks = chunks.filter(|(_, bytes)| bytes.len() < 20_000).collect();
    (facts, chunks)
}

fn some_files() -> Vec<Vec<u8>> {
    let wanted = ["parquet_encodings", "parquet_codecs", "parquet_partitions"];
    let of = |case: &&str| {
        let path = files()
            .into_iter()
            .find(|p| p.to_string_lossy().contains(*case));
        std::fs::read(path.unwrap()).unwrap()
    };
    wanted.iter().map(of).collect()
}

#[test]
fn a_flipped_bit_is_an_error_or_rows() {
    let mut rng = Rng::new(42);
    let (mut errors, mut rows) = (0, 0);
    for file in some_files() {
        let (facts, chunks) = chunks(&file);
        for (leaf, bytes) in chunks {
            assert!(attempt(&facts, 0, leaf, &bytes), "undamaged");
            for _ in 0..60 {
                let mut damaged = bytes.clone();
                // Headers and levels stand in front: half of the flips go there.
                let span = if rng.below(2) == 0 {
                    bytes.len().min(64)
                } else {
                    bytes.len()
                };
                for _ in 0..=rng.below(3) {
                    damaged[rng.below(span)] ^= 1 << rng.below(8);
                }
                match attempt(&facts, 0, leaf, &damaged) {
                    true => rows += 1,
                    false => errors += 1,
                }
            }
        }
    }
    assert!(
        errors > 500 && rows > 500,
        "{errors} errors, {rows} decoded"
    );
}

#[test]
fn every_truncation_is_an_error() {
    let mut rng = Rng::new(43);
    for file in some_files() {
        let (facts, chunks) = chunks(&file);
        for (leaf, bytes) in chunks {
            for _ in 0..20 {
                let cut = &bytes[..rng.below(bytes.len())];
                assert!(
                    !attempt(&facts, 0, leaf, cut),
                    "{} of {}",
                    cut.len(),
                    bytes.len()
                );
            }
        }
    }
}

#[test]
fn damaged_footers_give_errors_or_facts() {
    let mut rng = Rng::new(44);
    for file in some_files() {
        let tail: [u8; 8] = file[file.len() - 8..].try_into().unwrap();
        let start = file.len() - 8 - pq_format::footer_len(tail).unwrap() as usize;
        for _ in 0..300 {
            let mut footer = file[start..file.len() - 8].to_vec();
            for _ in 0..=rng.below(3) {
                let at = rng.below(footer.len());
                footer[at] ^= 1 << rng.below(8);
            }
            let Ok(meta) = pq_format::read_metadata(&footer) else {
                continue;
            };
            let Ok(facts) = FileFacts::from_footer(&meta) else {
                continue;
            };
            for (g, group) in facts.groups.iter().enumerate().take(1) {
                for (leaf, chunk) in group.chunks.iter().enumerate().take(8) {
                    let range = chunk.range.start as usize..chunk.range.end as usize;
                    let known = natural(facts.leaves[leaf].stored).is_some();
                    if let Some(bytes) = file.get(range).filter(|_| known && group.rows < 5_000) {
                        attempt(&facts, g, leaf, bytes);
                    }
                }
            }
        }
    }
}
