//! Integration tests of `column-format`, one binary.
//!
//! Golden bytes come from the format notes, everything under `stored` from tables that real
//! QuestDB releases wrote (`testdata/` at the top of the repository).

mod errors;
mod errors_index;
mod forever;
mod golden;
mod golden_index;
mod hostile;
mod part;
mod roundtrip;
mod stored;
mod stored_index;
mod support;
