//! The bytes of a chunk on their way from file to file, in pieces.
//!
//! They pass through a small buffer. That the system copies them by itself costs more on file systems
//! that cannot share blocks between files, and chunks do not begin at blocks. Headers were read when
//! the chunk was planned; pages are looked at again only for their checksums, if they have some.

use pq_encode::{ChunkWalk, PageSink};

use super::plan::GroupCopy;
use crate::error::Result;
use crate::export::chunks::Chunks;
use crate::export::sink::sink_error;
use crate::export::writing::Writing;
use crate::reading::column_error;

/// Bytes of a piece: those that were read are still in the processor when they are written. The length
/// of the blocks in which the output is written, and pieces end where those do.
const PIECE_BYTES: usize = 128 << 10;

impl Writing<'_> {
    /// Copies the chunk of `column`, which is the next one and one of those that `group` copies.
    pub(crate) fn copy_chunk(
        &mut self,
        rows: u64,
        group: &GroupCopy,
        column: usize,
        chunks: &Chunks<'_>,
    ) -> Result<()> {
        let stored = &group.stored;
        let Some(Some(copy)) = group.chunks.get(column) else {
            return Err(stored.damage(&"a chunk that is to be encoded").into());
        };
        let mut walk = copy.checksums.then(|| ChunkWalk::new(copy.range.start));
        let mut buffer = std::mem::take(&mut self.piece);
        let mut at = copy.range.start;
        let in_block = self.done().bytes_out % PIECE_BYTES as u64;
        let mut len_max = PIECE_BYTES - usize::try_from(in_block).unwrap_or(0);
        while at < copy.range.end {
            let left = usize::try_from(copy.range.end - at).unwrap_or(usize::MAX);
            let len = left.min(std::mem::replace(&mut len_max, PIECE_BYTES));
            buffer.resize(len.max(buffer.len()), 0);
            let piece = buffer.get_mut(..len).unwrap_or_default();
            stored.read(at, piece).map_err(column_error)?;
            if let Some(walk) = &mut walk {
                walk.piece(piece).map_err(|e| stored.damage(&e))?;
            }
            let mut sink = chunks.watched(self.sink(rows)?);
            sink.page(piece).map_err(sink_error)?;
            at += u64::try_from(len).unwrap_or(0);
        }
        self.piece = buffer;
        self.sink(rows)?;
        if let Some(walk) = &walk {
            let checked = copy.copied.check_walk(walk);
            checked.map_err(|e| stored.damage(&e))?;
        }
        stored.done(copy.range.clone())?;
        self.finish_copied(&copy.copied, copy.native_bytes)
    }
}
