//! Our metadata against what arrow-rs makes of the same bytes.

use parquet::basic as pb;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::page_index::offset_index::OffsetIndexMetaData;
use pq_format::{
    BoundaryOrder, ColumnChunk, ColumnIndex, ColumnOrder, FileMetaData, Leaf, LogicalType,
    OffsetIndex, PhysicalKind, PhysicalType, TimeUnit,
};

fn signed(v: u64) -> i64 {
    i64::try_from(v).unwrap()
}

fn signed32(v: u32) -> i32 {
    i32::try_from(v).unwrap()
}

/// Asserts that both say the same about everything that arrow-rs shows.
pub(crate) fn same_file(ours: &FileMetaData, theirs: &ParquetMetaData) {
    let file = theirs.file_metadata();
    assert_eq!(file.version(), ours.version);
    assert_eq!(file.num_rows(), signed(ours.num_rows));
    assert_eq!(file.created_by(), ours.created_by.as_deref());
    let kv: Vec<_> = file.key_value_metadata().into_iter().flatten().collect();
    assert_eq!(kv.len(), ours.key_value_metadata.len());
    for (theirs, ours) in kv.iter().zip(&ours.key_value_metadata) {
        assert_eq!((&theirs.key, &theirs.value), (&ours.key, &ours.value));
    }
    let orders = file.column_orders().map_or(0, Vec::len);
    assert_eq!(orders, ours.column_orders.len());
    for (theirs, ours) in file
        .column_orders()
        .into_iter()
        .flatten()
        .zip(&ours.column_orders)
    {
        let defined = matches!(theirs, pb::ColumnOrder::TYPE_DEFINED_ORDER(_));
        assert_eq!(defined, *ours == ColumnOrder::TypeDefined);
    }
    let leaves = ours.schema.leaves();
    let schema = file.schema_descr();
    assert_eq!(schema.num_columns(), leaves.len());
    assert_eq!(schema.name(), ours.schema.name);
    for (i, leaf) in leaves.iter().enumerate() {
        same_leaf(leaf, &schema.column(i));
        assert_eq!(schema.get_column_root_idx(i), leaf.field_idx);
    }
    assert_eq!(theirs.num_row_groups(), ours.row_groups.len());
    for (theirs, ours) in theirs.row_groups().iter().zip(&ours.row_groups) {
        assert_eq!(theirs.num_rows(), signed(ours.num_rows));
        assert_eq!(theirs.total_byte_size(), signed(ours.total_byte_size));
        assert_eq!(theirs.file_offset(), ours.file_offset);
        let sorting: Vec<_> = theirs.sorting_columns().into_iter().flatten().collect();
        assert_eq!(sorting.len(), ours.sorting_columns.len());
        for (theirs, ours) in sorting.iter().zip(&ours.sorting_columns) {
            let theirs = (theirs.column_idx, theirs.descending, theirs.nulls_first);
            assert_eq!(
                theirs,
                (signed32(ours.column_idx), ours.descending, ours.nulls_first)
            );
        }
        for (theirs, (ours, leaf)) in theirs
            .columns()
            .iter()
            .zip(ours.columns.iter().zip(&leaves))
        {
            same_chunk(ours, theirs, leaf);
        }
    }
}

fn same_leaf(ours: &Leaf<'_>, theirs: &parquet::schema::types::ColumnDescriptor) {
    assert_eq!(theirs.path().parts(), ours.path);
    assert_eq!(
        theirs.max_def_level(),
        ours.max_definition_level.cast_signed()
    );
    assert_eq!(
        theirs.max_rep_level(),
        ours.max_repetition_level.cast_signed()
    );
    assert_eq!(theirs.physical_type() as i32, ours.physical.kind().code());
    if let PhysicalType::FixedLenByteArray(len) = ours.physical {
        assert_eq!(theirs.type_length(), signed32(len));
    }
    let info = theirs.self_type().get_basic_info();
    assert_eq!(info.has_id().then(|| info.id()), ours.node.field_id);
    assert_eq!(info.repetition() as i32, ours.node.repetition.code());
    let logical = ours.node.logical.map(logical);
    if let Some(logical) = &logical {
        assert_eq!(theirs.logical_type_ref(), Some(logical));
    }
    // arrow-rs derives the converted type from the logical one where a file has only that.
    if let Some(converted) = ours.node.converted {
        assert_eq!(theirs.converted_type() as i32, converted.code(), "{ours:?}");
    }
}

fn logical(ours: LogicalType) -> pb::LogicalType {
    use pb::LogicalType as P;
    let time_unit = |unit| match unit {
        TimeUnit::Millis => pb::TimeUnit::MILLIS,
        TimeUnit::Micros => pb::TimeUnit::MICROS,
        TimeUnit::Nanos => pb::TimeUnit::NANOS,
    };
    match ours {
        LogicalType::String => P::String,
        LogicalType::Map => P::Map,
        LogicalType::List => P::List,
        LogicalType::Enum => P::Enum,
        LogicalType::Decimal { scale, precision } => P::decimal(scale, precision),
        LogicalType::Date => P::Date,
        LogicalType::Time { utc, unit } => P::time(utc, time_unit(unit)),
        LogicalType::Timestamp { utc, unit } => P::timestamp(utc, time_unit(unit)),
        LogicalType::Int { bits, signed } => P::integer(bits, signed),
        LogicalType::Null => P::Unknown,
        LogicalType::Json => P::Json,
        LogicalType::Bson => P::Bson,
        LogicalType::Uuid => P::Uuid,
        LogicalType::Float16 => P::Float16,
        LogicalType::Unknown(id) => panic!("logical type {id}"),
    }
}

fn same_chunk(ours: &ColumnChunk, theirs: &ColumnChunkMetaData, leaf: &Leaf<'_>) {
    let meta = &ours.meta;
    assert_eq!(theirs.file_path(), ours.file_path.as_deref());
    assert_eq!(theirs.file_offset(), ours.file_offset);
    assert_eq!(theirs.column_type() as i32, meta.physical.code());
    assert!(meta.path.is_empty() || theirs.column_path().parts() == &*meta.path);
    let mut codes: Vec<_> = meta.encodings.iter().map(|e| e.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(
        theirs.encodings().map(|e| e as i32).collect::<Vec<_>>(),
        codes
    );
    assert_eq!(theirs.compression_codec() as i32, meta.codec.code());
    assert_eq!(theirs.num_values(), signed(meta.num_values));
    assert_eq!(
        theirs.uncompressed_size(),
        signed(meta.total_uncompressed_size)
    );
    assert_eq!(theirs.compressed_size(), signed(meta.total_compressed_size));
    assert_eq!(theirs.data_page_offset(), signed(meta.data_page_offset));
    assert_eq!(
        theirs.index_page_offset(),
        meta.index_page_offset.map(signed)
    );
    assert_eq!(
        theirs.dictionary_page_offset(),
        meta.dictionary_page_offset.map(signed)
    );
    assert_eq!(
        theirs.bloom_filter_offset(),
        meta.bloom_filter_offset.map(signed)
    );
    assert_eq!(
        theirs.bloom_filter_length(),
        meta.bloom_filter_length.map(signed32)
    );
    assert_eq!(
        theirs.offset_index_offset(),
        ours.offset_index.map(|i| signed(i.offset))
    );
    assert_eq!(
        theirs.offset_index_length(),
        ours.offset_index.map(|i| signed32(i.length))
    );
    assert_eq!(
        theirs.column_index_offset(),
        ours.column_index.map(|i| signed(i.offset))
    );
    assert_eq!(
        theirs.column_index_length(),
        ours.column_index.map(|i| signed32(i.length))
    );
    let sizes = meta.size_statistics.clone().unwrap_or_default();
    let bytes = sizes.unencoded_byte_array_data_bytes.map(signed);
    assert_eq!(theirs.unencoded_byte_array_data_bytes(), bytes);
    let histograms = [
        (
            theirs.repetition_level_histogram(),
            sizes.repetition_level_histogram,
        ),
        (
            theirs.definition_level_histogram(),
            sizes.definition_level_histogram,
        ),
    ];
    for (theirs, ours) in histograms {
        let ours: Vec<_> = ours.into_iter().map(signed).collect();
        assert_eq!(theirs.map_or(&[][..], |h| h.values()), ours);
    }
    same_statistics(ours, theirs, leaf);
}

fn same_statistics(ours: &ColumnChunk, theirs: &ColumnChunkMetaData, leaf: &Leaf<'_>) {
    let Some(ours) = &ours.meta.statistics else {
        assert!(theirs.statistics().is_none());
        return;
    };
    let theirs = theirs.statistics().expect("statistics");
    let old = ours.min_value.is_none() && ours.max_value.is_none();
    let (min, max) = match old {
        true => (&ours.deprecated_min, &ours.deprecated_max),
        false => (&ours.min_value, &ours.max_value),
    };
    assert_eq!(theirs.min_bytes_opt(), min.as_deref());
    assert_eq!(theirs.max_bytes_opt(), max.as_deref());
    assert_eq!(theirs.null_count_opt(), ours.null_count);
    assert_eq!(theirs.distinct_count_opt(), ours.distinct_count);
    let kind = leaf.physical.kind();
    if matches!(
        kind,
        PhysicalKind::ByteArray | PhysicalKind::FixedLenByteArray
    ) {
        assert_eq!(
            theirs.min_is_exact(),
            min.is_some() && ours.is_min_exact.unwrap_or(false)
        );
        assert_eq!(
            theirs.max_is_exact(),
            max.is_some() && ours.is_max_exact.unwrap_or(false)
        );
    }
}

/// Asserts that both say the same about the pages.
pub(crate) fn same_column_index(ours: &ColumnIndex, theirs: &ColumnIndexMetaData) {
    assert_eq!(theirs.num_pages(), ours.null_pages.len() as u64);
    let order = match ours.boundary_order {
        BoundaryOrder::Unordered => pb::BoundaryOrder::UNORDERED,
        BoundaryOrder::Ascending => pb::BoundaryOrder::ASCENDING,
        BoundaryOrder::Descending => pb::BoundaryOrder::DESCENDING,
        BoundaryOrder::Unknown(code) => panic!("boundary order {code}"),
    };
    assert_eq!(theirs.get_boundary_order(), Some(order));
    let levels = |h: &[u64], i: usize| -> Option<Vec<i64>> {
        let each = h.len().checked_div(ours.null_pages.len())?;
        (each > 0).then(|| {
            h[i * each..(i + 1) * each]
                .iter()
                .map(|&v| signed(v))
                .collect()
        })
    };
    for i in 0..ours.null_pages.len() {
        assert_eq!(theirs.is_null_page(i), ours.null_pages[i]);
        let nulls = ours.null_counts.get(i).map(|&n| signed(n));
        assert_eq!(theirs.null_count(i), nulls);
        let rep = theirs.repetition_level_histogram(i).map(<[i64]>::to_vec);
        assert_eq!(rep, levels(&ours.repetition_level_histograms, i));
        let def = theirs.definition_level_histogram(i).map(<[i64]>::to_vec);
        assert_eq!(def, levels(&ours.definition_level_histograms, i));
        if !ours.null_pages[i] {
            let (min, max) = bounds(theirs, i);
            assert_eq!((&min, &max), (&ours.min_values[i], &ours.max_values[i]));
        }
    }
}

fn bounds(index: &ColumnIndexMetaData, i: usize) -> (Vec<u8>, Vec<u8>) {
    use ColumnIndexMetaData as C;
    macro_rules! le {
        ($index:expr) => {
            (
                $index.min_value(i).unwrap().to_le_bytes().to_vec(),
                $index.max_value(i).unwrap().to_le_bytes().to_vec(),
            )
        };
    }
    match index {
        C::BOOLEAN(x) => (
            vec![u8::from(*x.min_value(i).unwrap())],
            vec![u8::from(*x.max_value(i).unwrap())],
        ),
        C::INT32(x) => le!(x),
        C::INT64(x) => le!(x),
        C::FLOAT(x) => le!(x),
        C::DOUBLE(x) => le!(x),
        C::BYTE_ARRAY(x) | C::FIXED_LEN_BYTE_ARRAY(x) => (
            x.min_value(i).unwrap().to_vec(),
            x.max_value(i).unwrap().to_vec(),
        ),
        C::INT96(_) | C::NONE => panic!("no bounds"),
    }
}

/// Asserts that both place the pages equally.
pub(crate) fn same_offset_index(ours: &OffsetIndex, theirs: &OffsetIndexMetaData) {
    let locations: Vec<_> = theirs
        .page_locations()
        .iter()
        .map(|p| (p.offset, p.compressed_page_size, p.first_row_index))
        .collect();
    let expected: Vec<_> = ours
        .page_locations
        .iter()
        .map(|p| {
            (
                signed(p.offset),
                signed32(p.compressed_page_size),
                signed(p.first_row_index),
            )
        })
        .collect();
    assert_eq!(locations, expected);
    let sizes: Vec<_> = ours
        .unencoded_byte_array_data_bytes
        .iter()
        .map(|&v| signed(v))
        .collect();
    assert_eq!(
        theirs
            .unencoded_byte_array_data_bytes()
            .map_or(&[][..], Vec::as_slice),
        sizes
    );
}
