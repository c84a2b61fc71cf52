//! The bytes of a chunk on their way from file to file, in pieces.

use pq_encode::{ChunkWalk, CopiedChunk, PIECE_BYTES_MAX, PageSink};

use super::plan::GroupCopy;
use crate::error::Result;
use crate::export::chunks::Chunks;
use crate::export::sink::sink_error;
use crate::export::writing::Writing;
use crate::reading::column_error;

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
        let mut walk = ChunkWalk::new(copy.range.start);
        let mut buffer = std::mem::take(&mut self.piece);
        let mut at = copy.range.start;
        while at < copy.range.end {
            let left = usize::try_from(copy.range.end - at).unwrap_or(usize::MAX);
            let len = left.min(PIECE_BYTES_MAX);
            buffer.resize(len.max(buffer.len()), 0);
            let piece = buffer.get_mut(..len).unwrap_or_default();
            stored.read(at, piece).map_err(column_error)?;
            walk.piece(piece).map_err(|e| stored.damage(&e))?;
            let mut sink = chunks.watched(self.sink(rows)?);
            sink.page(piece).map_err(sink_error)?;
            at += u64::try_from(len).unwrap_or(0);
        }
        self.piece = buffer;
        self.sink(rows)?;
        let copied = CopiedChunk::new(&walk, copy.source.clone()).map_err(|e| stored.damage(&e))?;
        stored.done(copy.range.clone())?;
        self.finish_copied(&copied, copy.native_bytes)
    }
}
