//! VARCHAR in bulk: entries to lengths and bytes without a slice a row.
//!
//! Blocks of 64 entries. Where all are long and lie one behind the other in `.d`, which is how
//! QuestDB writes them, the block is one copy; inlined values go through a 16-byte store. A block
//! that holds anything unusual (a bad entry, invalid UTF-8, the end of the page) is left to the
//! caller, row by row.

use column_format::VarcharSlice;

use super::stage::Stage;
use super::utf8;

/// Entries looked at together: as many as a word has bits.
pub(crate) const BLOCK: usize = 64;

const INLINED: u32 = 1;
const NULL: u32 = 4;

/// What a block of entries is, before any byte of `.d` is touched.
struct Block {
    lens: [u32; BLOCK],
    /// Bit set: the row has a value.
    valid: u64,
    /// Bit set: the value stands in its entry.
    inlined: u64,
    values: usize,
    bytes: usize,
}

/// Appends the rows of `entries` (at most [`BLOCK`]) if that can be done in bulk. `false`: nothing
/// was appended.
pub(crate) fn push_block(rows: VarcharSlice<'_>, entries: &[[u8; 16]], stage: &mut Stage) -> bool {
    let (lens_at, data_at) = (stage.lens.len(), stage.data.len());
    let valid = match push_long(rows.data(), entries, stage) {
        Long::Done => Some(u64::MAX),
        Long::No => push_mixed(rows.data(), entries, stage),
        Long::Full => None,
    };
    let new = stage.data.get(data_at..).zip(stage.lens.get(lens_at..));
    match valid.filter(|_| new.is_some_and(|(data, lens)| utf8::all_valid(data, lens))) {
        Some(u64::MAX) => stage.validity.push_valid(entries.len()),
        Some(valid) => stage.validity.push_mask(valid, entries.len()),
        None => {
            stage.lens.truncate(lens_at);
            stage.data.truncate(data_at);
            return false;
        }
    }
    true
}

/// Lengths and kinds; `None` if an entry is not what a writer makes.
#[inline]
fn survey(entries: &[[u8; 16]]) -> Option<Block> {
    let mut block = Block {
        lens: [0; BLOCK],
        valid: 0,
        inlined: 0,
        values: 0,
        bytes: 0,
    };
    let mut bad = false;
    for (i, entry) in entries.iter().enumerate().take(BLOCK) {
        let [h0, h1, h2, h3, ..] = *entry;
        let header = u32::from_le_bytes([h0, h1, h2, h3]);
        let null = header & NULL != 0;
        let inlined = header & INLINED != 0;
        let short = header >> 4 & 0xf;
        let len = if inlined { short } else { header >> 4 };
        bad |= !null && (inlined != (len <= 9));
        let len = if null { 0 } else { len };
        block.lens[i] = len;
        block.valid |= u64::from(!null) << i;
        block.inlined |= u64::from(inlined && !null) << i;
        block.bytes += len as usize;
    }
    block.values = block.valid.count_ones() as usize;
    (!bad).then_some(block)
}

/// Where a value starts in `.d`: the high six bytes of its entry.
#[inline(always)]
fn offset(entry: &[u8; 16]) -> u64 {
    let [.., o0, o1, o2, o3, o4, o5] = *entry;
    u64::from_le_bytes([o0, o1, o2, o3, o4, o5, 0, 0])
}

/// What came of taking a block for one of long values.
enum Long {
    Done,
    /// It is not.
    No,
    /// It does not fit the page, or `.d`.
    Full,
}

/// Appends a block whose values are all long and lie one behind the other.
#[inline]
fn push_long(data: &[u8], entries: &[[u8; 16]], stage: &mut Stage) -> Long {
    let Some(first) = entries.first().map(offset) else {
        return Long::Done;
    };
    let mut lens = [0_u32; BLOCK];
    let (mut next, mut apart, mut flags, mut shortest) = (first, 0, 0, u32::MAX);
    for (slot, entry) in lens.iter_mut().zip(entries) {
        let [h0, h1, h2, h3, ..] = *entry;
        let header = u32::from_le_bytes([h0, h1, h2, h3]);
        let len = header >> 4;
        *slot = len;
        flags |= header;
        shortest = shortest.min(len);
        apart |= offset(entry) ^ next;
        next = next.wrapping_add(u64::from(len));
    }
    if flags & (INLINED | NULL) != 0 || apart != 0 || shortest <= 9 {
        return Long::No;
    }
    let range = usize::try_from(first).ok().zip(usize::try_from(next).ok());
    let bytes = range.and_then(|(lo, hi)| data.get(lo..hi));
    match bytes.filter(|bytes| stage.fits_block(entries.len(), entries.len(), bytes.len())) {
        None => Long::Full,
        Some(bytes) => {
            stage.reserve(bytes.len());
            stage.data.extend_from_slice(bytes);
            stage.lens.extend_from_slice(&lens[..entries.len()]);
            Long::Done
        }
    }
}

/// Appends a block of values of any kind; returns which rows have one. What was appended before a
/// value that cannot be is left to the caller.
fn push_mixed(data: &[u8], entries: &[[u8; 16]], stage: &mut Stage) -> Option<u64> {
    let block = survey(entries)?;
    if !stage.fits_block(entries.len(), block.values, block.bytes) {
        return None;
    }
    let longest = block.lens.iter().fold(0, |longest, len| longest.max(*len));
    if longest as usize <= STEP {
        return push_short(data, entries, &block, stage);
    }
    // Inlined values are copied with what stands behind them, and cut.
    stage.reserve(block.bytes + 16);
    for (i, entry) in entries.iter().enumerate() {
        let len = block.lens[i];
        if block.valid >> i & 1 == 0 {
            continue;
        }
        if block.inlined >> i & 1 == 1 {
            let end = stage.data.len() + len as usize;
            stage.data.extend_from_slice(&entry[1..]);
            stage.data.truncate(end);
        } else {
            let lo = usize::try_from(offset(entry)).ok();
            let value = lo.and_then(|lo| data.get(lo..)?.get(..len as usize))?;
            stage.data.extend_from_slice(value);
        }
        stage.lens.push(len);
    }
    Some(block.valid)
}

/// Bytes copied at once.
const STEP: usize = 16;

/// The same of values of at most [`STEP`] bytes: they are put together on the stack, each copied with
/// what stands behind it, and the next goes over that.
fn push_short(data: &[u8], entries: &[[u8; 16]], block: &Block, stage: &mut Stage) -> Option<u64> {
    let mut together = [0_u8; (BLOCK + 1) * STEP];
    let (mut to, mut lens, mut count) = (0, [0; BLOCK], 0);
    for (i, entry) in entries.iter().enumerate().take(BLOCK) {
        let len = block.lens[i] as usize;
        let slot = together.get_mut(to..to + STEP)?;
        let valid = block.valid >> i & 1 == 1;
        if block.inlined >> i & 1 == 1 {
            slot[..STEP - 1].copy_from_slice(&entry[1..]);
        } else if valid {
            let lo = usize::try_from(offset(entry)).ok()?;
            match data.get(lo..).and_then(<[u8]>::first_chunk::<STEP>) {
                Some(value) => slot.copy_from_slice(value),
                None => slot[..len].copy_from_slice(data.get(lo..)?.get(..len)?),
            }
        }
        to += len;
        lens[count] = block.lens[i];
        count += usize::from(valid);
    }
    stage.reserve(to);
    stage.data.extend_from_slice(&together[..to]);
    stage.lens.extend_from_slice(&lens[..count]);
    Some(block.valid)
}
