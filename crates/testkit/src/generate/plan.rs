//! Where the rows go: one day a partition.
//!
//! Every workload is PARTITION BY DAY with a microsecond timestamp and starts at the same day, so
//! that ranges in benchmarks mean the same everywhere.

use super::{GenError, Request, Workload};

/// Microseconds of a day.
pub(crate) const DAY_MICROS: i64 = 86_400_000_000;
/// 2024-01-01.
const FIRST_DAY: i64 = 19_723;

/// The rows of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Start of the day, in microseconds.
    pub(crate) timestamp: i64,
    /// Rows of the table before this partition.
    pub(crate) first_row: u64,
    /// Rows of this partition, not 0.
    pub(crate) rows: u64,
}

/// Most rows of a day: `trades` and `wide` have room for one row a microsecond, `cpu` for every
/// host once in ten seconds.
fn rows_max(workload: Workload) -> (&'static str, u64) {
    match workload {
        Workload::Trades => ("trades", DAY_MICROS.unsigned_abs()),
        Workload::Wide => ("wide", DAY_MICROS.unsigned_abs()),
        Workload::Cpu => ("cpu", super::cpu::ROWS_A_DAY),
    }
}

/// The partitions that get rows, in order.
pub(crate) fn spans(request: &Request) -> Result<Vec<Span>, GenError> {
    let (rows, days) = (request.rows, request.partitions);
    if rows == 0 {
        return Ok(Vec::new());
    }
    let (Some(each), Some(more)) = (rows.checked_div(days), rows.checked_rem(days)) else {
        return Err(GenError::NoPartition { rows });
    };
    let (workload, most) = rows_max(request.workload);
    let fullest = each.saturating_add(u64::from(more > 0));
    if fullest > most {
        return Err(GenError::CrowdedDay {
            workload,
            rows: fullest,
            most,
        });
    }
    let too_many = GenError::TooManyDays { days };
    // 100,000 days are 270 years: a limit that keeps a typing error from filling a disk.
    let days = u32::try_from(days)
        .ok()
        .filter(|days| *days <= 100_000)
        .ok_or(too_many)?;
    let mut spans = Vec::new();
    let mut first_row = 0;
    for day in 0..days {
        let rows = each + u64::from(u64::from(day) < more);
        if rows > 0 {
            let timestamp = (FIRST_DAY + i64::from(day)) * DAY_MICROS;
            spans.push(Span {
                timestamp,
                first_row,
                rows,
            });
            first_row += rows;
        }
    }
    Ok(spans)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(rows: u64, partitions: u64) -> Result<Vec<u64>, GenError> {
        let request = Request::new(Workload::Trades, rows, partitions, "unused");
        spans(&request).map(|spans| spans.iter().map(|span| span.rows).collect())
    }

    #[test]
    fn what_does_not_divide_goes_to_the_first_days() {
        assert_eq!(plan(11, 4).unwrap(), [3, 3, 3, 2]);
        assert_eq!(plan(2, 4).unwrap(), [1, 1]);
        assert_eq!(plan(0, 0).unwrap(), [0; 0]);
    }

    #[test]
    fn rows_without_a_day_or_with_too_few_are_refused() {
        assert!(matches!(plan(1, 0), Err(GenError::NoPartition { rows: 1 })));
        assert!(matches!(
            plan(86_400_000_001, 1),
            Err(GenError::CrowdedDay { .. })
        ));
        assert!(matches!(
            plan(1, 1 << 40),
            Err(GenError::TooManyDays { .. })
        ));
    }
}
