//! Byte samples of symbol-index.md, in both directions.

use bytes::Bytes;
use column_format::{
    BitmapIndexView, BitmapIndexWriter, FileKind, FixedSlice, IndexFiles, LayoutError, SymbolDict,
    SymbolWriter, Utf16, WriteError, index_key, null, symbol_buckets, symbol_hash,
};

use crate::support::hex;

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The dictionary of symbol-index.md §9.1.
fn sample() -> column_format::SymbolFiles {
    let mut w = SymbolWriter::new(4, true).expect("a small dictionary");
    for (key, text) in (0..).zip(["A", "BB", "C", "E"]) {
        assert_eq!(w.add(text).expect("a small dictionary"), key);
    }
    assert_eq!(
        w.add("BB").expect("a small dictionary"),
        1,
        "a text has one key"
    );
    w.set_contains_null();
    w.finish()
}

#[test]
fn dictionary_of_section_9_1_byte_for_byte() {
    let files = sample();
    assert_eq!(
        files.chars,
        hex("01000000 4100 02000000 4200 4200 01000000 4300 01000000 4500")
    );

    let header = [&hex("04000000 01 000000 01")[..], &[0; 55]].concat();
    let ends = "0000000000000000 0600000000000000 0e00000000000000 1400000000000000";
    assert_eq!(
        files.offsets,
        [&header[..], &hex(ends), &hex("1a00000000000000")].concat()
    );

    let header = "fa 0500000000000000 6000000000000000 02000000 02000000 00000000";
    let header = [
        &hex(header)[..],
        &hex("0500000000000000 ffffffffffffffff"),
        &[0; 19],
    ]
    .concat();
    let entries = [
        "0100000000000000 2000000000000000 2000000000000000 0100000000000000",
        "0300000000000000 0000000000000000 4000000000000000 0300000000000000",
    ];
    assert_eq!(files.keys, [&header[..], &hex(&entries.concat())].concat());

    let blocks = [
        "4000000000000000 5000000000000000 0000000000000000 4000000000000000",
        "4800000000000000 0000000000000000 0000000000000000 0000000000000000",
        "5800000000000000 0000000000000000 0000000000000000 0000000000000000",
    ];
    assert_eq!(files.values, hex(&blocks.concat()));
    assert_eq!(files.count, 4);
}

#[test]
fn dictionary_of_section_9_1_is_read_and_searched() {
    let files = sample();
    let (offsets, chars) = (Bytes::from(files.offsets), Bytes::from(files.chars));
    let dict = SymbolDict::new(&offsets, &chars, 4).unwrap();
    assert_eq!(
        dict.iter().map(|t| t.to_string_lossy()).collect::<Vec<_>>(),
        ["A", "BB", "C", "E"]
    );
    assert_eq!(dict.value(4), None);
    assert_eq!(
        (dict.header().capacity, dict.header().contains_null),
        (4, true)
    );

    let index = BitmapIndexView::new(&files.keys, &files.values).unwrap();
    index.verify_symbols(&dict).unwrap();
    let find = |text| index.find_symbol(&dict, Utf16::new(&utf16(text))).unwrap();
    assert_eq!(
        ["A", "BB", "C", "E"].map(find),
        [Some(0), Some(1), Some(2), Some(3)]
    );
    assert_eq!(["", "B", "G"].map(find), [None, None, None]);

    // Two values are committed: the others do not exist.
    let two = SymbolDict::new(&offsets, &chars, 2).unwrap();
    index.verify_symbols(&two).unwrap();
    assert_eq!(index.find_symbol(&two, Utf16::new(&utf16("C"))), Ok(None));
    assert_eq!(two.value(2), None);
}

/// symbol-index.md §4.2.
#[test]
fn empty_dictionary_byte_for_byte() {
    let files = SymbolWriter::new(256, true).unwrap().finish();
    let head = hex("00010000 01 000000 00");
    assert_eq!(files.offsets, [&head[..], &[0; 72 - 9]].concat());
    assert_eq!((files.chars.len(), files.values.len()), (0, 0));
    let head = "fa 0100000000000000 0000000000000000 02000000 00000000 00000000";
    let head = [
        &hex(head)[..],
        &hex("0100000000000000 ffffffffffffffff"),
        &[0; 19],
    ]
    .concat();
    assert_eq!(files.keys, head);

    let header_only = Bytes::copy_from_slice(&files.offsets[..64]);
    let dict = SymbolDict::new(&header_only, &Bytes::new(), 0).unwrap();
    assert!(dict.is_empty());
    BitmapIndexView::new(&files.keys, &files.values)
        .unwrap()
        .verify_symbols(&dict)
        .unwrap();
}

/// symbol-index.md §9.2.
#[test]
fn partition_index_of_section_9_2_byte_for_byte() {
    let symbols = [0, null::SYMBOL, 0, 0, 2].map(i32::to_le_bytes);
    let keys = FixedSlice::from_chunks(&symbols);
    let mut w = BitmapIndexWriter::new(2).unwrap();
    w.add_rows(&keys, 1, 1 << 20).unwrap();
    let files = w.finish(5);

    let header = "fa 0700000000000000 8000000000000000 02000000 04000000 00000000";
    let header = [
        &hex(header)[..],
        &hex("0700000000000000 0500000000000000"),
        &[0; 19],
    ]
    .concat();
    let entries = [
        "0100000000000000 2000000000000000 2000000000000000 0100000000000000",
        "0300000000000000 0000000000000000 4000000000000000 0300000000000000",
        "0000000000000000 0000000000000000 0000000000000000 0000000000000000",
        "0100000000000000 6000000000000000 6000000000000000 0100000000000000",
    ];
    assert_eq!(files.keys, [&header[..], &hex(&entries.concat())].concat());
    let blocks = [
        "0100000000000000 0300000000000000 0000000000000000 4000000000000000",
        "0200000000000000 0000000000000000 0000000000000000 0000000000000000",
        "0400000000000000 0000000000000000 0000000000000000 0000000000000000",
        "0500000000000000 0000000000000000 0000000000000000 0000000000000000",
    ];
    assert_eq!(files.values, hex(&blocks.concat()));

    let index = BitmapIndexView::new(&files.keys, &files.values).unwrap();
    assert_eq!(rows(&index, 0), [2]);
    assert_eq!(rows(&index, 1), [1, 3, 4]);
    assert_eq!(rows(&index, 2), []);
    assert_eq!(rows(&index, 3), [5]);
    assert_eq!(rows(&index, 4), []);
    index.verify_rows(&keys, 1).unwrap();
    assert!(index.verify_rows(&keys, 0).is_err(), "rows of another top");
}

fn rows(index: &BitmapIndexView<'_>, key: u32) -> Vec<i64> {
    index
        .values(key)
        .expect("a sound index")
        .collect::<Result<_, _>>()
        .expect("a sound index")
}

/// symbol-index.md §3.
#[test]
fn hashes_of_the_notes() {
    let sample = [
        ("", 0, 0),
        ("A", 0x41, 65),
        ("BTC-USD", 0x0678_3fca, 74),
        ("ü1", 0x1eb5, 53),
        ("😀", 0x001b_0d63, 99),
    ];
    for (text, hash, key) in sample {
        let units = utf16(text);
        assert_eq!(symbol_hash(Utf16::new(&units)), hash, "{text}");
        assert_eq!(hash & (symbol_buckets(256) - 1), key, "{text}");
    }
    assert_eq!(
        [1, 2, 4, 5, 6, 7, 256].map(symbol_buckets),
        [2, 2, 2, 2, 4, 4, 128]
    );
    assert_eq!(symbol_buckets(1 << 30), 1 << 29);
    assert_eq!(symbol_buckets(u32::MAX), 1 << 31);
}

#[test]
fn null_is_index_key_zero() {
    assert_eq!(
        [i32::MIN, 0, 7, i32::MAX].map(index_key),
        [Some(0), Some(1), Some(8), Some(1 << 31)]
    );
    assert_eq!([-1, i32::MIN + 1].map(index_key), [None, None]);
}

/// symbol-index.md §6: in a Parquet partition every row is listed, those above the top too.
#[test]
fn parquet_partition_lists_its_top() {
    let mut w = BitmapIndexWriter::new(2).unwrap();
    w.add_null_rows(0..2).unwrap();
    w.add_rows(
        &FixedSlice::from_chunks(&[5, null::SYMBOL].map(i32::to_le_bytes)),
        2,
        6,
    )
    .unwrap();
    let files = w.finish(3);
    let index = BitmapIndexView::new(&files.keys, &files.values).unwrap();
    assert_eq!(rows(&index, 0), [0, 1, 3]);
    assert_eq!(rows(&index, 6), [2]);
    assert_eq!(index.key_count(), 7);
    assert_eq!(index.verify(), Ok(4));
    assert!(index.unused_is_zero());
}

#[test]
fn a_row_that_is_not_listed_is_named() {
    let symbols = [0, 1, 0, 1].map(i32::to_le_bytes);
    let keys = FixedSlice::from_chunks(&symbols);
    let mut w = BitmapIndexWriter::new(4).unwrap();
    for (key, row) in [(1, 0), (2, 1), (2, 3)] {
        w.add(key, row).unwrap();
    }
    let files = w.finish(3);
    let index = BitmapIndexView::new(&files.keys, &files.values).unwrap();
    let error = index.verify_rows(&keys, 0).unwrap_err();
    let LayoutError::Corrupt {
        row, offset, found, ..
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!((row, offset, found), (Some(1), 64 + 32, 2));
}

#[test]
fn a_row_under_another_symbol_is_named() {
    let column = [0, 1, 0].map(i32::to_le_bytes);
    let swapped = [0, 1, 1].map(i32::to_le_bytes);
    let mut w = BitmapIndexWriter::new(2).unwrap();
    w.add_rows(&FixedSlice::from_chunks(&swapped), 7, 1 << 20)
        .unwrap();
    let files = w.finish(9);
    let index = BitmapIndexView::new(&files.keys, &files.values).unwrap();
    let error = index
        .verify_rows(&FixedSlice::from_chunks(&column), 7)
        .unwrap_err();
    let LayoutError::Corrupt {
        file,
        row,
        offset,
        found,
        ..
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!((file, row), (FileKind::Values, Some(2)));
    assert_eq!(
        (offset, found),
        (32 + 8, 9),
        "second cell of the second block"
    );
}

#[test]
fn a_symbol_that_is_not_listed_is_named() {
    let mut all = SymbolWriter::new(4, true).unwrap();
    let mut some = SymbolWriter::new(4, true).unwrap();
    for text in ["A", "BB", "C"] {
        all.add(text).unwrap();
    }
    for text in ["A", "BB"] {
        some.add(text).unwrap();
    }
    let (all, some) = (all.finish(), some.finish());
    let dict = SymbolDict::new(&all.offsets.into(), &all.chars.into(), 3).unwrap();
    let index = BitmapIndexView::new(&some.keys, &some.values).unwrap();
    let error = index.verify_symbols(&dict).unwrap_err();
    let LayoutError::Corrupt { row, found, .. } = error else {
        panic!("{error}")
    };
    assert_eq!((row, found), (Some(1), 2), "symbol 2 belongs under key 1");
}

#[test]
fn index_values_must_ascend() {
    let mut w = BitmapIndexWriter::new(2).unwrap();
    w.add(3, 7).unwrap();
    let again = w.add(3, 7);
    assert_eq!(
        again,
        Err(WriteError::NotAscending {
            key: 3,
            expected: 7,
            found: 7
        })
    );
    assert!(w.add(4, -1).is_err());
    assert_eq!(w.clone().finish(7), {
        let mut clean = BitmapIndexWriter::new(2).unwrap();
        clean.add(3, 7).unwrap();
        clean.finish(7)
    });
}

#[test]
fn capacities_outside_of_the_range_are_refused() {
    for capacity in [0, 1, 3, 100, 1 << 24] {
        assert!(BitmapIndexWriter::new(capacity).is_err(), "{capacity}");
    }
    for capacity in [0, 1, 3, 1 << 31] {
        assert!(SymbolWriter::new(capacity, true).is_err(), "{capacity}");
    }
}

/// symbol-index.md §5.1: sequence = 1 + blocks + growths of the key count.
#[test]
fn sequence_counts_header_changes() {
    let mut w = BitmapIndexWriter::new(2).unwrap();
    for (key, value) in [(5, 1), (2, 1), (5, 2), (5, 3), (9, 1)] {
        w.add(key, value).unwrap();
    }
    let IndexFiles { keys, values } = w.finish(-1);
    let header = BitmapIndexView::new(&keys, &values).unwrap().header();
    assert_eq!(header.sequence, 1 + 4 + 2);
    assert_eq!(
        (header.key_count, header.values_len, header.greatest),
        (10, 4 * 32, -1)
    );
}
