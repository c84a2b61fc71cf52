//! When was each partition done?
//!
//! Nobody reports partitions, but everybody writes Parquet from front to back. The file's own
//! footer says after the fact which byte ends which row group, and the samples say when that byte
//! was written: so the time at which the last row of a partition was out is known for each
//! contestant by the same rule. Within a row group, and between two samples, it is interpolated.

use super::watch::Sample;

/// The end of a row group: offset in the output, and rows up to there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RowGroupEnd {
    /// Bytes of the output before it.
    pub off: f64,
    /// Rows of the output before it.
    pub rows: f64,
}

/// The cost of one partition.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Seconds.
    pub wall_s: f64,
    /// Seconds of all cores.
    pub cpu_s: f64,
}

/// What each of `partitions` equal parts of `rows` rows took. The first starts with the work.
#[must_use]
pub fn steps(samples: &[Sample], groups: &[RowGroupEnd], rows: f64, partitions: u32) -> Vec<Step> {
    let mut before = Step {
        wall_s: 0.0,
        cpu_s: 0.0,
    };
    let ends = groups.iter().map(|end| (end.rows, end.off));
    let ends: Vec<(f64, f64)> = [(0.0, 0.0)].into_iter().chain(ends).collect();
    let time: Vec<(f64, f64)> = samples.iter().map(|s| (len(s), s.at_s)).collect();
    let cpu: Vec<(f64, f64)> = samples.iter().map(|s| (len(s), s.cpu_s)).collect();
    let mut steps = Vec::new();
    for partition in 1..=partitions {
        let done = rows * f64::from(partition) / f64::from(partitions);
        let off = interpolate(&ends, done);
        let now = Step {
            wall_s: interpolate(&time, off),
            cpu_s: interpolate(&cpu, off),
        };
        steps.push(Step {
            wall_s: now.wall_s - before.wall_s,
            cpu_s: now.cpu_s - before.cpu_s,
        });
        before = now;
    }
    steps
}

#[expect(clippy::cast_precision_loss, reason = "files are below 2^53 bytes")]
fn len(sample: &Sample) -> f64 {
    sample.out_len as f64
}

/// The value where the key, which never falls, first reaches `wanted`.
fn interpolate(points: &[(f64, f64)], wanted: f64) -> f64 {
    let at = points.partition_point(|(key, _)| *key < wanted);
    match (
        at.checked_sub(1).and_then(|at| points.get(at)),
        points.get(at),
    ) {
        (Some(&(low, from)), Some(&(high, to))) => {
            from + (to - from) * (wanted - low) / (high - low)
        }
        (None, Some(&(_, value))) | (Some(&(_, value)), None) => value,
        (None, None) => f64::NAN,
    }
}

/// Speed of the last `count` steps in relation to that of the first `count`: 1 is flat, below 1
/// slows down.
#[must_use]
pub fn last_to_first(steps: &[Step], count: usize, figure: fn(&Step) -> f64) -> f64 {
    let sum = |steps: &[Step]| steps.iter().map(figure).sum::<f64>();
    let count = count.min(steps.len());
    sum(&steps[..count]) / sum(&steps[steps.len() - count..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(points: &[(f64, u64)]) -> Vec<Sample> {
        let sample = |&(at_s, out_len)| Sample {
            at_s,
            out_len,
            cpu_s: 2.0 * at_s,
        };
        points.iter().map(sample).collect()
    }

    fn close(found: f64, wanted: f64) {
        assert!((found - wanted).abs() < 1e-9, "{found}, not {wanted}");
    }

    #[test]
    fn a_partition_takes_what_its_bytes_take() {
        // Rows are unequal in bytes: the second half of the rows is three quarters of the file.
        let groups = [(100.0, 10.0), (400.0, 20.0)];
        let groups = groups.map(|(off, rows)| RowGroupEnd { off, rows });
        let samples = samples(&[(0.0, 0), (1.0, 100), (2.0, 250), (3.0, 400), (3.5, 420)]);
        let found = steps(&samples, &groups, 20.0, 2);
        close(found[0].wall_s, 1.0);
        close(found[1].wall_s, 2.0);
        close(found[1].cpu_s, 4.0);
        close(last_to_first(&found, 1, |step| step.wall_s), 0.5);
    }

    #[test]
    fn a_boundary_inside_of_a_row_group_is_interpolated() {
        let groups = [RowGroupEnd {
            off: 100.0,
            rows: 10.0,
        }];
        let found = steps(&samples(&[(0.0, 0), (2.0, 100)]), &groups, 10.0, 4);
        for step in &found {
            close(step.wall_s, 0.5);
        }
        close(last_to_first(&found, 2, |step| step.wall_s), 1.0);
    }

    #[test]
    fn a_file_that_comes_at_once_is_all_in_the_first_partition() {
        let groups = [RowGroupEnd {
            off: 100.0,
            rows: 10.0,
        }];
        let samples = samples(&[(0.0, 0), (2.0, 0), (2.0, 100)]);
        let found = steps(&samples, &groups, 10.0, 2);
        close(found[0].wall_s, 2.0);
        close(found[1].wall_s, 0.0);
    }
}
