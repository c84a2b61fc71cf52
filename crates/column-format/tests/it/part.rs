//! Rows that are read out of the middle of a column's files.
//!
//! Invariants, for sound files and damaged ones:
//! 1. A part has the values, and the errors, of the same rows of the whole files.
//! 2. A part that cannot be had fails with the error of one of its rows.
//! 3. It reads no more of `.d` than the rows name, alignment aside.

use column_format::{
    ColumnSlice, ColumnType, LayoutError, Part, PartRows, SymbolDict, Value, value,
};
use proptest::prelude::*;

use crate::hostile::sound;
use crate::support::all_types;

/// Reads rows `lo..hi` as somebody does who has no mapping.
fn read_part(
    column_type: ColumnType,
    (aux, data): (&[u8], &[u8]),
    data_len: u64,
    (lo, hi): (usize, usize),
) -> Result<PartRows, LayoutError> {
    let piece = |bytes: &[u8], range: std::ops::Range<u64>| {
        let (lo, hi) = (usize::try_from(range.start), usize::try_from(range.end));
        bytes[lo.expect("sound")..hi.expect("sound")].to_vec()
    };
    let layout = column_type.layout();
    let range = layout.aux_range(lo as u64..hi as u64).expect("few rows");
    let aux = piece(aux, range);
    let mut part = Part::new(layout, lo as u64, hi - lo, aux, data_len)?;
    let mut read = piece(data, part.data_range());
    let mut times = 1;
    while !part.is_complete(&read)? {
        read = piece(data, part.data_range());
        times += 1;
    }
    assert!(times <= 2, "a range is widened once");
    assert!(part.data_range().end <= data_len);
    Ok(part.with_data(read))
}

fn said(column_type: ColumnType, slice: &ColumnSlice<'_>, row: usize) -> String {
    let dict = SymbolDict::empty();
    format!("{:?}", value(column_type, slice, Some(&dict), row))
}

proptest! {
    #[test]
    fn a_part_says_what_the_whole_says(
        column_type in proptest::sample::select(all_types()),
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<bool>(), any::<u8>()), 0..3),
        ends in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
    ) {
        let (mut aux, mut data, rows) = sound(column_type);
        for (at, in_aux, byte) in flips {
            let file = if in_aux { &mut aux } else { &mut data };
            if !file.is_empty() {
                let at = at.index(file.len());
                file[at] = byte;
            }
        }
        let layout = column_type.layout();
        let Ok(whole) = ColumnSlice::new(layout, &aux, &data, rows) else { return Ok(()) };
        let tail = layout.aux_tail(rows as u64);
        let at = |n: u64| usize::try_from(n).expect("small");
        let data_len = layout.data_len(rows as u64, aux.get(at(tail.start)..at(tail.end)).unwrap_or(&[]));
        let data_len = data_len.expect("as the whole");
        let (lo, hi) = (ends.0.index(rows + 1), ends.1.index(rows + 1));
        let (lo, hi) = (lo.min(hi), lo.max(hi));
        let expected: Vec<String> = (lo..hi).map(|row| said(column_type, &whole, row)).collect();
        match read_part(column_type, (&aux, &data), data_len, (lo, hi)) {
            Ok(part) => {
                let slice = part.slice().expect("all bytes are there");
                prop_assert_eq!(slice.rows(), hi - lo);
                for (row, expected) in expected.iter().enumerate() {
                    prop_assert_eq!(&said(column_type, &slice, row), expected);
                }
                prop_assert!(part.bytes() <= (aux.len() + data.len()) as u64);
            }
            Err(error) => {
                let error = format!("Err({error:?})");
                prop_assert!(expected.contains(&error), "{error} is none of {expected:?}");
            }
        }
    }
}

/// A writer that died, or damage: the row behind the part starts before the end of the part's last.
#[test]
fn a_next_row_that_starts_anywhere_takes_nothing_from_the_rows_before_it() {
    for column_type in [ColumnType::String, ColumnType::Binary] {
        let (aux, data, rows) = sound(column_type);
        for hi in 1..rows {
            let mut aux = aux.clone();
            aux[hi * 8..][..8].fill(0);
            let whole = ColumnSlice::new(column_type.layout(), &aux, &data, rows).expect("as long");
            for lo in 0..hi {
                let len = data.len() as u64;
                let part = read_part(column_type, (&aux, &data), len, (lo, hi)).expect("sound");
                let slice = part.slice().expect("all bytes are there");
                for row in lo..hi {
                    let expected = said(column_type, &whole, row);
                    assert!(expected.starts_with("Ok"), "{expected}");
                    assert_eq!(said(column_type, &slice, row - lo), expected, "{lo}..{hi}");
                }
            }
        }
    }
}

#[test]
fn a_part_reads_only_what_its_rows_name() {
    for (column_type, bytes) in [
        (ColumnType::Long, 8),
        (ColumnType::String, 4 + 8),
        (ColumnType::Varchar, 0),
    ] {
        let (aux, data, rows) = sound(column_type);
        // Row 2 is the text of nine bytes, where there is text.
        let part = read_part(column_type, (&aux, &data), data.len() as u64, (2, 3)).expect("sound");
        let slice = part.slice().expect("sound");
        assert_eq!(slice.rows(), 1);
        assert!(rows > 3);
        let range = column_type.layout().aux_range(2..3).expect("sound");
        let read = part.bytes() - (range.end - range.start);
        assert!(read >= bytes && read < bytes + 16, "{column_type}: {read}");
        if column_type != ColumnType::Long {
            assert_ne!(value(column_type, &slice, None, 0), Ok(Value::Null));
        }
    }
}
