//! A dictionary or an index that is damaged is an error that names the place; one that a writer is
//! changing is told apart.

use bytes::Bytes;
use column_format::{
    BitmapIndexView, BitmapIndexWriter, Expected, FileKind, FixedSlice, LayoutError, SymbolDict,
    SymbolFiles, SymbolWriter, WriteError,
};

use crate::errors::corrupt;

/// The dictionary A, BB, C.
fn three_symbols() -> SymbolFiles {
    let mut w = SymbolWriter::new(2, true).expect("a capacity");
    for text in ["A", "BB", "C"] {
        w.add(text).expect("a text");
    }
    w.finish()
}

/// The error of reading a dictionary.
fn dict_error(offsets: &[u8], chars: &[u8], count: u32) -> LayoutError {
    let (offsets, chars) = (
        Bytes::copy_from_slice(offsets),
        Bytes::copy_from_slice(chars),
    );
    SymbolDict::new(&offsets, &chars, count).expect_err("a bad dictionary")
}

#[test]
fn a_dictionary_that_is_not_consecutive_is_refused() {
    let SymbolFiles { offsets, chars, .. } = three_symbols();

    let mut moved = offsets.clone();
    moved[64 + 8] = 5;
    let error = dict_error(&moved, &chars, 3);
    assert_eq!(
        error,
        corrupt(FileKind::Offsets, 1, 72, Expected::Exactly(6), 5)
    );

    let mut longer = chars.clone();
    longer[6] = 3;
    let error = dict_error(&offsets, &longer, 3);
    assert_eq!(
        error,
        corrupt(FileKind::Offsets, 2, 80, Expected::Exactly(16), 14)
    );

    let mut negative = chars.clone();
    negative[0..4].copy_from_slice(&[0xff; 4]);
    let error = dict_error(&offsets, &negative, 3);
    assert_eq!(
        error,
        corrupt(FileKind::Chars, 0, 0, Expected::Between(0, 8), -1)
    );

    let mut beyond = chars.clone();
    beyond[14] = 2;
    let error = dict_error(&offsets, &beyond, 3);
    assert_eq!(
        error,
        corrupt(FileKind::Chars, 2, 14, Expected::Between(0, 1), 2)
    );

    // symbol-index.md §4.1: `count` distinct values have at least 6·count − 2 bytes.
    let mut zeroed = offsets;
    zeroed[64 + 24..].fill(0);
    let error = dict_error(&zeroed, &chars, 3);
    assert_eq!(
        error,
        corrupt(FileKind::Offsets, 3, 88, Expected::AtLeast(16), 0)
    );
}

#[test]
fn a_dictionary_file_that_is_too_short_is_named() {
    let SymbolFiles { offsets, chars, .. } = three_symbols();
    for (offsets, chars, count, short) in [
        (&offsets[..], &chars[..], 4, FileKind::Offsets),
        (&offsets[..], &chars[..19], 3, FileKind::Chars),
        (&offsets[..63], &chars[..], 0, FileKind::Offsets),
    ] {
        let error = dict_error(offsets, chars, count);
        assert!(
            matches!(error, LayoutError::Truncated { file, .. } if file == short),
            "{error}"
        );
    }
}

#[test]
fn an_index_that_a_writer_is_changing_is_told_from_a_bad_one() {
    let mut w = SymbolWriter::new(2, true).unwrap();
    w.add("A").unwrap();
    let files = w.finish();
    let mut torn = files.keys.clone();
    torn[1] += 1;
    let error = BitmapIndexView::new(&torn, &files.values).unwrap_err();
    assert!(
        matches!(
            error,
            LayoutError::Changing {
                row: None,
                offset: 29,
                ..
            }
        ),
        "{error}"
    );
    let mut torn = files.keys.clone();
    torn[64 + 32 + 24] += 1;
    let index = BitmapIndexView::new(&torn, &files.values).unwrap();
    let error = index.verify().unwrap_err();
    assert!(
        matches!(error, LayoutError::Changing { row: Some(1), .. }),
        "{error}"
    );
}

#[test]
fn every_rule_of_section_7_is_checked() {
    let mut w = SymbolWriter::new(2, true).unwrap();
    for text in ["A", "C", "E", "G", "B"] {
        w.add(text).unwrap();
    }
    let files = w.finish();
    let dict = SymbolDict::new(&files.offsets.into(), &files.chars.into(), 5).unwrap();
    let check = |keys: &[u8], values: &[u8]| {
        BitmapIndexView::new(keys, values).and_then(|index| index.verify_symbols(&dict))
    };
    assert_eq!(check(&files.keys, &files.values), Ok(()));

    // Key 1 has blocks 0 and 32 with A, C and E, G; key 0 has block 64 with B.
    let keys: [(&str, usize, u8, FileKind); 10] = [
        ("signature", 0, 0xfb, FileKind::Keys),
        ("values length beyond the file", 9, 0x80, FileKind::Values),
        ("values length not a multiple", 9, 0x61, FileKind::Keys),
        ("block capacity not a power of two", 17, 3, FileKind::Keys),
        ("key count beyond the file", 21, 3, FileKind::Keys),
        ("negative key count", 24, 0x80, FileKind::Keys),
        ("first block not aligned", 64 + 32 + 8, 8, FileKind::Keys),
        (
            "first block beyond the end",
            64 + 32 + 8,
            0x60,
            FileKind::Keys,
        ),
        (
            "last block of another chain",
            64 + 32 + 16,
            0x40,
            FileKind::Keys,
        ),
        ("last block beyond the end", 64 + 32 + 17, 1, FileKind::Keys),
    ];
    for (what, at, byte, file) in keys {
        let mut bad = files.keys.clone();
        bad[at] = byte;
        let error = check(&bad, &files.values).expect_err(what);
        assert_eq!(error.file(), Some(file), "{what}: {error}");
    }
    let values: [(&str, usize, u8); 7] = [
        ("next link not aligned", 24, 0x21),
        ("next link beyond the end", 24, 0x60),
        ("link back to elsewhere", 32 + 16, 0x40),
        ("a value twice", 8, 0x40),
        ("values descend", 32, 0x40),
        ("no entry of a symbol", 0, 0x41),
        ("symbol of another bucket", 64, 0x40),
    ];
    for (what, at, byte) in values {
        let mut bad = files.values.clone();
        bad[at] = byte;
        let error = check(&files.keys, &bad).expect_err(what);
        assert_eq!(error.file(), Some(FileKind::Values), "{what}: {error}");
    }
}

/// The link back of another chain's first block may fit by chance: the last block does not.
#[test]
fn a_link_into_another_chain_is_seen() {
    let mut w = SymbolWriter::new(2, true).unwrap();
    for text in ["A", "C", "E", "G", "B"] {
        w.add(text).unwrap();
    }
    let mut files = w.finish();
    files.values[24] = 0x40;
    let error = BitmapIndexView::new(&files.keys, &files.values)
        .unwrap()
        .verify()
        .unwrap_err();
    assert_eq!(
        error,
        corrupt(FileKind::Keys, 1, 64 + 32 + 16, Expected::Exactly(64), 32)
    );
}

#[test]
fn two_keys_cannot_share_a_block() {
    let mut w = BitmapIndexWriter::new(2).unwrap();
    w.add(0, 1).unwrap();
    w.add(1, 2).unwrap();
    let mut files = w.finish(-1);
    files.values.truncate(32);
    files.keys[9] = 32;
    files.keys[64 + 32 + 8] = 0;
    files.keys[64 + 32 + 16] = 0;
    let error = BitmapIndexView::new(&files.keys, &files.values)
        .unwrap()
        .verify()
        .unwrap_err();
    assert!(
        matches!(
            error,
            LayoutError::Corrupt {
                row: Some(1),
                offset: 96,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_shared_block_is_found_where_another_one_is_unused() {
    let mut w = BitmapIndexWriter::new(2).unwrap();
    for (key, value) in [(0, 1), (1, 2), (2, 3)] {
        w.add(key, value).unwrap();
    }
    let mut files = w.finish(-1);
    // The entry of key 1 leads to the block of key 0: that of key 1 is unused now.
    files.keys[64 + 32 + 8] = 0;
    files.keys[64 + 32 + 16] = 0;
    let view = BitmapIndexView::new(&files.keys, &files.values).unwrap();
    assert_eq!(view.values(1).unwrap().collect::<Vec<_>>(), [Ok(1)]);
    let expected = Expected::Rule("a block that nothing else uses");
    assert_eq!(
        view.verify(),
        Err(corrupt(FileKind::Values, 1, 0, expected, 0))
    );
}

#[test]
fn a_key_outside_the_dictionary_is_refused_before_it_costs_memory() {
    let mut w = BitmapIndexWriter::new(2).unwrap();
    for (key, symbols) in [(i32::MAX - 2, 7), (7, 7), (0, 0)] {
        let rows = [key.to_le_bytes()];
        let error = w
            .add_rows(&FixedSlice::from_chunks(&rows), 0, symbols)
            .unwrap_err();
        let expected = u64::from(key.unsigned_abs()) + 1;
        assert!(
            matches!(error, WriteError::WrongShape { expected: e, found, .. }
                if e == expected && found == u64::from(symbols)),
            "{error}"
        );
    }
    assert_eq!(w.finish(-1).keys.len(), 64, "nothing was added");
    let mut w = BitmapIndexWriter::new(2).unwrap();
    let rows = [6i32.to_le_bytes(), i32::MIN.to_le_bytes()];
    w.add_rows(&FixedSlice::from_chunks(&rows), 0, 7).unwrap();
}

#[test]
fn leftovers_after_the_last_key_are_seen() {
    let mut w = BitmapIndexWriter::new(2).unwrap();
    w.add(0, 1).unwrap();
    let mut files = w.finish(-1);
    files.keys.resize(4096, 0);
    assert!(
        BitmapIndexView::new(&files.keys, &files.values)
            .unwrap()
            .unused_is_zero()
    );
    files.keys[200] = 1;
    assert!(
        !BitmapIndexView::new(&files.keys, &files.values)
            .unwrap()
            .unused_is_zero()
    );
}
