//! DELTA_BINARY_PACKED: differences to the value before, in bit-packed miniblocks.
//!
//! Values come out as 64-bit words; a 32-bit column takes the low halves, because wrapping addition
//! does not mind.

use super::unpack::{LANES, WINDOW, unpack};
use crate::error::Fault;

const WHAT: &str = "DELTA_BINARY_PACKED";

/// Reads `count` values from the start of `bytes`, and gives them to `put` a few at a time. Returns
/// the bytes that they took.
pub(crate) fn delta(
    bytes: &[u8],
    count: usize,
    mut put: impl FnMut(&[u64]) -> Result<(), Fault>,
) -> Result<usize, Fault> {
    let mut reader = Reader { bytes, at: 0 };
    let head = reader.head()?;
    if head.total != count as u64 {
        let what = "values of DELTA_BINARY_PACKED";
        return Err(Fault::corrupt(what, count, head.total));
    }
    let Some(mut left) = count.checked_sub(1) else {
        return Ok(reader.at);
    };
    put(&[head.first])?;
    let mut last = head.first;
    let mut values = [0u64; LANES];
    while left > 0 {
        let min = zigzag(reader.varint()?);
        let widths = reader.take(head.miniblocks)?;
        for &width in widths {
            if left == 0 {
                break;
            }
            if width > 64 {
                return Err(Fault::corrupt(
                    "bit width of a miniblock",
                    "at most 64",
                    width,
                ));
            }
            let mut in_block = head.miniblock_len.min(left);
            let end = reader
                .at
                .saturating_add(head.miniblock_len / 8 * usize::from(width));
            while in_block > 0 {
                let n = in_block.min(LANES);
                reader.lanes(width, n, &mut values)?;
                let some = values.get_mut(..n).unwrap_or_default();
                for value in &mut *some {
                    // One addition from value to value.
                    last = last.wrapping_add(min.wrapping_add(*value));
                    *value = last;
                }
                put(some)?;
                in_block -= n;
                left -= n;
            }
            // Writers exist that cut the padding of the last miniblock.
            reader.at = end.min(bytes.len());
        }
    }
    Ok(reader.at)
}

/// Reads `count` lengths, none of them negative, and the bytes that they took.
pub(crate) fn lengths(bytes: &[u8], count: usize, out: &mut Vec<u32>) -> Result<usize, Fault> {
    out.clear();
    delta(bytes, count, |values| {
        for &value in values {
            #[expect(clippy::cast_possible_truncation, reason = "lengths are 32-bit")]
            let length = value as u32;
            if length > i32::MAX.unsigned_abs() {
                return Err(Fault::corrupt(
                    "length",
                    "not negative",
                    length.cast_signed(),
                ));
            }
            out.push(length);
        }
        Ok(())
    })
}

struct Head {
    miniblocks: usize,
    miniblock_len: usize,
    total: u64,
    first: u64,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn head(&mut self) -> Result<Head, Fault> {
        let block = self.varint()?;
        let miniblocks = self.varint()?;
        let total = self.varint()?;
        let first = zigzag(self.varint()?);
        let bad = |what, expected: &str, found: u64| Fault::corrupt(what, expected, found);
        let len = block.checked_div(miniblocks).unwrap_or(0);
        if block > 1 << 20 || len == 0 || !len.is_multiple_of(32) || len * miniblocks != block {
            let what = "block size of DELTA_BINARY_PACKED";
            return Err(bad(
                what,
                "miniblocks of a multiple of 32, at most 2^20",
                block,
            ));
        }
        Ok(Head {
            miniblocks: usize::try_from(miniblocks).unwrap_or(usize::MAX),
            miniblock_len: usize::try_from(len).unwrap_or(usize::MAX),
            total,
            first,
        })
    }

    fn varint(&mut self) -> Result<u64, Fault> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = *self
                .bytes
                .get(self.at)
                .ok_or_else(|| Fault::truncated(WHAT, self.at + 1, self.bytes.len()))?;
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Fault::corrupt("varint", "at most 10 bytes", "more"))
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Fault> {
        let end = self.at.saturating_add(len);
        let taken = self
            .bytes
            .get(self.at..end)
            .ok_or_else(|| Fault::truncated(WHAT, end, self.bytes.len()))?;
        self.at = end;
        Ok(taken)
    }

    /// `n` values of `width` bits, at most 32 of them, into the start of `out`.
    fn lanes(&mut self, width: u8, n: usize, out: &mut [u64; LANES]) -> Result<(), Fault> {
        if width == 0 {
            out.fill(0);
            return Ok(());
        }
        let width_bytes = usize::from(width);
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if let Some(window) = rest.first_chunk::<WINDOW>() {
            unpack(window, width, out);
        } else {
            let needed = (n * width_bytes).div_ceil(8);
            if rest.len() < needed {
                return Err(Fault::truncated(WHAT, self.at + needed, self.bytes.len()));
            }
            let mut window = [0u8; WINDOW];
            for (to, from) in window.iter_mut().zip(rest) {
                *to = *from;
            }
            unpack(&window, width, out);
        }
        self.at += LANES / 8 * width_bytes;
        Ok(())
    }
}

fn zigzag(n: u64) -> u64 {
    (n >> 1) ^ (n & 1).wrapping_neg()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_format_is_read() {
        // 1 to 5: block of 128, 4 miniblocks, 5 values, first 1, min delta 1, widths 0.
        let bytes = [0x80, 0x01, 0x04, 0x05, 0x02, 0x02, 0, 0, 0, 0];
        let mut values = Vec::new();
        let taken = delta(&bytes, 5, |v| {
            values.extend_from_slice(v);
            Ok(())
        });
        assert_eq!(taken, Ok(bytes.len()));
        assert_eq!(values, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn every_cut_of_a_stream_is_an_error() {
        let bytes = [0x80, 0x01, 0x04, 0x05, 0x02, 0x02, 8, 0, 0, 0, 1, 2, 3, 4];
        assert!(delta(&bytes, 5, |_| Ok(())).is_ok());
        for len in 0..bytes.len() {
            assert!(delta(&bytes[..len], 5, |_| Ok(())).is_err(), "{len} bytes");
        }
    }
}
