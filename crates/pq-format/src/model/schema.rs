//! The schema as a tree.
//!
//! On disk it is a depth-first list in which groups count their children. The tree is built with
//! bounded depth, so that everything that walks it later may recurse.

use super::enums::{PhysicalKind, Repetition};
use super::logical::{ConvertedType, LogicalType};
use crate::error::FormatError;
use crate::thrift::{Field, Reader, Writer, ty};

/// Groups within groups beyond which a schema is refused. An array of 32 dimensions needs 66.
pub const SCHEMA_DEPTH_MAX: usize = 100;

/// How a value is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PhysicalType {
    /// One bit a value.
    Boolean,
    /// 32-bit signed.
    Int32,
    /// 64-bit signed.
    Int64,
    /// Twelve bytes, deprecated timestamps.
    Int96,
    /// IEEE 754 single.
    Float,
    /// IEEE 754 double.
    Double,
    /// Bytes with a length each.
    ByteArray,
    /// This many bytes.
    FixedLenByteArray(u32),
}

impl PhysicalType {
    /// The type without the length.
    #[must_use]
    pub const fn kind(self) -> PhysicalKind {
        match self {
            Self::Boolean => PhysicalKind::Boolean,
            Self::Int32 => PhysicalKind::Int32,
            Self::Int64 => PhysicalKind::Int64,
            Self::Int96 => PhysicalKind::Int96,
            Self::Float => PhysicalKind::Float,
            Self::Double => PhysicalKind::Double,
            Self::ByteArray => PhysicalKind::ByteArray,
            Self::FixedLenByteArray(_) => PhysicalKind::FixedLenByteArray,
        }
    }

    /// Bytes of a PLAIN value, if all have the same number (booleans take bits).
    #[must_use]
    pub const fn fixed_width(self) -> Option<u32> {
        match self {
            Self::Int32 | Self::Float => Some(4),
            Self::Int64 | Self::Double => Some(8),
            Self::Int96 => Some(12),
            Self::FixedLenByteArray(len) => Some(len),
            Self::Boolean | Self::ByteArray => None,
        }
    }

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

/// A group has children, a leaf has values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeKind {
    /// Children in order.
    Group(Vec<SchemaNode>),
    /// A column.
    Leaf(PhysicalType),
}

/// One element of the schema below the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaNode {
    /// Name.
    pub name: String,
    /// How often it occurs in its parent.
    pub repetition: Repetition,
    /// The id by which columns are matched across files.
    pub field_id: Option<i32>,
    /// Meaning of the values.
    pub logical: Option<LogicalType>,
    /// The same for older readers.
    pub converted: Option<ConvertedType>,
    /// Leaf or group.
    pub kind: NodeKind,
}

impl SchemaNode {
    /// A leaf. The converted type follows from the logical one.
    #[must_use]
    pub fn leaf(
        name: impl Into<String>,
        repetition: Repetition,
        physical: PhysicalType,
        logical: Option<LogicalType>,
    ) -> Self {
        Self::new(name.into(), repetition, logical, NodeKind::Leaf(physical))
    }

    /// A group. The converted type follows from the logical one.
    #[must_use]
    pub fn group(
        name: impl Into<String>,
        repetition: Repetition,
        logical: Option<LogicalType>,
        children: Vec<Self>,
    ) -> Self {
        Self::new(name.into(), repetition, logical, NodeKind::Group(children))
    }

    fn new(
        name: String,
        repetition: Repetition,
        logical: Option<LogicalType>,
        kind: NodeKind,
    ) -> Self {
        let converted = logical.and_then(LogicalType::converted);
        Self {
            name,
            repetition,
            field_id: None,
            logical,
            converted,
            kind,
        }
    }

    /// The same node with an id.
    #[must_use]
    pub fn with_field_id(self, id: i32) -> Self {
        Self {
            field_id: Some(id),
            ..self
        }
    }

    /// The physical type of a leaf.
    #[must_use]
    pub const fn physical(&self) -> Option<PhysicalType> {
        match self.kind {
            NodeKind::Leaf(physical) => Some(physical),
            NodeKind::Group(_) => None,
        }
    }

    /// The children of a group; none for a leaf.
    #[must_use]
    pub fn children(&self) -> &[Self] {
        match &self.kind {
            NodeKind::Leaf(_) => &[],
            NodeKind::Group(children) => children,
        }
    }
}

/// A column: a leaf with its place in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf<'a> {
    /// The leaf itself.
    pub node: &'a SchemaNode,
    /// Its physical type.
    pub physical: PhysicalType,
    /// Names from below the root to the leaf.
    pub path: Vec<&'a str>,
    /// Index of the top-level field that it belongs to.
    pub field_idx: usize,
    /// Optional and repeated elements on the way: the definition level of a value.
    pub max_definition_level: u16,
    /// Repeated elements on the way.
    pub max_repetition_level: u16,
}

/// The schema of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schema {
    /// Name of the root group; without meaning.
    pub name: String,
    /// Top-level columns and groups.
    pub fields: Vec<SchemaNode>,
}

impl Schema {
    /// A schema with these top-level fields under a root called `schema`.
    #[must_use]
    pub fn new(fields: Vec<SchemaNode>) -> Self {
        Self {
            name: "schema".to_owned(),
            fields,
        }
    }

    /// All leaves in file order, with their levels.
    #[must_use]
    pub fn leaves(&self) -> Vec<Leaf<'_>> {
        let mut leaves = Vec::new();
        let mut path = Vec::new();
        for (field_idx, node) in self.fields.iter().enumerate() {
            collect(node, field_idx, (0, 0), &mut path, &mut leaves);
        }
        leaves
    }

    /// Number of leaves.
    #[must_use]
    pub fn leaf_count(&self) -> usize {
        fn count(nodes: &[SchemaNode]) -> usize {
            let of = |n: &SchemaNode| match &n.kind {
                NodeKind::Leaf(_) => 1,
                NodeKind::Group(children) => count(children),
            };
            nodes.iter().map(of).sum()
        }
        count(&self.fields)
    }

    /// Physical types of the leaves, without the paths that make [`Self::leaves`] dear.
    pub(crate) fn leaf_kinds(&self) -> Vec<PhysicalKind> {
        fn walk(nodes: &[SchemaNode], out: &mut Vec<PhysicalKind>) {
            for node in nodes {
                match &node.kind {
                    NodeKind::Leaf(physical) => out.push(physical.kind()),
                    NodeKind::Group(children) => walk(children, out),
                }
            }
        }
        let mut out = Vec::new();
        walk(&self.fields, &mut out);
        out
    }

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

fn collect<'a>(
    node: &'a SchemaNode,
    field_idx: usize,
    (def, rep): (u16, u16),
    path: &mut Vec<&'a str>,
    leaves: &mut Vec<Leaf<'a>>,
) {
    let (def, rep) = match node.repetition {
        Repetition::Optional => (def.saturating_add(1), rep),
        Repetition::Repeated => (def.saturating_add(1), rep.saturating_add(1)),
        Repetition::Required | Repetition::Unknown(_) => (def, rep),
    };
    path.push(&node.name);
    match &node.kind {
        NodeKind::Leaf(physical) => leaves.push(Leaf {
            node,
            physical: *physical,
            path: path.clone(),
            field_idx,
            max_definition_level: def,
            max_repetition_level: rep,
        }),
        NodeKind::Group(children) => {
            for child in children {
                collect(child, field_idx, (def, rep), path, leaves);
            }
        }
    }
    path.pop();
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
