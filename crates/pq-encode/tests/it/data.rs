//! Columns of every type with every null pattern, as column files, from a seed.

use bytes::Bytes;
use column_format::{
    ArrayWriter, BinaryWriter, ColumnSlice, ColumnType, Layout, StringWriter, SymbolDict,
    SymbolWriter, TimestampUnit, Utf16, VarcharWriter, null,
};

/// Spread, not quality.
#[derive(Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed ^ 0x5851_f42d_4c95_7f2d)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(n).unwrap()).unwrap()
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.next().to_le_bytes()[3])
    }
}

/// Every storable type; all widths of geohashes and decimals, several dimensions.
pub(crate) fn all_types() -> Vec<ColumnType> {
    use ColumnType as T;
    let mut types = vec![
        T::Boolean,
        T::Byte,
        T::Short,
        T::Char,
        T::Int,
        T::Long,
        T::Date,
        T::Timestamp(TimestampUnit::Micros),
        T::Timestamp(TimestampUnit::Nanos),
        T::Float,
        T::Double,
        T::String,
        T::Symbol,
        T::Long256,
        T::Binary,
        T::Uuid,
        T::Long128,
        T::Ipv4,
        T::Varchar,
    ];
    types.extend([5, 12, 30, 60].map(|bits| T::Geohash { bits }));
    types.extend([1, 2, 3].map(|dims| T::Array { dims }));
    types.extend(
        [(2, 1), (4, 2), (9, 3), (18, 0), (38, 10), (76, 20)]
            .map(|(precision, scale)| T::Decimal { precision, scale }),
    );
    types
}

/// Which rows are null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nulls {
    None,
    All,
    Alternate,
    Random,
    /// Long runs of both kinds.
    Runs,
    /// Only the first rows.
    Head,
}

impl Nulls {
    pub(crate) const ALL: [Self; 6] = [
        Self::None,
        Self::All,
        Self::Alternate,
        Self::Random,
        Self::Runs,
        Self::Head,
    ];

    fn is_null(self, row: usize, rows: usize, rng: &mut Rng) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Alternate => row.is_multiple_of(2),
            Self::Random => rng.below(10) < 3,
            Self::Runs => (row / 150).is_multiple_of(2),
            Self::Head => row < rows / 3,
        }
    }
}

/// How values repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// All over the type's range.
    Wild,
    /// One of a few.
    Few,
    /// Never falling.
    Rising,
}

/// The files of one column.
pub(crate) struct Column {
    pub(crate) column_type: ColumnType,
    pub(crate) rows: usize,
    pub(crate) aux: Vec<u8>,
    pub(crate) data: Vec<u8>,
    pub(crate) symbols: Option<SymbolDict>,
}

impl Column {
    pub(crate) fn slice(&self) -> ColumnSlice<'_> {
        ColumnSlice::new(self.column_type.layout(), &self.aux, &self.data, self.rows).unwrap()
    }
}

/// The number behind a value: the rest of a value is a function of it.
fn number(shape: Shape, row: usize, rng: &mut Rng) -> u64 {
    match shape {
        Shape::Wild => rng.next(),
        Shape::Few => rng.next() % 17,
        Shape::Rising => u64::try_from(row).unwrap() * 1000 + rng.next() % 1000,
    }
}

/// Text of 0 to 30 characters, some of several bytes.
fn text(n: u64) -> String {
    let mut rng = Rng::new(n);
    let len = rng.below(4) * rng.below(11);
    (0..len)
        .map(|_| match rng.below(12) {
            0 => 'é',
            1 => '€',
            2 => '𝄞',
            _ => char::from(b'a' + u8::try_from(rng.below(26)).unwrap()),
        })
        .collect()
}

/// Makes a column.
pub(crate) fn column(
    column_type: ColumnType,
    rows: usize,
    nulls: Nulls,
    shape: Shape,
    seed: u64,
) -> Column {
    let mut rng = Rng::new(seed);
    let values: Vec<Option<u64>> = (0..rows)
        .map(|row| {
            let n = number(shape, row, &mut rng);
            (!nulls.is_null(row, rows, &mut rng) || !column_type.has_null()).then_some(n)
        })
        .collect();
    let mut column = Column {
        column_type,
        rows,
        aux: vec![],
        data: vec![],
        symbols: None,
    };
    match column_type.layout() {
        Layout::Fixed(_) if column_type == ColumnType::Symbol => fill_symbol(&mut column, &values),
        Layout::Fixed(width) => {
            for value in &values {
                match value {
                    None => column
                        .data
                        .extend_from_slice(null::bytes(column_type).unwrap()),
                    Some(n) => column.data.extend(fixed(column_type, width, *n)),
                }
            }
        }
        Layout::String => {
            let mut writer = StringWriter::new();
            for value in values {
                writer.push(value.map(text).as_deref()).unwrap();
            }
            (column.aux, column.data) = writer.take();
        }
        Layout::Binary => {
            let mut writer = BinaryWriter::new();
            for value in values {
                let bytes = value.map(|n| {
                    let mut rng = Rng::new(n);
                    (0..rng.below(30))
                        .map(|_| rng.bytes::<1>()[0])
                        .collect::<Vec<u8>>()
                });
                writer.push(bytes.as_deref()).unwrap();
            }
            (column.aux, column.data) = writer.take();
        }
        Layout::Varchar => {
            let mut writer = VarcharWriter::new();
            for value in values {
                writer
                    .push(value.map(text).as_deref().map(str::as_bytes))
                    .unwrap();
            }
            (column.aux, column.data) = writer.take();
        }
        Layout::Array { dims } => {
            let mut writer = ArrayWriter::new(dims);
            for value in values {
                match value {
                    None => writer.push_null(),
                    Some(n) => push_array(&mut writer, dims, n),
                }
            }
            (column.aux, column.data) = writer.take();
        }
    }
    column
}

fn push_array(writer: &mut ArrayWriter, dims: u8, n: u64) {
    let mut rng = Rng::new(n);
    let shape: Vec<u32> = (0..dims)
        .map(|_| u32::try_from(rng.below(5)).unwrap())
        .collect();
    let count: u32 = shape.iter().product();
    let elements: Vec<f64> = (0..count)
        .map(|_| match rng.below(8) {
            0 => f64::NAN,
            1 => -0.0,
            2 => f64::INFINITY,
            _ => f64::from(u32::try_from(rng.below(100_000)).unwrap()) / 8.0,
        })
        .collect();
    writer.push(&shape, &elements).unwrap();
}

/// A value of a fixed-width type that is not its null.
fn fixed(column_type: ColumnType, width: usize, n: u64) -> Vec<u8> {
    use ColumnType as T;
    let mut rng = Rng::new(n);
    let mut bytes = match column_type {
        T::Boolean => vec![u8::from(n.is_multiple_of(3))],
        T::Double | T::Float => {
            let whole = i32::from_le_bytes(n.to_le_bytes()[..4].try_into().unwrap());
            let value = match n % 11 {
                0 => f64::from(whole) * 1e-3,
                1 => -0.0,
                2 => f64::NEG_INFINITY,
                _ => f64::from(whole % 1_000_000) / 100.0,
            };
            #[expect(clippy::cast_possible_truncation, reason = "any float will do")]
            if width == 4 {
                (value as f32).to_le_bytes().to_vec()
            } else {
                value.to_le_bytes().to_vec()
            }
        }
        T::Geohash { bits } => (n & ((1 << bits) - 1)).to_le_bytes()[..width].to_vec(),
        T::Decimal { precision, .. } if precision <= 18 => {
            let span = 10_i64.pow(u32::from(precision));
            (n.cast_signed() % span).to_le_bytes()[..width].to_vec()
        }
        T::Long256 | T::Uuid | T::Long128 | T::Decimal { .. } => {
            rng.bytes::<32>()[..width].to_vec()
        }
        _ => n.to_le_bytes()[..width].to_vec(),
    };
    if null::is_null(column_type, &bytes) {
        bytes[0] ^= 1;
    }
    bytes
}

/// Keys in an order that is not that of the texts, in a dictionary with gaps.
fn fill_symbol(column: &mut Column, values: &[Option<u64>]) {
    let mut writer = SymbolWriter::new(256, true).unwrap();
    for i in 0..40 {
        writer.add(&format!("never used {i}")).unwrap();
    }
    for value in values {
        let key = match value {
            None => null::SYMBOL,
            Some(n) => {
                let key = writer.add(&text(*n)).unwrap();
                writer.add(&format!("gap {key}")).unwrap();
                i32::try_from(key).unwrap()
            }
        };
        column.data.extend(key.to_le_bytes());
    }
    column.symbols = Some(dictionary(writer));
}

pub(crate) fn dictionary(writer: SymbolWriter) -> SymbolDict {
    let files = writer.finish();
    SymbolDict::new(
        &Bytes::from(files.offsets),
        &Bytes::from(files.chars),
        files.count,
    )
    .unwrap()
}

/// A symbol dictionary of these texts, in order.
pub(crate) fn symbols(texts: &[&[u16]]) -> SymbolDict {
    let mut writer = SymbolWriter::new(64, false).unwrap();
    for text in texts {
        let bytes: Vec<u8> = text.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        writer.add_utf16(Utf16::new(&bytes)).unwrap();
    }
    dictionary(writer)
}
