//! A column slice borrows from its frame: released memory cannot be read.

use table_reader::{Cursor, FrameCursor};

fn keeps_a_slice(cursor: &mut FrameCursor) -> usize {
    let slices = {
        let frame = cursor.next_frame().unwrap().unwrap();
        frame.column(0).unwrap()
    };
    cursor.release_open_partitions();
    slices.rows()
}

fn main() {
    let _ = keeps_a_slice;
}
