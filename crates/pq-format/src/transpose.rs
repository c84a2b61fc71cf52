//! Eight words of eight bytes, turned by a quarter: the step of BYTE_STREAM_SPLIT, both ways.
//!
//! Values become streams and streams become values by the same exchange, in registers.

/// Transposes a block of eight words of eight bytes, in three rounds of exchanged halves; twice, and
/// the block is as before.
#[inline(always)]
pub fn transpose(block: &mut [u64; 8]) {
    swap::<4, 32>(block, 0x0000_0000_ffff_ffff);
    swap::<2, 16>(block, 0x0000_ffff_0000_ffff);
    swap::<1, 8>(block, 0x00ff_00ff_00ff_00ff);
}

/// Exchanges the high part of word `i` with the low part of word `i + DISTANCE`.
#[inline(always)]
fn swap<const DISTANCE: usize, const SHIFT: u32>(block: &mut [u64; 8], mask: u64) {
    for base in (0..8).step_by(2 * DISTANCE) {
        for i in base..base + DISTANCE {
            let (low, high) = (block[i], block[i + DISTANCE]);
            block[i] = (low & mask) | ((high & mask) << SHIFT);
            block[i + DISTANCE] = ((low >> SHIFT) & mask) | (high & !mask);
        }
    }
}
