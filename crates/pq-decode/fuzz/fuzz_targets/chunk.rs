//! Any bytes as a chunk of any kind of column and codec: an error or rows.

#![no_main]

mod kinds;

use libfuzzer_sys::fuzz_target;
use pq_format::CodecId;

fuzz_target!(|data: &[u8]| {
    let Some(([kind, flags, codec, rows, more, slots], bytes)) = data.split_first_chunk() else {
        return;
    };
    let rows = u64::from(u16::from_le_bytes([*rows, *more & 3]));
    let codec = CodecId::from_code(i32::from(codec % 9));
    kinds::decode(*kind, flags & 1 == 1, codec, rows, rows + u64::from(*slots), bytes);
});
