//! Any bytes as a footer, as a whole file and as a page header: an error or facts.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pq_decode::FileFacts;

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
    }
});
