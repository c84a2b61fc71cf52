//! The Vfs trait, exact read-only mappings, positional reads and durable writes.
