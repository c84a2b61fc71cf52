//! The ASCII flag of VARCHAR entries: it says of each value what is true of that value alone.
//!
//! Bytes beside a value (its neighbours, lengths between values, the end of the page, the page
//! before) are looked at together with it, and must not count.

use column_format::{ColumnSlice, ColumnType, VarcharEntry};
use pq_decode::Stored;
use pq_format::{Encoding, PhysicalType};

use crate::pages::{data, decode, leaf};

/// At most 33 lengths below 300, `DELTA_BINARY_PACKED`: all differences in 16 bits.
fn packed(lens: &[usize]) -> Vec<u8> {
    assert!(lens.len() <= 33, "one miniblock");
    let varint = |n: usize| [(n & 0x7f) as u8 | 0x80, (n >> 7) as u8];
    // Blocks of 128 in 4 miniblocks; the first length and the least difference, -300, as zigzag.
    let mut out = [
        &varint(128)[..],
        &[4, lens.len() as u8],
        &varint(2 * lens[0]),
    ]
    .concat();
    if lens.len() > 1 {
        out.extend(varint(2 * 300 - 1));
        out.extend([16, 0, 0, 0]);
        let mut deltas = [0u16; 32];
        for (delta, pair) in deltas.iter_mut().zip(lens.windows(2)) {
            *delta = (300 + pair[1] - pair[0]) as u16;
        }
        out.extend(deltas.iter().flat_map(|delta| delta.to_le_bytes()));
    }
    out
}

fn body(values: &[String], encoding: Encoding) -> Vec<u8> {
    let length = |value: &String| (value.len() as u32).to_le_bytes();
    match encoding {
        Encoding::Plain => {
            let values = values.iter();
            values
                .flat_map(|v| [&length(v), v.as_bytes()].concat())
                .collect()
        }
        _ => {
            let lens: Vec<usize> = values.iter().map(String::len).collect();
            [packed(&lens), values.concat().into_bytes()].concat()
        }
    }
}

/// Decodes a page for each list, and compares every entry with its value.
fn check(pages: &[Vec<String>], encoding: Encoding) {
    let bytes = pages.iter().map(|values| {
        let body = body(values, encoding);
        data(values.len() as u32, encoding, &body)
    });
    let bytes: Vec<u8> = bytes.flatten().collect();
    let values = pages.concat();
    let leaf = leaf(PhysicalType::ByteArray, Stored::Text, 0);
    let column = decode(&leaf, values.len() as u64, &bytes, ColumnType::Varchar).unwrap();
    let ColumnSlice::Varchar(slice) = column.slice().unwrap() else {
        panic!("no VARCHAR");
    };
    assert_eq!(slice.rows(), values.len());
    for (row, (value, entry)) in values.iter().zip(slice.aux_entries()).enumerate() {
        let what = || format!("{encoding:?}, row {row} of {pages:?}");
        assert_eq!(
            slice.get(row).unwrap(),
            Some(value.as_bytes()),
            "{}",
            what()
        );
        let flag = match VarcharEntry::parse(entry, 0).unwrap() {
            VarcharEntry::Inlined { ascii, .. } => Some((true, ascii)),
            VarcharEntry::Long { ascii, .. } => Some((false, ascii)),
            VarcharEntry::Null { .. } => None,
        };
        let expected = Some((value.len() <= 9, value.is_ascii()));
        assert_eq!(flag, expected, "{}", what());
    }
}

#[test]
fn the_flag_says_whether_this_value_is_ascii() {
    let shapes: [&[usize]; 7] = [
        &[0, 2, 8, 9, 5],
        &[9],
        &[10, 15, 16, 17, 40],
        &[10],
        // A length that is no ASCII.
        &[9, 200, 12, 3],
        &[40, 2],
        &[3, 30, 9, 12],
    ];
    for encoding in [Encoding::Plain, Encoding::DeltaLengthByteArray] {
        for lens in shapes {
            let plain: Vec<String> = lens.iter().map(|len| "a".repeat(*len)).collect();
            check(std::slice::from_ref(&plain), encoding);
            for at in (0..lens.len()).filter(|at| lens[*at] >= 2) {
                for start in [0, lens[at] / 2 - 1, lens[at] - 2] {
                    let mut accented = plain.clone();
                    accented[at].replace_range(start..start + 2, "é");
                    // Behind a page that is all ASCII, and before one.
                    check(&[plain.clone(), accented, plain.clone()], encoding);
                }
            }
        }
    }
}
