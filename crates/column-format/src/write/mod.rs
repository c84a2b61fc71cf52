//! Writers: the same layouts, in the other direction.
//!
//! A writer collects bytes in memory and can be emptied at any row: what it has handed out so far
//! is always a valid file of the rows so far. So a generator streams tables of any size.

mod array;
mod binary;
mod column;
mod fixed;
mod string;
mod varchar;

pub use array::ArrayWriter;
pub use binary::BinaryWriter;
pub use column::ColumnWriter;
pub use fixed::FixedWriter;
pub use string::StringWriter;
pub use varchar::VarcharWriter;

use crate::WriteError;
use crate::bits::len_u64;
use crate::layout::VAR_DATA_LEN_MAX;

/// Bytes of `.i` and `.d` that were not handed out yet.
#[derive(Clone, Debug, Default)]
struct Buffers {
    aux: Vec<u8>,
    data: Vec<u8>,
    /// Bytes of `.d` already handed out.
    flushed: u64,
    rows: u64,
}

impl Buffers {
    /// Offset in the file at which the next byte of `.d` will be.
    fn data_off(&self) -> u64 {
        self.flushed + len_u64(self.data.len())
    }

    /// Refuses a value of `len` bytes that would make `.d` longer than QuestDB accepts.
    fn reserve(&mut self, len: usize) -> Result<(), WriteError> {
        let end = self.data_off().saturating_add(len_u64(len));
        if end >= VAR_DATA_LEN_MAX {
            return Err(WriteError::TooLong {
                what: "data vector in bytes",
                expected: VAR_DATA_LEN_MAX - 1,
                found: end,
            });
        }
        Ok(())
    }

    fn clear(&mut self) {
        self.flushed = self.data_off();
        self.data.clear();
        self.aux.clear();
    }

    fn take(&mut self) -> (Vec<u8>, Vec<u8>) {
        self.flushed = self.data_off();
        (
            std::mem::take(&mut self.aux),
            std::mem::take(&mut self.data),
        )
    }
}

/// The methods that all writers of two files share.
macro_rules! two_files {
    ($writer:ident) => {
        impl $writer {
            /// Rows written so far, those handed out included.
            #[must_use]
            pub const fn rows(&self) -> u64 {
                self.buffers.rows
            }

            /// Bytes of `.i` not handed out yet.
            #[must_use]
            pub fn aux(&self) -> &[u8] {
                &self.buffers.aux
            }

            /// Bytes of `.d` not handed out yet.
            #[must_use]
            pub fn data(&self) -> &[u8] {
                &self.buffers.data
            }

            /// Forgets [`aux`](Self::aux) and [`data`](Self::data), which the caller has appended to
            /// its files, and keeps their memory. Offsets go on from there.
            pub fn clear(&mut self) {
                self.buffers.clear();
            }

            /// Hands out what was not handed out yet: pieces of `.i` and `.d`, in this order.
            #[must_use]
            pub fn take(&mut self) -> (Vec<u8>, Vec<u8>) {
                self.buffers.take()
            }
        }
    };
}
use two_files;
