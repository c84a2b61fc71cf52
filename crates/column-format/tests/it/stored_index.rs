//! Dictionaries and bitmap indexes that real releases wrote: every one passes the checks of
//! symbol-index.md §7, and ours lists the same and has the same bytes, apart from what §5.1 names:
//! the sequence, the greatest value, and a first block that a roll-back left unused.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use column_format::{
    BitmapIndexView, BitmapIndexWriter, FixedSlice, IndexFiles, IndexHeader, SymbolDict,
    SymbolHeader, SymbolWriter, Utf16, symbol_buckets, symbol_hash,
};

use crate::support::{files_below, sibling, split_name, stored_symbol_count, testdata};

/// All `.k` files; `true` for those of a dictionary.
fn stored_indexes() -> Vec<(PathBuf, bool)> {
    let mut found = Vec::new();
    for path in testdata().iter().flat_map(|top| files_below(top)) {
        let is_key = split_name(&path).is_some_and(|(_, extension, _)| extension == "k");
        if is_key && sibling(&path, "v").is_some() {
            let dictionary = sibling(&path, "o").is_some();
            found.push((path, dictionary));
        }
    }
    found
}

fn read(path: &Path, extension: &str) -> Vec<u8> {
    let path = sibling(path, extension).unwrap_or_else(|| panic!("{path:?}: no .{extension}"));
    fs::read(path).expect("a file of testdata")
}

/// Every (key, value) of an index.
fn pairs(index: &BitmapIndexView<'_>) -> Vec<(u32, i64)> {
    let values = |key| {
        index
            .values(key)
            .expect("a sound entry")
            .map(move |v| (key, v))
    };
    let all = (0..index.key_count()).flat_map(values);
    all.map(|(key, value)| (key, value.expect("a sound block")))
        .collect()
}

/// What may differ between two indexes with the same content.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
struct Apart {
    /// Stored sequence minus ours.
    sequence: i64,
    /// The stored index has a first block that nothing uses.
    unused_block: bool,
}

/// Our files with every block moved behind one unused block.
fn behind_unused_block(files: &IndexFiles) -> IndexFiles {
    let header = BitmapIndexView::new(&files.keys, &files.values)
        .expect("ours")
        .header();
    let block = usize::try_from(header.block_len()).expect("a block length");
    let links = block - 16;
    let shift = |bytes: &mut [u8], used: bool| {
        let bytes: &mut [u8; 8] = bytes.try_into().expect("8 bytes");
        if used {
            *bytes = (u64::from_le_bytes(*bytes) + header.block_len()).to_le_bytes();
        }
    };
    let mut keys = files.keys.clone();
    let mut values = files.values.clone();
    let capacity = u64::from(header.block_capacity);
    for entry in keys[64..].as_chunks_mut::<32>().0 {
        let at = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("8 bytes"));
        let (count, first) = (at(&entry[..8]), at(&entry[8..16]));
        let blocks = count.div_ceil(capacity);
        let mut here = usize::try_from(first).expect("an offset");
        for n in 0..blocks {
            let next = at(&values[here + links + 8..here + block]);
            shift(&mut values[here + links..here + links + 8], n > 0);
            shift(&mut values[here + links + 8..here + block], n + 1 < blocks);
            here = usize::try_from(next).expect("an offset");
        }
        shift(&mut entry[8..16], count > 0);
        shift(&mut entry[16..24], count > 0);
    }
    let values_len = header.values_len + header.block_len();
    keys[9..17].copy_from_slice(&values_len.to_le_bytes());
    values.splice(0..0, vec![0; block]);
    IndexFiles { keys, values }
}

/// Compares bytes; panics on any difference that the notes do not name.
fn compare(path: &Path, stored: &IndexFiles, ours: &IndexFiles) -> Apart {
    let header = |files: &IndexFiles| -> IndexHeader {
        BitmapIndexView::new(&files.keys, &files.values)
            .expect("a sound index")
            .header()
    };
    let (theirs, mine) = (header(stored), header(ours));
    let unused_block = theirs.values_len == mine.values_len + mine.block_len();
    let mut ours = if unused_block {
        behind_unused_block(ours)
    } else {
        ours.clone()
    };
    for at in [1..9, 29..37, 37..45] {
        ours.keys[at.clone()].copy_from_slice(&stored.keys[at]);
    }
    let (used, rest) = stored.keys.split_at(ours.keys.len());
    assert_eq!(used, ours.keys, "{path:?}");
    assert!(
        rest.iter().all(|byte| *byte == 0),
        "{path:?}: leftovers after the last key"
    );
    let start = if unused_block {
        usize::try_from(mine.block_len()).expect("small")
    } else {
        0
    };
    assert_eq!(
        stored.values[start..ours.values.len()],
        ours.values[start..],
        "{path:?}"
    );
    Apart {
        sequence: theirs.sequence - mine.sequence,
        unused_block,
    }
}

#[test]
fn stored_dictionaries_pass_all_checks_and_are_reproduced() {
    let (mut with_values, mut unused_blocks, mut fours) = (0, 0, 0);
    for (path, _) in stored_indexes()
        .into_iter()
        .filter(|(_, dictionary)| *dictionary)
    {
        let (offsets, chars) = (read(&path, "o"), read(&path, "c"));
        let stored = IndexFiles {
            keys: read(&path, "k"),
            values: read(&path, "v"),
        };
        let count = stored_symbol_count(&offsets, &chars);
        let shared = (Bytes::from(offsets.clone()), Bytes::from(chars.clone()));
        let dict = SymbolDict::new(&shared.0, &shared.1, count).unwrap();
        let index = BitmapIndexView::new(&stored.keys, &stored.values).unwrap();
        index
            .verify_symbols(&dict)
            .unwrap_or_else(|e| panic!("{path:?}: {e}"));
        assert!(index.unused_is_zero(), "{path:?}");
        for (key, text) in (0..).zip(dict.iter()) {
            assert_eq!(index.find_symbol(&dict, text), Ok(Some(key)), "{path:?}");
        }

        let header = SymbolHeader::parse(&offsets).unwrap();
        let mut w = SymbolWriter::new(header.capacity, header.cached).unwrap();
        if header.contains_null {
            w.set_contains_null();
        }
        for text in dict.iter() {
            w.add_utf16(text).unwrap();
        }
        let ours = w.finish();
        assert_eq!(ours.count, count);
        let used = ours.offsets.len().min(offsets.len());
        assert_eq!(ours.offsets[..used], offsets[..used], "{path:?} .o");
        assert!(used == ours.offsets.len() || count == 0, "{path:?} .o");
        assert_eq!(ours.chars, chars[..ours.chars.len()], "{path:?} .c");
        let ours = IndexFiles {
            keys: ours.keys,
            values: ours.values,
        };
        let our_index = BitmapIndexView::new(&ours.keys, &ours.values).unwrap();
        assert_eq!(pairs(&our_index), pairs(&index), "{path:?}");

        let same_block = match index.header().block_capacity {
            2 => ours,
            capacity => {
                fours += 1;
                with_capacity(capacity, &dict)
            }
        };
        let apart = compare(&path, &stored, &same_block);
        if count > 0 {
            with_values += 1;
            unused_blocks += u32::from(apart.unused_block);
        }
    }
    // symbol-index.md §2: 76 of the 102 of 9.3.4 and older; 19 of 26 of 9.4.
    assert!(
        with_values >= 128 && unused_blocks >= 95,
        "{with_values} {unused_blocks}"
    );
    assert!(fours > 0, "old releases have blocks of 4");
}

/// The index of a dictionary with another block capacity, as 7.4.2 and 8.1.4 write it.
fn with_capacity(capacity: u32, dict: &SymbolDict) -> IndexFiles {
    let mut w = BitmapIndexWriter::new(capacity).expect("a capacity");
    let mask = symbol_buckets(dict.header().capacity) - 1;
    let hash = |text: Utf16<'_>| symbol_hash(text) & mask;
    for (entry, text) in (8..).zip(dict.iter()) {
        w.add(hash(text), 8 * entry).expect("ascending");
    }
    w.finish(-1)
}

#[test]
fn stored_partition_indexes_pass_all_checks_and_are_reproduced() {
    let (mut all, mut exact) = (0, 0);
    for (path, _) in stored_indexes()
        .into_iter()
        .filter(|(_, dictionary)| !dictionary)
    {
        let stored = IndexFiles {
            keys: read(&path, "k"),
            values: read(&path, "v"),
        };
        let index = BitmapIndexView::new(&stored.keys, &stored.values).unwrap();
        let listed = index.verify().unwrap_or_else(|e| panic!("{path:?}: {e}"));
        assert!(index.unused_is_zero(), "{path:?}");
        // Every row from the top on is listed: so the least is the top.
        let pairs = pairs(&index);
        let top = pairs
            .iter()
            .map(|(_, row)| *row)
            .min()
            .expect("a listed row");
        let rows = usize::try_from(listed).unwrap();
        let data = read(&path, "d");
        let (keys, _) = data[..4 * rows].as_chunks::<4>();
        let keys = FixedSlice::from_chunks(keys);
        let top = u64::try_from(top).unwrap();
        index
            .verify_rows(&keys, top)
            .unwrap_or_else(|e| panic!("{path:?}: {e}"));

        let mut w = BitmapIndexWriter::new(index.header().block_capacity).unwrap();
        w.add_rows(&keys, top, index.key_count()).unwrap();
        let ours = w.finish(-1);
        let apart = compare(&path, &stored, &ours);
        let same = Apart {
            sequence: 0,
            unused_block: false,
        };
        assert!(
            apart.sequence == 0 || apart.sequence == 1,
            "{path:?} {apart:?}"
        );
        exact += u32::from(apart == same);
        all += 1;
    }
    // symbol-index.md §5.1: 12 of 16 byte for byte.
    assert!(all >= 16 && exact >= 12, "{exact} of {all}");
}
