//! Decoding the hybrid from bytes that nobody vouches for.
//!
//! Output grows only by values that the bytes hold, or that a run of at most the wanted count
//! repeats. A last bit-packed run that is shorter than its header says is accepted as far as it
//! goes: such files exist.

use super::unpack::unpack;
use super::{Key, LevelError};

/// Values added to the output at a time: bounds what a wrong count allocates.
const STEP: usize = 4096;

/// Reads values from a hybrid stream.
#[derive(Debug, Clone)]
pub struct HybridDecoder<'a> {
    bytes: &'a [u8],
    at: usize,
    width: u8,
    run: Run<'a>,
}

/// Values of one bit, as they stand in the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BitRun<'a> {
    /// One value again and again.
    Repeat {
        /// The value.
        value: bool,
        /// How often.
        count: usize,
    },
    /// A bit each, the lowest of the first byte first.
    Packed {
        /// At least as many bits as there are values.
        bytes: &'a [u8],
        /// Values.
        count: usize,
    },
}

#[derive(Debug, Clone, Copy)]
enum Run<'a> {
    Repeat {
        value: u32,
        left: usize,
    },
    Packed {
        bytes: &'a [u8],
        used: usize,
        left: usize,
    },
}

impl<'a> HybridDecoder<'a> {
    /// A decoder for values of `width` bits at the start of `bytes`.
    ///
    /// # Errors
    /// [`LevelError::Width`] above 32.
    pub const fn new(bytes: &'a [u8], width: u8) -> Result<Self, LevelError> {
        if width > 32 {
            return Err(LevelError::Width {
                found: width,
                max: 32,
            });
        }
        Ok(Self {
            bytes,
            at: 0,
            width,
            run: Run::Repeat { value: 0, left: 0 },
        })
    }

    /// Bytes consumed so far; within a run, up to its end.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.at
    }

    /// Appends `count` values to `out`.
    ///
    /// # Errors
    /// [`LevelError`] if the bytes are damaged or too few. `out` is as before then.
    pub fn append<K: Key>(&mut self, count: usize, out: &mut Vec<K>) -> Result<(), LevelError> {
        let start = out.len();
        let mut left = count;
        while left > 0 {
            let filled = out.len();
            let step = left.min(STEP.max(filled));
            out.resize(filled + step, K::default());
            let slot = out.get_mut(filled..).unwrap_or_default();
            if let Err(e) = self.read(slot) {
                out.truncate(start);
                return Err(e);
            }
            left -= step;
        }
        Ok(())
    }

    /// Fills `out` with the next values.
    ///
    /// # Errors
    /// [`LevelError`] if the bytes are damaged or too few; `out` is partly filled then.
    pub fn read<K: Key>(&mut self, out: &mut [K]) -> Result<(), LevelError> {
        if self.width > K::BITS {
            return Err(LevelError::Width {
                found: self.width,
                max: K::BITS,
            });
        }
        let expected = out.len();
        let mut found = 0;
        while let Some(rest) = out.get_mut(found..).filter(|r| !r.is_empty()) {
            let n = self.read_run(rest);
            found += n;
            if n == 0 && !self.next_run()? {
                return Err(LevelError::Truncated {
                    offset: self.bytes.len(),
                    expected,
                    found,
                });
            }
        }
        Ok(())
    }

    /// The next run of a stream of one bit, cut to `max` values. For streams that are read by this
    /// alone; after a run that was cut, values are left out.
    ///
    /// # Errors
    /// [`LevelError`] if the bytes are damaged or end, or values have another width.
    pub fn next_bits(&mut self, max: usize) -> Result<BitRun<'a>, LevelError> {
        if self.width != 1 {
            let (found, max) = (self.width, 1);
            return Err(LevelError::Width { found, max });
        }
        loop {
            if !self.next_run()? {
                return Err(LevelError::Truncated {
                    offset: self.bytes.len(),
                    expected: max,
                    found: 0,
                });
            }
            let run = match self.run {
                Run::Repeat { value, left } => BitRun::Repeat {
                    value: value == 1,
                    count: left.min(max),
                },
                Run::Packed { bytes, left, .. } => BitRun::Packed {
                    bytes,
                    count: left.min(max),
                },
            };
            let (BitRun::Repeat { count, .. } | BitRun::Packed { count, .. }) = run;
            if count > 0 {
                return Ok(run);
            }
        }
    }

    /// The next run of a stream of one bit, as the low bits of a word and how many there are, at
    /// most 64; `None` if it is longer, or must be looked at by [`HybridDecoder::next_bits`] for any
    /// other reason. Random levels are runs of a few values each, of both kinds in no order: which
    /// kind this one is, is arithmetic and no branch.
    ///
    /// For streams that are read by this and [`HybridDecoder::next_bits`] alone: what is left of the
    /// current run, after one that was cut or behind [`HybridDecoder::read`], is left out.
    #[inline]
    pub fn next_word(&mut self) -> Option<(u64, usize)> {
        let window = self.bytes.get(self.at..)?.first_chunk::<9>()?;
        let [header, bits @ ..] = *window;
        let [value, ..] = bits;
        let (packed, count) = (header & 1 == 1, usize::from(header >> 1));
        let short = (header < 0x80) & (packed | (value < 2)) & (!packed | (count <= 8));
        if !short || self.width != 1 {
            return None;
        }
        let (word, len, taken) = match packed {
            true => (u64::from_le_bytes(bits), count * 8, count + 1),
            false => (u64::from(value).wrapping_neg(), count, 2),
        };
        self.at += taken;
        Some((word, len))
    }

    /// Values from the current run; 0 if it is used up.
    fn read_run<K: Key>(&mut self, out: &mut [K]) -> usize {
        match &mut self.run {
            Run::Repeat { value, left } => {
                let n = out.len().min(*left);
                let value = K::try_from(*value).unwrap_or_default();
                out.get_mut(..n).unwrap_or_default().fill(value);
                *left -= n;
                n
            }
            Run::Packed { bytes, used, left } => {
                let n = out.len().min(*left);
                let out = out.get_mut(..n).unwrap_or_default();
                read_packed(bytes, *used, self.width, out);
                *used += n;
                *left -= n;
                n
            }
        }
    }

    /// Reads a run header; `false` at the end of the bytes.
    fn next_run(&mut self) -> Result<bool, LevelError> {
        if self.at >= self.bytes.len() {
            return Ok(false);
        }
        let offset = self.at;
        let header = self.varint().ok_or(LevelError::Header { offset })?;
        let count = usize::try_from(header >> 1).unwrap_or(usize::MAX);
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let width = usize::from(self.width);
        if header & 1 == 1 {
            let len = count.saturating_mul(width).min(rest.len());
            let bytes = rest.get(..len).unwrap_or_default();
            let left = match width {
                0 => count.saturating_mul(8),
                _ => count.saturating_mul(8).min(len.saturating_mul(8) / width),
            };
            self.run = Run::Packed {
                bytes,
                used: 0,
                left,
            };
            self.at += len;
            return Ok(true);
        }
        let len = width.div_ceil(8);
        let Some(raw) = rest.get(..len) else {
            let offset = self.bytes.len();
            return Err(LevelError::Truncated {
                offset,
                expected: count,
                found: 0,
            });
        };
        let mut value = [0u8; 4];
        for (to, from) in value.iter_mut().zip(raw) {
            *to = *from;
        }
        let value = u32::from_le_bytes(value);
        self.at += len;
        let max = u32::try_from((1u64 << self.width) - 1).unwrap_or(u32::MAX);
        if value > max {
            return Err(LevelError::Value {
                offset: self.at,
                found: value,
                max,
            });
        }
        self.run = Run::Repeat { value, left: count };
        Ok(true)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.bytes.get(self.at)?;
            self.at += 1;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return None;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }
}

/// Values `used..` of a bit-packed run, which holds enough of them.
fn read_packed<K: Key>(bytes: &[u8], used: usize, width: u8, out: &mut [K]) {
    let group_bytes = usize::from(width);
    // Up to the next group boundary through a small buffer, then whole groups.
    let (mut used, mut out) = (used, out);
    let within = used % 8;
    if within > 0 {
        let mut group = [K::default(); 8];
        let from = bytes.get(used / 8 * group_bytes..).unwrap_or_default();
        unpack(from, width, &mut group);
        let n = out.len().min(8 - within);
        let (head, tail) = out.split_at_mut(n);
        head.copy_from_slice(group.get(within..within + n).unwrap_or_default());
        used += n;
        out = tail;
    }
    unpack(
        bytes.get(used / 8 * group_bytes..).unwrap_or_default(),
        width,
        out,
    );
}
