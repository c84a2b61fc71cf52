//! P11 in push mode: batches that nobody wrote give typed errors, never a panic, and a writer that
//! failed says so from then on.

use column_format::{ColumnSlice, ColumnType, Layout};
use pq_encode::{
    ColumnSpec, EncodeError, Encoding, FileProperties, MemoryStores, PushError, PushOptions,
    PushWriter, WriterOptions,
};
use proptest::prelude::*;

use crate::data::{Column, Nulls, Shape, all_types, column};

const ROWS: usize = 120;

fn writer(specs: &[ColumnSpec], group_bytes: u64) -> PushWriter<Vec<u8>> {
    let options = WriterOptions {
        page_bytes: 1024,
        ..Default::default()
    };
    let push = PushOptions {
        row_group_bytes: group_bytes,
        ..Default::default()
    };
    let file = FileProperties::default();
    PushWriter::new(Vec::new(), specs, &options, file, &push, MemoryStores).unwrap()
}

/// Writes a column that somebody damaged in batches of `each` rows.
fn push(spec: &ColumnSpec, damaged: &Column, each: usize, bytes: u64) -> Result<(), PushError> {
    let layout = damaged.column_type.layout();
    let Ok(rows) = ColumnSlice::new(layout, &damaged.aux, &damaged.data, damaged.rows) else {
        return Ok(());
    };
    let mut writer = writer(std::slice::from_ref(spec), bytes);
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
    let (_, summary) = writer.finish_with_symbols(&symbols)?;
    assert_eq!(summary.rows, damaged.rows as u64);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Invariants: bytes in place of a column's, whatever they are (offsets out of order, lengths and
    /// keys out of range), are encoded or refused with the column's name; nothing is written after.
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
            let named = Encoding::all_legal_for(column_type).map(Some);
            for encoding in [None].into_iter().chain(named) {
                let mut spec = ColumnSpec::new("the_column", column_type);
                spec.encoding = encoding;
                let Err(error) = push(&spec, &damaged, each, group_bytes) else { continue };
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
        let mut writer = writer(&specs, 1 << 20);
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
