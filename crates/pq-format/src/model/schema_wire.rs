//! The schema on disk: a depth-first list in which groups count their children.
//!
//! Counts are taken at their word only as far as elements follow, and depth is bounded.

use super::enums::{PhysicalKind, Repetition};
use super::logical::{ConvertedType, LogicalType};
use super::schema::{NodeKind, PhysicalType, SCHEMA_DEPTH_MAX, Schema, SchemaNode};
use crate::error::FormatError;
use crate::thrift::{Field, Reader, Writer, ty};

impl Schema {
    pub(crate) fn write(&self, w: &mut Writer<'_>, id: i16) {
        let mut flat = Vec::new();
        flatten(&self.fields, &mut flat);
        let mut elements: Vec<Option<&SchemaNode>> = vec![None];
        elements.extend(flat.into_iter().map(Some));
        w.list(id, ty::STRUCT, &elements, |w, node| {
            w.structure_element(|w| match node {
                None => {
                    w.string(4, &self.name);
                    write_child_count(w, self.fields.len());
                }
                Some(node) => write_node(w, node),
            });
        });
    }

    pub(crate) fn read(r: &mut Reader<'_>, field: Field) -> Result<Self, FormatError> {
        let elements = r.list(field, ty::STRUCT, Element::read)?;
        let mut rest = elements.into_iter();
        let root = rest
            .next()
            .ok_or(FormatError::missing("FileMetaData", "root of schema"))?;
        let children = root.children.unwrap_or(0);
        let fields = build(&mut rest, children, 1)?;
        if let Some(extra) = rest.next() {
            return Err(FormatError::corrupt(
                "FileMetaData.schema",
                0,
                "an end after the children of the root",
                format!("element {:?}", extra.name),
            ));
        }
        Ok(Self {
            name: root.name,
            fields,
        })
    }
}

impl PhysicalType {
    fn from_kind(kind: PhysicalKind, length: Option<i32>) -> Result<Self, FormatError> {
        const WHAT: &str = "SchemaElement.type";
        Ok(match kind {
            PhysicalKind::Boolean => Self::Boolean,
            PhysicalKind::Int32 => Self::Int32,
            PhysicalKind::Int64 => Self::Int64,
            PhysicalKind::Int96 => Self::Int96,
            PhysicalKind::Float => Self::Float,
            PhysicalKind::Double => Self::Double,
            PhysicalKind::ByteArray => Self::ByteArray,
            PhysicalKind::FixedLenByteArray => {
                let length = length.ok_or(FormatError::missing("SchemaElement", "type_length"))?;
                Self::FixedLenByteArray(
                    u32::try_from(length).map_err(|_| {
                        FormatError::corrupt(WHAT, 0, "a length of at least 0", length)
                    })?,
                )
            }
            PhysicalKind::Unknown(code) => {
                let found = format!("physical type {code}");
                return Err(FormatError::Unsupported { what: WHAT, found });
            }
        })
    }
}

fn flatten<'a>(nodes: &'a [SchemaNode], out: &mut Vec<&'a SchemaNode>) {
    for node in nodes {
        out.push(node);
        flatten(node.children(), out);
    }
}

fn write_child_count(w: &mut Writer<'_>, count: usize) {
    w.u32(
        5,
        "SchemaElement.num_children",
        u32::try_from(count).unwrap_or(u32::MAX),
    );
}

fn write_node(w: &mut Writer<'_>, node: &SchemaNode) {
    if let NodeKind::Leaf(physical) = node.kind {
        w.i32(1, physical.kind().code());
        if let PhysicalType::FixedLenByteArray(len) = physical {
            w.u32(2, "SchemaElement.type_length", len);
        }
    }
    w.i32(3, node.repetition.code());
    w.string(4, &node.name);
    if let NodeKind::Group(children) = &node.kind {
        write_child_count(w, children.len());
    }
    if let Some(converted) = node.converted {
        w.i32(6, converted.code());
        if let ConvertedType::Decimal { scale, precision } = converted {
            w.i32(7, scale);
            w.i32(8, precision);
        }
    }
    if let Some(id) = node.field_id {
        w.i32(9, id);
    }
    if let Some(logical) = node.logical {
        logical.write(w, 10);
    }
}

/// `SchemaElement` as it stands in the list.
struct Element {
    physical: Option<PhysicalKind>,
    length: Option<i32>,
    repetition: Option<Repetition>,
    name: String,
    children: Option<u32>,
    converted: Option<i32>,
    scale: Option<i32>,
    precision: Option<i32>,
    field_id: Option<i32>,
    logical: Option<LogicalType>,
}

impl Element {
    fn read(r: &mut Reader<'_>) -> Result<Self, FormatError> {
        let mut name = None;
        let mut e = Self {
            physical: None,
            length: None,
            repetition: None,
            name: String::new(),
            children: None,
            converted: None,
            scale: None,
            precision: None,
            field_id: None,
            logical: None,
        };
        r.structure(|r, f| {
            match f.id {
                1 => e.physical = Some(PhysicalKind::from_code(r.i32(f)?)),
                2 => e.length = Some(r.i32(f)?),
                3 => e.repetition = Some(Repetition::from_code(r.i32(f)?)),
                4 => name = Some(r.string(f)?),
                5 => e.children = Some(r.u32(f)?),
                6 => e.converted = Some(r.i32(f)?),
                7 => e.scale = Some(r.i32(f)?),
                8 => e.precision = Some(r.i32(f)?),
                9 => e.field_id = Some(r.i32(f)?),
                10 => e.logical = LogicalType::read(r, f)?,
                _ => r.skip(f)?,
            }
            Ok(())
        })?;
        e.name = name.ok_or(FormatError::missing("SchemaElement", "name"))?;
        Ok(e)
    }

    fn into_node(self, kind: NodeKind) -> Result<SchemaNode, FormatError> {
        let repetition = match self.repetition {
            None => return Err(FormatError::missing("SchemaElement", "repetition_type")),
            Some(Repetition::Unknown(code)) => {
                return Err(FormatError::Unsupported {
                    what: "SchemaElement.repetition_type",
                    found: format!("repetition {code}"),
                });
            }
            Some(known) => known,
        };
        let (scale, precision) = (self.scale.unwrap_or(0), self.precision.unwrap_or(0));
        Ok(SchemaNode {
            name: self.name,
            repetition,
            field_id: self.field_id,
            logical: self.logical,
            converted: self
                .converted
                .map(|c| ConvertedType::from_code(c, scale, precision)),
            kind,
        })
    }
}

/// Takes `count` subtrees from the list.
fn build(
    rest: &mut std::vec::IntoIter<Element>,
    count: u32,
    depth: usize,
) -> Result<Vec<SchemaNode>, FormatError> {
    const WHAT: &str = "FileMetaData.schema";
    if depth > SCHEMA_DEPTH_MAX {
        let (limit, found) = (SCHEMA_DEPTH_MAX as u64, depth as u64);
        return Err(FormatError::Limit {
            what: WHAT,
            limit,
            found,
        });
    }
    let mut nodes = Vec::new();
    for _ in 0..count {
        let Some(element) = rest.next() else {
            return Err(FormatError::corrupt(
                WHAT,
                0,
                format!("{count} children"),
                nodes.len(),
            ));
        };
        let kind = match (element.physical, element.children) {
            // Some writers give leaves a child count of 0.
            (Some(kind), None | Some(0)) => {
                NodeKind::Leaf(PhysicalType::from_kind(kind, element.length)?)
            }
            (None, children) => NodeKind::Group(build(rest, children.unwrap_or(0), depth + 1)?),
            (Some(kind), Some(n)) => {
                return Err(FormatError::corrupt(
                    WHAT,
                    0,
                    "a type or children",
                    format!("{kind} with {n} children"),
                ));
            }
        };
        nodes.push(element.into_node(kind)?);
    }
    Ok(nodes)
}
