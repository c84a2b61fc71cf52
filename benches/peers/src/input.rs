//! Columns to encode: the same values as we store them and as arrow-rs takes them.
//!
//! Distributions are those of `trades` where it has such a column, and plain ones elsewhere. No
//! nulls: how much looking for them costs is told apart.

use bytes::Bytes;
use column_format::{
    BinaryWriter, ColumnSlice, ColumnType, Layout, StringWriter, SymbolDict, SymbolWriter,
    TimestampUnit, VarcharWriter,
};
use parquet::data_type::{ByteArray, FixedLenByteArray};
use pq_encode::Encoding;

use crate::arrays::Outcome;

/// Values as arrow-rs takes them, by physical type.
pub enum Values {
    Bool(Vec<bool>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    Bytes(Vec<ByteArray>),
    Fixed(Vec<FixedLenByteArray>, i32),
}

/// One column.
pub struct Input {
    pub name: String,
    pub column_type: ColumnType,
    pub rows: usize,
    aux: Vec<u8>,
    data: Vec<u8>,
    /// Of a SYMBOL column: its dictionary, keys and their width.
    pub symbols: Option<(SymbolDict, Vec<u32>, u8)>,
    /// The keys, as arrow-rs's encoder takes them.
    pub wide_keys: Vec<u64>,
    pub values: Values,
    /// Encodings to measure.
    pub encodings: Vec<Encoding>,
}

impl Input {
    /// The rows as a slice.
    pub fn slice(&self) -> Outcome<ColumnSlice<'_>> {
        let layout = self.column_type.layout();
        Ok(ColumnSlice::new(layout, &self.aux, &self.data, self.rows)?)
    }

    /// The values of a column of fixed width, as they are stored.
    pub fn stored(&self) -> &[u8] {
        &self.data
    }
}

/// A generator of 64 random bits.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// About normal: the sum of twelve uniform numbers.
    fn normal(&mut self) -> f64 {
        let sum: f64 = (0..12).map(|_| self.next() as f64 / u64::MAX as f64).sum();
        sum - 6.0
    }
}

/// All inputs of so many rows.
pub fn inputs(rows: usize) -> Outcome<Vec<Input>> {
    let mut all = numbers(rows);
    all.extend(texts(rows)?);
    for width in [1, 5, 9, 12, 16, 20] {
        all.push(symbols(rows, width)?);
    }
    Ok(all)
}

fn numbers(rows: usize) -> Vec<Input> {
    use ColumnType as T;
    use Encoding as E;
    let mut random = Random(1);
    let time: Vec<i64> = (0..rows as i64)
        .map(|i| 1_704_067_200_000_000 + i * 43_200 + random.below(43_200) as i64)
        .collect();
    let mut price = 100.0;
    let prices: Vec<f64> = (0..rows)
        .map(|_| {
            price += 0.01 * random.normal();
            (price * 100.0).round() / 100.0
        })
        .collect();
    let amounts: Vec<f64> = (0..rows)
        .map(|_| (random.normal().exp() * 1e6).round() / 1e6)
        .collect();
    let venues: Vec<i64> = (0..rows).map(|_| 1 + random.below(39) as i64).collect();
    let small: Vec<i32> = (0..rows).map(|_| random.below(100) as i32).collect();
    let ints: Vec<i32> = (0..rows as i32)
        .map(|i| i + random.below(50) as i32)
        .collect();
    let flags: Vec<bool> = (0..rows).map(|_| random.below(2) == 0).collect();
    let floats: Vec<f32> = prices.iter().map(|price| *price as f32).collect();
    let i64s = |values: &[i64]| values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let i32s = |values: &[i32]| values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let f64s = |values: &[f64]| values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let micros = T::Timestamp(TimestampUnit::Micros);
    let byte = |v: &i32| v.to_le_bytes()[0];
    let short = |v: &i32| [v.to_le_bytes()[0], v.to_le_bytes()[1]];
    let bytes = small.iter().map(byte).collect();
    let shorts: Vec<u8> = small.iter().flat_map(short).collect();
    let mut all = vec![
        fixed(
            "timestamp",
            micros,
            i64s(&time),
            Values::I64(time),
            &[E::Plain, E::Delta],
        ),
        fixed(
            "price",
            T::Double,
            f64s(&prices),
            Values::F64(prices),
            &[E::Dictionary, E::ByteStreamSplit],
        ),
        fixed(
            "amount",
            T::Double,
            f64s(&amounts),
            Values::F64(amounts),
            &[E::Plain, E::ByteStreamSplit],
        ),
        fixed(
            "venue_id",
            T::Long,
            i64s(&venues),
            Values::I64(venues),
            &[E::Plain, E::Dictionary, E::Delta],
        ),
        fixed(
            "int",
            T::Int,
            i32s(&ints),
            Values::I32(ints),
            &[E::Plain, E::Delta],
        ),
        fixed(
            "short",
            T::Short,
            shorts,
            Values::I32(small.clone()),
            &[E::Plain, E::Dictionary, E::Delta],
        ),
        fixed(
            "byte",
            T::Byte,
            bytes,
            Values::I32(small),
            &[E::Plain, E::Dictionary, E::Delta],
        ),
        fixed(
            "float",
            T::Float,
            floats.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Values::F32(floats),
            &[E::Plain, E::Dictionary, E::ByteStreamSplit],
        ),
        fixed(
            "flag",
            T::Boolean,
            flags.iter().map(|flag| u8::from(*flag)).collect(),
            Values::Bool(flags),
            &[E::Plain, E::Rle],
        ),
    ];
    for (name, kind, width) in [("uuid", T::Uuid, 16), ("long256", T::Long256, 32)] {
        let data: Vec<u8> = (0..rows * width / 8)
            .flat_map(|_| random.next().to_le_bytes())
            .collect();
        // The order of the bytes differs in the file; what it costs to write them does not.
        let values = data
            .chunks(width)
            .map(|value| FixedLenByteArray::from(value.to_vec()));
        let values = Values::Fixed(values.collect(), width as i32);
        all.push(fixed(
            name,
            kind,
            data,
            values,
            &[E::Plain, E::ByteStreamSplit],
        ));
    }
    all
}

fn fixed(
    name: &str,
    kind: ColumnType,
    data: Vec<u8>,
    values: Values,
    encodings: &[Encoding],
) -> Input {
    let width = match kind.layout() {
        Layout::Fixed(width) => width,
        _ => 1,
    };
    Input {
        name: name.to_owned(),
        column_type: kind,
        rows: data.len() / width,
        aux: Vec::new(),
        data,
        symbols: None,
        wide_keys: Vec::new(),
        values,
        encodings: encodings.to_vec(),
    }
}

fn texts(rows: usize) -> Outcome<Vec<Input>> {
    let mut random = Random(2);
    let ids: Vec<String> = (0..rows)
        .map(|_| format!("{:016x}", random.next()))
        .collect();
    let names: Vec<String> = (0..rows)
        .map(|_| format!("sensor-{}", random.below(1000)))
        .collect();
    let (mut varchar, mut few) = (VarcharWriter::new(), VarcharWriter::new());
    let (mut string, mut binary) = (StringWriter::new(), BinaryWriter::new());
    for id in &ids {
        varchar.push(Some(id.as_bytes()))?;
        string.push(Some(id))?;
        binary.push(Some(id.as_bytes()))?;
    }
    for name in &names {
        few.push(Some(name.as_bytes()))?;
    }
    let bytes = |texts: &[String]| {
        let values = texts
            .iter()
            .map(|text| ByteArray::from(text.as_bytes().to_vec()));
        Values::Bytes(values.collect())
    };
    let input = |name: &str,
                 column_type,
                 (aux, data): (Vec<u8>, Vec<u8>),
                 values,
                 encodings: &[Encoding]| Input {
        name: name.to_owned(),
        column_type,
        rows,
        aux,
        data,
        symbols: None,
        wide_keys: Vec::new(),
        values,
        encodings: encodings.to_vec(),
    };
    let both = [Encoding::Plain, Encoding::DeltaLength];
    Ok(vec![
        input(
            "order_id",
            ColumnType::Varchar,
            varchar.take(),
            bytes(&ids),
            &both,
        ),
        input(
            "string",
            ColumnType::String,
            string.take(),
            bytes(&ids),
            &both,
        ),
        input(
            "binary",
            ColumnType::Binary,
            binary.take(),
            bytes(&ids),
            &both,
        ),
        input(
            "sensor",
            ColumnType::Varchar,
            few.take(),
            bytes(&names),
            &[Encoding::Dictionary, Encoding::DeltaLength],
        ),
    ])
}

/// Keys of so many bits, all about as frequent.
fn symbols(rows: usize, width: u8) -> Outcome<Input> {
    let mut random = Random(u64::from(width));
    let count = 1_u64 << width;
    let mut writer = SymbolWriter::new(256, true)?;
    let texts: Vec<String> = (0..count).map(|i| format!("S{i}")).collect();
    for text in &texts {
        writer.add(text)?;
    }
    let files = writer.finish();
    let dict = SymbolDict::new(
        &Bytes::from(files.offsets),
        &Bytes::from(files.chars),
        files.count,
    )?;
    let keys: Vec<u32> = (0..rows).map(|_| random.below(count) as u32).collect();
    let shared: Vec<ByteArray> = texts
        .into_iter()
        .map(|text| ByteArray::from(text.into_bytes()))
        .collect();
    let values = keys
        .iter()
        .map(|key| shared[*key as usize].clone())
        .collect();
    Ok(Input {
        name: format!("symbol, {width} bits"),
        column_type: ColumnType::Symbol,
        rows,
        aux: Vec::new(),
        data: keys.iter().flat_map(|key| key.to_le_bytes()).collect(),
        wide_keys: keys.iter().map(|key| u64::from(*key)).collect(),
        symbols: Some((dict, keys, width)),
        values: Values::Bytes(values),
        encodings: vec![Encoding::Dictionary],
    })
}
