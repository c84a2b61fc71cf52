//! A judge of statistics and page indexes: arrow-rs decodes every value, and each must lie within
//! the bounds that footer and page index give it, by the order of its type.

use std::cmp::Ordering;

use bytes::Bytes;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{AsBytes, DataType};
use parquet::file::reader::{FileReader, SerializedFileReader};
use pq_format::{
    BoundaryOrder, ColumnChunk, ColumnIndex, FileMetaData, Leaf, LogicalType, OffsetIndex,
    PhysicalType, read_footer,
};

/// Values of a chunk, as PLAIN bytes; `None` is null.
type Values = Vec<Option<Vec<u8>>>;

/// Values by row of a flat column.
fn values<T: DataType>(mut reader: ColumnReaderImpl<T>, rows: usize, optional: bool) -> Values {
    let (mut levels, mut present) = (Vec::new(), Vec::new());
    let levels_of = optional.then_some(&mut levels);
    let (read, ..) = reader
        .read_records(rows, levels_of, None, &mut present)
        .unwrap();
    assert_eq!(read, rows);
    let mut present = present.iter().map(|v| v.as_bytes().to_vec());
    if !optional {
        return present.map(Some).collect();
    }
    let value = |level: &i16| (*level == 1).then(|| present.next().unwrap());
    levels.iter().map(value).collect()
}

fn compare(leaf: &Leaf<'_>, a: &[u8], b: &[u8]) -> Option<Ordering> {
    let int = |v: &[u8]| i32::from_le_bytes(v.try_into().unwrap());
    let unsigned = matches!(
        leaf.node.logical,
        Some(LogicalType::Int { signed: false, .. })
    );
    match leaf.physical {
        PhysicalType::Int32 if unsigned => {
            Some(int(a).cast_unsigned().cmp(&int(b).cast_unsigned()))
        }
        PhysicalType::Int32 => Some(int(a).cmp(&int(b))),
        PhysicalType::Int64 => {
            let long = |v: &[u8]| i64::from_le_bytes(v.try_into().unwrap());
            Some(long(a).cmp(&long(b)))
        }
        PhysicalType::Float => {
            let float = |v: &[u8]| f32::from_le_bytes(v.try_into().unwrap());
            float(a).partial_cmp(&float(b))
        }
        PhysicalType::Double => {
            let float = |v: &[u8]| f64::from_le_bytes(v.try_into().unwrap());
            float(a).partial_cmp(&float(b))
        }
        PhysicalType::FixedLenByteArray(_)
            if matches!(leaf.node.logical, Some(LogicalType::Decimal { .. })) =>
        {
            let signed = |v: &[u8]| {
                let mut v = v.to_vec();
                v[0] ^= 0x80;
                v
            };
            Some(signed(a).cmp(&signed(b)))
        }
        _ => Some(a.cmp(b)),
    }
}

/// Every value lies within the bounds, and the nulls are as many as told.
fn check(
    what: &str,
    leaf: &Leaf<'_>,
    values: &[Option<Vec<u8>>],
    (min, max): (Option<&[u8]>, Option<&[u8]>),
    nulls: Option<u64>,
) {
    let found = values.iter().filter(|v| v.is_none()).count() as u64;
    if let Some(nulls) = nulls {
        assert_eq!(nulls, found, "{what}: nulls");
    }
    for value in values.iter().flatten() {
        for (bound, wrong) in [(min, Ordering::Greater), (max, Ordering::Less)] {
            let Some(bound) = bound else { continue };
            let order = compare(leaf, bound, value);
            assert!(
                order != Some(wrong),
                "{what}: {value:02x?} is beyond {min:02x?} … {max:02x?}"
            );
            assert!(
                order.is_some() || compare(leaf, value, value).is_none(),
                "{what}: a bound that has no order: {bound:02x?}"
            );
        }
    }
}

/// Bounds of pages that are in order, if the index says so.
fn check_order(what: &str, leaf: &Leaf<'_>, index: &ColumnIndex) {
    let wrong = match index.boundary_order {
        BoundaryOrder::Ascending => Ordering::Greater,
        BoundaryOrder::Descending => Ordering::Less,
        _ => return,
    };
    for bounds in [&index.min_values, &index.max_values] {
        let pages = bounds.iter().zip(&index.null_pages);
        let kept: Vec<&Vec<u8>> = pages.filter(|(_, n)| !**n).map(|(b, _)| b).collect();
        for pair in kept.windows(2) {
            assert_ne!(
                compare(leaf, pair[0], pair[1]),
                Some(wrong),
                "{what}: order of pages"
            );
        }
    }
}

pub(crate) fn index_of(file: &[u8], chunk: &ColumnChunk) -> Option<(ColumnIndex, OffsetIndex)> {
    let bytes = |range: pq_format::IndexRange| {
        let at = usize::try_from(range.offset).unwrap();
        &file[at..at + range.length as usize]
    };
    let columns = ColumnIndex::read(bytes(chunk.column_index?)).unwrap();
    let offsets = OffsetIndex::read(bytes(chunk.offset_index?)).unwrap();
    Some((columns, offsets))
}

/// Checks every flat column of a file; returns the pages whose bounds were compared.
pub(crate) fn check_bounds(what: &str, file: &[u8]) -> usize {
    let footer: FileMetaData = read_footer(file).unwrap();
    let leaves = footer.schema.leaves();
    let reader = SerializedFileReader::new(Bytes::from(file.to_vec())).unwrap();
    let mut pages = 0;
    for (g, group) in footer.row_groups.iter().enumerate() {
        let rows = usize::try_from(group.num_rows).unwrap();
        let columns = reader.get_row_group(g).unwrap();
        for (c, (leaf, chunk)) in leaves.iter().zip(&group.columns).enumerate() {
            if leaf.max_repetition_level > 0 {
                continue;
            }
            let optional = leaf.max_definition_level > 0;
            let values = match columns.get_column_reader(c).unwrap() {
                ColumnReader::BoolColumnReader(r) => values(r, rows, optional),
                ColumnReader::Int32ColumnReader(r) => values(r, rows, optional),
                ColumnReader::Int64ColumnReader(r) => values(r, rows, optional),
                ColumnReader::Int96ColumnReader(r) => values(r, rows, optional),
                ColumnReader::FloatColumnReader(r) => values(r, rows, optional),
                ColumnReader::DoubleColumnReader(r) => values(r, rows, optional),
                ColumnReader::ByteArrayColumnReader(r) => values(r, rows, optional),
                ColumnReader::FixedLenByteArrayColumnReader(r) => values(r, rows, optional),
            };
            let name = &leaf.path[0];
            let what = format!("{what}, row group {g}, column {name}");
            if let Some(s) = &chunk.meta.statistics {
                let bounds = (s.min_value.as_deref(), s.max_value.as_deref());
                check(&what, leaf, &values, bounds, s.null_count);
                let exact = |flag: Option<bool>, bound: &Option<Vec<u8>>| {
                    if flag == Some(true) {
                        let bound = bound.as_deref().unwrap();
                        let equal = |v: &Vec<u8>| compare(leaf, v, bound) == Some(Ordering::Equal);
                        assert!(values.iter().flatten().any(equal), "{what}: not exact");
                    }
                };
                exact(s.is_min_exact, &s.min_value);
                exact(s.is_max_exact, &s.max_value);
            }
            let Some((columns, offsets)) = index_of(file, chunk) else {
                continue;
            };
            let mut ends: Vec<usize> = offsets
                .page_locations
                .iter()
                .skip(1)
                .map(|p| usize::try_from(p.first_row_index).unwrap())
                .collect();
            ends.push(rows);
            check_order(&what, leaf, &columns);
            let mut start = 0;
            for (p, end) in ends.into_iter().enumerate() {
                let what = format!("{what}, page {p}");
                let page = &values[start..end];
                let bounds = (!columns.null_pages[p])
                    .then(|| (&columns.min_values[p][..], &columns.max_values[p][..]));
                assert_eq!(
                    columns.null_pages[p],
                    page.iter().all(Option::is_none),
                    "{what}: a null page"
                );
                let nulls = columns.null_counts.get(p).copied();
                let bounds = (bounds.map(|b| b.0), bounds.map(|b| b.1));
                check(&what, leaf, page, bounds, nulls);
                start = end;
                pages += 1;
            }
        }
    }
    pages
}
