//! The schema as a tree.
//!
//! Its depth is bounded when it is read and when it is checked before writing, so that everything
//! that walks it may recurse.

use super::enums::{PhysicalKind, Repetition};
use super::logical::{ConvertedType, LogicalType};

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
