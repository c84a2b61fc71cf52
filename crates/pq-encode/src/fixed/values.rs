//! The values of a page of fixed width, in one of their encodings.
//!
//! Rows arrive in portions; after each the encoder says how many more rows certainly fit, so that a
//! page is closed by its encoded bytes and not by a guess. What a page holds depends on its rows
//! only, never on the portions.

use super::dictionary::FixedDictionary;
use crate::EncodeError;
use crate::Encoding;
use crate::bits::validity::Validity;
use crate::encoders::delta_binary_packed::Delta;
use crate::encoders::dictionary::KeyWriter;
use crate::encoders::key_cache::KeyCache;
use crate::encoders::seen::Seen;
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
    Keys(Keys),
    /// `RLE_DICTIONARY` with a dictionary that is not final.
    Growing(Growing),
}

/// Keys of a page while the dictionary grows.
pub(crate) struct Growing {
    writer: KeyWriter,
    dictionary: Box<dyn FixedDictionary>,
    keys: KeyCache,
    entries_max: usize,
}

impl Growing {
    /// An empty dictionary for at most `entries_max` entries.
    pub(crate) fn new(dictionary: Box<dyn FixedDictionary>, entries_max: usize) -> Self {
        Self {
            writer: KeyWriter::default(),
            dictionary,
            keys: KeyCache::default(),
            entries_max,
        }
    }

    /// The dictionary without the pages.
    pub(crate) fn into_dictionary(self) -> Box<dyn FixedDictionary> {
        self.dictionary
    }

    /// Bytes on the heap besides the dictionary.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.keys.heap_bytes()
    }

    /// Entries that may still come. So few that portions would get lost in them count as none.
    fn entries_left(&self) -> usize {
        let left = self.entries_max.saturating_sub(self.dictionary.entries());
        if left < ENTRIES_LEFT_MIN { 0 } else { left }
    }
}

/// Entries below which a growing dictionary counts as full.
const ENTRIES_LEFT_MIN: usize = 64;

/// What the first pass over a chunk found.
pub(crate) struct Found {
    pub(crate) dictionary: Box<dyn FixedDictionary>,
    /// The keys of all values of the chunk, in order, if they could be kept.
    pub(crate) cache: KeyCache,
    /// Which rows have one.
    pub(crate) rows: Validity,
}

/// Dictionary keys of a page.
pub(crate) struct Keys {
    writer: KeyWriter,
    found: Found,
    /// Rows of the chunk that were written.
    done: usize,
    seen: Seen,
    /// The rows are not those of the chunk from its start: what was found does not speak of them.
    trial: bool,
}

impl Keys {
    fn new(found: Found) -> Self {
        let entries = found.dictionary.entries();
        let (mut writer, mut seen) = (KeyWriter::default(), Seen::default());
        writer.start_chunk(entries);
        seen.start(entries);
        Self {
            writer,
            found,
            done: 0,
            seen,
            trial: false,
        }
    }

    /// Whether keys were kept for the rows to come: nobody need look at the values again.
    fn is_kept(&self) -> bool {
        !self.trial && self.found.cache.is_whole()
    }
}

impl Values {
    /// The encoder of a legal pair; anything else is PLAIN. `found` is taken for
    /// [`Encoding::Dictionary`]: a dictionary that holds every value that will come, and their keys.
    pub(crate) fn new(
        encoding: Encoding,
        width: usize,
        boolean: bool,
        found: Option<Found>,
    ) -> Self {
        match (encoding, width, found) {
            (Encoding::Rle, ..) => Self::Runs,
            (Encoding::Plain, ..) if boolean => Self::Bits,
            (Encoding::ByteStreamSplit, ..) => Self::Split,
            (Encoding::Delta, 4, _) => Self::Delta32(Delta::default()),
            (Encoding::Delta, 8, _) => Self::Delta64(Delta::default()),
            (Encoding::Dictionary, _, Some(found)) => Self::Keys(Keys::new(found)),
            _ => Self::Plain,
        }
    }

    /// Values of a page are known only when it is complete, and may then be written at once.
    pub(crate) fn is_split(&self) -> bool {
        matches!(self, Self::Split)
    }

    /// Values are gathered into the page itself.
    pub(crate) fn is_in_place(&self) -> bool {
        matches!(self, Self::Plain)
    }

    /// The dictionary, if there is one.
    pub(crate) fn dictionary(&self) -> Option<&dyn FixedDictionary> {
        match self {
            Self::Keys(keys) => Some(keys.found.dictionary.as_ref()),
            Self::Growing(growing) => Some(growing.dictionary.as_ref()),
            _ => None,
        }
    }

    /// The dictionary grows and may have no more entries.
    pub(crate) fn is_dictionary_full(&self) -> bool {
        matches!(self, Self::Growing(growing) if growing.entries_left() == 0)
    }

    /// Goes back to the chunk's first row; `trial`: the rows to come are only some of the chunk's.
    pub(crate) fn rewind(&mut self, trial: bool) {
        if let Self::Keys(keys) = self {
            keys.found.cache.rewind();
            keys.done = 0;
            keys.trial = trial;
        }
    }

    /// Whether the next page is written from keys that were kept.
    pub(crate) fn has_kept(&self) -> bool {
        matches!(self, Self::Keys(keys) if keys.is_kept())
    }

    /// Writes the next rows from keys that were kept, `rows_max` at most; returns how many they are.
    pub(crate) fn push_kept(
        &mut self,
        rows_max: usize,
        validity: &mut Validity,
        page: &mut PageBuf,
    ) -> usize {
        let Self::Keys(keys) = self else {
            return 0;
        };
        let before = validity.rows();
        let valid = validity.append_range(&keys.found.rows, keys.done, rows_max);
        let rows = validity.rows() - before;
        let taken = keys.found.cache.take(valid);
        keys.seen.mark(taken);
        keys.writer.push_narrow(taken, page.tail());
        keys.done += rows;
        rows
    }

    /// Calls `see` with the PLAIN form of every value that the page used, if it was written from keys.
    pub(crate) fn take_seen(&mut self, width: usize, mut see: impl FnMut(&[u8])) {
        if let Self::Keys(keys) = self
            && keys.is_kept()
        {
            let plain = keys.found.dictionary.plain();
            let entry = |key: usize| plain.get(key * width..(key + 1) * width);
            keys.seen
                .take(|key| entry(key).into_iter().for_each(&mut see));
        }
    }

    /// Starts a page of `bytes_max`.
    pub(crate) fn start_page(&mut self, bytes_max: usize, page: &mut PageBuf) {
        match self {
            Self::Delta32(delta) => delta.start(bytes_max),
            Self::Delta64(delta) => delta.start(bytes_max),
            Self::Keys(keys) => keys.writer.start_page(page.tail()),
            Self::Growing(growing) => growing.keys.start_page(),
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
            Self::Delta32(delta) => delta.room(page, bytes_max),
            Self::Delta64(delta) => delta.room(page, bytes_max),
            Self::Keys(keys) => keys.writer.room(page, bytes_max),
            Self::Growing(growing) => {
                let entries = growing.dictionary.entries();
                let room = growing.keys.room(entries, PORTION, bytes_max);
                let room = room.max(usize::from(growing.keys.len() == 0));
                room.min(growing.entries_left())
            }
        }
    }

    /// Makes room for `rows` more of a page of at most `rows_max`.
    pub(crate) fn reserve(&mut self, rows: usize, rows_max: usize) {
        if let Self::Growing(growing) = self {
            growing.keys.reserve(rows, rows_max);
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

    /// Whether values go into the page as they come; the others are collected in a stage.
    pub(crate) fn absorbs(&self) -> bool {
        match self {
            Self::Delta32(_) | Self::Delta64(_) | Self::Keys(_) | Self::Growing(_) => true,
            Self::Plain | Self::Bits | Self::Runs | Self::Split => false,
        }
    }

    /// Takes values into the page, if it does so at all.
    pub(crate) fn absorb(&mut self, plain: &[u8], page: &mut PageBuf) -> Result<(), EncodeError> {
        let known = match self {
            Self::Delta32(delta) => {
                delta.push(plain.as_chunks().0, page.tail());
                true
            }
            Self::Delta64(delta) => {
                delta.push(plain.as_chunks().0, page.tail());
                true
            }
            Self::Keys(keys) => {
                let dictionary = &keys.found.dictionary;
                dictionary.keys(plain, &mut keys.writer, page.tail())
            }
            Self::Growing(growing) => {
                let Growing {
                    dictionary, keys, ..
                } = growing;
                dictionary.add(plain, growing.entries_max, keys)
            }
            Self::Plain | Self::Bits | Self::Runs | Self::Split => true,
        };
        if known {
            Ok(())
        } else {
            Err(EncodeError::SourceChanged)
        }
    }

    /// Ends the page.
    pub(crate) fn finish_page(&mut self, stage: &mut Vec<u8>, width: usize, page: &mut PageBuf) {
        match self {
            Self::Plain => {}
            Self::Bits => rle_bool::plain(stage, page.tail()),
            Self::Runs => rle_bool::runs(stage, page.tail()),
            // Nothing is staged of a page that was written at once.
            Self::Split if stage.is_empty() => {}
            Self::Split => byte_stream_split::page(stage, width, page),
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
            Self::Keys(keys) => keys.writer.finish(page.tail()),
            Self::Growing(growing) => {
                let entries = growing.dictionary.entries();
                growing
                    .keys
                    .write_page(entries, &mut growing.writer, page.tail());
            }
        }
        stage.clear();
    }
}
