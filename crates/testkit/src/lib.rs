//! Generators, fault and crash file systems, mutators (dev only).
