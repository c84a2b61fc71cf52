//! Column types as Parquet types (parquet.md §1).
//!
//! The one place that knows repetition, physical, logical and converted types; the encoder asks it
//! for levels, the assembler for schema nodes.

use column_format::{ColumnType, TimestampUnit};
use pq_format::{LogicalType, PhysicalType, Repetition, SchemaNode, TimeUnit};

use crate::{ColumnSpec, WriterOptions};

/// Physical type of the leaf of a column of this type. Raw arrays are byte arrays.
#[must_use]
pub fn physical_type(column_type: ColumnType, raw_arrays: bool) -> PhysicalType {
    use ColumnType as T;
    match column_type {
        T::Boolean => PhysicalType::Boolean,
        T::Byte | T::Short | T::Char | T::Int | T::Ipv4 => PhysicalType::Int32,
        T::Long | T::Date | T::Timestamp(_) => PhysicalType::Int64,
        T::Float => PhysicalType::Float,
        T::Double => PhysicalType::Double,
        T::String | T::Varchar | T::Symbol | T::Binary => PhysicalType::ByteArray,
        T::Array { .. } if raw_arrays => PhysicalType::ByteArray,
        T::Array { .. } => PhysicalType::Double,
        T::Uuid | T::Long128 => PhysicalType::FixedLenByteArray(16),
        T::Long256 => PhysicalType::FixedLenByteArray(32),
        T::Geohash { .. } if column_type.fixed_width() == Some(8) => PhysicalType::Int64,
        T::Geohash { .. } => PhysicalType::Int32,
        T::Decimal { .. } => PhysicalType::FixedLenByteArray(match column_type.fixed_width() {
            Some(1) => 1,
            Some(2) => 2,
            Some(4) => 4,
            Some(8) => 8,
            Some(16) => 16,
            _ => 32,
        }),
    }
}

/// Logical type of the leaf of a column of this type; its times are UTC
/// ([`ColumnSpec::local_time`]).
#[must_use]
pub fn logical_type(column_type: ColumnType) -> Option<LogicalType> {
    use ColumnType as T;
    let int = |bits, signed| Some(LogicalType::Int { bits, signed });
    let timestamp = |unit| Some(LogicalType::Timestamp { utc: true, unit });
    match column_type {
        T::Byte => int(8, true),
        T::Short => int(16, true),
        T::Char => int(16, false),
        T::Ipv4 => int(32, false),
        T::Geohash { .. } => match column_type.fixed_width() {
            Some(1) => int(8, true),
            Some(2) => int(16, true),
            Some(4) => int(32, true),
            _ => int(64, true),
        },
        T::Date => timestamp(TimeUnit::Millis),
        T::Timestamp(TimestampUnit::Micros) => timestamp(TimeUnit::Micros),
        T::Timestamp(TimestampUnit::Nanos) => timestamp(TimeUnit::Nanos),
        T::String | T::Varchar | T::Symbol => Some(LogicalType::String),
        T::Uuid => Some(LogicalType::Uuid),
        T::Decimal { precision, scale } => Some(LogicalType::Decimal {
            scale: scale.into(),
            precision: precision.into(),
        }),
        T::Boolean
        | T::Int
        | T::Long
        | T::Float
        | T::Double
        | T::Binary
        | T::Long128
        | T::Long256
        | T::Array { .. } => None,
    }
}

/// The schema node of a column, with its identity.
#[must_use]
pub fn schema_node(spec: &ColumnSpec, options: &WriterOptions) -> SchemaNode {
    let repetition = if spec.required {
        Repetition::Required
    } else {
        Repetition::Optional
    };
    let node = match spec.column_type {
        ColumnType::Array { dims } if !options.raw_arrays => list(&spec.name, repetition, dims),
        column_type => SchemaNode::leaf(
            spec.name.as_str(),
            repetition,
            physical_type(column_type, options.raw_arrays),
            match logical_type(column_type) {
                Some(LogicalType::Timestamp { unit, .. }) => Some(LogicalType::Timestamp {
                    utc: !spec.local_time,
                    unit,
                }),
                other => other,
            },
        ),
    };
    match spec.field_id {
        Some(id) => node.with_field_id(id),
        None => node,
    }
}

/// A LIST of LISTs, `dims` deep: `name.list.element.list.element…`. Inner lists and elements are
/// OPTIONAL, as other writers make them; only elements are ever null.
fn list(name: &str, repetition: Repetition, dims: u8) -> SchemaNode {
    let element = if dims <= 1 {
        SchemaNode::leaf("element", Repetition::Optional, PhysicalType::Double, None)
    } else {
        list("element", Repetition::Optional, dims - 1)
    };
    let repeated = SchemaNode::group("list", Repetition::Repeated, None, vec![element]);
    SchemaNode::group(name, repetition, Some(LogicalType::List), vec![repeated])
}

/// The highest levels of a column's leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Levels {
    pub(crate) repetition: u8,
    pub(crate) definition: u8,
}

/// Levels of the leaf of a column.
pub(crate) fn levels(spec: &ColumnSpec, raw_arrays: bool) -> Levels {
    let own = u8::from(!spec.required);
    match spec.column_type {
        // Each dimension adds a repeated group and an optional element.
        ColumnType::Array { dims } if !raw_arrays => Levels {
            repetition: dims,
            definition: own.saturating_add(dims.saturating_mul(2)),
        },
        _ => Levels {
            repetition: 0,
            definition: own,
        },
    }
}
