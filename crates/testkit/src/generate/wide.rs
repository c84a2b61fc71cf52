//! `wide`: 300 columns of every type, sparse, half of them added late.
//!
//! What a telemetry table looks like after years: columns come in groups while rows keep arriving,
//! so most partitions lack some of them and a few have column tops.

mod values;

use column_format::{ColumnType, TimestampUnit};

use super::GenError;
use super::column::{Added, Column};
use super::plan::Span;
use super::random::stream;
use super::table::{History, Table, column_error};
use super::trades::Ticks;

/// Columns, the designated timestamp included.
const COLUMNS: u16 = 300;
/// Moments at which columns are added.
const ADDITIONS: u64 = 10;

/// Every storable type once; 31 of them, which is prime to 2 and 3, so that each type occurs late
/// and early, sparse and full.
const TYPES: [ColumnType; 31] = [
    ColumnType::Boolean,
    ColumnType::Byte,
    ColumnType::Short,
    ColumnType::Char,
    ColumnType::Int,
    ColumnType::Long,
    ColumnType::Date,
    ColumnType::Timestamp(TimestampUnit::Micros),
    ColumnType::Timestamp(TimestampUnit::Nanos),
    ColumnType::Float,
    ColumnType::Double,
    ColumnType::String,
    ColumnType::Symbol,
    ColumnType::Long256,
    ColumnType::Geohash { bits: 5 },
    ColumnType::Geohash { bits: 10 },
    ColumnType::Geohash { bits: 30 },
    ColumnType::Geohash { bits: 60 },
    ColumnType::Binary,
    ColumnType::Uuid,
    ColumnType::Long128,
    ColumnType::Ipv4,
    ColumnType::Varchar,
    ColumnType::Array { dims: 1 },
    ColumnType::Array { dims: 2 },
    ColumnType::Decimal {
        precision: 2,
        scale: 1,
    },
    ColumnType::Decimal {
        precision: 4,
        scale: 2,
    },
    ColumnType::Decimal {
        precision: 9,
        scale: 3,
    },
    ColumnType::Decimal {
        precision: 18,
        scale: 6,
    },
    ColumnType::Decimal {
        precision: 38,
        scale: 10,
    },
    ColumnType::Decimal {
        precision: 76,
        scale: 20,
    },
];

/// A column of the plan.
struct Planned {
    number: u16,
    column_type: ColumnType,
    sparse: bool,
    late: bool,
}

fn planned() -> impl Iterator<Item = Planned> {
    (1..COLUMNS)
        .zip(TYPES.into_iter().cycle())
        .map(|(number, column_type)| Planned {
            number,
            column_type,
            sparse: number % 3 != 0,
            late: number % 2 == 1,
        })
}

pub(crate) fn table(seed: u64, spans: &[Span]) -> Result<Table, GenError> {
    let timestamp = ColumnType::Timestamp(TimestampUnit::Micros);
    let mut columns = vec![Column::new("timestamp", timestamp, Ticks(stream(seed, 0)))];
    for plan in planned().filter(|plan| !plan.late) {
        columns.push(column(seed, &plan)?);
    }
    let late: Vec<Planned> = planned().filter(|plan| plan.late).collect();
    let total: u64 = spans.iter().map(|span| span.rows).sum();
    let mut timeline = Timeline::new(spans);
    let each = late
        .len()
        .div_ceil(usize::try_from(ADDITIONS).unwrap_or(1))
        .max(1);
    for (plans, nth) in late.chunks(each).zip(1..) {
        // At least one row before the first addition: tops, not just columns of a later partition.
        timeline.append_until((total * nth / (ADDITIONS + 1)).max(1));
        for plan in plans {
            let added = timeline.add_column();
            columns.push(Column {
                added,
                ..column(seed, plan)?
            });
        }
    }
    timeline.append_until(total);
    Ok(Table {
        table_id: 1003,
        columns,
        history: timeline.history,
    })
}

fn column(seed: u64, plan: &Planned) -> Result<Column, GenError> {
    let type_name = plan.column_type.to_string().to_lowercase();
    let word: String = type_name
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { '_' })
        .collect();
    let name = format!("c{:03}_{}", plan.number, word.trim_end_matches('_'));
    let source = values::Values::new(seed, plan.number, plan.column_type, plan.sparse);
    if plan.column_type != ColumnType::Symbol {
        return Ok(Column::new(name, plan.column_type, source));
    }
    let texts = values::symbols(plan.number);
    let has_null = plan.sparse || plan.late;
    let symbol = Column::symbol(name.clone(), &texts, has_null, source);
    let symbol = symbol.map_err(column_error(&name))?;
    // Every second one has an index; 62 columns lie between a SYMBOL and the next but one.
    Ok(Column {
        indexed: plan.number % 62 < 31,
        ..symbol
    })
}

/// Commits in the order in which they happened.
struct Timeline<'a> {
    spans: &'a [Span],
    rows: u64,
    history: History,
}

impl<'a> Timeline<'a> {
    fn new(spans: &'a [Span]) -> Timeline<'a> {
        Timeline {
            spans,
            rows: 0,
            history: History::default(),
        }
    }

    /// One commit that appends rows until the table has `rows`.
    fn append_until(&mut self, rows: u64) {
        if rows <= self.rows {
            return;
        }
        // New partitions are named after the commit before (table-dir.md §4, txn.md §6).
        let name_txn = self.history.commits - 1;
        let known = self.history.partition_name_txns.len();
        let new = self
            .spans
            .iter()
            .skip(known)
            .filter(|span| span.first_row < rows);
        self.history
            .partition_name_txns
            .extend(new.map(|_| name_txn));
        self.rows = rows;
        self.history.commits += 1;
    }

    /// One commit that adds a column; `None` when there are no rows yet, and so no top.
    fn add_column(&mut self) -> Option<Added> {
        let name_txn = self.history.commits;
        let (span_idx, span) = self
            .spans
            .iter()
            .enumerate()
            .rfind(|(_, span)| span.first_row < self.rows)?;
        self.history.commits += 1;
        self.history.columns_added += 1;
        Some(Added {
            span_idx,
            top: self.rows - span.first_row,
            name_txn,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_columns_are_late_and_two_thirds_sparse_in_every_type() {
        let plans: Vec<Planned> = planned().collect();
        assert_eq!(plans.len(), 299);
        assert_eq!(plans.iter().filter(|plan| plan.late).count(), 150);
        assert_eq!(plans.iter().filter(|plan| plan.sparse).count(), 200);
        for column_type in TYPES {
            let of: Vec<&Planned> = plans
                .iter()
                .filter(|plan| plan.column_type == column_type)
                .collect();
            assert!(of.iter().any(|plan| plan.late) && of.iter().any(|plan| !plan.late));
            assert!(of.iter().any(|plan| plan.sparse) && of.iter().any(|plan| !plan.sparse));
        }
    }

    #[test]
    fn a_column_added_between_two_commits_has_a_top() {
        let span = |n: i64| Span {
            timestamp: n,
            first_row: n.unsigned_abs() * 10,
            rows: 10,
        };
        let spans = [span(0), span(1)];
        let mut timeline = Timeline::new(&spans);
        timeline.append_until(4);
        let first = timeline.add_column().unwrap();
        timeline.append_until(10);
        let second = timeline.add_column().unwrap();
        timeline.append_until(20);
        assert_eq!(
            first,
            Added {
                span_idx: 0,
                top: 4,
                name_txn: 1
            }
        );
        assert_eq!(
            second,
            Added {
                span_idx: 0,
                top: 10,
                name_txn: 3
            }
        );
        assert_eq!(timeline.history.partition_name_txns, [-1, 3]);
        assert_eq!(timeline.history.commits, 5);
    }
}
