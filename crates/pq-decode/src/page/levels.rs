//! Levels of a page, and the two answers that make most pages cheap: all there, none there.
//!
//! A page without nulls has one run of levels, whatever its length; it is recognised before
//! anything is decoded.

use pq_format::{Encoding, HybridDecoder, LevelError, bit_width};

use super::bits::Bits;
use super::body::Levels;
use crate::error::Fault;

/// Which slots of a page have a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Validity {
    /// All.
    All,
    /// None.
    None,
    /// This many; the levels say which.
    Some(usize),
}

/// Decodes the definition levels of `count` slots, unless one word says it all: of flat columns
/// whose only level is 1 into `bits`, of others into `out`. The other one is empty then.
pub(crate) fn definition(
    levels: Levels<'_>,
    (highest, flat): (u8, bool),
    count: usize,
    bits: &mut Bits,
    out: &mut Vec<u8>,
) -> Result<Validity, Fault> {
    out.clear();
    bits.clear();
    if highest == 0 || count == 0 {
        return Ok(Validity::All);
    }
    let width = bit_width(highest.into());
    if levels.encoding != Encoding::BitPacked
        && let Some(level) = single_run(levels.bytes, width, count)
        && (level == u32::from(highest) || level == 0)
    {
        return Ok(match level {
            0 => Validity::None,
            _ => Validity::All,
        });
    }
    if flat && highest == 1 && levels.encoding == Encoding::Rle {
        let present = bits.read(levels.bytes, count)?;
        return Ok(match present {
            n if n == count => Validity::All,
            n => Validity::Some(n),
        });
    }
    decode(levels, highest, count, out)?;
    let present = out.iter().map(|l| usize::from(*l == highest)).sum();
    Ok(match present {
        n if n == count => Validity::All,
        n => Validity::Some(n),
    })
}

/// Decodes the repetition levels of `count` slots into `out`.
pub(crate) fn repetition(
    levels: Levels<'_>,
    highest: u8,
    count: usize,
    out: &mut Vec<u8>,
) -> Result<(), Fault> {
    out.clear();
    decode(levels, highest, count, out)
}

fn decode(levels: Levels<'_>, highest: u8, count: usize, out: &mut Vec<u8>) -> Result<(), Fault> {
    let width = bit_width(highest.into());
    match levels.encoding {
        Encoding::Rle => HybridDecoder::new(levels.bytes, width)?.append(count, out)?,
        Encoding::BitPacked => bit_packed(levels.bytes, width, count, out),
        other => return Err(Fault::unsupported("encoding of levels", other)),
    }
    match out.iter().copied().max() {
        Some(found) if found > highest => Err(Fault::Levels(LevelError::Value {
            offset: levels.bytes.len(),
            found: found.into(),
            max: highest.into(),
        })),
        _ => Ok(()),
    }
}

/// The level of a stream that is one repeated run of at least `count`.
fn single_run(bytes: &[u8], width: u8, count: usize) -> Option<u32> {
    let mut header = 0u64;
    for (i, byte) in bytes.iter().take(5).enumerate() {
        header |= u64::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            let run = usize::try_from(header >> 1).ok()?;
            // Levels here have at most 8 bits: one byte of value.
            let repeated = header & 1 == 0 && run >= count && width <= 8;
            return bytes.get(i + 1).filter(|_| repeated).map(|b| u32::from(*b));
        }
    }
    None
}

/// The deprecated packing: most significant bit first, no length, no runs. The caller cut `bytes`
/// to what `count` levels take.
fn bit_packed(bytes: &[u8], width: u8, count: usize, out: &mut Vec<u8>) {
    let (mut word, mut bits) = (0u32, 0u32);
    let mut bytes = bytes.iter();
    let width = u32::from(width);
    let mask = (1u32 << width) - 1;
    for _ in 0..count {
        while bits < width {
            word = word << 8 | u32::from(bytes.next().copied().unwrap_or(0));
            bits += 8;
        }
        bits -= width;
        let [level, ..] = (word >> bits & mask).to_le_bytes();
        out.push(level);
        word &= (1 << bits) - 1;
    }
}
