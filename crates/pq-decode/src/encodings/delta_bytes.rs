//! DELTA_BYTE_ARRAY: what a value shares with the one before, and the rest.
//!
//! A short page can stand for much text, so the size of what is rebuilt is known from the lengths
//! and compared with the limit before any of it is written.

use super::delta::lengths;
use crate::error::Fault;

const WHAT: &str = "DELTA_BYTE_ARRAY";

/// Rebuilds `count` values one behind the other in `out`; their lengths replace those in `lens`.
pub(crate) fn prefixed(
    bytes: &[u8],
    count: usize,
    limit: usize,
    out: &mut Vec<u8>,
    lens: &mut Vec<u32>,
) -> Result<(), Fault> {
    out.clear();
    let mut prefixes = Vec::new();
    let taken = lengths(bytes, count, &mut prefixes)?;
    let rest = bytes.get(taken..).unwrap_or_default();
    let taken = lengths(rest, count, lens)?;
    let mut suffixes = rest.get(taken..).unwrap_or_default();
    let total = |lens: &[u32]| lens.iter().map(|l| u64::from(*l)).sum::<u64>();
    let size = total(&prefixes).saturating_add(total(lens));
    Fault::bound(
        "chunk_bytes_max",
        limit,
        usize::try_from(size).unwrap_or(usize::MAX),
    )?;
    let mut previous = 0;
    for (prefix, len) in prefixes.iter().zip(lens) {
        let shared = usize::try_from(*prefix).unwrap_or(usize::MAX);
        let own = usize::try_from(*len).unwrap_or(usize::MAX);
        let start = out.len();
        if shared > start - previous {
            return Err(Fault::corrupt(
                "prefix of DELTA_BYTE_ARRAY",
                format!("at most {}", start - previous),
                shared,
            ));
        }
        let (suffix, rest) = suffixes
            .split_at_checked(own)
            .ok_or_else(|| Fault::truncated(WHAT, own, suffixes.len()))?;
        suffixes = rest;
        out.extend_from_within(previous..previous + shared);
        out.extend_from_slice(suffix);
        *len = u32::try_from(out.len() - start).unwrap_or(u32::MAX);
        previous = start;
    }
    Ok(())
}
