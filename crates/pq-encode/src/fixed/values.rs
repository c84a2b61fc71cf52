//! The values of a page of fixed width, in one of their encodings.
//!
//! Rows arrive in portions; after each the encoder says how many more rows certainly fit, so that a
//! page is closed by its encoded bytes and not by a guess. What a page holds depends on its rows
//! only, never on the portions.

use super::dictionary::FixedDictionary;
use crate::EncodeError;
use crate::Encoding;
use crate::encoders::delta_binary_packed::Delta;
use crate::encoders::dictionary::KeyWriter;
use crate::encoders::{byte_stream_split, rle_bool};
use crate::page::buf::PageBuf;

/// Rows of a portion of an encoding that works through a stage: they stay in the first-level cache.
const PORTION: usize = 1024;

/// One page's values.
pub(crate) enum Values {
    /// PLAIN: values are gathered straight into the page.
    Plain,
    /// PLAIN booleans.
    Bits,
    /// RLE booleans.
    Runs,
    /// `BYTE_STREAM_SPLIT`.
    Split,
    /// `DELTA_BINARY_PACKED` of INT32.
    Delta32(Delta<[u8; 4]>),
    /// `DELTA_BINARY_PACKED` of INT64.
    Delta64(Delta<[u8; 8]>),
    /// `RLE_DICTIONARY`.
    Keys(KeyWriter, Box<dyn FixedDictionary>),
}

impl Values {
    /// The encoder of a legal pair; anything else is PLAIN. `dictionary` is taken for
    /// [`Encoding::Dictionary`], and must hold every value that will come.
    pub(crate) fn new(
        encoding: Encoding,
        width: usize,
        boolean: bool,
        dictionary: Option<Box<dyn FixedDictionary>>,
    ) -> Self {
        match (encoding, width, dictionary) {
            (Encoding::Rle, ..) => Self::Runs,
            (Encoding::Plain, ..) if boolean => Self::Bits,
            (Encoding::ByteStreamSplit, ..) => Self::Split,
            (Encoding::Delta, 4, _) => Self::Delta32(Delta::default()),
            (Encoding::Delta, 8, _) => Self::Delta64(Delta::default()),
            (Encoding::Dictionary, _, Some(dictionary)) => {
                let mut writer = KeyWriter::default();
                writer.start_chunk(dictionary.entries());
                Self::Keys(writer, dictionary)
            }
            _ => Self::Plain,
        }
    }

    /// Values are gathered into the page itself.
    pub(crate) fn is_in_place(&self) -> bool {
        matches!(self, Self::Plain)
    }

    /// The dictionary, if there is one.
    pub(crate) fn dictionary(&self) -> Option<&dyn FixedDictionary> {
        match self {
            Self::Keys(_, dictionary) => Some(dictionary.as_ref()),
            _ => None,
        }
    }

    /// Starts a page.
    pub(crate) fn start_page(&mut self, page: &mut PageBuf) {
        match self {
            Self::Delta32(delta) => delta.start(),
            Self::Delta64(delta) => delta.start(),
            Self::Keys(writer, _) => writer.start_page(page.tail()),
            Self::Plain | Self::Bits | Self::Runs | Self::Split => {}
        }
    }

    /// Rows that certainly fit into a page of `bytes_max`, of which `page` is written and `stage`
    /// is waiting; values have `width` bytes.
    pub(crate) fn room(&self, page: usize, stage: usize, width: usize, bytes_max: usize) -> usize {
        let left = bytes_max.saturating_sub(page);
        match self {
            Self::Plain => left / width,
            Self::Split => left.saturating_sub(stage) / width,
            Self::Bits | Self::Runs => (left * 8).saturating_sub(stage),
            Self::Delta32(delta) => delta.room(left),
            Self::Delta64(delta) => delta.room(left),
            Self::Keys(writer, _) => writer.room(page, bytes_max),
        }
    }

    /// Most rows to gather at once.
    pub(crate) fn portion(&self) -> usize {
        if self.is_in_place() {
            usize::MAX
        } else {
            PORTION
        }
    }

    /// Takes what it can of the stage into the page.
    pub(crate) fn absorb(
        &mut self,
        stage: &mut Vec<u8>,
        page: &mut PageBuf,
    ) -> Result<(), EncodeError> {
        match self {
            Self::Delta32(delta) => delta.push(stage.as_chunks().0, page.tail()),
            Self::Delta64(delta) => delta.push(stage.as_chunks().0, page.tail()),
            Self::Keys(writer, dictionary) => {
                if !dictionary.keys(stage, writer, page.tail()) {
                    return Err(EncodeError::SourceChanged);
                }
            }
            Self::Plain | Self::Bits | Self::Runs | Self::Split => return Ok(()),
        }
        stage.clear();
        Ok(())
    }

    /// Ends the page.
    pub(crate) fn finish_page(&mut self, stage: &mut Vec<u8>, width: usize, page: &mut PageBuf) {
        match self {
            Self::Plain => {}
            Self::Bits => rle_bool::plain(stage, page.tail()),
            Self::Runs => rle_bool::runs(stage, page.tail()),
            Self::Split => byte_stream_split::split(stage, width, page.tail()),
            Self::Delta32(delta) => {
                stage.clear();
                delta.finish(stage, page.tail());
                page.prepend(stage);
            }
            Self::Delta64(delta) => {
                stage.clear();
                delta.finish(stage, page.tail());
                page.prepend(stage);
            }
            Self::Keys(writer, _) => writer.finish(page.tail()),
        }
        stage.clear();
    }
}
