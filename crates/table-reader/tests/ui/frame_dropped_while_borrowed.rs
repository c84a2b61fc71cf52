//! An encoder that still borrows from a frame keeps the frame from being dropped.

use table_reader::Frame;

fn drops_too_early(frame: Frame) -> usize {
    let slices = frame.column(0).unwrap();
    drop(frame);
    slices.rows()
}

fn main() {
    let _ = drops_too_early;
}
