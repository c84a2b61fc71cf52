//! The file around the chunks: order of calls, schema, sorting, free text, P14.

use column_format::{ColumnType, TimestampUnit};
use parquet::basic::{LogicalType, Repetition, SortOrder};
use pq_encode::{
    AssembleError, ChunkEncoder, ColumnSpec, FileAssembler, FileProperties, WriterOptions,
};

use crate::data::{Nulls, Shape, all_types, column};
use crate::judge;
use crate::write::{Input, chunk, file, groups};

fn long(rows: usize) -> crate::data::Column {
    column(ColumnType::Long, rows, Nulls::None, Shape::Rising, 1)
}

#[test]
fn calls_out_of_order_are_named_with_what_was_expected() {
    let specs = [
        ColumnSpec::new("a", ColumnType::Long),
        ColumnSpec::new("b", ColumnType::Long),
    ];
    let options = WriterOptions::default();
    let make =
        || FileAssembler::new(Vec::new(), &specs, &options, FileProperties::default()).unwrap();
    let column = long(5);
    let input = Input {
        spec: specs[0].clone(),
        slices: vec![column.slice()],
        symbols: None,
    };
    let (bytes, summary) = chunk(&input, &options);
    let put = |file: &mut FileAssembler<Vec<u8>>| {
        pq_encode::PageSink::page(&mut file.column().unwrap(), &bytes).unwrap();
        file.finish_column(&summary)
    };
    let expected = |error: AssembleError| match error {
        AssembleError::OutOfOrder { call, expected } => (call, expected),
        other => panic!("{other}"),
    };

    let mut file = make();
    assert_eq!(
        expected(file.column().unwrap_err()),
        ("column", "begin_row_group")
    );
    assert_eq!(
        expected(file.finish_row_group().unwrap_err()),
        ("finish_row_group", "begin_row_group")
    );
    assert_eq!(
        expected(file.begin_row_group(0).unwrap_err()),
        ("begin_row_group", "at least one row")
    );
    file.begin_row_group(5).unwrap();
    assert_eq!(
        expected(file.begin_row_group(5).unwrap_err()),
        ("begin_row_group", "finish_row_group")
    );
    assert_eq!(
        expected(file.finish_column(&summary).unwrap_err()),
        ("finish_column", "column")
    );
    put(&mut file).unwrap();
    assert_eq!(
        expected(file.finish().unwrap_err()),
        ("finish", "finish_row_group")
    );

    let mut file = make();
    file.begin_row_group(5).unwrap();
    put(&mut file).unwrap();
    assert_eq!(
        expected(file.finish_row_group().unwrap_err()),
        ("finish_row_group", "column")
    );
}

#[test]
fn a_chunk_of_other_rows_or_other_bytes_than_announced_is_named() {
    let specs = [ColumnSpec::new("a", ColumnType::Long)];
    let options = WriterOptions::default();
    let make =
        || FileAssembler::new(Vec::new(), &specs, &options, FileProperties::default()).unwrap();
    let column = long(5);
    let input = Input {
        spec: specs[0].clone(),
        slices: vec![column.slice()],
        symbols: None,
    };
    let (bytes, summary) = chunk(&input, &options);

    let mut file = make();
    file.begin_row_group(6).unwrap();
    pq_encode::PageSink::page(&mut file.column().unwrap(), &bytes).unwrap();
    let error = file.finish_column(&summary).unwrap_err();
    assert!(
        matches!(&error, AssembleError::Rows { column, expected: 6, found: 5 } if column == "a"),
        "{error}"
    );

    let mut file = make();
    file.begin_row_group(5).unwrap();
    file.column().unwrap();
    let error = file.finish_column(&summary).unwrap_err();
    assert!(
        matches!(error, AssembleError::Length { found: 0, .. }),
        "{error}"
    );
}

#[test]
fn footer_says_who_wrote_what_in_the_form_that_readers_parse() {
    let column = long(5);
    let spec = ColumnSpec::new("a", ColumnType::Timestamp(TimestampUnit::Micros)).as_designated();
    let options = WriterOptions::default();
    let properties = FileProperties {
        key_values: vec![
            ("questdb".into(), "{}".into()),
            ("sluicegate".into(), "{\"a\":1}".into()),
        ],
        ..FileProperties::default()
    };
    let specs = std::slice::from_ref(&spec);
    let mut file = FileAssembler::new(Vec::new(), specs, &options, properties).unwrap();
    file.begin_row_group(5).unwrap();
    let mut encoder = ChunkEncoder::new(&spec, &options).unwrap();
    let summary = encoder
        .encode(&[column.slice()], None, &mut file.column().unwrap())
        .unwrap();
    file.finish_column(&summary).unwrap();
    file.finish_row_group().unwrap();
    let (bytes, _) = file.finish().unwrap();
    let metadata = judge::metadata(&bytes);
    let created_by = metadata.file_metadata().created_by().unwrap();
    let version = created_by.strip_prefix("sluicegate version ").unwrap();
    let (version, build) = version.split_once(" (build ").unwrap();
    assert_eq!(version.split('.').count(), 3);
    assert!(build.ends_with(')'));
    let pairs = metadata.file_metadata().key_value_metadata().unwrap();
    assert_eq!(pairs[0].key, "questdb");
    assert_eq!(pairs[1].value.as_deref(), Some("{\"a\":1}"));
}

#[test]
fn sorting_column_and_field_ids_follow_the_columns_wherever_they_stand() {
    let time = long(50);
    for at in 0..4 {
        let mut inputs: Vec<_> = (0..3)
            .map(|i| Input {
                spec: ColumnSpec::new(format!("c{i}"), ColumnType::Long).with_field_id(i + 10),
                slices: vec![time.slice()],
                symbols: None,
            })
            .collect();
        let spec = ColumnSpec::new("time", ColumnType::Timestamp(TimestampUnit::Nanos))
            .with_field_id(77)
            .as_designated();
        inputs.insert(
            at,
            Input {
                spec,
                slices: vec![time.slice()],
                symbols: None,
            },
        );
        let metadata = judge::metadata(&file(&inputs, &WriterOptions::default()));
        let group = metadata.row_group(0);
        let sorting = group.sorting_columns().unwrap();
        assert_eq!(sorting.len(), 1);
        assert_eq!(usize::try_from(sorting[0].column_idx).unwrap(), at);
        assert!(!sorting[0].descending);
        for (i, input) in inputs.iter().enumerate() {
            let leaf = metadata.file_metadata().schema_descr().column(i);
            assert_eq!(leaf.name(), input.spec.name);
            assert_eq!(
                Some(leaf.self_type().get_basic_info().id()),
                input.spec.field_id
            );
        }
    }
    // Without the designated timestamp nothing is claimed.
    let spec = ColumnSpec::new("time", ColumnType::Timestamp(TimestampUnit::Nanos));
    let input = Input {
        spec,
        slices: vec![time.slice()],
        symbols: None,
    };
    let metadata = judge::metadata(&file(&[input], &WriterOptions::default()));
    assert!(
        metadata
            .row_group(0)
            .sorting_columns()
            .is_none_or(Vec::is_empty)
    );
}

#[test]
fn every_leaf_declares_the_order_of_its_type() {
    let columns: Vec<_> = all_types()
        .into_iter()
        .map(|column_type| column(column_type, 10, Nulls::None, Shape::Few, 1))
        .collect();
    let inputs: Vec<_> = columns
        .iter()
        .enumerate()
        .map(|(i, column)| Input {
            spec: ColumnSpec::new(format!("c{i}"), column.column_type),
            slices: vec![column.slice()],
            symbols: column.symbols.as_ref(),
        })
        .collect();
    let bytes = file(&inputs, &WriterOptions::default());
    let own = pq_format::read_footer(&bytes).unwrap();
    assert_eq!(
        own.column_orders,
        vec![pq_format::ColumnOrder::TypeDefined; columns.len()]
    );
    let metadata = judge::metadata(&bytes);
    let ip = columns
        .iter()
        .position(|c| c.column_type == ColumnType::Ipv4)
        .unwrap();
    assert_eq!(
        metadata.file_metadata().column_order(ip),
        parquet::basic::ColumnOrder::TYPE_DEFINED_ORDER(SortOrder::UNSIGNED)
    );
}

/// Physical type with its length, and a part of the logical type.
fn map(column_type: ColumnType) -> (&'static str, &'static str) {
    use ColumnType as T;
    match column_type {
        T::Boolean => ("BOOLEAN(-1)", ""),
        T::Byte => ("INT32(-1)", "bit_width: 8, is_signed: true"),
        T::Short => ("INT32(-1)", "bit_width: 16, is_signed: true"),
        T::Char => ("INT32(-1)", "bit_width: 16, is_signed: false"),
        T::Int => ("INT32(-1)", ""),
        T::Ipv4 => ("INT32(-1)", "bit_width: 32, is_signed: false"),
        T::Long => ("INT64(-1)", ""),
        T::Date => ("INT64(-1)", "is_adjusted_to_u_t_c: true, unit: MILLIS"),
        T::Timestamp(TimestampUnit::Micros) => {
            ("INT64(-1)", "is_adjusted_to_u_t_c: true, unit: MICROS")
        }
        T::Timestamp(TimestampUnit::Nanos) => {
            ("INT64(-1)", "is_adjusted_to_u_t_c: true, unit: NANOS")
        }
        T::Float => ("FLOAT(-1)", ""),
        T::Double | T::Array { .. } => ("DOUBLE(-1)", ""),
        T::String | T::Varchar | T::Symbol => ("BYTE_ARRAY(-1)", "String"),
        T::Binary => ("BYTE_ARRAY(-1)", ""),
        T::Uuid => ("FIXED_LEN_BYTE_ARRAY(16)", "Uuid"),
        T::Long128 => ("FIXED_LEN_BYTE_ARRAY(16)", ""),
        T::Long256 => ("FIXED_LEN_BYTE_ARRAY(32)", ""),
        T::Geohash { bits: 60 } => ("INT64(-1)", "bit_width: 64, is_signed: true"),
        T::Geohash { bits: 5 } => ("INT32(-1)", "bit_width: 8, is_signed: true"),
        T::Geohash { bits: 12 } => ("INT32(-1)", "bit_width: 16, is_signed: true"),
        T::Geohash { .. } => ("INT32(-1)", "bit_width: 32, is_signed: true"),
        T::Decimal { precision: 2, .. } => ("FIXED_LEN_BYTE_ARRAY(1)", "precision: 2"),
        T::Decimal { precision: 4, .. } => ("FIXED_LEN_BYTE_ARRAY(2)", "precision: 4"),
        T::Decimal { precision: 9, .. } => ("FIXED_LEN_BYTE_ARRAY(4)", "precision: 9"),
        T::Decimal { precision: 18, .. } => ("FIXED_LEN_BYTE_ARRAY(8)", "precision: 18"),
        T::Decimal { precision: 38, .. } => ("FIXED_LEN_BYTE_ARRAY(16)", "precision: 38"),
        T::Decimal { .. } => ("FIXED_LEN_BYTE_ARRAY(32)", "precision: 76"),
    }
}

#[test]
fn the_type_map_is_the_one_of_the_design() {
    use ColumnType as T;
    let columns: Vec<_> = all_types()
        .into_iter()
        .map(|column_type| column(column_type, 3, Nulls::None, Shape::Few, 1))
        .collect();
    let inputs: Vec<_> = columns
        .iter()
        .enumerate()
        .map(|(i, column)| Input {
            spec: ColumnSpec::new(format!("c{i}"), column.column_type),
            slices: vec![column.slice()],
            symbols: column.symbols.as_ref(),
        })
        .collect();
    let metadata = judge::metadata(&file(&inputs, &WriterOptions::default()));
    for (i, column) in columns.iter().enumerate() {
        let leaf = metadata.file_metadata().schema_descr().column(i);
        let required = matches!(
            column.column_type,
            T::Boolean | T::Byte | T::Short | T::Char
        );
        let root = metadata.file_metadata().schema_descr().get_column_root(i);
        let repetition = if required {
            Repetition::REQUIRED
        } else {
            Repetition::OPTIONAL
        };
        assert_eq!(
            root.get_basic_info().repetition(),
            repetition,
            "{}",
            column.column_type
        );
        let physical = format!("{}({})", leaf.physical_type(), leaf.type_length());
        let logical = leaf
            .logical_type_ref()
            .map(|l| format!("{l:?}"))
            .unwrap_or_default();
        let (expected, has) = map(column.column_type);
        assert_eq!(physical, expected, "{}", column.column_type);
        assert!(
            logical.contains(has) && has.is_empty() == logical.is_empty(),
            "{logical}"
        );
        if let T::Array { dims } = column.column_type {
            let path = leaf.path().parts()[1..].join(".");
            assert_eq!(path, vec!["list.element"; usize::from(dims)].join("."));
            assert!(matches!(
                root.get_basic_info().logical_type_ref(),
                Some(LogicalType::List)
            ));
        }
    }
}

#[test]
fn row_groups_follow_each_other_and_each_is_whole() {
    let columns = [
        column(ColumnType::Symbol, 4000, Nulls::Random, Shape::Few, 1),
        column(ColumnType::Varchar, 4000, Nulls::Random, Shape::Wild, 2),
    ];
    let inputs = |rows: std::ops::Range<usize>| -> Vec<Input<'_>> {
        let input = |column: &'_ crate::data::Column| {
            ColumnSpec::new(column.column_type.to_string(), column.column_type)
        };
        columns
            .iter()
            .map(|column| Input {
                spec: input(column),
                slices: vec![column.slice().slice(rows.clone())],
                symbols: column.symbols.as_ref(),
            })
            .collect()
    };
    let options = WriterOptions::default();
    let bytes = groups(
        &[&inputs(0..1500), &inputs(1500..1501), &inputs(1501..4000)],
        &options,
    );
    for (i, column) in columns.iter().enumerate() {
        let expected = crate::cells::slots(
            column.column_type,
            &[column.slice()],
            column.symbols.as_ref(),
            false,
        );
        assert!(judge::read(&bytes, i) == expected);
    }
    let metadata = judge::metadata(&bytes);
    let ordinals: Vec<_> = metadata.row_groups().iter().map(|g| g.ordinal()).collect();
    assert_eq!(ordinals, [Some(0), Some(1), Some(2)]);
}
