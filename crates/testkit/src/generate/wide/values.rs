//! Values of any type, null nine times out of ten where the column is sparse.
//!
//! Text and bytes are cut from pools, long ones rarely: 0 to 2,000 bytes, the middle at 250.

use column_format::{ColumnType, Decimal, Utf16, Value, WriteError, null};
use rand::{Rng, RngCore};
use rand_chacha::ChaCha8Rng;

use crate::generate::column::{Batch, Files, Source};
use crate::generate::random::stream;

/// Longest text in bytes.
const TEXT_BYTES_MAX: usize = 2000;
const POOL_BYTES: usize = 1 << 16;
/// Values of a SYMBOL column.
const SYMBOLS: u32 = 400;

/// The texts of a SYMBOL column; a few are not ASCII, one is empty.
pub(super) fn symbols(number: u16) -> Vec<String> {
    let text = |n: u32| match n % 50 {
        7 => format!("größe {number}·{n}"),
        13 => format!("😀{n}"),
        _ if n == 0 => String::new(),
        _ => format!("s{number}_{n}"),
    };
    (0..SYMBOLS).map(text).collect()
}

/// The source of a column.
pub(super) struct Values {
    rng: ChaCha8Rng,
    column_type: ColumnType,
    sparse: bool,
    words: String,
    multibyte: String,
    walk: i64,
}

impl Values {
    pub(super) fn new(seed: u64, number: u16, column_type: ColumnType, sparse: bool) -> Values {
        // Streams of other uses have small numbers.
        let mut rng = stream(seed, 1000 + u64::from(number));
        let is_text = matches!(
            column_type,
            ColumnType::String | ColumnType::Varchar | ColumnType::Binary
        );
        let (mut words, mut multibyte) = (String::new(), String::new());
        while is_text && words.len() < POOL_BYTES {
            words.push(char::from(rng.random_range(b'a'..=b'z')));
            if rng.random_range(0..6) == 0 {
                words.push(' ');
            }
        }
        while is_text && multibyte.len() < POOL_BYTES {
            let of = ['a', 'ß', 'é', 'Ж', '語', '€', '😀'];
            multibyte.push(of[rng.random_range(0..of.len())]);
        }
        Values {
            rng,
            column_type,
            sparse,
            words,
            multibyte,
            walk: 0,
        }
    }

    /// A text of 0 to 2,000 bytes. Half of them have fewer than 250, one in eight is not ASCII.
    fn text(&mut self) -> (bool, std::ops::Range<usize>) {
        let eighth = self.rng.random_range(0..8);
        let share: f64 = self.rng.random();
        let len = cut(share * share * share * 2001.0).min(TEXT_BYTES_MAX);
        let is_multibyte = eighth == 0;
        let pool = if is_multibyte {
            &self.multibyte
        } else {
            &self.words
        };
        let start = self.rng.random_range(0..pool.len() - TEXT_BYTES_MAX);
        let start = pool.ceil_char_boundary(start);
        (is_multibyte, start..pool.floor_char_boundary(start + len))
    }

    fn push_text(&mut self, out: &mut Files) -> Result<(), WriteError> {
        let (is_multibyte, range) = self.text();
        let pool = if is_multibyte {
            &self.multibyte
        } else {
            &self.words
        };
        let text = pool.get(range).unwrap_or_default();
        match self.column_type {
            ColumnType::Binary => out.push(&Value::Binary(text.as_bytes())),
            _ => out.push_text(text),
        }
    }

    fn push_array(&mut self, dims: u8, out: &mut Files) -> Result<(), WriteError> {
        let shape: Vec<u32> = (0..dims).map(|_| self.rng.random_range(0..5)).collect();
        let count: u32 = shape.iter().product();
        let items: Vec<f64> = (0..count).map(|_| self.number()).collect();
        out.push_array(&shape, &items)
    }

    /// A number with a few digits after the point, never null.
    fn number(&mut self) -> f64 {
        f64::from(self.rng.random_range(-1_000_000..1_000_000)) / 100.0
    }

    fn decimal(&mut self, precision: u8, scale: u8) -> Value<'static> {
        let limit = 10_i128.pow(u32::from(precision.min(38)));
        Value::Decimal(Decimal::new(self.rng.random_range(1 - limit..limit), scale))
    }

    fn push(&mut self, out: &mut Files) -> Result<(), WriteError> {
        let rng = &mut self.rng;
        let value = match self.column_type {
            ColumnType::Boolean => Value::Boolean(rng.random()),
            ColumnType::Byte => Value::Byte(rng.random()),
            ColumnType::Short => Value::Short(rng.random()),
            ColumnType::Char => Value::Char(rng.random_range(u16::from(b'A')..=u16::from(b'z'))),
            ColumnType::Int => Value::Int(rng.random_range(null::INT + 1..=i32::MAX)),
            ColumnType::Long => {
                self.walk += rng.random_range(-500..1000);
                Value::Long(self.walk)
            }
            ColumnType::Date => Value::Date(rng.random_range(0..4_102_444_800_000)),
            ColumnType::Timestamp(unit) => {
                let end = 4_102_444_800 * unit.per_second();
                Value::Timestamp(rng.random_range(0..end), unit)
            }
            ColumnType::Float => Value::Float(rng.random_range(-1000.0..1000.0)),
            ColumnType::Double => Value::Double(self.number()),
            ColumnType::Symbol => {
                // Low keys are frequent; the last of a full column are there, too.
                let (a, b) = (rng.random_range(0..SYMBOLS), rng.random_range(0..SYMBOLS));
                Value::Symbol(a.min(b), Utf16::new(&[]))
            }
            ColumnType::Long256 => {
                let mut bytes = [0; 32];
                rng.fill_bytes(&mut bytes);
                return out.push(&Value::Long256(&bytes));
            }
            ColumnType::Geohash { bits } => {
                // All bits set is the null of the widths that the bits fill.
                Value::Geohash(rng.random_range(0..(1 << bits) - 1), bits)
            }
            ColumnType::Uuid => Value::Uuid(rng.random()),
            ColumnType::Long128 => Value::Long128(rng.random()),
            ColumnType::Ipv4 => Value::Ipv4(rng.random_range(1..=u32::MAX)),
            ColumnType::Decimal { precision, scale } => self.decimal(precision, scale),
            ColumnType::Array { dims } => return self.push_array(dims, out),
            ColumnType::String | ColumnType::Varchar | ColumnType::Binary => {
                return self.push_text(out);
            }
        };
        out.push(&value)
    }
}

impl Source for Values {
    fn fill(&mut self, batch: &Batch<'_>, out: &mut Files) -> Result<(), WriteError> {
        for _ in batch.rows.clone() {
            if self.sparse && self.rng.random_range(0..10) != 0 {
                out.push(&Value::Null)?;
            } else {
                self.push(out)?;
            }
        }
        Ok(())
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "from 0 to 2,001"
)]
fn cut(number: f64) -> usize {
    number as usize
}
