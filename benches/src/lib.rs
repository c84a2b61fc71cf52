//! Workloads, seeds and parameters of every benchmark.
