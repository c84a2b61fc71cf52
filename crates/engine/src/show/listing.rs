//! A listing: headings and rows of cells, in three notations.
//!
//! `show` prints small tables of facts. One shape for all of them keeps the notations (aligned
//! text, CSV, one JSON object a line) in one place, and keys and headings the same.

use std::io::{self, Write};

use crate::text::escape::{Quoting, push_quoted};
use crate::text::int::{push_i64, push_u64};

/// How a listing is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListingFormat {
    /// Aligned columns for people.
    #[default]
    Table,
    /// One JSON object a line.
    Json,
    /// CSV as QuestDB's `/exp` prints it.
    Csv,
}

/// One cell of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Not known or not applicable.
    Null,
    /// A flag.
    Bool(bool),
    /// A count that may be negative (`-1` for "none").
    Int(i64),
    /// A count.
    Uint(u64),
    /// Text.
    Text(String),
}

impl From<bool> for Cell {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Cell {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<i32> for Cell {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}

impl From<u64> for Cell {
    fn from(value: u64) -> Self {
        Self::Uint(value)
    }
}

impl From<String> for Cell {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&str> for Cell {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A fact that can be listed: `show` prints slices of these.
pub trait Listed {
    /// QuestDB's names of the columns.
    const HEADINGS: &'static [&'static str];

    /// The values under the headings, as many as there are.
    fn cells(&self) -> Vec<Cell>;
}

/// Writes `rows` in `format`.
///
/// # Errors
/// Those of `out`.
pub fn write_listing<T: Listed>(
    out: &mut dyn Write,
    rows: &[T],
    format: ListingFormat,
) -> io::Result<()> {
    let cells: Vec<Vec<Cell>> = rows.iter().map(Listed::cells).collect();
    match format {
        ListingFormat::Table => write_table(out, T::HEADINGS, &cells),
        ListingFormat::Json => write_json(out, T::HEADINGS, &cells),
        ListingFormat::Csv => write_csv(out, T::HEADINGS, &cells),
    }
}

fn write_csv(out: &mut dyn Write, headings: &[&str], rows: &[Vec<Cell>]) -> io::Result<()> {
    let mut line = Vec::new();
    for (idx, heading) in headings.iter().enumerate() {
        if idx > 0 {
            line.push(b',');
        }
        push_quoted(&mut line, heading.as_bytes(), Quoting::Csv);
    }
    line.extend_from_slice(b"\r\n");
    out.write_all(&line)?;
    for row in rows {
        line.clear();
        for (idx, cell) in row.iter().enumerate() {
            if idx > 0 {
                line.push(b',');
            }
            if *cell != Cell::Null {
                push_cell(&mut line, cell, Quoting::Csv);
            }
        }
        line.extend_from_slice(b"\r\n");
        out.write_all(&line)?;
    }
    Ok(())
}

fn write_json(out: &mut dyn Write, headings: &[&str], rows: &[Vec<Cell>]) -> io::Result<()> {
    let mut line = Vec::new();
    for row in rows {
        line.clear();
        for (idx, (heading, cell)) in headings.iter().zip(row).enumerate() {
            line.push(if idx == 0 { b'{' } else { b',' });
            push_quoted(&mut line, heading.as_bytes(), Quoting::Json);
            line.push(b':');
            push_cell(&mut line, cell, Quoting::Json);
        }
        line.extend_from_slice(b"}\n");
        out.write_all(&line)?;
    }
    Ok(())
}

fn push_cell(line: &mut Vec<u8>, cell: &Cell, quoting: Quoting) {
    match cell {
        Cell::Null => line.extend_from_slice(b"null"),
        Cell::Bool(flag) => line.extend_from_slice(if *flag { b"true" } else { b"false" }),
        Cell::Int(value) => push_i64(line, *value),
        Cell::Uint(value) => push_u64(line, *value),
        Cell::Text(text) => push_quoted(line, text.as_bytes(), quoting),
    }
}

fn write_table(out: &mut dyn Write, headings: &[&str], rows: &[Vec<Cell>]) -> io::Result<()> {
    let text = |cell: &Cell| match cell {
        Cell::Null => String::new(),
        Cell::Bool(flag) => flag.to_string(),
        Cell::Int(value) => value.to_string(),
        Cell::Uint(value) => value.to_string(),
        Cell::Text(text) => text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect(),
    };
    let texts: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(text).collect())
        .collect();
    let width = |at: usize| {
        let cells = texts
            .iter()
            .filter_map(|row| row.get(at))
            .map(|cell| cell.chars().count());
        cells.max().unwrap_or(0)
    };
    // Numbers stand right, everything else left.
    let right = |at: usize| {
        let mut cells = rows
            .iter()
            .filter_map(|row| row.get(at))
            .filter(|c| **c != Cell::Null);
        !rows.is_empty() && cells.all(|cell| matches!(cell, Cell::Int(_) | Cell::Uint(_)))
    };
    let columns: Vec<(usize, bool)> = headings
        .iter()
        .enumerate()
        .map(|(at, heading)| (width(at).max(heading.chars().count()), right(at)))
        .collect();
    let mut write_line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut line = String::new();
        for (cell, &(width, right)) in cells.zip(&columns) {
            let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
            let (before, after) = if right {
                (pad.as_str(), "")
            } else {
                ("", pad.as_str())
            };
            line.push_str(before);
            line.push_str(cell);
            line.push_str(after);
            line.push_str("  ");
        }
        writeln!(out, "{}", line.trim_end())
    };
    write_line(&mut headings.iter().copied())?;
    for row in &texts {
        write_line(&mut row.iter().map(String::as_str))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Pair(&'static str, Option<i64>);

    impl Listed for Pair {
        const HEADINGS: &'static [&'static str] = &["name", "rows"];

        fn cells(&self) -> Vec<Cell> {
            vec![self.0.into(), self.1.into()]
        }
    }

    fn text(format: ListingFormat) -> String {
        let mut out = Vec::new();
        write_listing(
            &mut out,
            &[Pair("a\"b", Some(1234)), Pair("größer", None)],
            format,
        )
        .unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_three_notations_say_the_same() {
        assert_eq!(
            text(ListingFormat::Table),
            "name    rows\na\"b     1234\ngrößer\n"
        );
        assert_eq!(
            text(ListingFormat::Csv),
            "\"name\",\"rows\"\r\n\"a\"\"b\",1234\r\n\"größer\",\r\n"
        );
        assert_eq!(
            text(ListingFormat::Json),
            "{\"name\":\"a\\\"b\",\"rows\":1234}\n{\"name\":\"größer\",\"rows\":null}\n"
        );
    }
}
