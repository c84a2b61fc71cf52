//! Tables of as many columns as asked for, of texts that were asked for, and of values of any size: what
//! no workload has.

use std::path::PathBuf;

use column_format::{ColumnType, TimestampUnit, Value, WriteError};
use mmap_io::Vfs;
use rand::{Rng, RngCore};
use rand_chacha::ChaCha8Rng;

use super::column::{Batch, Column, Each, Files, Source};
use super::random::stream;
use super::table::Table;
use super::trades::Ticks;
use super::{GenError, Generated, Request, Workload, plan};

/// Makes a table of a designated timestamp and `longs` LONG columns `n0`, `n1`, … of one day.
///
/// # Errors
/// As for [`generate`](super::generate()).
pub fn generate_many(
    vfs: &dyn Vfs,
    longs: u64,
    rows: u64,
    out: impl Into<PathBuf>,
) -> Result<Generated, GenError> {
    let columns = (0..longs).map(|number| {
        let mut values = stream(1, number + 1);
        let value = Each(move || Value::Long(values.random_range(0..1_000_000)));
        Column::new(format!("n{number}"), ColumnType::Long, value)
    });
    of_days(vfs, 1003, (rows, 1), columns, out)
}

/// Writes a table of a designated timestamp and these columns, of so many rows in so many days.
fn of_days(
    vfs: &dyn Vfs,
    id: i32,
    (rows, days): (u64, u64),
    columns: impl IntoIterator<Item = Column>,
    out: impl Into<PathBuf>,
) -> Result<Generated, GenError> {
    let request = Request::new(Workload::Trades, rows, days, out);
    let spans = plan::spans(&request)?;
    let time = ColumnType::Timestamp(TimestampUnit::Micros);
    let mut all = vec![Column::new("timestamp", time, Ticks(stream(1, 0)))];
    all.extend(columns);
    Table::new(id, all).write(vfs, &request.out, &spans)
}

/// Makes a table of a designated timestamp, a VARCHAR column `v` and a STRING column `s`, whose rows
/// are these texts, of one day.
///
/// # Errors
/// As for [`generate`](super::generate()).
pub fn generate_texts(
    vfs: &dyn Vfs,
    texts: &[String],
    out: impl Into<PathBuf>,
) -> Result<Generated, GenError> {
    let rows = u64::try_from(texts.len()).unwrap_or(u64::MAX);
    let columns = [
        Column::new("v", ColumnType::Varchar, Texts(texts.to_vec())),
        Column::new("s", ColumnType::String, Texts(texts.to_vec())),
    ];
    of_days(vfs, 1004, (rows, 1), columns, out)
}

/// Makes a table of a designated timestamp and columns `c0`, `c1`, … of these types, whose values are
/// noise and take so many bytes each in a column file; that many rows in that many days. A STRING is
/// of ideographs, which take half as much again in UTF-8.
///
/// # Errors
/// As for [`generate`](super::generate()); a type other than VARCHAR, STRING, BINARY and arrays of one
/// dimension.
pub fn generate_large(
    vfs: &dyn Vfs,
    (rows, days): (u64, u64),
    columns: &[(ColumnType, usize)],
    out: impl Into<PathBuf>,
) -> Result<Generated, GenError> {
    let noise = |(number, (column_type, value_len)): (u64, &(ColumnType, usize))| {
        let noise = Noise {
            random: stream(1, number + 1),
            column_type: *column_type,
            value: vec![0; *value_len],
        };
        Column::new(format!("c{number}"), *column_type, noise)
    };
    let columns = (0..).zip(columns).map(noise);
    of_days(vfs, 1005, (rows, days), columns, out)
}

/// Values of one length.
struct Noise {
    random: ChaCha8Rng,
    column_type: ColumnType,
    value: Vec<u8>,
}

impl Source for Noise {
    fn fill(&mut self, batch: &Batch<'_>, out: &mut Files) -> Result<(), WriteError> {
        for _ in batch.rows.clone() {
            self.random.fill_bytes(&mut self.value);
            match self.column_type {
                ColumnType::Varchar => {
                    for byte in &mut self.value {
                        *byte = b'@' | *byte & 0x1f;
                    }
                    out.push(&Value::Varchar(&self.value))?;
                }
                ColumnType::String => {
                    let (pairs, _) = self.value.as_chunks::<2>();
                    let ideograph = |pair: &[u8; 2]| {
                        char::from_u32(0x4e00 + u32::from(u16::from_le_bytes(*pair) & 0x3fff))
                    };
                    let text: String = pairs.iter().filter_map(ideograph).collect();
                    out.push_text(&text)?;
                }
                ColumnType::Array { .. } => {
                    let (words, _) = self.value.as_chunks::<8>();
                    let items: Vec<f64> = words.iter().map(|w| f64::from_le_bytes(*w)).collect();
                    let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
                    out.push_array(&[count], &items)?;
                }
                _ => out.push(&Value::Binary(&self.value))?,
            }
        }
        Ok(())
    }
}

/// Given texts.
struct Texts(Vec<String>);

impl Source for Texts {
    fn fill(&mut self, batch: &Batch<'_>, out: &mut Files) -> Result<(), WriteError> {
        for row in batch.rows.clone() {
            let row = usize::try_from(batch.span.first_row + row).ok();
            let text = row.and_then(|row| self.0.get(row));
            let text = text.map_or("", String::as_str);
            out.push_text(text)?;
        }
        Ok(())
    }
}
