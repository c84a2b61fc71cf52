//! ULEB128 and zigzag: the integers in front of runs and blocks.
//!
//! Small enough to be written twice in the workspace rather than to make a public item of it.

/// Appends `value` as ULEB128: one to ten bytes.
pub(crate) fn put_uleb(mut value: u64, out: &mut Vec<u8>) {
    loop {
        let low = value.to_le_bytes()[0] & 0x7f;
        value >>= 7;
        if value == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

/// Appends `value` as a zigzag ULEB128.
pub(crate) fn put_zigzag(value: i64, out: &mut Vec<u8>) {
    put_uleb(((value << 1) ^ (value >> 63)).cast_unsigned(), out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_bytes() {
        let mut out = Vec::new();
        for value in [0, 127, 128, 300, u64::MAX] {
            put_uleb(value, &mut out);
        }
        assert_eq!(out[..6], [0, 127, 0x80, 1, 0xac, 2]);
        assert_eq!(
            out[6..],
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]
        );
        out.clear();
        for value in [0, -1, 1, i64::MIN] {
            put_zigzag(value, &mut out);
        }
        assert_eq!(out[..3], [0, 1, 2]);
        assert_eq!(
            out[3..],
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]
        );
    }
}
