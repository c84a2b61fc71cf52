//! Candidates tried on a sample, and what they cost.
//!
//! Trying is encoding and compressing, which is what the pages cost: a chunk of thirty thousand rows paid
//! as much for its choice as for itself. So candidates are tried on the first rows of each stripe, and on
//! all of them only where that could change the answer: those that come close, and rows that come
//! in rounds, which a codec does not find in fewer.

use pq_format::Codec;

use super::{Chooser, Plan};
use crate::probe::Probe;
use crate::rows::Cursor;
use crate::sample::{FIRST_ROWS, STRIPE_ROWS, STRIPES, Sample};
use crate::source::PageLimits;
use crate::{EncodeError, Encoding};

/// Bytes into the codec that weigh as much as one byte in the file.
const CODEC_BYTES: u64 = 20;

/// Bytes of a stripe of the sample whatever the pages are: in a few hundred every encoding is its
/// header.
const STRIPE_BYTES_MIN: usize = 16 << 10;

/// On the first rows, a candidate that costs more than this many percent of the cheapest is dropped.
const CLOSE_PERCENT: u64 = 106;

/// On the first rows, a gain of the codec within this many percent of the one that is asked for is
/// no answer.
const UNSURE_PERCENT: u64 = 3;

/// Bytes of a dictionary that are compressed to estimate what it becomes.
const DICTIONARY_SAMPLE: usize = 512 << 10;

/// What a sample became.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trial {
    pub(super) encoding: Encoding,
    /// Bytes of the chunk by the sample, before and after the codec.
    raw: u64,
    packed: u64,
    stored: bool,
}

impl Trial {
    pub(super) fn plan(self, fallback: Option<Encoding>) -> Plan {
        Plan {
            encoding: self.encoding,
            stored: self.stored,
            fallback,
        }
    }

    /// What the chunk costs.
    pub(super) fn cost(&self) -> u64 {
        if self.stored {
            self.raw
        } else {
            self.packed + self.raw / CODEC_BYTES
        }
    }
}

/// The first of the cheapest.
pub(super) fn cheapest(trials: &[Trial]) -> Option<Trial> {
    trials.iter().copied().min_by_key(Trial::cost)
}

/// How much of the sample a candidate is tried on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// The first rows of each stripe: enough to drop what is hopeless.
    First,
    All,
}

impl Chooser<'_> {
    /// Tries `candidates`, which need no dictionary.
    pub(super) fn try_all(
        &mut self,
        candidates: &[Encoding],
        sample: &Sample<'_>,
        depth: Depth,
    ) -> Result<Vec<Trial>, EncodeError> {
        let mut trials = Vec::with_capacity(candidates.len());
        for encoding in candidates {
            self.source.set_encoding(*encoding);
            trials.push(self.try_encoding(*encoding, sample, depth)?);
        }
        Ok(trials)
    }

    /// Tries the dictionary that was found.
    pub(super) fn try_dictionary(
        &mut self,
        sample: &Sample<'_>,
        depth: Depth,
    ) -> Result<Trial, EncodeError> {
        let encoding = Encoding::Dictionary;
        self.source.set_encoding(encoding);
        let trial = self.try_encoding(encoding, sample, depth)?;
        if depth == Depth::First && self.is_unsure(&trial) {
            return self.try_encoding(encoding, sample, Depth::All);
        }
        Ok(trial)
    }

    /// The best of what was tried: those that come close on the first rows are tried on all of them.
    pub(super) fn best_of(
        &mut self,
        mut trials: Vec<Trial>,
        sample: &Sample<'_>,
        depth: Depth,
    ) -> Result<Option<Trial>, EncodeError> {
        let limit = cheapest(&trials).map_or(0, |best| best.cost().saturating_mul(CLOSE_PERCENT));
        trials.retain(|trial| trial.cost().saturating_mul(100) <= limit);
        // Without a codec, a few rows are as good as many.
        let is_clear = match trials.as_slice() {
            [only] => !self.is_unsure(only),
            several => several
                .iter()
                .all(|trial| trial.stored && !self.is_unsure(trial)),
        };
        if depth == Depth::First && !is_clear {
            let close: Vec<Encoding> = trials.iter().map(|trial| trial.encoding).collect();
            trials = self.try_all(&close, sample, Depth::All)?;
        }
        Ok(cheapest(&trials))
    }

    /// Whether a few rows more could tell that the codec gains enough, or that it does not.
    fn is_unsure(&self, trial: &Trial) -> bool {
        let percent = self.percent_max();
        let packed = trial.packed.saturating_mul(100);
        self.codec_is_open()
            && packed
                >= trial
                    .raw
                    .saturating_mul(percent.saturating_sub(UNSURE_PERCENT))
            && packed < trial.raw.saturating_mul(percent + UNSURE_PERCENT)
    }

    /// Looks at the values of the sample; `None` if all of a small chunk is tried anyway.
    pub(super) fn probe(&mut self, sample: &Sample<'_>) -> Result<Option<Probe>, EncodeError> {
        if sample.chunk_rows <= STRIPE_ROWS as u64 {
            return Ok(None);
        }
        let mut probe = Probe::new(sample.stripes.len());
        let limits = self.all_of_a_stripe();
        for stripe in &sample.stripes {
            let mut cursor = Cursor::new(stripe);
            self.source
                .hash(&mut cursor, sample.symbols, limits.bytes, &mut probe)?;
        }
        Ok(Some(probe))
    }

    /// Encodes the sample in `encoding`, which the source is set to; leaves everything forgotten that
    /// belongs to pages.
    fn try_encoding(
        &mut self,
        encoding: Encoding,
        sample: &Sample<'_>,
        depth: Depth,
    ) -> Result<Trial, EncodeError> {
        let limits = self.trial_limits(encoding, depth);
        // A row as large as all stripes is sample enough: four of them are not compressed.
        let row_max = STRIPES * self.all_of_a_stripe().bytes;
        self.source.rewind(true);
        self.scratch.clear();
        let (mut sampled, mut cuts) = (0, Vec::new());
        for stripe in &sample.stripes {
            self.page.reset(self.source.gap(limits));
            let mut cursor = Cursor::new(stripe);
            if let Some(filled) =
                self.source
                    .fill(&mut cursor, sample.symbols, limits, self.page)?
            {
                let (repetition, definition) = self.source.levels();
                for part in [repetition, definition].into_iter().flatten() {
                    self.scratch.extend_from_slice(part);
                }
                // The codec is told of the same changes as in pages.
                let start = self.scratch.len();
                cuts.push(start);
                cuts.extend(self.page.cuts().map(|cut| start + cut));
                self.scratch.extend_from_slice(self.page.bytes());
                sampled += filled.rows as u64;
                if self.page.len() > row_max {
                    break;
                }
            }
        }
        self.source.rewind(false);
        let dictionary = self.source.dictionary().map_or(&[][..], |(plain, _)| plain);
        let scale = |bytes: usize| {
            let bytes = u128::from(bytes as u64) * u128::from(sample.chunk_rows);
            u64::try_from(bytes / u128::from(sampled.max(1))).unwrap_or(u64::MAX)
        };
        let mut raw = scale(self.scratch.len()) + dictionary.len() as u64;
        let entries = dictionary.get(..DICTIONARY_SAMPLE).unwrap_or(dictionary);
        let entries_packed = self.writer.trial(entries, &[])? as u64;
        let packed = scale(self.writer.trial(self.scratch, &cuts)?)
            + entries_packed.saturating_mul(dictionary.len() as u64) / entries.len().max(1) as u64;
        if self.scratch.capacity() > 2 * row_max {
            // A large value, which is in the page as well.
            *self.scratch = Vec::new();
        }
        raw = raw.max(1);
        let gains = packed.saturating_mul(100) <= raw.saturating_mul(self.percent_max());
        let stored = self.writer_codec() == Codec::None || self.codec_is_open() && !gains;
        Ok(Trial {
            encoding,
            raw,
            packed,
            stored,
        })
    }

    /// What a codec may leave of a chunk, in percent.
    fn percent_max(&self) -> u64 {
        u64::from(100 - self.options.min_gain_percent.min(100))
    }

    fn all_of_a_stripe(&self) -> PageLimits {
        PageLimits {
            bytes: (self.options.page_bytes / STRIPES).max(STRIPE_BYTES_MIN),
            rows: STRIPE_ROWS,
        }
    }

    /// Most rows and bytes of a stripe that are tried. Split bytes get all: one code for all of them, which
    /// the codec makes of a few rows, says nothing about pages.
    fn trial_limits(&self, encoding: Encoding, depth: Depth) -> PageLimits {
        let all = self.all_of_a_stripe();
        if depth == Depth::All || encoding == Encoding::ByteStreamSplit {
            return all;
        }
        PageLimits {
            bytes: (all.bytes / 4).max(STRIPE_BYTES_MIN),
            rows: FIRST_ROWS,
        }
    }

    fn writer_codec(&self) -> Codec {
        self.spec.codec.unwrap_or(self.options.codec)
    }
}
