//! How a value looks in CSV and JSON.
//!
//! QuestDB's `/exp` is the reference: for the same row, this prints the same bytes, with the
//! differences that `testdata/questdb/README.md` and the crate's README name. Nothing here knows
//! a file: functions take a value and append to a buffer.

pub(crate) mod calendar;
pub(crate) mod escape;
pub(crate) mod float;
pub(crate) mod int;
pub(crate) mod parse;
pub(crate) mod size;
pub(crate) mod timestamp;
pub(crate) mod value;
pub(crate) mod wide;
