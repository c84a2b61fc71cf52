//! Invariants, for every type and any values, NULLs included:
//!
//! 1. `value` of row k of what `ColumnWriter` wrote is the k-th value pushed.
//! 2. A slice of a slice has the rows of the range, cut to those that exist, and the same values.
//! 3. `data_len` of the aux tail is exactly the length of the data written.
//! 4. Bytes handed out in pieces are the bytes handed out at once, and valid after every piece.
//! 5. Files longer than their rows need read the same; one byte shorter is an error.
//! 6. Iterators yield what `get` does.
//! 7. A dictionary written and read has the texts in order of first appearance, finds each through
//!    its index, and nothing else. A partition index written verifies against its column.

use bytes::Bytes;
use column_format::{
    BitmapIndexView, BitmapIndexWriter, ColumnSlice, ColumnType, ColumnWriter, Decimal, FixedSlice,
    StringWriter, SymbolDict, SymbolWriter, Utf16, Value, null, value,
};
use proptest::prelude::*;

use crate::support::{all_types, view, write};

/// An owned value of any type; `Value` borrows.
#[derive(Clone, Debug)]
enum Owned {
    Null,
    Fixed(Vec<u8>),
    Units(Vec<u16>),
    Bytes(Vec<u8>),
    Array(Vec<u32>, Vec<f64>),
}

/// Lengths that straddle the inline limit of VARCHAR, and longer ones.
fn len() -> impl Strategy<Value = usize> {
    prop_oneof![Just(0_usize), 8..=11_usize, 0..40_usize, Just(300)]
}

fn owned(column_type: ColumnType) -> BoxedStrategy<Owned> {
    let value = match column_type {
        ColumnType::String => len()
            .prop_flat_map(|len| {
                let ascii = proptest::collection::vec(0x20..0x7f_u16, len);
                prop_oneof![ascii, proptest::collection::vec(any::<u16>(), len)]
            })
            .prop_map(Owned::Units)
            .boxed(),
        ColumnType::Binary | ColumnType::Varchar => len()
            .prop_flat_map(|len| {
                let ascii = proptest::collection::vec(0x20..0x7f_u8, len);
                prop_oneof![ascii, proptest::collection::vec(any::<u8>(), len)]
            })
            .prop_map(Owned::Bytes)
            .boxed(),
        ColumnType::Array { dims } => {
            let longest = if dims > 4 { 1_u32 } else { 3 };
            proptest::collection::vec(0..=longest, usize::from(dims))
                .prop_map(|shape: Vec<u32>| {
                    let count = shape.iter().product::<u32>();
                    Owned::Array(shape, (0..count).map(f64::from).collect())
                })
                .boxed()
        }
        _ => {
            let width = column_type.fixed_width().expect("a fixed type");
            proptest::collection::vec(any::<u8>(), width)
                .prop_map(Owned::Fixed)
                .boxed()
        }
    };
    prop_oneof![1 => Just(Owned::Null), 4 => value].boxed()
}

/// A column of a random type.
fn column() -> impl Strategy<Value = (ColumnType, Vec<Owned>)> {
    proptest::sample::select(all_types()).prop_flat_map(|column_type| {
        let rows = proptest::collection::vec(owned(column_type), 0..40);
        (Just(column_type), rows)
    })
}

/// Calls `f` with the values of a column. Fixed bytes that mean nothing (a NaN, a NULL, too many
/// geohash bits) become NULL.
fn with_values<R>(column_type: ColumnType, rows: &[Owned], f: impl FnOnce(&[Value<'_>]) -> R) -> R {
    let units: Vec<Vec<u8>> = rows
        .iter()
        .map(|row| match row {
            Owned::Units(units) => units.iter().flat_map(|u| u.to_le_bytes()).collect(),
            _ => Vec::new(),
        })
        .collect();
    let arrays: Vec<(Vec<u8>, Vec<u8>)> = rows
        .iter()
        .map(|row| match row {
            Owned::Array(shape, elements) => {
                let mut w =
                    column_format::ArrayWriter::new(u8::try_from(shape.len()).expect("sound"));
                w.push(shape, elements).expect("sound");
                w.take()
            }
            _ => (Vec::new(), Vec::new()),
        })
        .collect();
    let values: Vec<Value<'_>> = rows
        .iter()
        .enumerate()
        .map(|(i, row)| match row {
            Owned::Null => Value::Null,
            Owned::Fixed(bytes) => fixed_value(column_type, bytes),
            Owned::Units(_) => Value::String(Utf16::new(&units[i])),
            Owned::Bytes(bytes) if column_type == ColumnType::Binary => Value::Binary(bytes),
            Owned::Bytes(bytes) => Value::Varchar(bytes),
            Owned::Array(..) => {
                let ColumnSlice::Array(slice) = view(column_type, &arrays[i], 1) else {
                    unreachable!()
                };
                Value::Array(slice.get(0).expect("sound").expect("sound"))
            }
        })
        .collect();
    f(&values)
}

fn fixed_value(column_type: ColumnType, bytes: &[u8]) -> Value<'_> {
    let n = bytes
        .iter()
        .rev()
        .fold(0_u128, |n, b| n.wrapping_shl(8) | u128::from(*b));
    let n8 = u64::try_from(n & u128::from(u64::MAX)).expect("sound");
    let i8 = i64::from_le_bytes(n8.to_le_bytes());
    let i4 = i32::from_le_bytes(*n8.to_le_bytes().first_chunk().expect("sound"));
    if null::is_null(column_type, bytes) {
        return Value::Null;
    }
    match column_type {
        ColumnType::Boolean => Value::Boolean(n % 2 == 1),
        ColumnType::Byte => Value::Byte(i8::from_le_bytes([bytes[0]])),
        ColumnType::Short => Value::Short(i16::from_le_bytes([bytes[0], bytes[1]])),
        ColumnType::Char => Value::Char(u16::from_le_bytes([bytes[0], bytes[1]])),
        ColumnType::Int => Value::Int(i4),
        ColumnType::Long => Value::Long(i8),
        ColumnType::Date => Value::Date(i8),
        ColumnType::Timestamp(unit) => Value::Timestamp(i8, unit),
        ColumnType::Float => Value::Float(f32::from_bits(u32::from_le_bytes(i4.to_le_bytes()))),
        ColumnType::Double => Value::Double(f64::from_bits(n8)),
        ColumnType::Ipv4 => Value::Ipv4(u32::from_le_bytes(i4.to_le_bytes())),
        ColumnType::Uuid => Value::Uuid(n),
        ColumnType::Long128 => Value::Long128(n),
        ColumnType::Long256 => Value::Long256(bytes.try_into().expect("sound")),
        ColumnType::Geohash { bits } => Value::Geohash(n8 & ((1 << bits) - 1), bits),
        ColumnType::Decimal { scale, .. } => {
            Value::Decimal(Decimal::from_stored(bytes, scale).expect("sound"))
        }
        // Keys need a dictionary: tested below.
        _ => Value::Null,
    }
}

/// What a value reads as after it was stored: NULL of a type without one is false / 0, and a
/// geohash of all ones in a full width is NULL.
fn stored<'a>(column_type: ColumnType, v: Value<'a>) -> Value<'a> {
    match (column_type, v) {
        (ColumnType::Boolean, Value::Null) => Value::Boolean(false),
        (ColumnType::Byte, Value::Null) => Value::Byte(0),
        (ColumnType::Short, Value::Null) => Value::Short(0),
        (ColumnType::Char, Value::Null) => Value::Char(0),
        _ => v,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn what_is_written_is_read((ty, rows) in column(), lo in 0..50_usize, hi in 0..50_usize) {
        with_values(ty, &rows, |values| {
            let files = write(ty, values);
            let slice = view(ty, &files, values.len());
            prop_assert_eq!(slice.rows(), values.len());
            for (row, v) in values.iter().enumerate() {
                prop_assert_eq!(value(ty, &slice, None, row).unwrap(), stored(ty, *v), "{}", row);
            }
            prop_assert!(value(ty, &slice, None, values.len()).is_err());

            let part = slice.slice(lo..hi);
            let hi = hi.min(values.len());
            let expected = values.get(lo..hi).unwrap_or(&[]);
            prop_assert_eq!(part.rows(), expected.len());
            for (row, v) in expected.iter().enumerate() {
                prop_assert_eq!(value(ty, &part, None, row).unwrap(), stored(ty, *v), "{}", row);
            }
            prop_assert_eq!(part.slice(1..2).rows(), expected.len().saturating_sub(1).min(1));
            Ok(())
        })?;
    }

    #[test]
    fn lengths_are_exact((ty, rows) in column()) {
        with_values(ty, &rows, |values| {
            let (aux, data) = write(ty, values);
            let layout = ty.layout();
            let count = u64::try_from(values.len()).unwrap();
            let used = usize::try_from(layout.aux_len(count).unwrap()).unwrap();
            prop_assert!(used <= aux.len());
            let tail = layout.aux_tail(count);
            let tail = usize::try_from(tail.start).unwrap()..usize::try_from(tail.end).unwrap();
            let data_len = layout.data_len(count, &aux[tail]).unwrap();
            prop_assert_eq!(usize::try_from(data_len).unwrap(), data.len());

            let long = [&aux[..], &[0xaa; 32]].concat();
            let longer = [&data[..], &[0xaa; 64]].concat();
            let padded = ColumnSlice::new(layout, &long, &longer, values.len()).unwrap();
            for (row, v) in values.iter().enumerate() {
                prop_assert_eq!(value(ty, &padded, None, row).unwrap(), stored(ty, *v));
            }
            if let Some(short) = used.checked_sub(1) {
                prop_assert!(ColumnSlice::new(layout, &aux[..short], &data, values.len()).is_err());
            }
            if let Some(short) = data.len().checked_sub(1) {
                prop_assert!(ColumnSlice::new(layout, &aux, &data[..short], values.len()).is_err());
            }
            Ok(())
        })?;
    }

    #[test]
    fn pieces_are_the_whole((ty, rows) in column(), cut in 0..40_usize) {
        with_values(ty, &rows, |values| {
            let whole = write(ty, values);
            let mut w = ColumnWriter::new(ty);
            let (head, rest) = values.split_at(cut.min(values.len()));
            for v in head {
                w.push(v).unwrap();
            }
            let mut pieces = (w.aux().to_vec(), w.data().to_vec());
            w.clear();
            let first = view(ty, &pieces, head.len());
            prop_assert_eq!(first.rows(), head.len());
            for v in rest {
                w.push(v).unwrap();
            }
            prop_assert_eq!(w.rows(), u64::try_from(values.len()).unwrap());
            let (aux, data) = w.take();
            pieces.0.extend(aux);
            pieces.1.extend(data);
            prop_assert_eq!(pieces, whole);
            Ok(())
        })?;
    }

    #[test]
    fn iterators_agree_with_get((ty, rows) in column(), lo in 0..10_usize) {
        with_values(ty, &rows, |values| {
            let files = write(ty, values);
            let slice = view(ty, &files, values.len()).slice(lo..values.len());
            let count = slice.rows();
            match slice {
                ColumnSlice::String(s) => {
                    prop_assert_eq!(s.iter().len(), count);
                    prop_assert!(s.iter().enumerate().all(|(row, v)| v == s.get(row)));
                }
                ColumnSlice::Binary(s) => {
                    prop_assert_eq!(s.iter().len(), count);
                    prop_assert!(s.iter().enumerate().all(|(row, v)| v == s.get(row)));
                }
                ColumnSlice::Varchar(s) => {
                    prop_assert_eq!(s.iter().len(), count);
                    prop_assert!(s.iter().enumerate().all(|(row, v)| v == s.get(row)));
                }
                ColumnSlice::Array(s) => {
                    prop_assert_eq!(s.iter().len(), count);
                    prop_assert!(s.iter().enumerate().all(|(row, v)| v == s.get(row)));
                }
                ColumnSlice::Fixed(s) => {
                    prop_assert_eq!(s.bytes().len(), count * s.width());
                    prop_assert!(s.get(count).is_none());
                }
                ColumnSlice::Nulls { .. } => prop_assert!(false, "bytes were given"),
            }
            Ok(())
        })?;
    }

    #[test]
    fn text_is_converted_like_std(units in proptest::collection::vec(
        prop_oneof![40 => 0x20..0x7f_u16, 1 => 0x80..0x100_u16, 1 => any::<u16>(), 1 => 0xd800..0xe000_u16], 0..40,
    )) {
        let bytes: Vec<u8> = units.iter().flat_map(|u| u.to_le_bytes()).collect();
        let text = Utf16::new(&bytes);
        let mut out = b"kept ".to_vec();
        let lone = text.push_utf8_lossy(&mut out);
        let expected = String::from_utf16_lossy(&units);
        prop_assert_eq!(&out[5..], expected.as_bytes());
        prop_assert_eq!(lone, String::from_utf16(&units).is_err());
        prop_assert_eq!(text.to_string_lossy(), expected);
        prop_assert_eq!(text.units().collect::<Vec<_>>(), units);
    }

    #[test]
    fn strings_are_stored_as_utf16(texts in proptest::collection::vec(any::<Option<String>>(), 0..20)) {
        let mut w = StringWriter::new();
        for text in &texts {
            w.push(text.as_deref()).unwrap();
        }
        let files = w.take();
        let ColumnSlice::String(s) = view(ColumnType::String, &files, texts.len()) else {
            unreachable!()
        };
        for (read, text) in s.into_iter().zip(&texts) {
            prop_assert_eq!(read.unwrap().map(|t| t.to_string_lossy()), text.clone());
        }
    }

    #[test]
    fn dictionaries_are_found_by_their_index(
        texts in proptest::collection::vec("[ab]{0,4}|[a-zü😀]{0,12}", 0..60),
        log in 1..10_u32,
        absent in "[ab]{5,6}",
    ) {
        let mut w = SymbolWriter::new(1 << log, false).unwrap();
        let mut order: Vec<&str> = Vec::new();
        for text in &texts {
            let known = order.iter().position(|t| t == text);
            let key = w.add(text).unwrap();
            prop_assert_eq!(usize::try_from(key).unwrap(), known.unwrap_or(order.len()));
            if known.is_none() {
                order.push(text);
            }
        }
        let count = w.len();
        let files = w.finish();
        let dict = SymbolDict::new(&files.offsets.into(), &files.chars.into(), count).unwrap();
        let index = BitmapIndexView::new(&files.keys, &files.values).unwrap();
        index.verify_symbols(&dict).unwrap();
        for (key, text) in (0..).zip(&order) {
            prop_assert_eq!(dict.value(key).unwrap(), *text);
            prop_assert_eq!(find(&index, &dict, text), Some(key));
        }
        prop_assert_eq!(find(&index, &dict, &absent), None);
    }

    #[test]
    fn partition_indexes_list_their_rows(
        keys in proptest::collection::vec(prop_oneof![Just(null::SYMBOL), 0..12_i32], 0..200),
        top in 0..5_u64,
        log in 1..6_u32,
    ) {
        let stored: Vec<[u8; 4]> = keys.iter().map(|key| key.to_le_bytes()).collect();
        let stored = FixedSlice::from_chunks(&stored);
        let mut w = BitmapIndexWriter::new(1 << log).unwrap();
        w.add_rows(&stored, top, 12).unwrap();
        let files = w.finish(-1);
        let index = BitmapIndexView::new(&files.keys, &files.values).unwrap();
        prop_assert_eq!(index.verify(), Ok(u64::try_from(keys.len()).unwrap()));
        index.verify_rows(&stored, top).unwrap();
        let fewer = stored.slice(0..keys.len() / 2);
        index.verify_rows(&fewer, top).unwrap();
    }

    #[test]
    fn symbols_are_read_through_their_dictionary(
        keys in proptest::collection::vec(prop_oneof![Just(None), (0..3_u32).prop_map(Some)], 0..30),
    ) {
        let mut w = SymbolWriter::new(2, true).unwrap();
        for text in ["", "x", "yy"] {
            w.add(text).unwrap();
        }
        let files = w.finish();
        let dict = SymbolDict::new(&Bytes::from(files.offsets), &files.chars.into(), 3).unwrap();
        let symbol = |key| Value::Symbol(key, dict.value(key).unwrap());
        let values: Vec<_> = keys.iter().map(|key| key.map_or(Value::Null, symbol)).collect();
        let files = write(ColumnType::Symbol, &values);
        let slice = view(ColumnType::Symbol, &files, values.len());
        for (row, v) in values.iter().enumerate() {
            prop_assert_eq!(value(ColumnType::Symbol, &slice, Some(&dict), row).unwrap(), *v);
        }
    }
}

fn find(index: &BitmapIndexView<'_>, dict: &SymbolDict, text: &str) -> Option<u32> {
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    index
        .find_symbol(dict, Utf16::new(&units))
        .expect("a sound index")
}
