//! The QuestDB type of a foreign Parquet column (pm.md §16.3).
//!
//! The first matching row of the table wins; what nothing matches has no type (-1), and the column
//! stays in the sidecar all the same.

use column_format::{ColumnType, TimestampUnit};
use pq_format::{
    ConvertedType, Leaf, LogicalType, NodeKind, PhysicalType, Repetition, SchemaNode, TimeUnit,
};

/// Most dimensions that an array type has.
const DIMENSIONS_MAX: usize = 32;

/// The type code of `leaf`, whose top-level field is `top`; `None` when there is none.
pub(super) fn infer_type(leaf: &Leaf<'_>, top: &SchemaNode) -> Option<i32> {
    infer(leaf, top).map(ColumnType::code)
}

fn infer(leaf: &Leaf<'_>, top: &SchemaNode) -> Option<ColumnType> {
    let (logical, converted) = (leaf.node.logical, leaf.node.converted);
    let decimal = decimal_of(logical, converted);
    match leaf.physical {
        PhysicalType::Boolean => Some(ColumnType::Boolean),
        PhysicalType::Int64 => match logical {
            Some(LogicalType::Timestamp { unit, .. }) => Some(match unit {
                TimeUnit::Micros => ColumnType::Timestamp(TimestampUnit::Micros),
                TimeUnit::Nanos => ColumnType::Timestamp(TimestampUnit::Nanos),
                TimeUnit::Millis => ColumnType::Date,
            }),
            _ => decimal.unwrap_or(Some(ColumnType::Long)),
        },
        PhysicalType::Int32 => decimal.unwrap_or_else(|| Some(infer_int32(logical, converted))),
        PhysicalType::Int96 => converted
            .is_none()
            .then_some(ColumnType::Timestamp(TimestampUnit::Nanos)),
        PhysicalType::Float => Some(ColumnType::Float),
        PhysicalType::Double => {
            let dims = list_dimensions(top).and_then(|d| u8::try_from(d).ok());
            Some(dims.map_or(ColumnType::Double, |dims| ColumnType::Array { dims }))
        }
        PhysicalType::FixedLenByteArray(length) => match (decimal, length, logical) {
            (Some(decimal), ..) => decimal,
            (None, 16, Some(LogicalType::Uuid)) => Some(ColumnType::Uuid),
            (None, 16, _) => Some(ColumnType::Long128),
            (None, 32, _) => Some(ColumnType::Long256),
            _ => None,
        },
        PhysicalType::ByteArray => decimal.unwrap_or_else(|| {
            let text =
                logical == Some(LogicalType::String) || converted == Some(ConvertedType::Utf8);
            Some(if text {
                ColumnType::Varchar
            } else {
                ColumnType::Binary
            })
        }),
    }
}

fn infer_int32(logical: Option<LogicalType>, converted: Option<ConvertedType>) -> ColumnType {
    let signed = |n| {
        logical
            == Some(LogicalType::Int {
                bits: n,
                signed: true,
            })
            || matches!(
                (n, converted),
                (16, Some(ConvertedType::Int16)) | (8, Some(ConvertedType::Int8))
            )
    };
    if logical
        == Some(LogicalType::Int {
            bits: 32,
            signed: true,
        })
    {
        ColumnType::Int
    } else if signed(16) {
        ColumnType::Short
    } else if signed(8) {
        ColumnType::Byte
    } else if logical == Some(LogicalType::Date) || converted == Some(ConvertedType::Date) {
        ColumnType::Date
    } else {
        ColumnType::Int
    }
}

/// `Some(None)`: annotated as a decimal that no type can hold.
fn decimal_of(
    logical: Option<LogicalType>,
    converted: Option<ConvertedType>,
) -> Option<Option<ColumnType>> {
    let (precision, scale) = match (logical, converted) {
        (Some(LogicalType::Decimal { precision, scale }), _)
        | (_, Some(ConvertedType::Decimal { precision, scale })) => (precision, scale),
        _ => return None,
    };
    let in_range = (1..=76).contains(&precision) && (0..=precision).contains(&scale);
    let parts = u8::try_from(precision).ok().zip(u8::try_from(scale).ok());
    Some(
        parts
            .filter(|_| in_range)
            .map(|(precision, scale)| ColumnType::Decimal { precision, scale }),
    )
}

/// Repeated groups between a LIST field and its leaf, both not counted, when every group from there
/// down has exactly one child.
fn list_dimensions(top: &SchemaNode) -> Option<usize> {
    let annotated =
        top.logical == Some(LogicalType::List) || top.converted == Some(ConvertedType::List);
    let NodeKind::Group(children) = &top.kind else {
        return None;
    };
    let mut node = only(children).filter(|_| annotated)?;
    let mut dimensions = 0;
    while let NodeKind::Group(children) = &node.kind {
        dimensions += usize::from(node.repetition == Repetition::Repeated);
        node = only(children)?;
    }
    (1..=DIMENSIONS_MAX)
        .contains(&dimensions)
        .then_some(dimensions)
}

fn only(children: &[SchemaNode]) -> Option<&SchemaNode> {
    match children {
        [child] => Some(child),
        _ => None,
    }
}
