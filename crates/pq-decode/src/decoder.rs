//! `Decoder`: a chunk's bytes to the column that a table wants.
//!
//! Which loop runs is decided once a chunk, from what is stored and what is wanted; a pair without
//! a rule is refused by name, before anything is read.

mod rules;

use column_format::ColumnType;

use crate::chunk::{Job, Scratch, decode_flat, decode_lists};
use crate::decoded::DecodedColumn;
use crate::error::{DecodeError, Fault};
use crate::facts::{ChunkFacts, LeafFacts};
use crate::index::PagePlan;
use crate::limits::Limits;
use crate::page::Part;
use crate::values::{
    ArrayEntries, BinaryEntries, BooleanColumn, BytesColumn, Convert, Copied, FixedColumn, Narrow,
    Rescaled, Reversed, StringEntries, Swapped, SymbolEntries, ToDouble, ToFloat, ToWide,
    Unsigned16, VarcharEntries,
};

use rules::{Plan, PlanName, lacks_null, plan};

/// The key of a text (UTF-8) in a table's dictionary of symbols.
pub type SymbolKeys<'a> = dyn Fn(&[u8]) -> Option<u32> + 'a;

/// Decodes chunks one after the other, with reused buffers and codec contexts.
#[derive(Debug, Default)]
pub struct Decoder {
    limits: Limits,
    scratch: Scratch,
}

impl Decoder {
    /// A decoder with these limits.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Gives back buffers that grew beyond `bytes` each.
    pub fn trim(&mut self, bytes: usize) {
        self.scratch.trim(bytes);
    }

    /// Whether a leaf can be decoded as a column of type `wanted`.
    ///
    /// # Errors
    /// [`Fault::Conversion`] with both types.
    pub fn check(leaf: &LeafFacts, wanted: ColumnType) -> Result<(), Fault> {
        plan(leaf, wanted).map(|_| ())
    }

    /// Whether the bounds of a chunk are those of its values as a column of type `wanted`.
    #[must_use]
    pub fn keeps_bounds(leaf: &LeafFacts, wanted: ColumnType) -> bool {
        plan(leaf, wanted) == Ok(Plan::Copied(8))
    }

    /// Decodes a chunk: `bytes` are exactly those of [`ChunkFacts::range`], `rows` the rows of its
    /// group. A value that is not there is NULL, or false / 0 in types that have no null. `symbols`
    /// is needed for SYMBOL.
    ///
    /// # Errors
    /// [`DecodeError`] with page and offset.
    pub fn decode(
        &mut self,
        leaf: &LeafFacts,
        chunk: &ChunkFacts,
        rows: u64,
        bytes: &[u8],
        wanted: ColumnType,
        symbols: Option<&SymbolKeys<'_>>,
    ) -> Result<DecodedColumn, DecodeError> {
        let part = Part {
            base: chunk.range.start,
            bytes,
        };
        let job = Job {
            leaf,
            chunk,
            rows: usize::try_from(rows).unwrap_or(usize::MAX),
            parts: &[part],
            pages: None,
            limits: self.limits,
        };
        let len = chunk.range.end.saturating_sub(chunk.range.start);
        if len != bytes.len() as u64 {
            return Err(job.fault(Fault::corrupt("bytes of the chunk", len, bytes.len())));
        }
        self.run(&job, wanted, symbols)
    }

    /// Decodes some pages of a chunk: `parts` are exactly the bytes of [`PagePlan::ranges`], the rows
    /// those of [`PagePlan::rows`]. Otherwise as [`Decoder::decode`].
    ///
    /// # Errors
    /// As [`Decoder::decode`]; pages that are not where or what the plan says.
    pub fn decode_pages(
        &mut self,
        leaf: &LeafFacts,
        chunk: &ChunkFacts,
        plan: &PagePlan,
        parts: &[&[u8]],
        wanted: ColumnType,
        symbols: Option<&SymbolKeys<'_>>,
    ) -> Result<DecodedColumn, DecodeError> {
        let ranges = plan.ranges().iter();
        let found = ranges.zip(parts).map(|(range, bytes)| Part {
            base: range.start,
            bytes,
        });
        let found: Vec<_> = found.collect();
        let job = Job {
            leaf,
            chunk,
            rows: usize::try_from(plan.rows()).unwrap_or(usize::MAX),
            parts: &found,
            pages: Some(plan.pages()),
            limits: self.limits,
        };
        let wrong = plan
            .ranges()
            .iter()
            .zip(parts)
            .find(|(range, bytes)| range.end.saturating_sub(range.start) != bytes.len() as u64);
        if let Some((range, bytes)) = wrong {
            let len = range.end.saturating_sub(range.start);
            return Err(job.fault(Fault::corrupt("bytes of the pages", len, bytes.len())));
        }
        if parts.len() != plan.ranges().len() {
            let (expected, found) = (plan.ranges().len(), parts.len());
            return Err(job.fault(Fault::corrupt("parts of the chunk", expected, found)));
        }
        self.run(&job, wanted, symbols)
    }

    fn run(
        &mut self,
        job: &Job<'_>,
        wanted: ColumnType,
        symbols: Option<&SymbolKeys<'_>>,
    ) -> Result<DecodedColumn, DecodeError> {
        let plan = plan(job.leaf, wanted).map_err(|fault| job.fault(fault))?;
        let limit = self.limits.chunk_bytes_max;
        let scratch = &mut self.scratch;
        match plan {
            Plan::Boolean => decode_flat(job, scratch, BooleanColumn),
            Plan::Lists(dims) => decode_lists(job, scratch, dims),
            Plan::Varchar => bytes_column(job, scratch, VarcharEntries::new(limit)),
            Plan::String => bytes_column(job, scratch, StringEntries::new(limit)),
            Plan::Binary => bytes_column(job, scratch, BinaryEntries::new(limit)),
            Plan::RawArrays(dims) => bytes_column(job, scratch, ArrayEntries::new(dims, limit)),
            Plan::Symbol => {
                let none = |_: &[u8]| None;
                let keys = symbols.unwrap_or(&none);
                bytes_column(job, scratch, SymbolEntries::new(keys))
            }
            plan => decode_fixed(job, scratch, wanted, plan),
        }
    }
}

fn bytes_column<E: crate::values::Entries>(
    job: &Job<'_>,
    scratch: &mut Scratch,
    entries: E,
) -> Result<DecodedColumn, DecodeError> {
    let column = BytesColumn::new(entries, job.limits.chunk_bytes_max);
    decode_flat(job, scratch, column)
}

fn decode_fixed(
    job: &Job<'_>,
    scratch: &mut Scratch,
    wanted: ColumnType,
    plan: Plan,
) -> Result<DecodedColumn, DecodeError> {
    match plan {
        Plan::Narrow(1) => fixed::<4, 1>(job, scratch, wanted, Narrow),
        Plan::Narrow(_) => fixed::<4, 2>(job, scratch, wanted, Narrow),
        Plan::Unsigned16 => fixed::<4, 2>(job, scratch, wanted, Unsigned16),
        Plan::Copied(1) => fixed::<1, 1>(job, scratch, wanted, Copied),
        Plan::Copied(4) => fixed::<4, 4>(job, scratch, wanted, Copied),
        Plan::Copied(8) => fixed::<8, 8>(job, scratch, wanted, Copied),
        Plan::Copied(16) => fixed::<16, 16>(job, scratch, wanted, Copied),
        Plan::Copied(_) => fixed::<32, 32>(job, scratch, wanted, Copied),
        Plan::Reversed(2) => fixed::<2, 2>(job, scratch, wanted, Reversed),
        Plan::Reversed(4) => fixed::<4, 4>(job, scratch, wanted, Reversed),
        Plan::Reversed(8) => fixed::<8, 8>(job, scratch, wanted, Reversed),
        Plan::Reversed(_) => fixed::<16, 16>(job, scratch, wanted, Reversed),
        Plan::Swapped(16) => fixed::<16, 16>(job, scratch, wanted, Swapped),
        Plan::Swapped(_) => fixed::<32, 32>(job, scratch, wanted, Swapped),
        Plan::ToWide => fixed::<4, 8>(job, scratch, wanted, ToWide),
        Plan::ToFloat => fixed::<4, 4>(job, scratch, wanted, ToFloat),
        Plan::ToDouble { float } => fixed::<4, 8>(job, scratch, wanted, ToDouble { float }),
        Plan::Rescaled { times, by } => fixed::<8, 8>(job, scratch, wanted, Rescaled { times, by }),
        plan => Err(job.fault(Fault::unsupported("values", PlanName(plan)))),
    }
}

fn fixed<const P: usize, const W: usize>(
    job: &Job<'_>,
    scratch: &mut Scratch,
    wanted: ColumnType,
    convert: impl Convert<P, W>,
) -> Result<DecodedColumn, DecodeError> {
    let column = FixedColumn::new(wanted, convert);
    match lacks_null(job.leaf.stored, wanted) {
        true => decode_flat(job, scratch, column.with_zeros()),
        false => decode_flat(job, scratch, column),
    }
}
