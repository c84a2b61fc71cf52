//! Any bytes: a value or an error, never a panic, and no allocation by a declared size.
//!
//! Invariants:
//! 1. No view, `get`, iterator, `value`, dictionary or index walk panics, whatever the files hold.
//! 2. The work is bounded by the files' lengths: iterators end, walks end.
//! 3. What is yielded lies inside the files.

use bytes::Bytes;
use column_format::{
    BitmapIndexView, BitmapIndexWriter, ColumnSlice, ColumnType, FixedSlice, SymbolDict,
    SymbolWriter, Utf16, Value, VarcharEntry, null, value,
};
use proptest::prelude::*;

use crate::support::{all_types, write};

/// Reads everything that a column's files can be asked for.
fn read_all(column_type: ColumnType, aux: &[u8], data: &[u8], rows: usize) {
    let Ok(slice) = ColumnSlice::new(column_type.layout(), aux, data, rows) else {
        return;
    };
    let dict = SymbolDict::empty();
    let files = aux.len() + data.len();
    for row in 0..=rows {
        let len = match value(column_type, &slice, Some(&dict), row) {
            Ok(Value::String(text)) => text.units_le().len(),
            Ok(Value::Binary(bytes) | Value::Varchar(bytes)) => bytes.len(),
            Ok(Value::Array(array)) => array.elements().as_flattened().len(),
            _ => 0,
        };
        assert!(len <= files);
    }
    let _ = slice.native_bytes();
    let part = slice.slice(1..rows);
    let _ = part.native_bytes();
    match part {
        ColumnSlice::String(s) => assert!(s.iter().count() <= rows),
        ColumnSlice::Binary(s) => assert!(s.iter().count() <= rows),
        ColumnSlice::Varchar(s) => assert!(s.iter().count() <= rows),
        ColumnSlice::Array(s) => {
            assert!(s.iter().count() <= rows);
            for row in 0..rows {
                let _ = s.raw(row);
            }
        }
        ColumnSlice::Fixed(_) | ColumnSlice::Nulls { .. } => {}
    }
}

/// Sound files of a small column.
pub(crate) fn sound(column_type: ColumnType) -> (Vec<u8>, Vec<u8>, usize) {
    let texts: [&[u8]; 4] = [
        b"",
        b"nine byte",
        b"ten bytes!",
        b"and a much longer text than that",
    ];
    let mut values = vec![Value::Null];
    match column_type {
        ColumnType::String => values.extend(texts.map(|t| Value::String(Utf16::new(t)))),
        ColumnType::Binary => values.extend(texts.map(Value::Binary)),
        ColumnType::Varchar => values.extend(texts.map(Value::Varchar)),
        _ => values.extend([Value::Null; 4]),
    }
    values.push(Value::Null);
    let (aux, data) = match column_type {
        ColumnType::Array { dims } => {
            let mut w = column_format::ArrayWriter::new(dims);
            for len in [0, 1, 1, 0, 1, 1] {
                let elements = vec![1.5; usize::try_from(len).expect("a small number")];
                w.push(&vec![len; usize::from(dims)], &elements)
                    .expect("an array");
            }
            w.take()
        }
        _ => write(column_type, &values),
    };
    (aux, data, values.len())
}

/// A dictionary and its index with chains of several blocks.
fn dictionary() -> column_format::SymbolFiles {
    let mut w = SymbolWriter::new(4, true).expect("a capacity");
    for n in 0..12 {
        w.add(&"x".repeat(n)).expect("a text");
    }
    w.finish()
}

/// Numbers that break length arithmetic.
fn nasty() -> impl Strategy<Value = [u8; 8]> {
    let near = prop_oneof![
        -3..40_i64,
        Just(i64::MAX),
        Just(i64::MIN),
        Just(1 << 47),
        any::<i64>()
    ];
    near.prop_map(i64::to_le_bytes)
}

/// A change: where (taken modulo the length), and what to write there.
fn changes() -> impl Strategy<Value = Vec<(usize, Vec<u8>)>> {
    let bytes = prop_oneof![
        proptest::collection::vec(any::<u8>(), 1..3),
        nasty().prop_map(|n| n.to_vec()),
        nasty().prop_map(|n| n[..4].to_vec()),
    ];
    proptest::collection::vec((any::<usize>(), bytes), 1..5)
}

/// The bytes with changes made, at multiples of 4 half of the time.
fn mutate(bytes: &mut [u8], changes: &[(usize, Vec<u8>)]) {
    for (at, new) in changes {
        if bytes.is_empty() {
            return;
        }
        let mut at = at % bytes.len();
        if new.len() > 2 {
            at &= !3;
        }
        for (slot, byte) in bytes.iter_mut().skip(at).zip(new) {
            *slot = *byte;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn mutated_columns_never_panic(
        ty in proptest::sample::select(all_types()),
        aux_changes in changes(),
        data_changes in changes(),
        cut in any::<(bool, usize)>(),
        extra in 0..3_usize,
    ) {
        let (mut aux, mut data, rows) = sound(ty);
        mutate(&mut aux, &aux_changes);
        mutate(&mut data, &data_changes);
        if cut.0 {
            data.truncate(cut.1 % (data.len() + 1));
        }
        read_all(ty, &aux, &data, rows + extra);
    }

    #[test]
    fn random_columns_never_panic(
        ty in proptest::sample::select(all_types()),
        aux in proptest::collection::vec(any::<u8>(), 0..120),
        data in proptest::collection::vec(any::<u8>(), 0..120),
        rows in 0..10_usize,
    ) {
        read_all(ty, &aux, &data, rows);
        let count = u64::try_from(rows).unwrap();
        let _ = ty.layout().data_len(count, &aux);
    }

    #[test]
    fn any_varchar_entry_is_decoded_or_refused(entry in any::<[u8; 16]>()) {
        match VarcharEntry::parse(&entry, 7) {
            Ok(VarcharEntry::Inlined { value, .. }) => prop_assert!(value.len() <= 9),
            Ok(VarcharEntry::Long { len, offset, .. }) => {
                prop_assert!((10..1 << 28).contains(&len) && offset < 1 << 48);
            }
            Ok(VarcharEntry::Null { .. }) => {}
            Err(error) => prop_assert_eq!(error.row(), Some(7)),
        }
    }

    #[test]
    fn mutated_dictionaries_never_panic(
        offset_changes in changes(),
        char_changes in changes(),
        which in 0..3_u8,
        count in 0..15_u32,
    ) {
        let mut files = dictionary();
        if which != 1 {
            mutate(&mut files.offsets, &offset_changes);
        }
        if which != 0 {
            mutate(&mut files.chars, &char_changes);
        }
        let (offsets, chars) = (Bytes::from(files.offsets), Bytes::from(files.chars));
        if let Ok(dict) = SymbolDict::new(&offsets, &chars, count) {
            prop_assert_eq!(dict.iter().count(), usize::try_from(count).unwrap());
            prop_assert_eq!(dict.value(count), None);
            let index = BitmapIndexView::new(&files.keys, &files.values).unwrap();
            let _ = index.verify_symbols(&dict);
        }
    }

    #[test]
    fn mutated_indexes_never_panic_nor_run_away(
        key_changes in changes(),
        value_changes in changes(),
        which in 0..3_u8,
    ) {
        let files = dictionary();
        let dict = SymbolDict::new(&files.offsets.into(), &files.chars.into(), 12).unwrap();
        let (mut keys, mut values) = (files.keys, files.values);
        if which != 1 {
            mutate(&mut keys, &key_changes);
        }
        if which != 0 {
            mutate(&mut values, &value_changes);
        }
        walk(&keys, &values, &dict);
    }

    #[test]
    fn a_large_count_of_symbols_is_no_reason_to_allocate(count in 1 << 20..u32::MAX) {
        let files = dictionary();
        prop_assert!(SymbolDict::new(&files.offsets.into(), &files.chars.into(), count).is_err());
    }
}

fn walk(keys: &[u8], values: &[u8], dict: &SymbolDict) {
    let Ok(index) = BitmapIndexView::new(keys, values) else {
        return;
    };
    let _ = index.verify();
    let _ = index.verify_symbols(dict);
    let _ = index.unused_is_zero();
    let _ = index.verify_rows(&FixedSlice::from_chunks(&[[0; 4]; 3]), 1);
    for key in 0..index.key_count().saturating_add(2) {
        if let Ok(found) = index.values(key) {
            assert!(found.count() <= values.len() / 8);
        }
    }
    for text in dict.iter() {
        let _ = index.find_symbol(dict, text);
    }
}

#[test]
fn every_single_byte_of_an_index_may_be_anything() {
    let mut w = BitmapIndexWriter::new(2).unwrap();
    let rows = [0, 1, 0, null::SYMBOL, 0, 0, 1, 4].map(i32::to_le_bytes);
    w.add_rows(&FixedSlice::from_chunks(&rows), 3, 5).unwrap();
    let files = w.finish(10);
    let dict = SymbolDict::empty();
    for byte in 0..=255 {
        for at in 0..files.keys.len() {
            let mut keys = files.keys.clone();
            keys[at] = byte;
            walk(&keys, &files.values, &dict);
        }
        for at in 0..files.values.len() {
            let mut values = files.values.clone();
            values[at] = byte;
            walk(&files.keys, &values, &dict);
        }
    }
}

#[test]
fn every_truncation_of_an_index_is_an_error() {
    let files = dictionary();
    for len in 0..files.keys.len() {
        assert!(
            BitmapIndexView::new(&files.keys[..len], &files.values).is_err(),
            "{len}"
        );
    }
    for len in 0..files.values.len() {
        assert!(
            BitmapIndexView::new(&files.keys, &files.values[..len]).is_err(),
            "{len}"
        );
    }
}

#[test]
fn every_truncation_of_a_dictionary_is_an_error() {
    let files = dictionary();
    let (offsets, chars) = (Bytes::from(files.offsets), Bytes::from(files.chars));
    for len in 0..offsets.len() {
        assert!(
            SymbolDict::new(&offsets.slice(..len), &chars, 12).is_err(),
            "{len}"
        );
    }
    for len in 0..chars.len() {
        assert!(
            SymbolDict::new(&offsets, &chars.slice(..len), 12).is_err(),
            "{len}"
        );
    }
}
