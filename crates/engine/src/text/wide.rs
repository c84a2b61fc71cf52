//! Values that are printed in hexadecimal, in base 32 or in groups: UUID, LONG128, LONG256, IPv4,
//! GEOHASH, BINARY.

const HEX: &[u8; 16] = b"0123456789abcdef";
const BASE32: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";

/// Appends two lower-case hexadecimal digits for each byte.
pub(crate) fn push_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    for &byte in bytes {
        out.push(HEX[usize::from(byte >> 4)]);
        out.push(HEX[usize::from(byte & 15)]);
    }
}

/// Appends `0x` and every byte: BINARY, and LONG128 given most significant byte first.
pub(crate) fn push_hex_prefixed(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(b"0x");
    push_hex(out, bytes);
}

/// Appends a LONG256, given in storage (little-endian) order, without leading zero bytes but with
/// at least one.
pub(crate) fn push_long256(out: &mut Vec<u8>, little_endian: &[u8; 32]) {
    let mut bytes = *little_endian;
    bytes.reverse();
    let lead = bytes
        .iter()
        .take_while(|&&b| b == 0)
        .count()
        .min(bytes.len() - 1);
    push_hex_prefixed(out, &bytes[lead..]);
}

/// Appends a UUID: `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`.
pub(crate) fn push_uuid(out: &mut Vec<u8>, value: u128) {
    let bytes = value.to_be_bytes();
    for (idx, range) in [0..4, 4..6, 6..8, 8..10, 10..16].into_iter().enumerate() {
        if idx > 0 {
            out.push(b'-');
        }
        push_hex(out, &bytes[range]);
    }
}

/// Appends four octets with dots; the most significant byte is the first.
pub(crate) fn push_ipv4(out: &mut Vec<u8>, value: u32) {
    for (idx, octet) in value.to_be_bytes().into_iter().enumerate() {
        if idx > 0 {
            out.push(b'.');
        }
        super::int::push_u64(out, u64::from(octet));
    }
}

/// Appends a geohash of `bits` bits: base-32 characters if they come out even, otherwise bits.
pub(crate) fn push_geohash(out: &mut Vec<u8>, value: u64, bits: u8) {
    let (step, digits): (u32, &[u8]) = if bits.is_multiple_of(5) {
        (5, BASE32.as_slice())
    } else {
        (1, &HEX[..2])
    };
    let mask = digits.len() - 1;
    let mut shift = u32::from(bits);
    while shift >= step {
        shift -= step;
        let digit = usize::try_from(value.unbounded_shr(shift) & 31).unwrap_or(0) & mask;
        out.push(digits[digit]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(push: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        push(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn long256_keeps_one_byte_of_zero() {
        assert_eq!(text(|out| push_long256(out, &[0; 32])), "0x00");
        let mut value = [0; 32];
        value[1] = 0x0a;
        assert_eq!(text(|out| push_long256(out, &value)), "0x0a00");
    }

    #[test]
    fn geohash_is_characters_when_bits_come_in_fives() {
        assert_eq!(text(|out| push_geohash(out, 0b00001, 5)), "1");
        assert_eq!(text(|out| push_geohash(out, 0b11111_00000, 10)), "z0");
        assert_eq!(text(|out| push_geohash(out, 0b101, 4)), "0101");
        assert_eq!(
            text(|out| push_geohash(out, (1 << 60) - 1, 60)),
            "zzzzzzzzzzzz"
        );
    }

    #[test]
    fn uuid_and_ipv4_are_most_significant_first() {
        assert_eq!(
            text(|out| push_uuid(out, 0x1111_1111_2222_3333_4444_5555_5555_5555)),
            "11111111-2222-3333-4444-555555555555"
        );
        assert_eq!(text(|out| push_ipv4(out, 0x0102_03ff)), "1.2.3.255");
    }
}
