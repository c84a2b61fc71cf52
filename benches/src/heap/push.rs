//! Push mode with pages in a temporary file, on the workloads by which arrow-rs measured its own
//! page store (apache/arrow-rs, pull request 10020).
//!
//! The workloads are those of the encoder's own heap test, which holds them to the same bounds.

#[path = "../../../crates/pq-encode/tests/heap/workloads.rs"]
mod workloads;

use super::{Job, MIB};

/// Each workload, with the bound of this project; arrow-rs 60.1 needs 3.25, 0.485 and 2.47 MiB.
pub const JOBS: [Job; 3] = [
    Job {
        name: "skew",
        what: "4,096 rows in 64 batches: 16 MiB in one BINARY column, eight INT columns (arrow-rs 3.25)",
        bound: 3 * MIB / 2,
        prepare: |_| Ok(Box::new(workloads::skew)),
    },
    Job {
        name: "dict",
        what: "4,194,304 rows of one INT column with 16 values, in 512 batches (arrow-rs 0.485)",
        bound: MIB / 4,
        prepare: |_| Ok(Box::new(workloads::dict)),
    },
    Job {
        name: "dictcols",
        what: "16 BINARY columns, one after the other, of 2,048 values of 384 bytes, each twice (arrow-rs 2.47)",
        bound: 235 * MIB / 100,
        prepare: |_| Ok(Box::new(workloads::dictcols)),
    },
];

#[cfg(test)]
mod tests {
    use super::workloads::{dictcols, skew};

    #[test]
    fn each_workload_writes_what_it_should() {
        skew().unwrap();
        dictcols().unwrap();
    }
}
