//! The encoders over whole pages: what this crate's chunk encoders feed portion by portion.

use super::byte_stream_split::split;
use super::delta_binary_packed::{Delta, HEADER_BYTES_MAX};
use super::dictionary::KeyWriter;
use crate::bits::hybrid::BLOCK;

/// Appends `values`, of an INT64 column, to `out` as DELTA_BINARY_PACKED: blocks of 256 values in four miniblocks.
pub fn delta_binary_packed(values: &[i64], out: &mut Vec<u8>) {
    let mut delta = Delta::default();
    delta.start(usize::MAX);
    let start = out.len();
    delta.push(values, out);
    let mut header = Vec::with_capacity(HEADER_BYTES_MAX);
    delta.finish(&mut header, out);
    out.splice(start..start, header);
}

/// Appends values of `W` bytes, little-endian, to `out` as BYTE_STREAM_SPLIT: byte 0 of every value, byte 1 of
/// every value, and so on. Values without bytes do not compile.
pub fn byte_stream_split<const W: usize>(values: &[[u8; W]], out: &mut Vec<u8>) {
    const { assert!(W > 0, "values without bytes") };
    split(values.as_flattened(), W, out);
}

/// A key that a dictionary does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("value {at}: key {found}, the dictionary has {entries}")]
pub struct KeyError {
    /// Index of the first such key.
    pub at: usize,
    /// The key.
    pub found: u32,
    /// Entries of the dictionary.
    pub entries: u32,
}

/// Appends the keys of a dictionary of `entries` entries to `out` as RLE_DICTIONARY: a byte that says how
/// many bits a key has (at least one), then runs and bit-packed groups of eight.
///
/// # Errors
/// A key that is no entry; nothing was appended then.
pub fn dictionary_keys(keys: &[u32], entries: u32, out: &mut Vec<u8>) -> Result<(), KeyError> {
    let mut writer = KeyWriter::default();
    writer.start_chunk(entries as usize);
    let start = out.len();
    writer.start_page(out);
    for (first, block) in (0..).step_by(BLOCK).zip(keys.chunks(BLOCK)) {
        let is_beyond = |key: u32| key >= entries;
        if is_beyond(block.iter().fold(0, |greatest, key| greatest.max(*key))) {
            let mut places = (first..).zip(block.iter().copied());
            if let Some((at, found)) = places.find(|(_, key)| is_beyond(*key)) {
                out.truncate(start);
                return Err(KeyError { at, found, entries });
            }
        }
        writer.push(block, out);
    }
    writer.finish(out);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::oracle;

    #[test]
    fn a_stream_of_deltas_goes_behind_what_is_there() {
        for values in [
            vec![],
            vec![i64::MIN],
            (0..1000).map(|i| i * i - 7).collect(),
        ] {
            let mut out = vec![9, 9];
            delta_binary_packed(&values, &mut out);
            assert_eq!(out[..2], [9, 9]);
            let decoder = parquet2::encoding::delta_bitpacked::Decoder::try_new(&out[2..]).unwrap();
            let read: Vec<i64> = decoder.map(Result::unwrap).collect();
            assert_eq!(read, values);
        }
    }

    #[test]
    fn split_values_are_put_together_again() {
        let values: Vec<[u8; 4]> = (0..77_u32)
            .map(|i| (i * 0x0101_0203).to_le_bytes())
            .collect();
        let mut out = vec![9];
        byte_stream_split(&values, &mut out);
        assert_eq!(out.len(), 1 + 4 * values.len());
        for (row, value) in values.iter().enumerate() {
            let read: [u8; 4] = std::array::from_fn(|k| out[1 + k * values.len() + row]);
            assert_eq!(read, *value);
        }
    }

    #[test]
    fn keys_are_as_wide_as_the_dictionary_needs_and_none_is_beyond_it() {
        let keys: Vec<u32> = (0..5000).map(|i| i % 39).collect();
        let mut out = vec![9];
        dictionary_keys(&keys, 39, &mut out).unwrap();
        assert_eq!(out[..2], [9, 6]);
        assert_eq!(oracle::hybrid(&out[2..], 6, keys.len()), keys);
        let before = out.clone();
        let refused = dictionary_keys(&keys, 38, &mut out);
        assert_eq!(
            refused,
            Err(KeyError {
                at: 38,
                found: 38,
                entries: 38
            })
        );
        assert_eq!(out, before);
        out.clear();
        dictionary_keys(&[], 0, &mut out).unwrap();
        assert_eq!(out, [1]);
    }
}
