//! Which encoding a chunk gets, and whether its codec is worth it.
//!
//! A pure function of the chunk's rows and the options: never of threads, memory or the cuts between
//! partitions (property P2). What was asked for by name always wins. Everything else is tried on a
//! sample and compared by what it would take in the file, with a small price on every byte that the
//! codec has to chew: at equal size the encoding that leaves less to the codec is several times
//! faster.

mod trial;

use column_format::{ColumnSlice, ColumnType, SymbolDict};
use pq_format::Codec;

use self::trial::{Depth, cheapest};
use crate::fixed::column::widths;
use crate::page::buf::PageBuf;
use crate::page::writer::PageWriter;
use crate::probe::Probe;
use crate::rows::Cursor;
use crate::sample::{STRIPE_ROWS, Sample, starts};
use crate::source::{DictionaryLimits, PageSource};
use crate::{ColumnSpec, EncodeError, Encoding, PageVersion, RowWatch, WriterOptions};

/// A sample in which fewer of 16 values are new is worth a look at the whole chunk's dictionary, where
/// rows are seen once.
pub(crate) const NEW_OF_16_MAX: usize = 15;

/// A dictionary of the whole chunk pays with at most this many entries for 16 rows.
pub(crate) const ENTRIES_OF_16_MAX: u64 = 8;

/// What was decided for a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) encoding: Encoding,
    /// The codec gains too little.
    pub(crate) stored: bool,
    /// What comes after a dictionary that stops paying.
    pub(crate) fallback: Option<Encoding>,
}

/// The encodings that a column's chunks are chosen from, in order of preference at equal size; one
/// if it was asked for by name (parquet.md §1).
#[must_use]
pub fn candidates(spec: &ColumnSpec, options: &WriterOptions) -> Vec<Encoding> {
    use ColumnType as T;
    use Encoding as E;
    if let Some(encoding) = spec.encoding {
        return vec![encoding];
    }
    let codec = spec.codec.unwrap_or(options.codec);
    let all: &[Encoding] = match spec.column_type {
        T::Boolean if options.page_version == PageVersion::V2 => &[E::Rle],
        T::Timestamp(_) if spec.designated => &[E::Delta],
        T::Array { .. } if options.raw_arrays => &[E::Plain],
        // Without a codec, split bytes are as many as before.
        T::Array { .. } | T::Boolean if codec == Codec::None => &[E::Plain],
        T::Array { .. } => &[E::ByteStreamSplit, E::Plain],
        T::Float | T::Double if codec == Codec::None => &[E::Dictionary, E::Plain],
        T::Float | T::Double => &[E::Dictionary, E::ByteStreamSplit, E::Plain],
        T::String | T::Varchar | T::Symbol | T::Binary => &[E::Dictionary, E::DeltaLength],
        T::Long | T::Date | T::Timestamp(_) => &[E::Delta, E::Dictionary, E::Plain],
        T::Byte | T::Short | T::Char | T::Int | T::Ipv4 | T::Geohash { .. } => {
            &[E::Dictionary, E::Delta, E::Plain]
        }
        T::Boolean => &[E::Plain],
        // BYTE_STREAM_SPLIT is legal for fixed-length bytes, and news to many readers.
        T::Uuid | T::Long128 | T::Long256 | T::Decimal { .. } => &[E::Dictionary, E::Plain],
    };
    all.to_vec()
}

/// Whether a chunk may be stored for want of gain.
pub(crate) fn codec_is_open(spec: &ColumnSpec, options: &WriterOptions) -> bool {
    spec.codec.is_none() && options.codec != Codec::None && options.min_gain_percent > 0
}

/// Decides over one chunk.
pub(crate) struct Chooser<'c> {
    pub(crate) spec: &'c ColumnSpec,
    pub(crate) options: &'c WriterOptions,
    pub(crate) source: &'c mut dyn PageSource,
    pub(crate) writer: &'c mut PageWriter,
    pub(crate) page: &'c mut PageBuf,
    pub(crate) scratch: &'c mut Vec<u8>,
    pub(crate) watch: Option<&'c dyn RowWatch>,
    /// A dictionary pays with at most this many entries for 16 rows.
    pub(crate) entries_of_16_max: u64,
    /// What a dictionary may hold that was asked for by name.
    pub(crate) named: DictionaryLimits,
}

impl Chooser<'_> {
    /// Settles encoding and codec of the chunk and leaves the source ready for its first page.
    pub(crate) fn plan(
        &mut self,
        slices: &[ColumnSlice<'_>],
        symbols: Option<&SymbolDict>,
        rows: u64,
    ) -> Result<Plan, EncodeError> {
        let candidates = candidates(self.spec, self.options);
        let fallback = candidates
            .iter()
            .copied()
            .find(|e| *e != Encoding::Dictionary);
        let named = self.spec.encoding.is_some();
        let plan = if candidates.len() == 1 && !self.codec_is_open() {
            None
        } else {
            // A row of the sample that cannot be read is a row of the chunk: the pages will say so,
            // and name it better.
            match self.best(&candidates, slices, symbols, rows) {
                Err(EncodeError::Stopped) => return Err(EncodeError::Stopped),
                best => best.unwrap_or(None),
            }
        };
        if let Some(plan) = plan {
            return Ok(plan);
        }
        self.source.start();
        let encoding = match fallback {
            Some(encoding) => encoding,
            None if self.find_entries(slices, symbols, rows, named)? => Encoding::Dictionary,
            // It was asked for by name, and nothing else will do.
            None => {
                let limit = (self.named.bytes as u64).min(u64::from(u32::MAX));
                return Err(EncodeError::TooLarge {
                    what: "bytes of the dictionary that was asked for",
                    limit,
                    found: limit.saturating_add(1),
                });
            }
        };
        self.source.set_encoding(encoding);
        Ok(Plan {
            encoding,
            stored: false,
            fallback,
        })
    }

    /// Tries the candidates on a sample.
    fn best(
        &mut self,
        candidates: &[Encoding],
        slices: &[ColumnSlice<'_>],
        symbols: Option<&SymbolDict>,
        rows: u64,
    ) -> Result<Option<Plan>, EncodeError> {
        if let Some(watch) = self.watch {
            let len = STRIPE_ROWS as u64;
            let stripe = |start: u64| start..start.saturating_add(len).min(rows);
            if !starts(rows).into_iter().all(|at| watch.sample(stripe(at))) {
                return Err(EncodeError::Stopped);
            }
        }
        let sample = Sample::of(slices, symbols, rows);
        let others: Vec<Encoding> = candidates
            .iter()
            .copied()
            .filter(|e| *e != Encoding::Dictionary)
            .collect();
        let with_dictionary = candidates.contains(&Encoding::Dictionary);
        // Of a dictionary that was asked for by name, what a codec makes of it is all that is asked.
        let probe = if with_dictionary && !others.is_empty() {
            self.probe(&sample)?
        } else {
            None
        };
        let has_rounds = probe.as_ref().is_some_and(Probe::has_rounds);
        let depth = match &probe {
            Some(probe) if !has_rounds && probe.is_told_by_few() => Depth::First,
            _ => Depth::All,
        };
        let trials = self.try_all(&others, &sample, depth)?;
        let best = cheapest(&trials);
        if with_dictionary {
            let named = self.spec.encoding.is_some();
            let worth_a_look =
                has_rounds || probe.is_none_or(|probe| self.dictionary_may_pay(&probe, rows));
            if worth_a_look && self.find_entries(slices, symbols, rows, named)? {
                let trial = self.try_dictionary(&sample, depth)?;
                if best.is_none_or(|best| trial.cost() <= best.cost()) {
                    // The source is set to the dictionary already.
                    return Ok(Some(trial.plan(best.map(|best| best.encoding))));
                }
            }
        }
        let best = self.best_of(trials, &sample, depth)?;
        if let Some(best) = best {
            self.source.start();
            self.source.set_encoding(best.encoding);
        }
        Ok(best.map(|best| best.plan(None)))
    }

    /// Whether the values of the sample make a look at all of the chunk's worth it.
    fn dictionary_may_pay(&self, probe: &Probe, rows: u64) -> bool {
        let bytes_max = self.options.dictionary_bytes;
        // Symbols repeat: that is what they are for. Texts need not: in a dictionary they are one page,
        // larger than others, in which the codec finds more.
        self.spec.column_type == ColumnType::Symbol
            || widths(self.spec.column_type).is_none() && probe.fits_whole(rows, bytes_max)
            || probe.repeats(rows, bytes_max)
    }

    fn codec_is_open(&self) -> bool {
        codec_is_open(self.spec, self.options)
    }

    /// Finds the entries of the chunk's dictionary. `false` if there are too many to pay.
    fn find_entries(
        &mut self,
        slices: &[ColumnSlice<'_>],
        symbols: Option<&SymbolDict>,
        row_count: u64,
        named: bool,
    ) -> Result<bool, EncodeError> {
        let limits = if named {
            self.named
        } else {
            let entries = row_count.saturating_mul(self.entries_of_16_max) / 16;
            let entries = usize::try_from(entries).unwrap_or(usize::MAX);
            DictionaryLimits {
                entries,
                bytes: self.options.dictionary_bytes,
            }
        };
        let mut rows = Cursor::new(slices).watched(self.watch, false);
        let found = self.source.find_entries(&mut rows, symbols, limits)?;
        if rows.is_stopped() {
            return Err(EncodeError::Stopped);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::writer::{Packing, PageFormat};
    use crate::text::chunk::TextSource;
    use column_format::{Layout, VarcharWriter};

    #[test]
    fn a_dictionary_asked_for_by_name_that_cannot_be_is_an_error_and_not_plain() {
        let mut rows = VarcharWriter::new();
        for value in [b"one value", b"one value", b"two value"] {
            rows.push(Some(value)).unwrap();
        }
        let (aux, data) = rows.take();
        let slice = ColumnSlice::new(Layout::Varchar, &aux, &data, 3).unwrap();
        let column = ColumnSpec::new("c", ColumnType::Varchar).with_encoding(Encoding::Dictionary);
        let options = WriterOptions::default();
        for (bytes, is_right) in [(2 * 13, true), (2 * 13 - 1, false)] {
            let mut source = TextSource::new(ColumnType::Varchar, true, true).unwrap();
            let mut chooser = Chooser {
                spec: &column,
                options: &options,
                source: &mut source,
                writer: &mut PageWriter::new(
                    PageFormat::of(&options),
                    Codec::None,
                    Packing::new(Codec::None).unwrap(),
                ),
                page: &mut PageBuf::default(),
                scratch: &mut Vec::new(),
                watch: None,
                entries_of_16_max: ENTRIES_OF_16_MAX,
                named: DictionaryLimits {
                    bytes,
                    ..DictionaryLimits::NONE
                },
            };
            match chooser.plan(&[slice], None, 3) {
                Ok(plan) => assert!(is_right && plan.encoding == Encoding::Dictionary),
                Err(error) => {
                    assert!(
                        matches!(error, EncodeError::TooLarge { limit, .. } if limit == bytes as u64)
                    );
                    assert!(!is_right);
                }
            }
        }
    }
}
