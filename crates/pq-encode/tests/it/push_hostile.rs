//! P11 in push mode: batches that nobody wrote give typed errors, never a panic, and a writer that
//! failed says so from then on. Where such batches can be written, their cuts do not show either.

use column_format::{ArrayWriter, ColumnSlice, ColumnType, Layout};
use pq_encode::{
    ColumnSpec, EncodeError, Encoding, FileProperties, MemoryStores, PushError, PushOptions,
    PushWriter, WriterOptions,
};
use proptest::prelude::*;

use crate::data::{Column, Nulls, Shape, all_types, column};

const ROWS: usize = 120;

fn writer(specs: &[ColumnSpec], group_bytes: u64, raw_arrays: bool) -> PushWriter<Vec<u8>> {
    let options = WriterOptions {
        page_bytes: 1024,
        raw_arrays,
        ..Default::default()
    };
    let push = PushOptions {
        row_group_bytes: group_bytes,
        ..Default::default()
    };
    let file = FileProperties::default();
    PushWriter::new(Vec::new(), specs, &options, file, &push, MemoryStores).unwrap()
}

/// How a column is written.
#[derive(Clone, Debug)]
struct How {
    spec: ColumnSpec,
    raw_arrays: bool,
    group_bytes: u64,
}

impl How {
    /// Every way in which a column of this type can be written.
    fn all(column_type: ColumnType, group_bytes: u64) -> Vec<How> {
        let plain = How {
            spec: ColumnSpec::new("the_column", column_type),
            raw_arrays: false,
            group_bytes,
        };
        let named = Encoding::all_legal_for(column_type).map(|encoding| How {
            spec: plain.spec.clone().with_encoding(encoding),
            ..plain.clone()
        });
        let raw = matches!(column_type, ColumnType::Array { .. }).then(|| How {
            raw_arrays: true,
            ..plain.clone()
        });
        [plain.clone()]
            .into_iter()
            .chain(named)
            .chain(raw)
            .collect()
    }
}

/// Writes a column that somebody damaged in batches of `each` rows: the file.
fn push(how: &How, damaged: &Column, each: usize) -> Result<Vec<u8>, PushError> {
    let layout = damaged.column_type.layout();
    let Ok(rows) = ColumnSlice::new(layout, &damaged.aux, &damaged.data, damaged.rows) else {
        return Ok(Vec::new());
    };
    let specs = std::slice::from_ref(&how.spec);
    let mut writer = writer(specs, how.group_bytes, how.raw_arrays);
    let symbols = [damaged.symbols.as_ref()];
    for at in (0..damaged.rows).step_by(each) {
        let part = rows.slice(at..(at + each).min(damaged.rows));
        if let Err(error) = writer.write_with_symbols(&[part], &symbols) {
            let again = writer.write_with_symbols(&[part], &symbols);
            assert!(matches!(again, Err(PushError::Failed)));
            let finished = writer.finish_with_symbols(&symbols);
            assert!(matches!(finished, Err(PushError::Failed)));
            return Err(error);
        }
    }
    let (file, summary) = writer.finish_with_symbols(&symbols)?;
    assert_eq!(summary.rows, damaged.rows as u64);
    Ok(file)
}

#[test]
fn row_groups_of_arrays_that_no_one_can_read_do_not_depend_on_batches() {
    let mut writer = ArrayWriter::new(1);
    let mut starts = Vec::new();
    for row in 0..300_u32 {
        starts.push(writer.data().len());
        let elements = vec![f64::from(row); usize::try_from(row % 9).unwrap()];
        writer.push(&[row % 9], &elements).unwrap();
    }
    let (aux, mut data) = writer.take();
    let broken = starts.iter().skip(3).step_by(7);
    let broken = broken.map(|start| data[*start] ^= 0x40).count();
    let damaged = Column {
        column_type: ColumnType::Array { dims: 1 },
        rows: starts.len(),
        aux,
        data,
        symbols: None,
    };
    let ColumnSlice::Array(arrays) = damaged.slice() else {
        panic!("an array")
    };
    let unreadable = arrays.iter().filter(|array| array.is_err()).count();
    assert_eq!(unreadable, broken);
    let how = How {
        spec: ColumnSpec::new("the_column", damaged.column_type),
        raw_arrays: true,
        group_bytes: 2000,
    };
    let expected = push(&how, &damaged, damaged.rows).unwrap();
    let groups = pq_format::read_footer(&expected).unwrap().row_groups.len();
    assert!(groups > 5, "{groups}");
    for each in [1, 2, 7, 50, 299] {
        assert!(push(&how, &damaged, each).unwrap() == expected, "{each}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Invariants: bytes in place of a column's, whatever they are (offsets out of order, lengths and
    /// keys out of range), are encoded or refused with the column's name; nothing is written after. Where
    /// batches end shows in neither.
    #[test]
    fn batches_that_nobody_wrote_are_encoded_or_refused(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        in_aux in any::<bool>(),
        each in 1_usize..ROWS,
        group_bytes in 100_u64..20_000,
        seed in any::<u64>(),
    ) {
        for column_type in all_types() {
            let mut damaged = column(column_type, ROWS, Nulls::Random, Shape::Wild, seed);
            let bytes = if in_aux && !damaged.aux.is_empty() {
                &mut damaged.aux
            } else {
                &mut damaged.data
            };
            if bytes.is_empty() {
                continue;
            }
            for (index, value) in &flips {
                let at = index.index(bytes.len());
                bytes[at] = *value;
            }
            for how in How::all(column_type, group_bytes) {
                let written = push(&how, &damaged, each);
                let whole = push(&how, &damaged, ROWS);
                prop_assert_eq!(written.is_ok(), whole.is_ok(), "{:?}", how);
                let error = match written {
                    Ok(file) => {
                        prop_assert!(file == whole.unwrap(), "{how:?}");
                        continue;
                    }
                    Err(error) => error,
                };
                let typed = matches!(
                    &error,
                    PushError::Encode {
                        source: EncodeError::Layout { row: 0..120, .. }
                            | EncodeError::SymbolKey { row: 0..120, .. }
                            | EncodeError::TooLarge { .. },
                        ..
                    }
                );
                prop_assert!(typed, "{column_type}: {error}");
                prop_assert!(error.to_string().contains("`the_column`"), "{error}");
            }
        }
    }

    /// Invariant: slices of any layouts and lengths are a batch of the file, or refused by name with
    /// nothing written.
    #[test]
    fn batches_of_other_shapes_are_refused_and_leave_the_writer_as_it_was(
        lens in prop::collection::vec(0_usize..40, 0..5),
    ) {
        let specs = ["a", "b", "c"].map(|name| ColumnSpec::new(name, ColumnType::Long));
        let mut writer = writer(&specs, 1 << 20, false);
        let bytes = vec![1; 40 * 8];
        let slice = |rows: &usize| ColumnSlice::new(Layout::Fixed(8), &[], &bytes, *rows).unwrap();
        let batch: Vec<ColumnSlice<'_>> = lens.iter().map(slice).collect();
        let fits = lens.len() == 3 && lens.iter().all(|len| *len == lens[0]);
        let refused = writer.write(&batch);
        prop_assert_eq!(refused.is_ok(), fits);
        if let Err(error) = refused {
            let named = matches!(&error, PushError::Columns { expected: 3, .. })
                || matches!(&error, PushError::Rows { column, .. } if column == "b" || column == "c");
            prop_assert!(named, "{error}");
        }
        let before = if fits { lens[0] as u64 } else { 0 };
        writer.write(&[slice(&7), slice(&7), slice(&7)]).unwrap();
        prop_assert_eq!(writer.finish().unwrap().1.rows, before + 7);
    }
}
