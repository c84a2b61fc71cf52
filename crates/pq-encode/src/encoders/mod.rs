//! The value encodings alone, for those who make their own pages.
//!
//! Plain slices of values in, the value section of a data page out: no nulls, no types, statistics, headers, codec
//! or checksum. PLAIN is not among them: it is the values as they are.
//!
//! ```
//! use pq_encode::encoders::{byte_stream_split, delta_binary_packed, dictionary_keys};
//!
//! let mut page = Vec::new();
//! delta_binary_packed(&[1_000, 2_000, 3_000], &mut page);
//! page.clear();
//! byte_stream_split(&[1.5_f64.to_le_bytes(), 2.5_f64.to_le_bytes()], &mut page);
//! assert_eq!(page.len(), 16);
//! page.clear();
//! dictionary_keys(&[0, 1, 0, 2], 3, &mut page)?;
//! assert_eq!(page[0], 2, "bits of a key");
//! # Ok::<(), pq_encode::encoders::KeyError>(())
//! ```

mod alone;
pub(crate) mod byte_stream_split;
pub(crate) mod delta_binary_packed;
pub(crate) mod dictionary;
pub(crate) mod key_cache;
pub(crate) mod rle_bool;
pub(crate) mod seen;

pub use alone::{KeyError, byte_stream_split, delta_binary_packed, dictionary_keys};
