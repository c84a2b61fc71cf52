//! Is this schema one that readers accept?
//!
//! The pairing of physical with logical types has many rules. parquet2 knows them, and its
//! descriptors compute levels independently of ours: writers pass their schema through here once,
//! before the first page. Never used on bytes from outside.

use parquet2::metadata::SchemaDescriptor;
use parquet2::schema::types as p2;

use super::enums::Repetition;
use super::logical::{ConvertedType, LogicalType, TimeUnit};
use super::schema::{NodeKind, PhysicalType, SCHEMA_DEPTH_MAX, Schema, SchemaNode};
use crate::error::FormatError;

impl Schema {
    /// Checks a schema that is about to be written: names, nesting, and for every leaf whether its
    /// logical and converted types may annotate its physical type.
    ///
    /// # Errors
    /// [`FormatError::Schema`] names the first column that a reader would refuse.
    pub fn check(&self) -> Result<(), FormatError> {
        let fields = convert_all(&self.fields, "", 1)?;
        let descriptor = SchemaDescriptor::new(self.name.clone(), fields);
        for (leaf, theirs) in self.leaves().iter().zip(descriptor.columns()) {
            let levels = (
                theirs.descriptor.max_def_level,
                theirs.descriptor.max_rep_level,
            );
            let ours = (leaf.max_definition_level, leaf.max_repetition_level);
            if levels.0 != ours.0.cast_signed() || levels.1 != ours.1.cast_signed() {
                return Err(error(
                    &leaf.path.join("."),
                    format!("levels {ours:?}, not {levels:?}"),
                ));
            }
        }
        Ok(())
    }
}

fn error(column: &str, reason: impl Into<String>) -> FormatError {
    FormatError::Schema {
        column: column.to_owned(),
        reason: reason.into(),
    }
}

fn convert_all(
    nodes: &[SchemaNode],
    parent: &str,
    depth: usize,
) -> Result<Vec<p2::ParquetType>, FormatError> {
    if depth > SCHEMA_DEPTH_MAX {
        return Err(error(
            parent,
            format!("nested deeper than {SCHEMA_DEPTH_MAX}"),
        ));
    }
    nodes
        .iter()
        .map(|node| {
            let path = match parent {
                "" => node.name.clone(),
                _ => format!("{parent}.{}", node.name),
            };
            convert(node, &path, depth)
        })
        .collect()
}

fn convert(node: &SchemaNode, path: &str, depth: usize) -> Result<p2::ParquetType, FormatError> {
    use parquet2::schema::Repetition as R;
    if node.name.is_empty() {
        return Err(error(path, "the name is empty"));
    }
    let repetition = match node.repetition {
        Repetition::Required => R::Required,
        Repetition::Optional => R::Optional,
        Repetition::Repeated => R::Repeated,
        Repetition::Unknown(code) => return Err(error(path, format!("repetition {code}"))),
    };
    let name = node.name.clone();
    let physical = match &node.kind {
        NodeKind::Group(children) if children.is_empty() => {
            return Err(error(path, "a group without children"));
        }
        NodeKind::Group(children) => {
            let children = convert_all(children, path, depth + 1)?;
            let (converted, logical) = group_types(node, path)?;
            return Ok(p2::ParquetType::from_group(
                name,
                repetition,
                converted,
                logical,
                children,
                node.field_id,
            ));
        }
        NodeKind::Leaf(physical) => physical_type(*physical, path)?,
    };
    let converted = node
        .converted
        .map(|c| converted_type(c, path))
        .transpose()?;
    let logical = match node.logical {
        Some(LogicalType::Float16) => return float16(node, path, physical, repetition),
        Some(l) => Some(logical_type(l, path)?),
        None => None,
    };
    p2::ParquetType::try_from_primitive(
        name,
        physical,
        repetition,
        converted,
        logical,
        node.field_id,
    )
    .map_err(|e| error(path, e.to_string()))
}

/// FLOAT16 is younger than parquet2.
fn float16(
    node: &SchemaNode,
    path: &str,
    physical: p2::PhysicalType,
    repetition: parquet2::schema::Repetition,
) -> Result<p2::ParquetType, FormatError> {
    if physical != p2::PhysicalType::FixedLenByteArray(2) || node.converted.is_some() {
        return Err(error(
            path,
            "FLOAT16 annotates FIXED_LEN_BYTE_ARRAY(2) only",
        ));
    }
    let (name, id) = (node.name.clone(), node.field_id);
    p2::ParquetType::try_from_primitive(name, physical, repetition, None, None, id)
        .map_err(|e| error(path, e.to_string()))
}

fn physical_type(physical: PhysicalType, path: &str) -> Result<p2::PhysicalType, FormatError> {
    Ok(match physical {
        PhysicalType::Boolean => p2::PhysicalType::Boolean,
        PhysicalType::Int32 => p2::PhysicalType::Int32,
        PhysicalType::Int64 => p2::PhysicalType::Int64,
        PhysicalType::Int96 => p2::PhysicalType::Int96,
        PhysicalType::Float => p2::PhysicalType::Float,
        PhysicalType::Double => p2::PhysicalType::Double,
        PhysicalType::ByteArray => p2::PhysicalType::ByteArray,
        PhysicalType::FixedLenByteArray(len) => {
            let len = i32::try_from(len)
                .ok()
                .filter(|&l| l > 0)
                .and_then(|l| usize::try_from(l).ok());
            let len = len.ok_or_else(|| error(path, "a fixed length outside 1..=i32::MAX"))?;
            p2::PhysicalType::FixedLenByteArray(len)
        }
    })
}

type GroupTypes = (Option<p2::GroupConvertedType>, Option<p2::GroupLogicalType>);

fn group_types(node: &SchemaNode, path: &str) -> Result<GroupTypes, FormatError> {
    let refuse = |what: String| error(path, format!("{what} cannot annotate a group"));
    let converted = match node.converted {
        None => None,
        Some(ConvertedType::List) => Some(p2::GroupConvertedType::List),
        Some(ConvertedType::Map) => Some(p2::GroupConvertedType::Map),
        Some(ConvertedType::MapKeyValue) => Some(p2::GroupConvertedType::MapKeyValue),
        Some(other) => return Err(refuse(format!("{other:?}"))),
    };
    let logical = match node.logical {
        None => None,
        Some(LogicalType::List) => Some(p2::GroupLogicalType::List),
        Some(LogicalType::Map) => Some(p2::GroupLogicalType::Map),
        Some(other) => return Err(refuse(format!("{other:?}"))),
    };
    Ok((converted, logical))
}

const fn unit(unit: TimeUnit) -> p2::TimeUnit {
    match unit {
        TimeUnit::Millis => p2::TimeUnit::Milliseconds,
        TimeUnit::Micros => p2::TimeUnit::Microseconds,
        TimeUnit::Nanos => p2::TimeUnit::Nanoseconds,
    }
}

fn decimal(scale: i32, precision: i32, path: &str) -> Result<(usize, usize), FormatError> {
    let ok = (1..=76).contains(&precision) && (0..=precision).contains(&scale);
    match (usize::try_from(precision), usize::try_from(scale)) {
        // Parquet allows a scale equal to the precision, parquet2 does not.
        (Ok(precision), Ok(scale)) if ok => Ok((precision, scale.min(precision.saturating_sub(1)))),
        _ => Err(error(
            path,
            format!("DECIMAL({precision}, {scale}) does not exist"),
        )),
    }
}

fn logical_type(logical: LogicalType, path: &str) -> Result<p2::PrimitiveLogicalType, FormatError> {
    use p2::{IntegerType as I, PrimitiveLogicalType as P};
    Ok(match logical {
        LogicalType::String => P::String,
        LogicalType::Enum => P::Enum,
        LogicalType::Decimal { scale, precision } => {
            let (precision, scale) = decimal(scale, precision, path)?;
            P::Decimal(precision, scale)
        }
        LogicalType::Date => P::Date,
        LogicalType::Time { utc, unit: u } => P::Time {
            unit: unit(u),
            is_adjusted_to_utc: utc,
        },
        LogicalType::Timestamp { utc, unit: u } => P::Timestamp {
            unit: unit(u),
            is_adjusted_to_utc: utc,
        },
        LogicalType::Int {
            bits: 8,
            signed: true,
        } => P::Integer(I::Int8),
        LogicalType::Int {
            bits: 16,
            signed: true,
        } => P::Integer(I::Int16),
        LogicalType::Int {
            bits: 32,
            signed: true,
        } => P::Integer(I::Int32),
        LogicalType::Int {
            bits: 64,
            signed: true,
        } => P::Integer(I::Int64),
        LogicalType::Int {
            bits: 8,
            signed: false,
        } => P::Integer(I::UInt8),
        LogicalType::Int {
            bits: 16,
            signed: false,
        } => P::Integer(I::UInt16),
        LogicalType::Int {
            bits: 32,
            signed: false,
        } => P::Integer(I::UInt32),
        LogicalType::Int {
            bits: 64,
            signed: false,
        } => P::Integer(I::UInt64),
        LogicalType::Null => P::Unknown,
        LogicalType::Json => P::Json,
        LogicalType::Bson => P::Bson,
        LogicalType::Uuid => P::Uuid,
        other => return Err(error(path, format!("{other:?} cannot annotate a column"))),
    })
}

fn converted_type(
    converted: ConvertedType,
    path: &str,
) -> Result<p2::PrimitiveConvertedType, FormatError> {
    use p2::PrimitiveConvertedType as P;
    Ok(match converted {
        ConvertedType::Utf8 => P::Utf8,
        ConvertedType::Enum => P::Enum,
        ConvertedType::Decimal { scale, precision } => {
            let (precision, scale) = decimal(scale, precision, path)?;
            P::Decimal(precision, scale)
        }
        ConvertedType::Date => P::Date,
        ConvertedType::TimeMillis => P::TimeMillis,
        ConvertedType::TimeMicros => P::TimeMicros,
        ConvertedType::TimestampMillis => P::TimestampMillis,
        ConvertedType::TimestampMicros => P::TimestampMicros,
        ConvertedType::Uint8 => P::Uint8,
        ConvertedType::Uint16 => P::Uint16,
        ConvertedType::Uint32 => P::Uint32,
        ConvertedType::Uint64 => P::Uint64,
        ConvertedType::Int8 => P::Int8,
        ConvertedType::Int16 => P::Int16,
        ConvertedType::Int32 => P::Int32,
        ConvertedType::Int64 => P::Int64,
        ConvertedType::Json => P::Json,
        ConvertedType::Bson => P::Bson,
        ConvertedType::Interval => P::Interval,
        other => return Err(error(path, format!("{other:?} cannot annotate a column"))),
    })
}
