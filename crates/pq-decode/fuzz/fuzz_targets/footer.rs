//! Any bytes as a footer, as a whole file, as a page header, as a page index and as a bloom filter: an
//! error or facts.

#![no_main]

use column_format::Value;
use libfuzzer_sys::fuzz_target;
use pq_decode::{ChunkBloom, ChunkFacts, ChunkPages, FileFacts, FileIndexes, LeafFacts, Stored};
use pq_format::{CodecId, PhysicalType};

fuzz_target!(|data: &[u8]| {
    let _ = pq_format::PageHeader::read(data).map(|(_, len)| assert!(len <= data.len()));
    for meta in [pq_format::read_metadata(data), pq_format::read_footer(data)] {
        let Ok(meta) = meta else { continue };
        let Ok(facts) = FileFacts::from_footer(&meta) else { continue };
        let _ = (facts.rows(), facts.leaf_by_id([1, 0]));
        for group in &facts.groups {
            assert_eq!(group.chunks.len(), facts.leaves.len());
            for chunk in &group.chunks {
                assert!(chunk.range.start <= chunk.range.end);
            }
        }
        let indexes = FileIndexes::from_footer(&meta);
        assert_eq!(indexes.groups.len(), facts.groups.len());
    }
    indexes(data);
});

/// An index is consistent or an error; a filter answers.
fn indexes(data: &[u8]) {
    let (offsets, bounds) = match data.split_first() {
        Some((at, rest)) => rest.split_at(rest.len().min(usize::from(*at))),
        None => return,
    };
    let chunk = ChunkFacts {
        range: 4..1 << 20,
        codec: CodecId::Uncompressed,
        num_values: 1000,
        bounds: None,
    };
    let leaf = leaf_of(PhysicalType::Int32, Stored::Int(8), 1);
    for bounds in [None, Some(bounds)] {
        let Ok(pages) = ChunkPages::read(&leaf, &chunk, 1000, offsets, bounds) else { continue };
        let (mut row, mut at) = (0, 4);
        for page in &pages.pages {
            assert!(page.rows.start == row && page.rows.end > row);
            assert!(page.range.start >= at && page.range.end <= 1 << 20);
            (row, at) = (page.rows.end, page.range.end);
            let _ = page.bounds.as_i64();
        }
        assert_eq!(row, 1000);
        let all = pages.plan(pages.of_rows(&(0..1000)));
        assert_eq!(all.rows(), 1000);
    }
    let leaf = leaf_of(PhysicalType::Int64, Stored::Int(64), 0);
    let _ = ChunkBloom::len(data);
    if let Ok(bloom) = ChunkBloom::read(&leaf, data) {
        let _ = bloom.may_contain(&Value::Long(1));
    }
}

fn leaf_of(physical: PhysicalType, stored: Stored, max_definition: u16) -> LeafFacts {
    LeafFacts {
        name: "c".into(),
        id: None,
        physical,
        stored,
        max_definition,
        max_repetition: 0,
        element_levels: vec![],
    }
}
