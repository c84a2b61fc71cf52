//! The way to the output: small pieces are put together, large ones pass through.
//!
//! Writes of 64 KiB to 1 MiB are the cheap ones: smaller cost calls, larger evict their own source
//! from the cache. The position is counted here, so that offsets are those of the bytes written.

use std::io::{self, Write};

use crate::page::buf;
use crate::sink::PIECE_BYTES_MAX;

/// A piece of this size is written as it is if nothing waits in front of it.
const LARGE: usize = 64 << 10;
/// Bytes that wait to be written, at most.
const BUFFER: usize = 64 << 10;

#[derive(Debug)]
pub(crate) struct Output<W> {
    inner: W,
    waiting: Vec<u8>,
    position: u64,
}

impl<W: Write> Output<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self {
            inner,
            waiting: Vec::new(),
            position: 0,
        }
    }

    /// Bytes taken so far: the file offset of the next byte.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Takes bytes; they reach the output before [`Output::finish`] returns.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        for piece in bytes.chunks(PIECE_BYTES_MAX) {
            if self.waiting.len() + piece.len() > BUFFER {
                self.flush_waiting()?;
            }
            if self.waiting.is_empty() && piece.len() >= LARGE {
                self.inner.write_all(piece)?;
            } else {
                buf::reserve(&mut self.waiting, piece.len(), BUFFER);
                self.waiting.extend_from_slice(piece);
            }
            self.position += piece.len() as u64;
        }
        Ok(())
    }

    fn flush_waiting(&mut self) -> io::Result<()> {
        if !self.waiting.is_empty() {
            self.inner.write_all(&self.waiting)?;
            self.waiting.clear();
        }
        Ok(())
    }

    /// Writes what waits and gives the output back.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.flush_waiting()?;
        self.inner.flush()?;
        Ok(self.inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Remembers the size of every write.
    #[derive(Default)]
    struct Sizes(Vec<usize>, Vec<u8>);

    impl Write for Sizes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.len());
            self.1.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn pieces_are_neither_small_nor_large_and_keep_their_order() {
        let mut output = Output::new(Sizes::default());
        let mut expected = Vec::new();
        for (i, len) in [4, 100, 70_000, 1, 300_000, 3_000_000, 5, 200_000, 200_000]
            .into_iter()
            .enumerate()
        {
            let piece = vec![u8::try_from(i).unwrap(); len];
            output.write(&piece).unwrap();
            expected.extend(piece);
            assert_eq!(output.position(), expected.len() as u64);
        }
        let Sizes(sizes, bytes) = output.finish().unwrap();
        assert!(bytes == expected);
        assert!(
            sizes.iter().all(|size| *size <= PIECE_BYTES_MAX),
            "{sizes:?}"
        );
        assert!(sizes.len() <= 10, "{sizes:?}");
    }
}
