//! From a page's levels and values to bytes in a sink: codec, checksum, header, pieces.
//!
//! One writer a chunk. It counts what it hands over, so that the offsets of the footer are the
//! offsets of the bytes and nothing is computed twice.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pq_format::{
    Codec, CodecError, Compressor, DataPageHeader, DataPageHeaderV2, DictionaryPageHeader,
    PageHeader, PageKind, Search, page_crc,
};

use super::buf::PageBuf;
use super::repeats::Repeats;
use crate::source::FilledPage;
use crate::{EncodeError, Encoding, PageSink, PageVersion, WriterOptions};

/// Room for a page header: the longest has about 50 bytes.
pub(crate) const HEADER_GAP: usize = 64;

/// The options of a chunk that concern its pages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageFormat {
    pub(crate) version: PageVersion,
    pub(crate) crc: bool,
}

impl PageFormat {
    /// As the options say.
    pub(crate) fn of(options: &WriterOptions) -> Self {
        Self {
            version: options.page_version,
            crc: options.crc,
        }
    }
}

/// What a data page's header says besides sizes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DataPage<'l> {
    pub(crate) rows: usize,
    /// Leaf slots.
    pub(crate) values: usize,
    /// Leaf slots without a value.
    pub(crate) nulls: usize,
    pub(crate) encoding: Encoding,
    /// Hybrid without a length; `None` if the column has no such level.
    pub(crate) repetition: Option<&'l [u8]>,
    pub(crate) definition: Option<&'l [u8]>,
}

impl<'l> DataPage<'l> {
    /// A page that a source filled, with the levels that it left.
    pub(crate) fn of(
        filled: &FilledPage,
        encoding: Encoding,
        (repetition, definition): (Option<&'l [u8]>, Option<&'l [u8]>),
    ) -> Self {
        Self {
            rows: filled.rows,
            values: filled.values,
            nulls: filled.nulls,
            encoding,
            repetition,
            definition,
        }
    }
}

/// Where a page went.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placed {
    /// From the start of the chunk.
    pub(crate) offset: u64,
    /// Header and body.
    pub(crate) len: u32,
}

/// A codec's context and the page that it makes. Both are large, and nobody uses two at a time in
/// one thread: the columns of a push writer share one.
#[derive(Debug)]
pub(crate) struct Packing {
    compressor: Compressor,
    packed: PageBuf,
}

impl Packing {
    /// The context of `codec`.
    pub(crate) fn new(codec: Codec) -> Result<Arc<Mutex<Self>>, CodecError> {
        Ok(Arc::new(Mutex::new(Self {
            compressor: Compressor::new(codec)?,
            packed: PageBuf::default(),
        })))
    }
}

/// One [`Packing`] a codec.
#[derive(Debug, Default)]
pub(crate) struct Packings(Vec<(Codec, Arc<Mutex<Packing>>)>);

impl Packings {
    /// The context of `codec`, made when it is asked for first.
    pub(crate) fn of(&mut self, codec: Codec) -> Result<Arc<Mutex<Packing>>, CodecError> {
        if let Some((_, packing)) = self.0.iter().find(|(made, _)| *made == codec) {
            return Ok(Arc::clone(packing));
        }
        let packing = Packing::new(codec)?;
        self.0.push((codec, Arc::clone(&packing)));
        Ok(packing)
    }

    /// Bytes on the heap, besides those of the codecs.
    pub(crate) fn heap_bytes(&self) -> usize {
        let packed = |packing: &Mutex<Packing>| {
            let packing = packing.lock().unwrap_or_else(PoisonError::into_inner);
            packing.packed.heap_bytes()
        };
        self.0.iter().map(|(_, packing)| packed(packing)).sum()
    }
}

/// Writes the pages of chunk after chunk.
#[derive(Debug)]
pub(crate) struct PageWriter {
    format: PageFormat,
    codec: Codec,
    packing: Arc<Mutex<Packing>>,
    /// The chunk is written as it is.
    stored: bool,
    repeats: Repeats,
    header: Vec<u8>,
    compressed_len: u64,
    uncompressed_len: u64,
}

impl PageWriter {
    /// A writer with the context of a codec, which others may share.
    pub(crate) fn new(format: PageFormat, codec: Codec, packing: Arc<Mutex<Packing>>) -> Self {
        Self {
            format,
            codec,
            packing,
            stored: codec == Codec::None,
            repeats: Repeats::default(),
            header: Vec::new(),
            compressed_len: 0,
            uncompressed_len: 0,
        }
    }

    fn packing(&self) -> MutexGuard<'_, Packing> {
        // What a panic left behind is overwritten before it is read.
        self.packing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a chunk, which is stored if its codec was found not to be worth it.
    pub(crate) fn start(&mut self, stored: bool) {
        self.stored = stored || self.codec == Codec::None;
        self.repeats = Repeats::default();
        self.compressed_len = 0;
        self.uncompressed_len = 0;
    }

    /// Pages from now on are of another kind.
    pub(crate) fn forget_repeats(&mut self) {
        self.repeats = Repeats::default();
    }

    /// The codec of the chunk.
    pub(crate) fn codec(&self) -> Codec {
        if self.stored { Codec::None } else { self.codec }
    }

    /// Bytes that `body`, which changes its nature at `cuts`, becomes in the codec, whether the chunk
    /// is stored or not.
    pub(crate) fn trial(&mut self, body: &[u8], cuts: &[usize]) -> Result<usize, EncodeError> {
        self.pack(&[], body, cuts, Search::On)
    }

    /// Bytes handed over, headers included.
    pub(crate) fn compressed_len(&self) -> u64 {
        self.compressed_len
    }

    /// The same without the codec.
    pub(crate) fn uncompressed_len(&self) -> u64 {
        self.uncompressed_len
    }

    /// Writes the dictionary page.
    pub(crate) fn dictionary_page(
        &mut self,
        plain: &[u8],
        entries: usize,
        sink: &mut dyn PageSink,
    ) -> Result<Placed, EncodeError> {
        let kind = dictionary_kind(entries)?;
        if self.stored {
            let mut packing = self.packing();
            packing.packed.reset(HEADER_GAP);
            packing.packed.tail().extend_from_slice(plain);
        } else {
            self.pack(&[], plain, &[], Search::On)?;
        }
        self.send_packed(kind, plain.len(), sink)
    }

    /// The same of a page that is not needed any more: it is not copied.
    pub(crate) fn dictionary_buf(
        &mut self,
        mut plain: PageBuf,
        entries: usize,
        sink: &mut dyn PageSink,
    ) -> Result<Placed, EncodeError> {
        if self.stored {
            let raw_len = plain.len();
            return self.send(dictionary_kind(entries)?, raw_len, &mut plain, sink);
        }
        self.dictionary_page(plain.bytes(), entries, sink)
    }

    /// Gives back the buffer of pages.
    pub(crate) fn release(&mut self) {
        self.packing().packed = PageBuf::default();
    }

    /// The same if it is larger than `bytes_max`, and a codec's context that had a larger page.
    pub(crate) fn trim(&self, bytes_max: usize) {
        let mut packing = self.packing();
        if packing.packed.heap_bytes() > bytes_max {
            packing.packed = PageBuf::default();
        }
        packing.compressor.trim(bytes_max);
    }

    /// Bytes on the heap, besides the codec's; none if they are shared.
    pub(crate) fn heap_bytes(&self) -> usize {
        if Arc::strong_count(&self.packing) > 1 {
            return 0;
        }
        self.packing().packed.heap_bytes()
    }

    /// Writes a data page: `body` holds the values and gets levels and header in front of them.
    pub(crate) fn data_page(
        &mut self,
        body: &mut PageBuf,
        page: DataPage<'_>,
        sink: &mut dyn PageSink,
    ) -> Result<Placed, EncodeError> {
        match self.format.version {
            PageVersion::V1 => self.data_page_v1(body, page, sink),
            PageVersion::V2 => self.data_page_v2(body, page, sink),
        }
    }

    /// Version 1: levels with their lengths and values go through the codec together.
    fn data_page_v1(
        &mut self,
        body: &mut PageBuf,
        page: DataPage<'_>,
        sink: &mut dyn PageSink,
    ) -> Result<Placed, EncodeError> {
        for levels in [page.definition, page.repetition].into_iter().flatten() {
            body.prepend(levels);
            body.prepend(&len_u32("bytes of levels", levels.len())?.to_le_bytes());
        }
        let raw_len = body.len();
        let kind = PageKind::Data(DataPageHeader::new(
            len_u32("values of a page", page.values)?,
            page.encoding.wire(),
        ));
        if self.stored {
            return self.send(kind, raw_len, body, sink);
        }
        let cuts: Vec<usize> = body.cuts().collect();
        self.pack_data(&[], body.bytes(), &cuts)?;
        self.send_packed(kind, raw_len, sink)
    }

    /// Version 2: levels stay as they are in front of the values.
    fn data_page_v2(
        &mut self,
        body: &mut PageBuf,
        page: DataPage<'_>,
        sink: &mut dyn PageSink,
    ) -> Result<Placed, EncodeError> {
        let levels = [
            page.repetition.unwrap_or(&[]),
            page.definition.unwrap_or(&[]),
        ];
        let raw_len = body.len() + levels[0].len() + levels[1].len();
        // A codec makes bytes out of none, which some readers then refuse.
        let compressed = !self.stored && body.len() > 0;
        let kind = PageKind::DataV2(DataPageHeaderV2 {
            num_values: len_u32("values of a page", page.values)?,
            num_nulls: len_u32("nulls of a page", page.nulls)?,
            num_rows: len_u32("rows of a page", page.rows)?,
            encoding: page.encoding.wire(),
            definition_levels_len: len_u32("bytes of levels", levels[1].len())?,
            repetition_levels_len: len_u32("bytes of levels", levels[0].len())?,
            is_compressed: compressed,
            statistics: None,
        });
        if compressed {
            let cuts: Vec<usize> = body.cuts().collect();
            self.pack_data(&levels, body.bytes(), &cuts)?;
            return self.send_packed(kind, raw_len, sink);
        }
        body.prepend(levels[1]);
        body.prepend(levels[0]);
        self.send(kind, raw_len, body, sink)
    }

    /// Compresses the body of a data page, and finds out now and then whether its like has repeats.
    fn pack_data(
        &mut self,
        head: &[&[u8]],
        body: &[u8],
        cuts: &[usize],
    ) -> Result<(), EncodeError> {
        if let Codec::Zstd(level) = self.codec
            && self.repeats.is_due(body.len())
        {
            let without = self.pack(head, body, cuts, Search::Off)?;
            let with = self.pack(head, body, cuts, Search::On)?;
            self.repeats
                .learn(body.len(), level.unsigned_abs(), with, without);
        } else {
            self.pack(head, body, cuts, self.repeats.search())?;
        }
        Ok(())
    }

    /// Compresses `body`, which changes its nature at `cuts`, behind `head`; returns the bytes that
    /// `body` became.
    fn pack(
        &mut self,
        head: &[&[u8]],
        body: &[u8],
        cuts: &[usize],
        search: Search,
    ) -> Result<usize, EncodeError> {
        let mut packing = self.packing();
        let Packing { compressor, packed } = &mut *packing;
        packed.reset(HEADER_GAP);
        for part in head {
            packed.tail().extend_from_slice(part);
        }
        Ok(compressor.compress_in_parts(body, cuts, search, packed.tail())?)
    }

    fn send_packed(
        &mut self,
        kind: PageKind,
        raw_len: usize,
        sink: &mut dyn PageSink,
    ) -> Result<Placed, EncodeError> {
        let mut packed = std::mem::take(&mut self.packing().packed);
        let placed = self.send(kind, raw_len, &mut packed, sink);
        self.packing().packed = packed;
        placed
    }

    /// Puts the header in front of a finished body and hands both over.
    fn send(
        &mut self,
        kind: PageKind,
        raw_len: usize,
        body: &mut PageBuf,
        sink: &mut dyn PageSink,
    ) -> Result<Placed, EncodeError> {
        let header = PageHeader {
            uncompressed_len: len_u32("bytes of a page", raw_len)?,
            compressed_len: len_u32("bytes of a page", body.len())?,
            crc: self.format.crc.then(|| page_crc(&[body.bytes()])),
            kind,
        };
        self.header.clear();
        let header_len = header.write(&mut self.header)?;
        body.prepend(&self.header);
        let offset = self.compressed_len;
        let len = len_u32("bytes of a page", body.len())?;
        let (buffer, start) = body.parts();
        sink.whole_page(buffer, start)?;
        self.compressed_len += u64::from(len);
        self.uncompressed_len += (raw_len + header_len) as u64;
        Ok(Placed { offset, len })
    }
}

fn dictionary_kind(entries: usize) -> Result<PageKind, EncodeError> {
    Ok(PageKind::Dictionary(DictionaryPageHeader {
        num_values: len_u32("dictionary entries", entries)?,
        encoding: pq_format::Encoding::Plain,
        is_sorted: None,
    }))
}

/// A count or length that the format keeps in 31 bits.
fn len_u32(what: &'static str, len: usize) -> Result<u32, EncodeError> {
    const LIMIT: u32 = i32::MAX.unsigned_abs();
    match u32::try_from(len) {
        Ok(len) if len <= LIMIT => Ok(len),
        _ => Err(EncodeError::TooLarge {
            what,
            limit: LIMIT.into(),
            found: len as u64,
        }),
    }
}
