//! `cpu`: the devops shape. Every host once in ten seconds, tags that belong to the host, gauges
//! that walk.
//!
//! Neighbouring rows are different hosts: long runs do not exist, dictionaries are everything.

use column_format::{ColumnType, TimestampUnit, Value, WriteError};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::GenError;
use super::column::{Batch, Column, Files, Source};
use super::plan::DAY_MICROS;
use super::random::stream;
use super::table::{Table, column_error};
use super::trades::key;

const HOSTS: u16 = 4000;
const TICK_MICROS: i64 = 10_000_000;
/// Rows that fit into a day.
pub(crate) const ROWS_A_DAY: u64 = (DAY_MICROS / TICK_MICROS).unsigned_abs() * HOSTS as u64;

const REGIONS: [&str; 9] = [
    "us-east-1",
    "us-west-1",
    "us-west-2",
    "eu-west-1",
    "eu-central-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "sa-east-1",
];
const GAUGES: &[&str] = &[
    "usage_user",
    "usage_system",
    "usage_idle",
    "usage_nice",
    "usage_iowait",
    "usage_irq",
    "usage_softirq",
    "usage_steal",
    "usage_guest",
    "usage_guest_nice",
];

pub(crate) fn table(seed: u64) -> Result<Table, GenError> {
    let timestamp = ColumnType::Timestamp(TimestampUnit::Micros);
    let mut columns = vec![Column::new("timestamp", timestamp, Rounds)];
    for (name, texts, of_host) in tags(seed) {
        let column = Column::symbol(name, &texts, false, Tag(of_host));
        columns.push(column.map_err(column_error(name))?);
    }
    for (gauge, number) in GAUGES.iter().zip(100..) {
        let mut rng = stream(seed, number);
        let start = (0..HOSTS).map(|_| rng.random_range(0..=100)).collect();
        columns.push(Column::new(
            *gauge,
            ColumnType::Double,
            Walk {
                rng,
                of_host: start,
            },
        ));
    }
    Ok(Table::new(1002, columns))
}

/// The ten tags: name, values, value of each host.
fn tags(seed: u64) -> Vec<(&'static str, Vec<String>, Vec<u32>)> {
    let mut rng = stream(seed, 0);
    let mut pick =
        |count: u32| -> Vec<u32> { (0..HOSTS).map(|_| rng.random_range(0..count)).collect() };
    let numbered = |prefix: &str, count: u32| -> Vec<String> {
        (0..count).map(|n| format!("{prefix}{n}")).collect()
    };
    let named = |texts: &[&str]| -> Vec<String> { texts.iter().map(|t| (*t).to_owned()).collect() };

    let regions = pick(9);
    // A datacenter belongs to its region: three of each.
    let sites = REGIONS
        .iter()
        .flat_map(|region| ["a", "b", "c"].map(|dc| format!("{region}{dc}")));
    let site = pick(3)
        .iter()
        .zip(&regions)
        .map(|(dc, region)| region * 3 + dc)
        .collect();
    vec![
        (
            "hostname",
            numbered("host_", u32::from(HOSTS)),
            (0..u32::from(HOSTS)).collect(),
        ),
        ("region", named(&REGIONS), regions),
        ("datacenter", sites.collect(), site),
        ("rack", numbered("", 100), pick(100)),
        (
            "os",
            named(&["Ubuntu22.04LTS", "Ubuntu24.04LTS", "Debian12"]),
            pick(3),
        ),
        ("arch", named(&["x64", "arm64"]), pick(2)),
        ("team", named(&["CHI", "LON", "NYC", "SF"]), pick(4)),
        ("service", numbered("service_", 20), pick(20)),
        ("version", numbered("1.", 5), pick(5)),
        (
            "environment",
            named(&["production", "staging", "test"]),
            pick(3),
        ),
    ]
}

/// Host of a row: they take turns, and every partition starts with the first.
fn host(row: u64) -> usize {
    usize::try_from(row % u64::from(HOSTS)).unwrap_or(0)
}

/// The designated timestamp: all hosts of a round report at the same moment.
struct Rounds;

impl Source for Rounds {
    fn fill(&mut self, batch: &Batch<'_>, out: &mut Files) -> Result<(), WriteError> {
        for row in batch.rows.clone() {
            let round = i64::try_from(row / u64::from(HOSTS)).unwrap_or(i64::MAX);
            let at = batch.span.timestamp + round * TICK_MICROS;
            out.push(&Value::Timestamp(at, TimestampUnit::Micros))?;
        }
        Ok(())
    }
}

/// A symbol that belongs to the host.
struct Tag(Vec<u32>);

impl Source for Tag {
    fn fill(&mut self, batch: &Batch<'_>, out: &mut Files) -> Result<(), WriteError> {
        for row in batch.rows.clone() {
            out.push(&key(self.0.get(host(row)).copied().unwrap_or(0)))?;
        }
        Ok(())
    }
}

/// An integer from 0 to 100 for each host, that takes normal steps and stays inside.
struct Walk {
    rng: ChaCha8Rng,
    of_host: Vec<i32>,
}

impl Source for Walk {
    fn fill(&mut self, batch: &Batch<'_>, out: &mut Files) -> Result<(), WriteError> {
        for row in batch.rows.clone() {
            let step: f64 = StandardNormal.sample(&mut self.rng);
            let value = match self.of_host.get_mut(host(row)) {
                Some(value) => {
                    *value = (*value + whole(step)).clamp(0, 100);
                    *value
                }
                None => 0,
            };
            out.push(&Value::Double(f64::from(value)))?;
        }
        Ok(())
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a normal deviate is far from i32's ends"
)]
fn whole(step: f64) -> i32 {
    step.round() as i32
}
