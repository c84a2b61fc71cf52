//! Chunk checksums: an entry of the scratchpad that counts for one snapshot only.

use pm_format::{
    AppendStep, CHUNK_CHECKSUMS_CODE, ErrorKind, HeaderFacts, PmView, RowGroupChange,
    RowGroupFacts, ScratchpadFacts, SnapshotFacts, append, build, chunk_checksums_entry, chunk_crc,
};

use crate::facts::{group_of_json, header_of_json, snapshot_of_json};
use crate::json;

/// The row groups of the vector with 64 of them, their header and snapshot.
fn many_groups() -> (HeaderFacts, Vec<RowGroupFacts>, SnapshotFacts) {
    let vector = json("many-groups.json");
    let snapshot = &vector["file"]["snapshots"][0];
    let groups = snapshot["row_groups"].as_array().expect("row groups");
    (
        header_of_json(&vector["file"]),
        groups.iter().map(group_of_json).collect(),
        snapshot_of_json(snapshot),
    )
}

fn size_of_parquet(facts: &SnapshotFacts) -> u64 {
    facts.parquet_footer_offset + u64::from(facts.parquet_footer_length) + 8
}

/// A sidecar with these entries in its scratchpad.
fn with_entries(entries: Vec<(u32, Vec<u8>)>) -> Vec<u8> {
    let (header, groups, mut facts) = many_groups();
    facts.scratchpad = ScratchpadFacts::Replace(entries);
    build(&header, &groups, &facts).expect("builds")
}

fn crcs() -> Vec<u32> {
    (0..64 * 2)
        .map(|i: u32| chunk_crc(0, &i.to_le_bytes()))
        .collect()
}

#[test]
fn every_chunk_finds_its_own_checksum_beside_entries_of_others() {
    let (_, _, facts) = many_groups();
    let entry = chunk_checksums_entry(size_of_parquet(&facts), &crcs()).expect("fits");
    assert_eq!(entry.0, CHUNK_CHECKSUMS_CODE);
    let older = (CHUNK_CHECKSUMS_CODE, vec![7; entry.1.len()]);
    let file = with_entries(vec![(9, b"other".to_vec()), older, entry]);
    let view = PmView::open_newest(&file).expect("opens");
    view.verify_crc().expect("verifies");
    let checksums = view.chunk_checksums().expect("has them");
    for group in 0..64 {
        for column in 0..2 {
            let expected = crcs()[group * 2 + column];
            assert_eq!(checksums.get(group, column), Some(expected));
            checksums.verify(group, column, expected).expect("equal");
            let error = checksums
                .verify(group, column, !expected)
                .expect_err("not equal");
            assert_eq!(error.kind(), ErrorKind::ChecksumMismatch);
        }
    }
    assert_eq!(checksums.get(64, 0), None, "beyond the row groups");
    assert_eq!(checksums.get(0, 2), None, "beyond the columns");
    assert_eq!(checksums.get(usize::MAX, 1), None, "far beyond");
    let error = checksums.verify(64, 0, 0).expect_err("beyond");
    assert_eq!(error.kind(), ErrorKind::InvalidValue);
}

#[test]
fn a_checksum_is_the_same_in_pieces() {
    let bytes: Vec<u8> = (0..1_000)
        .map(|i| u8::try_from(i % 251).expect("small"))
        .collect();
    for cut in [0, 1, 7, 512, 1_000] {
        let (front, back) = bytes.split_at(cut);
        assert_eq!(chunk_crc(chunk_crc(0, front), back), chunk_crc(0, &bytes));
    }
}

#[test]
fn an_entry_of_another_shape_is_none() {
    let (_, _, facts) = many_groups();
    let size = size_of_parquet(&facts);
    let good = chunk_checksums_entry(size, &crcs()).expect("fits").1;
    let fewer = chunk_checksums_entry(size, &crcs()[1..]).expect("fits").1;
    let other_size = chunk_checksums_entry(size + 1, &crcs()).expect("fits").1;
    let mut odd = good.clone();
    odd.push(0);
    for content in [Vec::new(), good[..7].to_vec(), fewer, other_size, odd] {
        let length = content.len();
        let file = with_entries(vec![(CHUNK_CHECKSUMS_CODE, content)]);
        let view = PmView::open_newest(&file).expect("opens");
        assert!(view.chunk_checksums().is_none(), "{length} bytes");
    }
}

#[test]
fn an_update_that_carries_the_entry_along_does_not_inherit_its_meaning() {
    let (_, groups, facts) = many_groups();
    let entry = chunk_checksums_entry(size_of_parquet(&facts), &crcs()).expect("fits");
    let mut file = with_entries(vec![entry]);
    let parent = PmView::open_newest(&file).expect("opens");
    let size = parent.committed_size();
    // One row group is replaced: the same number of chunks, other bytes in one of them.
    let mut changes: Vec<_> = (1..64).map(RowGroupChange::Keep).collect();
    changes.insert(0, RowGroupChange::Write(groups[0].clone()));
    let next = SnapshotFacts {
        parquet_footer_offset: facts.parquet_footer_offset + 5_000,
        parquet_footer_length: facts.parquet_footer_length,
        ..SnapshotFacts::default()
    };
    for step in append(&parent, &file.clone(), &changes, &next).expect("appends") {
        if let AppendStep::Write { offset, bytes } = step {
            let offset = usize::try_from(offset).expect("small");
            file.resize(file.len().max(offset + bytes.len()), 0);
            file[offset..offset + bytes.len()].copy_from_slice(&bytes);
        }
    }
    let newest = PmView::open_newest(&file).expect("opens");
    assert!(newest.scratchpad().is_some(), "it is carried along");
    assert!(newest.chunk_checksums().is_none());
    let older = PmView::open(&file, size).expect("opens");
    assert!(
        older.chunk_checksums().is_some(),
        "where it belongs it holds"
    );
}

#[test]
fn as_many_checksums_as_a_scratchpad_holds_and_not_one_more() {
    let room = ((1 << 20) - 12 - 8) / 4;
    let (_, full) = chunk_checksums_entry(1, &vec![0; room]).expect("fits");
    let facts = SnapshotFacts {
        scratchpad: ScratchpadFacts::Replace(vec![(CHUNK_CHECKSUMS_CODE, full)]),
        ..SnapshotFacts::default()
    };
    let file = build(&HeaderFacts::default(), &[], &facts).expect("builds");
    PmView::open_newest(&file).expect("opens");
    let error = chunk_checksums_entry(1, &vec![0; room + 1]).expect_err("too many");
    assert_eq!(error.kind(), ErrorKind::InvalidValue);
}
