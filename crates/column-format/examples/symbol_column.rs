//! Writes a SYMBOL column with its dictionary and both indexes, and reads it back.
//!
//! ```sh
//! cargo run -p column-format --example symbol_column
//! ```
#![expect(clippy::print_stdout, reason = "an example shows what it read")]

use bytes::Bytes;
use column_format::{
    BitmapIndexView, BitmapIndexWriter, ColumnSlice, ColumnType, FixedWriter, SymbolDict,
    SymbolWriter, Value, value,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The dictionary is one per table, the keys are one file per partition.
    let mut symbols = SymbolWriter::new(256, true)?;
    let mut keys = FixedWriter::new(ColumnType::Symbol).ok_or("SYMBOL has a fixed width")?;
    for text in [Some("BTC-USD"), None, Some("ETH-USD"), Some("BTC-USD")] {
        match text {
            Some(text) => keys.push(&symbols.add(text)?.to_le_bytes())?,
            None => {
                symbols.set_contains_null();
                keys.push_null();
            }
        }
    }
    let data = keys.take();
    let files = symbols.finish();

    let dict = SymbolDict::new(
        &Bytes::from(files.offsets),
        &Bytes::from(files.chars),
        files.count,
    )?;
    let column = ColumnSlice::new(ColumnType::Symbol.layout(), &[], &data, 4)?;
    for row in 0..column.rows() {
        match value(ColumnType::Symbol, &column, Some(&dict), row)? {
            Value::Symbol(key, text) => println!("row {row}: key {key} = {text}"),
            _ => println!("row {row}: NULL"),
        }
    }

    // QuestDB finds texts and rows through indexes, which it trusts: prove them complete.
    BitmapIndexView::new(&files.keys, &files.values)?.verify_symbols(&dict)?;
    if let ColumnSlice::Fixed(keys) = column {
        let mut rows = BitmapIndexWriter::new(256)?;
        rows.add_rows(&keys, 0, dict.len())?;
        let rows = rows.finish(3);
        let index = BitmapIndexView::new(&rows.keys, &rows.values)?;
        index.verify_rows(&keys, 0)?;
        let bitcoin: Vec<i64> = index.values(1)?.collect::<Result<_, _>>()?;
        println!("rows of BTC-USD: {bitcoin:?}");
    }
    Ok(())
}
