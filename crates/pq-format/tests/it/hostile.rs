//! Bytes that nobody vouches for.
//!
//! Invariants: a footer, header or index that is cut anywhere is an error; with any bit flipped it
//! is an error or a model, never a panic; a model can always be walked and, where its numbers
//! allow, written. Memory is measured in `tests/heap.rs`.

use pq_format::{
    BloomFilter, ColumnIndex, FileMetaData, FormatError, OffsetIndex, PageHeader, read_footer,
    read_metadata, write_footer,
};
use proptest::prelude::*;

use crate::testdata;

/// Uses everything that a reader would use.
fn walk(meta: &FileMetaData) {
    let leaves = meta.schema.leaves();
    for group in &meta.row_groups {
        assert_eq!(group.columns.len(), leaves.len());
        for chunk in &group.columns {
            let _ = chunk.meta.byte_range();
        }
    }
    let _ = meta.key_value("questdb");
    let _ = meta.schema.check();
    if let Ok(bytes) = write_footer(meta) {
        let again = read_footer(&bytes);
        // Logical types that are unknown, and children counts of groups, are not written back.
        assert!(again.is_ok(), "{again:?}");
    }
}

#[test]
fn footers_cut_anywhere_are_errors() {
    for (path, file) in testdata::files() {
        let footer = testdata::footer(&file);
        // Every length of small footers, a spread of lengths of large ones.
        let step = (footer.len() / 150).max(1);
        for len in (0..footer.len()).step_by(step) {
            match read_metadata(&footer[..len]) {
                Err(FormatError::Truncated { needed, .. }) => assert!(needed > 0),
                other => panic!("{} cut at {len}: {other:?}", path.display()),
            }
        }
    }
}

#[test]
fn footers_with_a_flipped_bit_are_errors_or_models() {
    let (mut models, mut errors) = (0, 0);
    for (_, file) in testdata::files() {
        let mut footer = testdata::footer(&file).to_vec();
        let step = (footer.len() * 8 / 400).max(1) | 1;
        for bit in (0..footer.len() * 8).step_by(step) {
            footer[bit / 8] ^= 1 << (bit % 8);
            match read_metadata(&footer) {
                Ok(meta) => {
                    walk(&meta);
                    models += 1;
                }
                Err(e) => {
                    assert!(!e.to_string().is_empty());
                    errors += 1;
                }
            }
            footer[bit / 8] ^= 1 << (bit % 8);
        }
    }
    // Flips in names and offsets are models, flips in the structure errors: both must occur.
    assert!(
        models > 10_000 && errors > 10_000,
        "{models} models, {errors} errors"
    );
}

#[test]
fn page_headers_and_indexes_cut_or_flipped_are_errors_or_models() {
    let mut cut = 0;
    for (path, file) in testdata::files() {
        if path.components().any(|c| c.as_os_str() == "pm") {
            continue;
        }
        let meta = read_footer(&file).unwrap();
        for chunk in meta.row_groups.iter().take(2).flat_map(|g| &g.columns) {
            let start = usize::try_from(chunk.meta.byte_range().unwrap().start).unwrap();
            let (_, len) = PageHeader::read(&file[start..]).unwrap();
            let header = &file[start..start + len];
            cut += hammer(header, |b| PageHeader::read(b).map(drop));
            let part = |range: pq_format::IndexRange| {
                let at = usize::try_from(range.offset).unwrap();
                &file[at..at + range.length as usize]
            };
            if let Some(range) = chunk.offset_index {
                cut += hammer(part(range), |b| OffsetIndex::read(b).map(drop));
            }
            if let Some(range) = chunk.column_index {
                cut += hammer(part(range), |b| ColumnIndex::read(b).map(drop));
            }
        }
    }
    assert!(cut > 10_000, "{cut} truncations");
}

/// Cuts at every length, flips every bit. Returns the truncations.
fn hammer(bytes: &[u8], read: impl Fn(&[u8]) -> Result<(), FormatError>) -> usize {
    let small = &bytes[..bytes.len().min(400)];
    for len in 0..small.len() {
        assert!(
            matches!(read(&bytes[..len]), Err(FormatError::Truncated { .. })),
            "cut at {len}"
        );
    }
    let mut flipped = bytes.to_vec();
    for bit in 0..small.len() * 8 {
        flipped[bit / 8] ^= 1 << (bit % 8);
        let _ = read(&flipped);
        flipped[bit / 8] ^= 1 << (bit % 8);
    }
    small.len()
}

/// Bytes of the protocol at random: field headers, lengths and types that are likely to fit.
fn thrift_like() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        4 => (0u8..4, 0u8..14).prop_map(|(delta, kind)| delta << 4 | kind),
        2 => 0u8..20,
        1 => any::<u8>(),
    ];
    prop::collection::vec(byte, 0..200)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn noise_never_panics(bytes in thrift_like()) {
        if let Ok(meta) = read_metadata(&bytes) {
            walk(&meta);
        }
        if let Ok((_, len)) = PageHeader::read(&bytes) {
            prop_assert!(len <= bytes.len());
        }
        let _ = ColumnIndex::read(&bytes);
        let _ = OffsetIndex::read(&bytes);
        let _ = BloomFilter::read(&bytes);
        let _ = read_footer(&bytes);
    }
}

#[test]
fn nesting_without_end_is_refused() {
    // Structures in unknown fields, lists of lists, maps of maps.
    for opening in [&[0x1c][..], &[0x19, 0x19], &[0x1b, 0x01, 0xbb]] {
        let bytes = opening.repeat(100_000);
        match read_metadata(&bytes) {
            Err(FormatError::Limit { .. } | FormatError::Corrupt { .. }) => {}
            other => panic!("{other:?}"),
        }
        let unknown = [&[0x0c, 0xa2, 0x1f][..], &bytes].concat();
        match read_metadata(&unknown) {
            Err(FormatError::Limit { limit, .. }) => assert_eq!(limit, 48),
            Err(FormatError::Corrupt { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_list_that_declares_more_than_the_bytes_hold_is_refused_at_once() {
    // Row groups: 2^62 of them.
    let bytes = [
        0x49, 0xfc, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f,
    ];
    assert!(matches!(
        read_metadata(&bytes),
        Err(FormatError::Truncated { .. })
    ));
    // A map of 2^62 entries of no bytes does not exist either: each takes at least one.
    let bytes = [
        0x0b, 0xa2, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f, 0x11,
    ];
    assert!(matches!(
        read_metadata(&bytes),
        Err(FormatError::Truncated { .. })
    ));
}
