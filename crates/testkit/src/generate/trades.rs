//! `trades`: what a market writes all day, and what most exports are.
//!
//! Two low-cardinality symbols, a walk, a skewed number, a small integer and an incompressible
//! text: one column for each way in which an encoder can win or lose.

use column_format::{ColumnType, TimestampUnit, Value, WriteError};
use rand::Rng;
use rand::RngCore;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, LogNormal, Normal};

use super::GenError;
use super::column::{Batch, Column, Each, Files, Source};
use super::plan::DAY_MICROS;
use super::random::{FoldedZipf, round, stream};
use super::table::{Table, column_error};

const SYMBOLS: u16 = 500;
const ZIPF_EXPONENT: f64 = 1.3;

pub(crate) fn table(seed: u64) -> Result<Table, GenError> {
    let rng = |column| stream(seed, column);
    let (zipf, mut symbol) = (FoldedZipf::new(SYMBOLS, ZIPF_EXPONENT), rng(1));
    let tickers: Vec<String> = (0..u32::from(SYMBOLS)).map(ticker).collect();
    let sides = ["buy", "sell"].map(str::to_owned);
    let mut side = rng(2);
    let (mut steps, mut price) = (rng(3), 100.0);
    let step = Normal::new(0.0, 0.01).map_err(|_| impossible("price"))?;
    let mut amounts = rng(4);
    let amount = LogNormal::new(0.0, 1.0).map_err(|_| impossible("amount"))?;
    let mut venue = rng(5);

    let columns = vec![
        Column::new(
            "timestamp",
            ColumnType::Timestamp(TimestampUnit::Micros),
            Ticks(rng(0)),
        ),
        Column::symbol(
            "symbol",
            &tickers,
            false,
            Each(move || key(zipf.sample(&mut symbol))),
        )
        .map_err(column_error("symbol"))?,
        Column::symbol(
            "side",
            &sides,
            false,
            Each(move || key(side.random_range(0..2))),
        )
        .map_err(column_error("side"))?,
        Column::new(
            "price",
            ColumnType::Double,
            Each(move || {
                price += step.sample(&mut steps);
                Value::Double(round(price, 2))
            }),
        ),
        Column::new(
            "amount",
            ColumnType::Double,
            Each(move || Value::Double(round(amount.sample(&mut amounts), 6))),
        ),
        Column::new(
            "venue_id",
            ColumnType::Long,
            Each(move || Value::Long(venue.random_range(1..=39))),
        ),
        Column::new("order_id", ColumnType::Varchar, OrderIds(rng(6))),
    ];
    Ok(Table::new(1001, columns))
}

/// Parameters of a distribution that are constants above.
fn impossible(column: &str) -> GenError {
    let source = WriteError::WrongType {
        column_type: ColumnType::Double,
        found: "wrong parameters",
    };
    column_error(column)(source)
}

/// A symbol by its key; the generator does not need the text again.
pub(crate) fn key(key: u32) -> Value<'static> {
    Value::Symbol(key, column_format::Utf16::new(&[]))
}

/// Three letters, different for each rank.
fn ticker(rank: u32) -> String {
    let number = rank * 35 + 17;
    let letter = |n: u32| char::from(b'A' + u8::try_from(n % 26).unwrap_or(0));
    [number / 676, number / 26, number]
        .map(letter)
        .iter()
        .collect()
}

/// The designated timestamp: evenly spread over the day, with jitter below one step.
pub(crate) struct Ticks(pub(crate) ChaCha8Rng);

impl Source for Ticks {
    fn fill(&mut self, batch: &Batch<'_>, out: &mut Files) -> Result<(), WriteError> {
        let rows = i64::try_from(batch.span.rows).unwrap_or(i64::MAX);
        let step = (DAY_MICROS / rows.max(1)).max(1);
        for row in batch.rows.clone() {
            let row = i64::try_from(row).unwrap_or(i64::MAX);
            let at = batch.span.timestamp + row * step + self.0.random_range(0..step);
            out.push(&Value::Timestamp(at, TimestampUnit::Micros))?;
        }
        Ok(())
    }
}

/// Sixteen random hexadecimal digits.
struct OrderIds(ChaCha8Rng);

impl Source for OrderIds {
    fn fill(&mut self, batch: &Batch<'_>, out: &mut Files) -> Result<(), WriteError> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        for _ in batch.rows.clone() {
            let id = self.0.next_u64().to_be_bytes();
            let mut text = [0; 16];
            for (pair, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(id) {
                *pair = [byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)]);
            }
            out.push(&Value::Varchar(&text))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn tickers_differ() {
        let all: BTreeSet<String> = (0..u32::from(SYMBOLS)).map(ticker).collect();
        assert_eq!(all.len(), usize::from(SYMBOLS));
        assert!(all.iter().all(|name| name.len() == 3));
    }
}
