//! One chunk: pages in, rows out.
//!
//! What all columns share, written once over [`Column`]: the dictionary, the levels, and moving
//! values to their rows. Every loop here runs over a page.

mod lists;
mod planned;

use pq_format::{Encoding, HybridDecoder, PageKind};

use crate::decoded::DecodedColumn;
use crate::error::{DecodeError, Fault};
use crate::facts::{ChunkFacts, LeafFacts};
use crate::index::PlannedPage;
use crate::limits::{Limits, SLOTS_PER_BYTE_AHEAD};
use crate::page::{
    Bits, Body, Highest, Page, Pages, Part, Split, Validity, definition, repetition,
};
use crate::values::Column;

pub(crate) use lists::decode_lists;

/// Dictionary keys looked at together.
const KEYS_AT_ONCE: usize = 1024;

/// What a call of the decoder is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Job<'a> {
    pub(crate) leaf: &'a LeafFacts,
    pub(crate) chunk: &'a ChunkFacts,
    /// Rows of the result.
    pub(crate) rows: usize,
    /// The chunk, or the bytes of `pages`.
    pub(crate) parts: &'a [Part<'a>],
    /// The data pages that are wanted; `None`: all.
    pub(crate) pages: Option<&'a [PlannedPage]>,
    pub(crate) limits: Limits,
}

/// Buffers that outlive a chunk.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    body: Body,
    bits: Bits,
    definition: Vec<u8>,
    repetition: Vec<u8>,
}

impl Scratch {
    pub(crate) fn trim(&mut self, bytes: usize) {
        self.body.trim(bytes);
        self.bits.trim(bytes);
        for levels in [&mut self.definition, &mut self.repetition] {
            if levels.capacity() > bytes {
                *levels = Vec::new();
            }
        }
    }
}

impl Job<'_> {
    /// The chunk's offset, for faults that no page has.
    pub(crate) fn fault(&self, fault: Fault) -> DecodeError {
        DecodeError {
            page: 0,
            offset: self.chunk.range.start,
            fault,
        }
    }

    fn highest(&self) -> Result<Highest, Fault> {
        let level =
            |what, level: u16| u8::try_from(level).map_err(|_| Fault::unsupported(what, level));
        Ok(Highest {
            repetition: level("repetition level", self.leaf.max_repetition)?,
            definition: level("definition level", self.leaf.max_definition)?,
        })
    }

    /// Whether how many slots there are is known: lists have more than rows, a page of them does not
    /// say how many.
    fn is_exact(&self) -> bool {
        self.pages.is_none() || self.leaf.max_repetition == 0
    }

    /// Slots, at most, of what is read, within the limits.
    fn slots(&self, entry_len: usize) -> Result<usize, Fault> {
        let slots = match self.pages.is_some() && self.is_exact() {
            true => self.rows,
            false => usize::try_from(self.chunk.num_values).unwrap_or(usize::MAX),
        };
        let max = usize::try_from(self.limits.slots_max).unwrap_or(usize::MAX);
        Fault::bound("slots_max", max, slots)?;
        let bytes = slots.saturating_mul(entry_len);
        Fault::bound("chunk_bytes_max", self.limits.chunk_bytes_max, bytes)?;
        Ok(slots)
    }
}

/// Where the values of a page belong.
trait Placement<E> {
    /// `entries[start..]` are the values of a page whose levels these are, the ones that are there
    /// only. `validity` says which definition levels were decoded.
    fn place(
        &mut self,
        entries: &mut Vec<E>,
        start: usize,
        levels: &PageLevels<'_>,
        null: E,
    ) -> Result<(), Fault>;
}

/// Decoded levels of a page.
struct PageLevels<'a> {
    count: usize,
    validity: Validity,
    /// Of flat columns, if not empty; otherwise `definition` has the levels.
    bits: &'a Bits,
    definition: &'a [u8],
    repetition: &'a [u8],
    highest: Highest,
}

/// The state of a chunk that is being decoded.
struct ChunkReader<C: Column> {
    column: C,
    dictionary: Option<Vec<C::Entry>>,
    entries: Vec<C::Entry>,
    /// Slots of the pages so far.
    slots: usize,
    /// Any page had a value.
    any: bool,
    /// Stored bytes of the chunk, which its values take at most about, until the first page with values
    /// of its own.
    expected: Option<usize>,
}

impl<C: Column> ChunkReader<C> {
    /// Decodes all pages of the chunk.
    fn run(
        &mut self,
        job: &Job<'_>,
        scratch: &mut Scratch,
        placement: &mut impl Placement<C::Entry>,
    ) -> Result<(), DecodeError> {
        let located = |fault| job.fault(fault);
        let slots = job.slots(size_of::<C::Entry>()).map_err(located)?;
        let highest = job.highest().map_err(located)?;
        let len: usize = job.parts.iter().map(|part| part.bytes.len()).sum();
        self.entries
            .reserve(slots.min(len.saturating_mul(SLOTS_PER_BYTE_AHEAD)));
        self.expected = Some(len);
        let mut pages = Pages::new(job.parts);
        let mut planned = job.pages.map(<[_]>::iter);
        while self.slots < slots || !job.is_exact() {
            let page = match pages.next() {
                Ok(Some(page)) => page,
                Ok(None) if !job.is_exact() => break,
                Ok(None) => {
                    let fault = Fault::corrupt("values of the chunk", slots, self.slots);
                    return Err(pages.locate(fault));
                }
                Err(fault) => return Err(pages.locate(fault)),
            };
            let expected = planned.as_mut().filter(|_| page.is_data());
            expected
                .map_or(Ok(()), |left| {
                    planned::check(left.next(), pages.offset(), &page, job.leaf)
                })
                .and_then(|()| self.page(job, &page, highest, slots, scratch, placement))
                .map_err(|fault| pages.locate(fault))?;
        }
        Ok(())
    }

    fn page(
        &mut self,
        job: &Job<'_>,
        page: &Page<'_>,
        highest: Highest,
        slots: usize,
        scratch: &mut Scratch,
        placement: &mut impl Placement<C::Entry>,
    ) -> Result<(), Fault> {
        let (codec, limit) = (job.chunk.codec, job.limits.page_bytes_max);
        if let PageKind::Dictionary(header) = &page.header.kind {
            let count = usize::try_from(header.num_values).unwrap_or(usize::MAX);
            let bytes = scratch.body.whole(codec, page, limit)?;
            return self.dictionary(header.encoding, bytes, count, &job.limits);
        }
        let Some(split) = scratch.body.split(codec, page, highest, limit)? else {
            return Ok(());
        };
        if split.count > slots - self.slots {
            let left = slots - self.slots;
            return Err(Fault::corrupt(
                "values of the page",
                format!("at most {left}"),
                split.count,
            ));
        }
        if highest.repetition > 0 {
            let levels = &mut scratch.repetition;
            repetition(split.repetition, highest.repetition, split.count, levels)?;
            if job.pages.is_some() {
                planned::check_start(levels)?;
            }
        }
        let validity = definition(
            split.definition,
            (highest.definition, highest.repetition == 0),
            split.count,
            &mut scratch.bits,
            &mut scratch.definition,
        )?;
        let present = match validity {
            Validity::All => split.count,
            Validity::None => 0,
            Validity::Some(n) => n,
        };
        if let Some(nulls) = split.nulls.filter(|_| highest.repetition == 0)
            && nulls != split.count - present
        {
            return Err(Fault::corrupt(
                "nulls of the page",
                nulls,
                split.count - present,
            ));
        }
        let start = self.entries.len();
        self.any |= present > 0;
        self.values(&split, present)?;
        self.slots += split.count;
        let levels = PageLevels {
            count: split.count,
            validity,
            bits: &scratch.bits,
            definition: &scratch.definition,
            repetition: &scratch.repetition,
            highest,
        };
        let null = self.column.null();
        placement.place(&mut self.entries, start, &levels, null)
    }

    fn dictionary(
        &mut self,
        encoding: Encoding,
        bytes: &[u8],
        count: usize,
        limits: &Limits,
    ) -> Result<(), Fault> {
        if self.dictionary.is_some() || self.slots > 0 {
            let expected = "one, before all data pages";
            return Err(Fault::corrupt("dictionary page", expected, "another"));
        }
        if !matches!(encoding, Encoding::Plain | Encoding::PlainDictionary) {
            return Err(Fault::unsupported("encoding of a dictionary", encoding));
        }
        let size = count.saturating_mul(size_of::<C::Entry>());
        Fault::bound("chunk_bytes_max", limits.chunk_bytes_max, size)?;
        let mut entries = Vec::new();
        if count > 0 {
            self.column
                .values(Encoding::Plain, bytes, count, &mut entries)?;
        }
        self.dictionary = Some(entries);
        Ok(())
    }

    /// Appends the values of a page that are there.
    fn values(&mut self, split: &Split<'_>, present: usize) -> Result<(), Fault> {
        if present == 0 {
            // Whatever bytes there are, no encoding asks for any.
            return Ok(());
        }
        if !matches!(
            split.encoding,
            Encoding::RleDictionary | Encoding::PlainDictionary
        ) {
            let (encoding, bytes) = (split.encoding, split.values);
            if let Some(len) = self.expected.take() {
                self.column.expect(len);
            }
            let start = self.entries.len();
            self.column
                .values(encoding, bytes, present, &mut self.entries)?;
            return self
                .column
                .check(self.entries.get(start..).unwrap_or_default());
        }
        let missing = || Fault::corrupt("dictionary page", "one before this page", "none");
        let dictionary = self.dictionary.as_deref().ok_or_else(missing)?;
        let start = self.entries.len();
        gather(dictionary, split.values, present, &mut self.entries)?;
        self.column
            .check(self.entries.get(start..).unwrap_or_default())
    }
}

/// Appends the entries that `count` keys name.
fn gather<E: Copy>(
    dictionary: &[E],
    bytes: &[u8],
    count: usize,
    out: &mut Vec<E>,
) -> Result<(), Fault> {
    let (width, bytes) = bytes
        .split_first()
        .ok_or_else(|| Fault::truncated("bit width of keys", 1, 0))?;
    let mut decoder = HybridDecoder::new(bytes, *width)?;
    let wrong = |key: u32| {
        let expected = format!("below {}", dictionary.len());
        Fault::corrupt("dictionary key", expected, key)
    };
    let first = *dictionary.first().ok_or_else(|| wrong(0))?;
    let mut keys = [0u32; KEYS_AT_ONCE];
    let mut left = count;
    while left > 0 {
        let n = left.min(KEYS_AT_ONCE);
        let keys = keys.get_mut(..n).unwrap_or_default();
        decoder.read(keys)?;
        let highest = keys.iter().copied().max().unwrap_or(0);
        if highest as usize >= dictionary.len() {
            return Err(wrong(highest));
        }
        out.extend(
            keys.iter()
                .map(|key| *dictionary.get(*key as usize).unwrap_or(&first)),
        );
        left -= n;
    }
    Ok(())
}

/// Rows of a flat column: a slot each.
struct Flat;

impl<E: Copy> Placement<E> for Flat {
    fn place(
        &mut self,
        entries: &mut Vec<E>,
        start: usize,
        levels: &PageLevels<'_>,
        null: E,
    ) -> Result<(), Fault> {
        match levels.validity {
            Validity::All => {}
            Validity::None => entries.resize(start + levels.count, null),
            Validity::Some(present) => {
                entries.resize(start + levels.count, null);
                let rows = entries.get_mut(start..).unwrap_or_default();
                if !levels.bits.is_empty() {
                    levels.bits.spread(rows, present, null);
                    return Ok(());
                }
                spread(
                    rows,
                    present,
                    levels.definition,
                    levels.highest.definition,
                    null,
                );
            }
        }
        Ok(())
    }
}

/// Moves the first `present` of `rows` to where `levels` is `highest`, from the back.
fn spread<E: Copy>(rows: &mut [E], present: usize, levels: &[u8], highest: u8, null: E) {
    let mut next = present;
    for (row, level) in levels.iter().enumerate().rev() {
        let there = *level == highest;
        next -= usize::from(there);
        let value = rows.get(next).copied().unwrap_or(null);
        if let Some(slot) = rows.get_mut(row) {
            *slot = if there { value } else { null };
        }
    }
}

/// Decodes a column without lists.
pub(crate) fn decode_flat<C: Column>(
    job: &Job<'_>,
    scratch: &mut Scratch,
    column: C,
) -> Result<DecodedColumn, DecodeError> {
    if job.pages.is_none() && job.chunk.num_values != job.rows as u64 {
        let fault = Fault::corrupt("values of the chunk", job.rows, job.chunk.num_values);
        return Err(job.fault(fault));
    }
    let mut reader = ChunkReader::new(column);
    reader.run(job, scratch, &mut Flat)?;
    let empty = !reader.any && reader.column.absent_is_null();
    let decoded = reader.column.finish(reader.entries);
    Ok(match empty {
        true => decoded.without_values(),
        false => decoded,
    })
}

impl<C: Column> ChunkReader<C> {
    fn new(column: C) -> Self {
        Self {
            column,
            dictionary: None,
            entries: Vec::new(),
            slots: 0,
            any: false,
            expected: None,
        }
    }
}
