//! P17: whether a bound is a value, where bounds are zeros.

use column_format::{ColumnSlice, ColumnType, Layout};
use pq_encode::{ColumnSpec, Encoding, WriterOptions};

use crate::write::{Input, chunk};

#[test]
fn a_zero_that_was_widened_is_no_exact_bound() {
    for (values, exact) in [
        ([0.0, -0.0], (false, false)),
        ([0.0, 0.0], (false, false)),
        ([-0.0, 1.0], (false, true)),
        ([-1.0, 0.0], (true, false)),
        ([-1.0, 1.0], (true, true)),
    ] {
        let data: Vec<u8> = values.into_iter().flat_map(f64::to_le_bytes).collect();
        let mut arrays = column_format::ArrayWriter::new(1);
        arrays.push(&[2], &values).unwrap();
        let (aux, elements) = arrays.take();
        let fixed = ColumnSlice::new(Layout::Fixed(8), &[], &data, 2).unwrap();
        let list = ColumnSlice::new(Layout::Array { dims: 1 }, &aux, &elements, 1).unwrap();
        let list_type = ColumnType::Array { dims: 1 };
        for (column_type, slice) in [(ColumnType::Double, fixed), (list_type, list)] {
            for encoding in Encoding::all_legal_for(column_type) {
                let input = Input {
                    spec: ColumnSpec::new("c", column_type).with_encoding(encoding),
                    slices: vec![slice],
                    symbols: None,
                };
                let found = chunk(&input, &WriterOptions::default()).1.statistics;
                let found = found.is_min_exact.zip(found.is_max_exact);
                assert_eq!(found, Some(exact), "{values:?} {column_type} {encoding}");
            }
        }
    }
}
