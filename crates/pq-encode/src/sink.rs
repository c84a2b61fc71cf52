//! Where encoded pages go.
//!
//! The encoder knows neither files nor stores: it hands over finished bytes and forgets them. A sink
//! may be the output file itself, a page store, or a plain vector in a test.

use std::error::Error;
use std::fmt;

/// The largest piece that an encoder hands to a sink in one call, in bytes. Larger writes evict
/// their own source from the cache and cost two to three times the system time.
pub const PIECE_BYTES_MAX: usize = 1 << 20;

/// Receives the bytes of one column chunk, in order.
pub trait PageSink {
    /// Takes the next piece of the chunk: a page header and its body, or, for a page larger than
    /// [`PIECE_BYTES_MAX`], a part of it that continues where the last piece ended.
    ///
    /// # Errors
    /// Whatever keeps the sink from taking the bytes; encoding stops at once and returns it.
    fn page(&mut self, header_and_body: &[u8]) -> Result<(), SinkError>;

    /// Takes a whole page, which stands in `buffer` behind `start` bytes of no meaning. The buffer may
    /// be taken or changed: the encoder has no more use for what it holds. By default the page goes to
    /// [`PageSink::page`] in pieces.
    ///
    /// # Errors
    /// As for [`PageSink::page`].
    fn whole_page(&mut self, buffer: &mut Vec<u8>, start: usize) -> Result<(), SinkError> {
        let page = buffer.get(start..).unwrap_or(&[]);
        page.chunks(PIECE_BYTES_MAX)
            .try_for_each(|piece| self.page(piece))
    }
}

/// Collects a chunk in memory; never fails.
impl PageSink for Vec<u8> {
    fn page(&mut self, header_and_body: &[u8]) -> Result<(), SinkError> {
        self.extend_from_slice(header_and_body);
        Ok(())
    }
}

impl<S: PageSink + ?Sized> PageSink for &mut S {
    fn page(&mut self, header_and_body: &[u8]) -> Result<(), SinkError> {
        (**self).page(header_and_body)
    }

    fn whole_page(&mut self, buffer: &mut Vec<u8>, start: usize) -> Result<(), SinkError> {
        (**self).whole_page(buffer, start)
    }
}

/// A sink could not take bytes. The cause is the sink's own: an I/O error, a cancelled job.
#[derive(Debug)]
pub struct SinkError(Box<dyn Error + Send + Sync>);

impl SinkError {
    /// Wraps the cause.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }

    /// The cause, to be looked at by the one who made the sink.
    #[must_use]
    pub fn cause(&self) -> &(dyn Error + Send + Sync + 'static) {
        self.0.as_ref()
    }

    /// The cause, owned.
    #[must_use]
    pub fn into_cause(self) -> Box<dyn Error + Send + Sync> {
        self.0
    }
}

impl From<std::io::Error> for SinkError {
    fn from(error: std::io::Error) -> Self {
        Self(Box::new(error))
    }
}

impl fmt::Display for SinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the output did not take a page: {}", self.0)
    }
}

impl Error for SinkError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.0.as_ref())
    }
}
