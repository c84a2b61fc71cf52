//! Cursors around cursors: fewer columns, extra null columns, a registered query.
//!
//! Each changes one thing and forwards the rest; what must be forwarded is the whole trait, so the
//! compiler writes the checklist. They nest in any order.

mod nulls;
mod projection;
mod query;

pub use nulls::ExtraNulls;
pub use projection::Projection;
pub use query::RegisteredQuery;

/// Forwards everything of [`crate::Cursor`] that a wrapper does not change.
macro_rules! forward_cursor {
    () => {
        fn release_open_partitions(&mut self) {
            self.inner.release_open_partitions();
        }

        fn close_partition(&mut self, partition: usize) -> bool {
            self.inner.close_partition(partition)
        }

        fn open_partition_count(&self) -> usize {
            self.inner.open_partition_count()
        }

        fn mapped_partition_count(&self) -> usize {
            self.inner.mapped_partition_count()
        }

        fn set_scan_profile(&mut self, profile: mmap_io::ScanProfile) {
            self.inner.set_scan_profile(profile);
        }
    };
}
use forward_cursor;
