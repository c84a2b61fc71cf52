//! Between encoder and file: a look at the stop signs before every page.

use pq_encode::{PageSink, SinkError, StoreError};

use crate::error::{Cause, EngineError, Result};
use crate::running::Running;
use crate::usage::AnonPeak;

/// Passes pages on until the work is to stop: a page is the longest that a cancel waits for.
pub(crate) struct WatchfulSink<'a, S> {
    pub(crate) sink: S,
    pub(crate) running: &'a Running,
    pub(crate) anon_peak: &'a AnonPeak,
}

impl<S: PageSink> PageSink for WatchfulSink<'_, S> {
    fn page(&mut self, header_and_body: &[u8]) -> Result<(), SinkError> {
        self.running.go_on().map_err(SinkError::new)?;
        self.anon_peak.look();
        self.sink.page(header_and_body)
    }

    fn whole_page(&mut self, buffer: &mut Vec<u8>, start: usize) -> Result<(), SinkError> {
        self.running.go_on().map_err(SinkError::new)?;
        self.anon_peak.look();
        self.sink.whole_page(buffer, start)
    }
}

/// What a sink had to say.
pub(crate) fn sink_error(error: SinkError) -> EngineError {
    let cause = match error.into_cause().downcast::<std::io::Error>() {
        Ok(error) => return EngineError::from(*error),
        Err(cause) => cause,
    };
    let cause = match cause.downcast::<EngineError>() {
        Ok(stop) => return *stop,
        Err(cause) => cause,
    };
    match cause.downcast::<StoreError>() {
        Ok(error) => Cause::Spill(*error).into(),
        Err(cause) => Cause::Stream(std::io::Error::other(cause)).into(),
    }
}
