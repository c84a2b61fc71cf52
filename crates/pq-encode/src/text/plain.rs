//! PLAIN byte strings: each with its length in front.
//!
//! Short values (nearly all) are put together in a block on the stack by copies of a fixed size, which
//! may take more than the value: the next one goes over it. A call to copy a few bytes costs more than
//! the bytes.

/// Values put together at once.
const BLOCK: usize = 64;

/// Bytes of a length.
const PREFIX: usize = 4;

/// Bytes copied at once.
const STEP: usize = 16;

/// Longest value that is copied in two steps.
const SHORT_MAX: usize = 2 * STEP;

/// Appends the values of `lens` bytes each that `data` consists of.
pub(crate) fn put(data: &[u8], lens: &[u32], out: &mut Vec<u8>) {
    let mut rest = data;
    for lens in lens.chunks(BLOCK) {
        let longest = lens.iter().fold(0, |longest, len| longest.max(*len));
        let bytes: usize = lens.iter().map(|len| *len as usize).sum();
        // What is copied too much must be there.
        rest = if longest as usize <= STEP && rest.len() >= bytes + STEP {
            put_short::<1>(rest, lens, out)
        } else if longest as usize <= SHORT_MAX && rest.len() >= bytes + SHORT_MAX {
            put_short::<2>(rest, lens, out)
        } else {
            put_any(rest, lens, out)
        };
    }
}

/// Values of at most `STEPS` steps, with as much behind them; returns what follows.
#[inline(always)]
fn put_short<'d, const STEPS: usize>(data: &'d [u8], lens: &[u32], out: &mut Vec<u8>) -> &'d [u8] {
    let mut block = [0_u8; BLOCK * (PREFIX + SHORT_MAX) + SHORT_MAX];
    let (mut from, mut to) = (0, 0);
    for len in lens {
        if let Some(slot) = block.get_mut(to..to + PREFIX) {
            slot.copy_from_slice(&len.to_le_bytes());
        }
        to += PREFIX;
        let source = data.get(from..from + STEPS * STEP);
        if let (Some(slot), Some(value)) = (block.get_mut(to..to + STEPS * STEP), source) {
            slot.copy_from_slice(value);
        }
        from += *len as usize;
        to += *len as usize;
    }
    out.extend_from_slice(&block[..to]);
    data.get(from..).unwrap_or(&[])
}

/// Values of any length; returns what follows.
fn put_any<'d>(data: &'d [u8], lens: &[u32], out: &mut Vec<u8>) -> &'d [u8] {
    let mut rest = data;
    for len in lens {
        let (value, tail) = rest.split_at((*len as usize).min(rest.len()));
        rest = tail;
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(value);
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Invariant: whatever is copied at once, the bytes are those of each value alone.
        #[test]
        fn blocks_equal_value_by_value(lens in prop::collection::vec(0_u32..18, 0..300), longer in 0_usize..4, at in 0_usize..300) {
            let mut lens = lens;
            if let Some(len) = lens.get_mut(at) {
                *len += [0, 0, 20, 100][longer];
            }
            let total: u32 = lens.iter().sum();
            let data: Vec<u8> = (0..total).map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
            let (mut out, mut expected) = (vec![7], vec![7]);
            put(&data, &lens, &mut out);
            prop_assert!(put_any(&data, &lens, &mut expected).is_empty());
            prop_assert_eq!(out, expected);
        }
    }
}
