//! One zstd frame a page, cut into blocks where the bytes change their nature.
//!
//! zstd describes literals by one code a block of 128 KiB. Lengths and text, or the mantissa and the
//! exponent bytes of floats, in one block cost each other: a seventeenth symbol beside sixteen
//! hexadecimal digits makes one of the digits longer. Flushing at the border ends the block; it is
//! the same frame to every reader.
//!
//! Packed keys, mantissas of floats and hexadecimal ids have no repeats, and looking for some takes time:
//! at level 1 a part, from level 2 on more than coding what is left. [`Search::Off`] leaves it out: the first
//! step of a search that skips as many bytes as a block has is its last.

use zstd::zstd_safe::{
    CCtx, CParameter, InBuffer, OutBuffer, ParamSwitch, ResetDirective, Strategy, compress_bound,
    get_error_name, zstd_sys::ZSTD_EndDirective,
};

use super::{CodecError, Search};

/// Below this many bytes a code of its own costs a part more than it saves.
const CUT_BYTES_MIN: usize = 32 << 10;

/// A context that is kept from frame to frame.
pub(super) struct Zstd {
    context: CCtx<'static>,
    level: i32,
    search: Search,
    /// Bytes of the largest input since it was made: a context grows, and stays as it is.
    largest: usize,
}

/// What turns the search for repeats off: the fastest strategy, the smallest table, the longest match and the
/// longest step that it can ask for. Literals are coded then only if one says so.
const SEARCH_OFF: [CParameter; 5] = [
    CParameter::Strategy(Strategy::ZSTD_fast),
    CParameter::HashLog(6),
    CParameter::MinMatch(7),
    CParameter::TargetLength(128 << 10),
    CParameter::LiteralCompressionMode(ParamSwitch::Enable),
];

impl Zstd {
    pub(super) fn new(level: i32) -> Result<Self, CodecError> {
        let mut context = Self {
            context: CCtx::create(),
            level,
            search: Search::On,
            largest: 0,
        };
        context
            .set_parameters(Search::On)
            .map_err(|code| CodecError::Compress {
                codec: "zstd",
                len: 0,
                reason: get_error_name(code).to_owned(),
            })?;
        Ok(context)
    }

    fn set_parameters(&mut self, search: Search) -> Result<(), usize> {
        let context = &mut self.context;
        context.reset(ResetDirective::SessionAndParameters)?;
        context.set_parameter(CParameter::CompressionLevel(self.level))?;
        if search == Search::Off {
            for parameter in SEARCH_OFF {
                context.set_parameter(parameter)?;
            }
        }
        self.search = search;
        Ok(())
    }

    /// Bytes of the context.
    pub(super) fn heap_bytes(&self) -> usize {
        self.context.sizeof()
    }

    /// A new context takes the place of one that had an input of more than `input_bytes`.
    pub(super) fn trim(&mut self, input_bytes: usize) {
        if self.largest > input_bytes
            && let Ok(new) = Self::new(self.level)
        {
            *self = new;
        }
    }

    /// Appends `input` as one frame, with a new block at each of `cuts`.
    pub(super) fn compress(
        &mut self,
        input: &[u8],
        cuts: &[usize],
        search: Search,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        self.largest = self.largest.max(input.len());
        let cuts = if input.len() < CUT_BYTES_MIN {
            &[]
        } else {
            cuts
        };
        // A block more has a header more.
        out.reserve(compress_bound(input.len()) + cuts.len() * 8);
        self.frame(input, cuts, search, out)
            .map_err(|code| get_error_name(code).to_owned())
    }

    fn frame(
        &mut self,
        input: &[u8],
        cuts: &[usize],
        search: Search,
        out: &mut Vec<u8>,
    ) -> Result<(), usize> {
        if search != self.search {
            self.set_parameters(search)?;
        }
        if cuts.is_empty() {
            self.whole(input, out)
        } else {
            self.parts(input, cuts, out)
        }
    }

    fn whole(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), usize> {
        let start = out.len() as u64;
        let mut to = std::io::Cursor::new(out);
        to.set_position(start);
        self.context.compress2(&mut to, input).map(drop)
    }

    fn parts(&mut self, input: &[u8], cuts: &[usize], out: &mut Vec<u8>) -> Result<(), usize> {
        self.context.reset(ResetDirective::SessionOnly)?;
        self.context
            .set_pledged_src_size(Some(input.len() as u64))?;
        let start = out.len();
        let mut to = OutBuffer::around_pos(out, start);
        let mut at = 0;
        for &cut in cuts {
            if let Some(part) = input.get(at..cut).filter(|part| !part.is_empty()) {
                self.put(part, ZSTD_EndDirective::ZSTD_e_flush, &mut to)?;
                at = cut;
            }
        }
        let rest = input.get(at..).unwrap_or_default();
        self.put(rest, ZSTD_EndDirective::ZSTD_e_end, &mut to)
    }

    fn put(
        &mut self,
        part: &[u8],
        then: ZSTD_EndDirective,
        to: &mut OutBuffer<'_, Vec<u8>>,
    ) -> Result<(), usize> {
        let mut from = InBuffer::around(part);
        // The output has room for all of it, so that this ends.
        while self.context.compress_stream2(to, &mut from, then)? > 0 {}
        Ok(())
    }
}
