//! One column of one row group, of rows that are seen once.
//!
//! Pages go to a store as soon as they are full; a dictionary grows on the heap and goes in front of
//! them when the chunk ends. Where it stops paying, the pages behind it are encoded otherwise.

use std::fmt;
use std::sync::{Arc, Mutex};

use column_format::{ColumnSlice, SymbolDict};

use super::sample::Sample;
use crate::bloom;
use crate::choose::{Chooser, ENTRIES_OF_16_MAX, NEW_OF_16_MAX, Plan, candidates, codec_is_open};
use crate::chunk::{gap, source, trim};
use crate::fixed::column::widths;
use crate::page::buf::PageBuf;
use crate::page::writer::{DataPage, Packing, PageFormat, PageWriter};
use crate::rows::{self, Cursor};
use crate::source::{Added, DictionaryLimits, PageLimits, PageSource};
use crate::tally::Tally;
use crate::{
    ChunkSpool, ColumnSpec, EncodeError, Encoding, OptionError, PageStoreFactory, SinkError,
    SpooledChunk, WriterOptions,
};

/// Values that a dictionary has seen before it is judged as that of a whole chunk.
const PROBATION: u64 = 1 << 16;

/// Encodes chunk after chunk of one column from batches of rows. `Send`; the bytes depend on the rows
/// and the options, never on how many rows came with a call.
pub struct PushEncoder {
    spec: ColumnSpec,
    options: WriterOptions,
    source: Box<dyn PageSource>,
    writer: PageWriter,
    page: PageBuf,
    /// Most rows of a chunk, if that is known.
    rows_max: Option<u64>,
    stores: Arc<dyn PageStoreFactory>,
    chunk: Option<Chunk>,
}

/// A chunk under way.
#[derive(Debug)]
struct Chunk {
    spool: ChunkSpool,
    tally: Tally,
    /// Rows taken.
    rows: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    /// No encoding yet.
    Sampling(Box<Sample>),
    Open(Open),
}

/// What the next page is made with.
#[derive(Debug)]
struct Open {
    encoding: Encoding,
    /// After a dictionary.
    fallback: Option<Encoding>,
    /// Pages of keys, and pages behind them.
    keyed_pages: u32,
    other_pages: u32,
    page_started: bool,
    /// A bloom filter is under way.
    bloom: bool,
}

impl fmt::Debug for PushEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushEncoder")
            .field("spec", &self.spec)
            .field("chunk", &self.chunk)
            .finish_non_exhaustive()
    }
}

impl PushEncoder {
    /// An encoder for a column, whose pages wait in stores of `stores`.
    ///
    /// # Errors
    /// An option out of its range, or one that the column cannot have, by name.
    pub fn new(
        spec: &ColumnSpec,
        options: &WriterOptions,
        stores: Arc<dyn PageStoreFactory>,
    ) -> Result<Self, OptionError> {
        let packing = Packing::new(spec.codec.unwrap_or(options.codec))?;
        Self::sharing(spec, options, stores, packing, None)
    }

    /// The same with a context of its codec that others use too, for chunks of at most `rows_max`.
    pub(super) fn sharing(
        spec: &ColumnSpec,
        options: &WriterOptions,
        stores: Arc<dyn PageStoreFactory>,
        packing: Arc<Mutex<Packing>>,
        rows_max: Option<u64>,
    ) -> Result<Self, OptionError> {
        options.check()?;
        spec.check(options)?;
        let codec = spec.codec.unwrap_or(options.codec);
        Ok(Self {
            spec: spec.clone(),
            options: options.clone(),
            source: source(spec, options)?,
            writer: PageWriter::new(PageFormat::of(options), codec, packing),
            page: PageBuf::default(),
            rows_max,
            stores,
            chunk: None,
        })
    }

    /// The column.
    #[must_use]
    pub fn spec(&self) -> &ColumnSpec {
        &self.spec
    }

    /// Rows of the chunk under way.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.chunk.as_ref().map_or(0, |chunk| chunk.rows)
    }

    /// Bytes on the heap, about: the page under way, the dictionary, what waits for the footer.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let chunk = self.chunk.as_ref().map_or(0, |chunk| {
            let sample = match &chunk.state {
                State::Sampling(sample) => sample.heap_bytes(),
                State::Open(_) => 0,
            };
            sample + chunk.tally.heap_bytes()
        });
        self.page.heap_bytes() + self.writer.heap_bytes() + self.source.heap_bytes() + chunk
    }

    /// Adds rows to the chunk under way, or to a new one. A SYMBOL column needs its dictionary. Nothing
    /// of `rows` is borrowed when the call returns.
    ///
    /// # Errors
    /// Bytes that are not what the column's format says, or a page that the store does not keep. The
    /// chunk is forgotten then; the encoder is good for another.
    pub fn write(
        &mut self,
        rows: &ColumnSlice<'_>,
        symbols: Option<&SymbolDict>,
    ) -> Result<(), EncodeError> {
        let mut chunk = match self.chunk.take() {
            Some(chunk) => chunk,
            None => self.start()?,
        };
        let slices = [*rows];
        let mut cursor = Cursor::behind(&slices, chunk.rows);
        if let State::Sampling(sample) = &mut chunk.state {
            sample.take(&mut cursor);
            if sample.is_full() {
                self.open(&mut chunk, symbols)?;
            }
        }
        if let State::Open(_) = chunk.state {
            self.add(&mut cursor, symbols, &mut chunk)?;
        }
        chunk.rows += rows.rows() as u64;
        self.chunk = Some(chunk);
        Ok(())
    }

    /// Forgets the chunk under way.
    pub(super) fn forget(&mut self) {
        self.chunk = None;
    }

    /// Ends the chunk under way. `symbols` as for the rows: they may all wait for a choice still.
    ///
    /// # Errors
    /// As for [`PushEncoder::write`]; the chunk is forgotten then.
    pub fn finish(&mut self, symbols: Option<&SymbolDict>) -> Result<SpooledChunk, EncodeError> {
        let mut chunk = match self.chunk.take() {
            Some(chunk) => chunk,
            None => self.start()?,
        };
        if let State::Sampling(_) = chunk.state {
            self.open(&mut chunk, symbols)?;
        }
        self.end_page(&mut chunk)?;
        let Chunk {
            mut spool,
            mut tally,
            state,
            ..
        } = chunk;
        let State::Open(open) = state else {
            return Ok(spool.finish(tally.finish(
                Encoding::Plain,
                &self.writer,
                &self.options,
                self.source.finish()?,
            )));
        };
        let grown = self
            .source
            .take_dictionary()
            .filter(|_| open.keyed_pages > 0);
        let mut facts = self.source.finish()?;
        facts.distinct = None;
        let mut encoding = open.encoding;
        if let Some(grown) = grown {
            encoding = Encoding::Dictionary;
            if open.other_pages > 0 {
                tally.fallback = Some((open.encoding, open.other_pages));
            } else {
                facts.distinct = grown.distinct;
            }
            let mut front = spool.front();
            let entries = grown.entries;
            let placed = self
                .writer
                .dictionary_buf(grown.page, entries, &mut front)?;
            drop(front);
            tally.put_dictionary(placed.len, entries);
        }
        let summary = tally.finish(encoding, &self.writer, &self.options, facts);
        // The pages are about to be taken from the store, one by one.
        self.release()?;
        Ok(spool.finish(summary))
    }

    /// Gives back all buffers.
    fn release(&mut self) -> Result<(), EncodeError> {
        self.page = PageBuf::default();
        self.writer.release();
        self.source = source(&self.spec, &self.options)?;
        Ok(())
    }

    fn start(&mut self) -> Result<Chunk, EncodeError> {
        let spool = ChunkSpool::new(self.stores.as_ref()).map_err(SinkError::from)?;
        self.source.start();
        let mut chunk = Chunk {
            spool,
            tally: Tally::new(&self.spec, &self.options),
            rows: 0,
            state: self.sampling(),
        };
        let candidates = candidates(&self.spec, &self.options);
        if let ([only], false) = (
            candidates.as_slice(),
            codec_is_open(&self.spec, &self.options),
        ) {
            let plan = Plan {
                encoding: *only,
                stored: false,
                fallback: None,
            };
            chunk.state = self.open_with(plan)?;
        }
        Ok(chunk)
    }

    fn sampling(&self) -> State {
        let layout = self.spec.column_type.layout();
        State::Sampling(Box::new(Sample::new(layout, self.options.page_bytes)))
    }

    /// Chooses an encoding by the sample, whose rows become the first of the first page.
    fn open(&mut self, chunk: &mut Chunk, symbols: Option<&SymbolDict>) -> Result<(), EncodeError> {
        let State::Sampling(sample) = std::mem::replace(&mut chunk.state, self.sampling()) else {
            return Ok(());
        };
        let sampled = sample.finish();
        let layout = |source| EncodeError::Layout {
            slice: 0,
            row: 0,
            source,
        };
        let slices = sampled.slices().map_err(layout)?;
        let mut scratch = Vec::new();
        let mut chooser = Chooser {
            spec: &self.spec,
            options: &self.options,
            source: self.source.as_mut(),
            writer: &mut self.writer,
            page: &mut self.page,
            scratch: &mut scratch,
            watch: None,
            entries_of_16_max: NEW_OF_16_MAX as u64,
            named: DictionaryLimits::NONE,
        };
        let plan = chooser.plan(&slices, symbols, rows::count(&slices))?;
        drop(scratch);
        // What trials took is more than most columns ever need.
        self.release()?;
        chunk.state = self.open_with(plan)?;
        self.add(&mut Cursor::new(&slices), symbols, chunk)
    }

    fn open_with(&mut self, plan: Plan) -> Result<State, EncodeError> {
        self.source.start();
        if plan.encoding == Encoding::Dictionary {
            // Whoever asks for a dictionary of fixed-width values by name has counted with its table.
            let bytes = self.options.dictionary_bytes;
            let named = self.spec.encoding.is_some() && widths(self.spec.column_type).is_some();
            self.source
                .set_growing(bytes, if named { usize::MAX } else { bytes });
        } else {
            self.source.set_encoding(plan.encoding);
        }
        self.writer.start(plan.stored);
        let bloom = bloom::wanted(&self.spec, &self.options, plan.encoding);
        if let Some(rate) = bloom {
            self.source.start_bloom(rate, self.rows_max)?;
        }
        Ok(State::Open(Open {
            encoding: plan.encoding,
            fallback: plan.fallback,
            keyed_pages: 0,
            other_pages: 0,
            page_started: false,
            bloom: bloom.is_some(),
        }))
    }

    /// Adds rows to pages; every page that is full goes to the store.
    fn add(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        symbols: Option<&SymbolDict>,
        chunk: &mut Chunk,
    ) -> Result<(), EncodeError> {
        let limits = PageLimits::of(&self.options);
        loop {
            let State::Open(open) = &mut chunk.state else {
                return Ok(());
            };
            if !open.page_started {
                self.page
                    .reset(gap(self.source.as_ref(), !self.spec.required, limits));
                self.source.start_page(limits, &mut self.page);
                open.page_started = true;
            }
            match self.source.add(rows, symbols, limits, &mut self.page)? {
                Added::Ended => return Ok(()),
                Added::Full => {
                    self.end_page(chunk)?;
                    if !self.dictionary_pays(chunk) {
                        self.leave_dictionary(chunk)?;
                    }
                }
                Added::DictionaryFull => {
                    self.end_page(chunk)?;
                    self.leave_dictionary(chunk)?;
                }
            }
        }
    }

    fn end_page(&mut self, chunk: &mut Chunk) -> Result<(), EncodeError> {
        let State::Open(open) = &mut chunk.state else {
            return Ok(());
        };
        if !std::mem::take(&mut open.page_started) {
            return Ok(());
        }
        let Some(filled) = self.source.end_page(&mut self.page) else {
            return Ok(());
        };
        let page = DataPage::of(&filled, open.encoding, self.source.levels());
        let placed = self
            .writer
            .data_page(&mut self.page, page, &mut chunk.spool)?;
        chunk.tally.add(filled, placed.offset, placed.len);
        trim(
            self.source.as_mut(),
            &self.writer,
            &mut self.page,
            &self.options,
        );
        let pages = match open.encoding {
            Encoding::Dictionary => &mut open.keyed_pages,
            _ => &mut open.other_pages,
        };
        *pages += 1;
        Ok(())
    }

    /// Whether the dictionary of a chunk has few enough entries for the values so far. One that was
    /// asked for by name always has.
    fn dictionary_pays(&self, chunk: &Chunk) -> bool {
        let State::Open(open) = &chunk.state else {
            return true;
        };
        if open.encoding != Encoding::Dictionary || self.spec.encoding.is_some() {
            return true;
        }
        let values = chunk.tally.present();
        let of_16 = if values < PROBATION {
            NEW_OF_16_MAX as u64
        } else {
            ENTRIES_OF_16_MAX
        };
        let (entries, _) = self.source.dictionary_size();
        (entries as u64).saturating_mul(16) <= values.saturating_mul(of_16)
    }

    /// Goes on without the dictionary.
    fn leave_dictionary(&mut self, chunk: &mut Chunk) -> Result<(), EncodeError> {
        let State::Open(open) = &mut chunk.state else {
            return Ok(());
        };
        let Some(fallback) = open.fallback else {
            return Err(EncodeError::DictionaryFull {
                limit: self.options.dictionary_bytes,
                row: chunk.tally.rows(),
            });
        };
        open.encoding = fallback;
        self.source.set_encoding(fallback);
        self.writer.forget_repeats();
        // The values of earlier pages are those of the dictionary, which comes last.
        let rate = bloom::wanted(&self.spec, &self.options, fallback);
        if let Some(rate) = rate.filter(|_| !open.bloom) {
            self.source.start_bloom(rate, self.rows_max)?;
            open.bloom = true;
        }
        Ok(())
    }
}
