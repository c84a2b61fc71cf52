//! Random metadata that arrow-rs accepts as well: schemas of legal type pairs, and one chunk a leaf
//! with every optional field present or absent.

use pq_format::{
    CodecId, ColumnChunk, ColumnMetaData, ColumnOrder, Encoding, FileMetaData, IndexRange,
    KeyValue, LogicalType, PageEncodingStats, PageType, PhysicalType, Repetition, RowGroup, Schema,
    SchemaNode, SizeStatistics, SortingColumn, Statistics, TimeUnit,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// A count, length or offset that fits the signed field.
pub(crate) fn count() -> impl Strategy<Value = u64> {
    prop_oneof![0..300u64, 0..=i64::MAX as u64]
}

pub(crate) fn small_count() -> impl Strategy<Value = u32> {
    prop_oneof![0..300u32, 0..=i32::MAX as u32]
}

fn unit() -> impl Strategy<Value = TimeUnit> {
    prop_oneof![
        Just(TimeUnit::Millis),
        Just(TimeUnit::Micros),
        Just(TimeUnit::Nanos)
    ]
}

fn leaf_type() -> impl Strategy<Value = (PhysicalType, Option<LogicalType>)> {
    use LogicalType as L;
    use PhysicalType as P;
    let int = |bits, signed| Some(L::Int { bits, signed });
    prop_oneof![
        prop::sample::select(vec![
            (P::Boolean, None),
            (P::Int32, None),
            (P::Int32, Some(L::Date)),
            (
                P::Int32,
                Some(L::Time {
                    utc: true,
                    unit: TimeUnit::Millis
                })
            ),
            (
                P::Int32,
                Some(L::Decimal {
                    scale: 2,
                    precision: 9
                })
            ),
            (P::Int64, None),
            (P::Int96, None),
            (P::Float, None),
            (P::Double, None),
            (P::ByteArray, None),
            (P::ByteArray, Some(L::String)),
            (P::ByteArray, Some(L::Enum)),
            (P::ByteArray, Some(L::Json)),
            (P::ByteArray, Some(L::Bson)),
            (P::FixedLenByteArray(1), None),
            (P::FixedLenByteArray(16), Some(L::Uuid)),
            (
                P::FixedLenByteArray(32),
                Some(L::Decimal {
                    scale: 0,
                    precision: 76
                })
            ),
        ]),
        (prop::sample::select(vec![8i8, 16, 32]), any::<bool>())
            .prop_map(move |(bits, signed)| (P::Int32, int(bits, signed))),
        any::<bool>().prop_map(move |signed| (P::Int64, int(64, signed))),
        (any::<bool>(), unit())
            .prop_map(|(utc, unit)| (P::Int64, Some(L::Timestamp { utc, unit }))),
        (
            any::<bool>(),
            prop_oneof![Just(TimeUnit::Micros), Just(TimeUnit::Nanos)]
        )
            .prop_map(|(utc, unit)| (P::Int64, Some(L::Time { utc, unit }))),
    ]
}

fn repetition() -> impl Strategy<Value = Repetition> {
    prop_oneof![Just(Repetition::Required), Just(Repetition::Optional)]
}

fn field(i: usize) -> impl Strategy<Value = SchemaNode> {
    let leaf = (leaf_type(), repetition())
        .prop_map(|((physical, logical), r)| SchemaNode::leaf("leaf", r, physical, logical));
    // A column, or lists within lists of one.
    (leaf, 0..4usize, repetition(), option::of(any::<i32>())).prop_map(
        move |(leaf, dims, r, id)| {
            let mut node = leaf;
            for _ in 0..dims {
                node.name = "element".to_owned();
                let list = SchemaNode::group("list", Repetition::Repeated, None, vec![node]);
                node = SchemaNode::group("", r, Some(LogicalType::List), vec![list]);
            }
            node.name = format!("c{i} ü");
            node.field_id = id;
            node
        },
    )
}

/// A schema of one to five top-level fields.
pub(crate) fn schema() -> impl Strategy<Value = Schema> {
    (1..6usize)
        .prop_flat_map(|n| (0..n).map(field).collect::<Vec<_>>())
        .prop_map(Schema::new)
}

fn bound(physical: PhysicalType) -> BoxedStrategy<Option<Vec<u8>>> {
    let len = match physical {
        PhysicalType::Boolean => return option::of(vec(0u8..=1, 1)).boxed(),
        PhysicalType::ByteArray => 0..=40,
        fixed => {
            let width = fixed.fixed_width().unwrap() as usize;
            width..=width
        }
    };
    option::of(vec(any::<u8>(), len)).boxed()
}

/// Statistics whose bounds have the width of the type.
pub(crate) fn statistics(physical: PhysicalType) -> impl Strategy<Value = Statistics> {
    let bounds = (
        bound(physical),
        bound(physical),
        bound(physical),
        bound(physical),
    );
    let counts = (
        option::of(count()),
        option::of(count()),
        option::of(count()),
    );
    let exact = (option::of(any::<bool>()), option::of(any::<bool>()));
    (bounds, counts, exact).prop_map(|(b, c, e)| Statistics {
        null_count: c.0,
        distinct_count: c.1,
        min_value: b.0,
        max_value: b.1,
        is_min_exact: e.0,
        is_max_exact: e.1,
        nan_count: c.2,
        deprecated_min: b.2,
        deprecated_max: b.3,
    })
}

fn encoding() -> impl Strategy<Value = Encoding> {
    prop::sample::select(vec![
        Encoding::Plain,
        Encoding::PlainDictionary,
        Encoding::Rle,
        Encoding::BitPacked,
        Encoding::DeltaBinaryPacked,
        Encoding::DeltaLengthByteArray,
        Encoding::DeltaByteArray,
        Encoding::RleDictionary,
        Encoding::ByteStreamSplit,
    ])
}

fn key_value() -> impl Strategy<Value = KeyValue> {
    (".{0,12}", option::of(".{0,200}")).prop_map(|(key, value)| KeyValue { key, value })
}

fn size_statistics() -> impl Strategy<Value = SizeStatistics> {
    (option::of(count()), vec(count(), 0..4), vec(count(), 0..4)).prop_map(|(bytes, rep, def)| {
        SizeStatistics {
            unencoded_byte_array_data_bytes: bytes,
            repetition_level_histogram: rep,
            definition_level_histogram: def,
        }
    })
}

fn index_range() -> impl Strategy<Value = Option<IndexRange>> {
    option::of((count(), small_count()).prop_map(|(offset, length)| IndexRange { offset, length }))
}

fn chunk(physical: PhysicalType, path: Vec<String>) -> impl Strategy<Value = ColumnChunk> {
    let kinds = prop::sample::select(vec![PageType::Data, PageType::Dictionary, PageType::DataV2]);
    let page_stats = (kinds, encoding(), small_count()).prop_map(|(page_type, encoding, count)| {
        PageEncodingStats {
            page_type,
            encoding,
            count,
        }
    });
    let counts = [
        count().boxed(),
        count().boxed(),
        count().boxed(),
        count().boxed(),
    ];
    let offsets = [
        option::of(count()),
        option::of(count()),
        option::of(count()),
    ];
    let rest = (
        option::of(statistics(physical)),
        vec(page_stats, 0..4),
        option::of(small_count()),
        option::of(size_statistics()),
        (0..8i32).prop_map(CodecId::from_code),
        vec(key_value(), 0..3),
    );
    let outer = (
        option::of(".{1,9}"),
        any::<i64>(),
        index_range(),
        index_range(),
    );
    (vec(encoding(), 0..5), counts, offsets, rest, outer).prop_map(move |(e, c, o, r, outer)| {
        let meta = ColumnMetaData {
            physical: physical.kind(),
            encodings: e.into(),
            path: path.clone().into(),
            codec: r.4,
            num_values: c[0],
            total_uncompressed_size: c[1],
            total_compressed_size: c[2],
            key_value_metadata: r.5,
            data_page_offset: c[3],
            index_page_offset: o[0],
            dictionary_page_offset: o[1],
            statistics: r.0,
            encoding_stats: r.1,
            bloom_filter_offset: o[2],
            bloom_filter_length: r.2,
            size_statistics: r.3,
        };
        ColumnChunk {
            file_path: outer.0,
            file_offset: outer.1,
            meta,
            offset_index: outer.2,
            column_index: outer.3,
        }
    })
}

fn row_group(leaves: Vec<(PhysicalType, Vec<String>)>) -> impl Strategy<Value = RowGroup> {
    let columns: Vec<_> = leaves.into_iter().map(|(p, path)| chunk(p, path)).collect();
    let sorting =
        (small_count(), any::<bool>(), any::<bool>()).prop_map(|(i, d, n)| SortingColumn {
            column_idx: i,
            descending: d,
            nulls_first: n,
        });
    let optional = (
        option::of(any::<i64>()),
        option::of(count()),
        option::of(0..=i16::MAX),
    );
    (columns, count(), count(), vec(sorting, 0..3), optional).prop_map(
        |(columns, total_byte_size, num_rows, sorting_columns, optional)| RowGroup {
            columns,
            total_byte_size,
            num_rows,
            sorting_columns,
            file_offset: optional.0,
            total_compressed_size: optional.1,
            ordinal: optional.2,
        },
    )
}

/// A footer of up to three row groups.
pub(crate) fn file() -> impl Strategy<Value = FileMetaData> {
    schema().prop_flat_map(|schema| {
        let leaves: Vec<_> = schema
            .leaves()
            .iter()
            .map(|l| (l.physical, l.path.iter().map(|&p| p.to_owned()).collect()))
            .collect();
        let count_of_leaves = leaves.len();
        let parts = (
            1..3i32,
            count(),
            vec(row_group(leaves), 0..3),
            vec(key_value(), 0..4),
        );
        (Just(schema), parts, option::of(".{0,40}"), any::<bool>()).prop_map(
            move |(schema, (version, num_rows, mut row_groups, kv), created_by, orders)| {
                // arrow-rs insists on ordinals in all groups or in none.
                let first = row_groups.first().and_then(|g: &RowGroup| g.ordinal);
                row_groups.iter_mut().for_each(|g| g.ordinal = first);
                let order = ColumnOrder::TypeDefined;
                FileMetaData {
                    version,
                    schema,
                    num_rows,
                    row_groups,
                    key_value_metadata: kv,
                    created_by,
                    column_orders: if orders {
                        vec![order; count_of_leaves]
                    } else {
                        Vec::new()
                    },
                }
            },
        )
    })
}
