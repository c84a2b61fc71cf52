//! A wrapper that forgets to forward release and profile is no cursor.

use std::sync::Arc;

use table_reader::{Cursor, CursorColumn, Frame, ReadError};

struct Careless<C>(C);

impl<C: Cursor> Cursor for Careless<C> {
    fn columns(&self) -> &Arc<[CursorColumn]> {
        self.0.columns()
    }

    fn next_frame(&mut self) -> Result<Option<Frame>, ReadError> {
        self.0.next_frame()
    }

    fn to_top(&mut self) {
        self.0.to_top();
    }

    fn close_partition(&mut self, partition: usize) -> bool {
        self.0.close_partition(partition)
    }

    fn open_partition_count(&self) -> usize {
        self.0.open_partition_count()
    }

    fn mapped_partition_count(&self) -> usize {
        self.0.mapped_partition_count()
    }
}

fn main() {}
