//! Encoding: runs where they pay, bit packing in full groups of eight elsewhere.
//!
//! A bit-packed run says how many groups of eight it has, and all of their bytes are there, padding
//! included: readers exist that fail on a short last group (and writers that write one). A group
//! within the stream is never padded, because padding would be read as values.

use super::Key;
use super::pack::pack;

/// Longest run of one header: headers stay below 2^31.
const REPEAT_MAX: usize = 1 << 30;
/// Longest bit-packed run. Looking for runs and packing are two passes: the values of one header
/// stay in the first-level cache for the second.
const PACKED_MAX: usize = 8192;

/// Appends the hybrid encoding of `values`, each below `2^width`, as one whole stream.
pub fn encode_hybrid<K: Key>(values: &[K], width: u8, out: &mut Vec<u8>) {
    if width == 0 {
        encode_run(0, values.len(), 0, out);
        return;
    }
    let (done, packed) = encode_full(values, width, out);
    let tail = values.get(done..).unwrap_or_default();
    let same = tail.windows(2).all(|w| w.first() == w.last());
    match tail.first() {
        None => pack_run(packed_slice(values, packed, done), width, out),
        // Behind a run a short tail of equal values is cheaper as another run.
        Some(&first) if same && packed == done => {
            encode_run(first.into(), tail.len(), width, out);
        }
        Some(_) => pack_run(packed_slice(values, packed, values.len()), width, out),
    }
}

fn packed_slice<K>(values: &[K], from: usize, to: usize) -> &[K] {
    values.get(from..to).unwrap_or_default()
}

/// Appends a run of `count` times `value`; nothing if `count` is 0.
pub fn encode_run(value: u32, count: usize, width: u8, out: &mut Vec<u8>) {
    let mut rest = count;
    while rest > 0 {
        let now = rest.min(REPEAT_MAX);
        varint((now as u64) << 1, out);
        let bytes = value.to_le_bytes();
        out.extend_from_slice(
            bytes
                .get(..usize::from(width).div_ceil(8))
                .unwrap_or(&bytes),
        );
        rest -= now;
    }
}

/// Appends a bit-packed run; only the last of a stream may have a length that is no multiple of 8.
fn pack_run<K: Key>(values: &[K], width: u8, out: &mut Vec<u8>) {
    for part in values.chunks(PACKED_MAX) {
        varint((part.len().div_ceil(8) as u64) << 1 | 1, out);
        pack(part, width, out);
    }
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

/// Shortest run that saves bytes: it costs its own header and value, and one more header for the
/// bit-packed run behind it.
fn run_min(width: u8) -> usize {
    let cost_bits = 8 * (2 + usize::from(width).div_ceil(8) + 1);
    (cost_bits / usize::from(width.max(1)) + 1).max(8)
}

/// Encodes all full groups and runs; returns where it stopped (fewer than 8 values before the end)
/// and where the groups start that are not yet written.
fn encode_full<K: Key>(values: &[K], width: u8, out: &mut Vec<u8>) -> (usize, usize) {
    let run_min = run_min(width);
    let (mut at, mut packed) = (0, 0);
    while let Some(rest) = values.get(at..).filter(|rest| rest.len() >= 8) {
        let room = PACKED_MAX.saturating_sub(at - packed) / 32;
        let (blocks, _) = rest.as_chunks::<32>();
        at += blocks
            .iter()
            .take(room)
            .take_while(|block| !may_have_run(block))
            .count()
            * 32;
        if at - packed >= PACKED_MAX {
            pack_run(packed_slice(values, packed, at), width, out);
            packed = at;
        }
        let Some(group) = values.get(at..).and_then(|rest| rest.first_chunk::<8>()) else {
            break;
        };
        let first = group[0];
        if group.iter().any(|&v| v != first) {
            at += 8;
            continue;
        }
        let rest = values.get(at + 8..).unwrap_or_default();
        let run = 8 + rest.iter().take_while(|&&v| v == first).count();
        if run < run_min {
            at += run / 8 * 8;
            continue;
        }
        pack_run(packed_slice(values, packed, at), width, out);
        encode_run(first.into(), run, width, out);
        at += run;
        packed = at;
    }
    (at, packed)
}

/// Whether one of four groups of eight may consist of equal values. No branch: this is what the common
/// case, no runs anywhere, pays.
#[inline]
fn may_have_run<K: Key>(block: &[K; 32]) -> bool {
    block
        .as_chunks::<8>()
        .0
        .iter()
        .fold(false, |hit, group| hit | K::maybe_uniform(group))
}

/// Encodes a stream that arrives in pieces: slices of values and runs.
///
/// Runs are written without ever being expanded, so an all-valid or all-null column costs nothing.
#[derive(Debug)]
pub struct HybridEncoder<'a> {
    out: &'a mut Vec<u8>,
    width: u8,
    pending: Vec<u32>,
}

impl<'a> HybridEncoder<'a> {
    /// Appends to `out`; values are below `2^width`.
    #[must_use]
    pub const fn new(width: u8, out: &'a mut Vec<u8>) -> Self {
        Self {
            out,
            width,
            pending: Vec::new(),
        }
    }

    /// Adds values one by one.
    pub fn push<K: Key>(&mut self, values: &[K]) {
        self.pending.extend(values.iter().map(|&v| v.into()));
    }

    /// Adds `count` times `value`.
    pub fn push_run(&mut self, value: u32, count: usize) {
        if count < run_min(self.width) + 8 {
            self.pending.extend(std::iter::repeat_n(value, count));
            return;
        }
        let (done, packed) = match self.width {
            0 => (0, 0),
            width => encode_full(&self.pending, width, self.out),
        };
        let short = (self.pending.len() - done) % 8;
        let fill = if short == 0 { 0 } else { 8 - short };
        self.pending.extend(std::iter::repeat_n(value, fill));
        if self.width == 0 {
            encode_run(0, self.pending.len(), 0, self.out);
        } else {
            pack_run(
                packed_slice(&self.pending, packed, self.pending.len()),
                self.width,
                self.out,
            );
        }
        self.pending.clear();
        encode_run(value, count - fill, self.width, self.out);
    }

    /// Writes what is still pending.
    pub fn finish(self) {
        encode_hybrid(&self.pending, self.width, self.out);
    }
}
