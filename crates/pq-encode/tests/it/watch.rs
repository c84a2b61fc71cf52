//! Whoever watches the rows is told of all of them in order, can stop the encoder, and shows in no byte.

use std::cell::RefCell;
use std::ops::Range;

use column_format::ColumnType;
use pq_encode::{ChunkEncoder, ColumnSpec, EncodeError, Encoding, RowWatch, WriterOptions};

use crate::data::{Column, Nulls, Rng, Shape, all_types, column};

/// Grants a few rows at a time, and stops when that many calls were made.
struct Spy {
    rng: RefCell<Rng>,
    calls_left: RefCell<usize>,
    samples: RefCell<Vec<Range<u64>>>,
    passes: RefCell<Vec<(u64, bool)>>,
}

impl Spy {
    fn new(calls: usize) -> Self {
        Self {
            rng: RefCell::new(Rng::new(3)),
            calls_left: RefCell::new(calls),
            samples: RefCell::default(),
            passes: RefCell::default(),
        }
    }

    fn go_on(&self) -> bool {
        let left = &mut *self.calls_left.borrow_mut();
        *left = left.saturating_sub(1);
        *left > 0
    }
}

impl RowWatch for Spy {
    fn sample(&self, rows: Range<u64>) -> bool {
        self.samples.borrow_mut().push(rows);
        self.go_on()
    }

    fn pass(&self, row: u64, last: bool) -> Option<u64> {
        self.passes.borrow_mut().push((row, last));
        let rows = self.rng.borrow_mut().below(900) as u64;
        self.go_on().then_some(rows)
    }
}

fn encode(
    column: &Column,
    encoding: Option<Encoding>,
    watch: Option<&dyn RowWatch>,
) -> (Vec<u8>, Result<u64, EncodeError>) {
    let options = WriterOptions {
        page_bytes: 4096,
        ..WriterOptions::default()
    };
    let mut spec = ColumnSpec::new("c", column.column_type);
    spec.encoding = encoding;
    let mut encoder = ChunkEncoder::new(&spec, &options).unwrap();
    let (mut bytes, slices) = (Vec::new(), [column.slice()]);
    let symbols = column.symbols.as_ref();
    let encoded = encoder.encode_watched(&slices, symbols, watch, &mut bytes);
    (bytes, encoded.map(|summary| summary.rows))
}

#[test]
fn a_watch_sees_every_row_in_order_and_changes_no_byte() {
    for column_type in all_types() {
        for shape in [Shape::Few, Shape::Wild] {
            let column = column(column_type, 20_000, Nulls::Random, shape, 4);
            for encoding in [None]
                .into_iter()
                .chain(Encoding::all_legal_for(column_type).map(Some))
            {
                let (expected, _) = encode(&column, encoding, None);
                let spy = Spy::new(usize::MAX);
                let (bytes, rows) = encode(&column, encoding, Some(&spy));
                assert_eq!(rows.unwrap(), 20_000);
                assert!(bytes == expected, "{column_type} {encoding:?}");
                let passes = spy.passes.into_inner();
                let starts = passes.iter().filter(|(row, _)| *row == 0).count();
                assert!((1..=2).contains(&starts), "{column_type} {encoding:?}");
                let falls = passes.windows(2).filter(|two| two[1].0 <= two[0].0);
                assert_eq!(falls.count(), starts - 1, "{column_type} {encoding:?}");
                // The first pass, if there are two, is not the last one.
                assert!(passes.is_sorted_by_key(|(_, last)| *last));
                let samples = spy.samples.into_inner();
                assert!(
                    samples
                        .iter()
                        .all(|rows| rows.start < rows.end && rows.end <= 20_000)
                );
            }
        }
    }
}

#[test]
fn an_encoder_is_stopped_wherever_it_is() {
    for column_type in [ColumnType::Symbol, ColumnType::Varchar, ColumnType::Double] {
        let column = column(column_type, 20_000, Nulls::Random, Shape::Few, 4);
        let all = Spy::new(usize::MAX);
        encode(&column, None, Some(&all)).1.unwrap();
        let calls = all.passes.borrow().len() + all.samples.borrow().len();
        assert!(calls > 40, "{column_type}: {calls}");
        for stop in 1..=calls {
            let spy = Spy::new(stop);
            let stopped = encode(&column, None, Some(&spy)).1.unwrap_err();
            assert!(matches!(stopped, EncodeError::Stopped), "{stopped}");
            let made = spy.passes.borrow().len() + spy.samples.borrow().len();
            assert_eq!(made, stop, "{column_type}: nobody asks again after a stop");
        }
    }
}
