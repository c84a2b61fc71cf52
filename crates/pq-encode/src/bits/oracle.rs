//! Naive decoders for the tests of this crate: one value at a time, and strict.
//!
//! A clever encoder is checked against something that is obviously right; these refuse what strict
//! readers refuse (short tails, leftover bytes).

/// Reads a ULEB128.
pub(crate) fn uleb(bytes: &[u8], at: &mut usize) -> u64 {
    let mut value = 0;
    let mut shift = 0;
    loop {
        let byte = bytes[*at];
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return value;
        }
        shift += 7;
    }
}

/// Value `i` of `width` bits.
pub(crate) fn unpack(bytes: &[u8], i: usize, width: usize) -> u64 {
    (0..width).fold(0, |value, bit| {
        let at = i * width + bit;
        value | u64::from(bytes[at / 8] >> (at % 8) & 1) << bit
    })
}

/// Decodes `count` values of a hybrid stream that fills `bytes` exactly.
pub(crate) fn hybrid(bytes: &[u8], width: usize, count: usize) -> Vec<u32> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        assert!(out.len() < count, "a run behind the last value");
        let header = uleb(bytes, &mut at);
        let n = usize::try_from(header >> 1).unwrap();
        if header & 1 == 1 {
            let packed = &bytes[at..at + n * width];
            out.extend((0..n * 8).map(|i| u32::try_from(unpack(packed, i, width)).unwrap()));
            at += n * width;
            assert!(
                at == bytes.len() || out.len() <= count,
                "padding before the last run"
            );
        } else {
            let len = width.div_ceil(8);
            let mut value = [0; 4];
            value[..len].copy_from_slice(&bytes[at..at + len]);
            at += len;
            out.extend(std::iter::repeat_n(u32::from_le_bytes(value), n));
            assert!(out.len() <= count, "a run longer than the values");
        }
    }
    assert!(
        out.len() >= count,
        "too few values: {} of {count}",
        out.len()
    );
    assert!(out[count..].iter().all(|v| *v == 0), "padding must be zero");
    assert!(out.len() - count < 8, "more than one group of padding");
    out.truncate(count);
    out
}
