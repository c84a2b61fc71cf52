//! parquet2's page decoders as the second, independent judge, for uncompressed files.
//!
//! It knows PLAIN, RLE, dictionaries and the delta encodings; `BYTE_STREAM_SPLIT` it does not.

use std::io::Cursor;

use parquet2::encoding::{
    Encoding, delta_bitpacked, delta_length_byte_array, get_length, hybrid_rle,
};
use parquet2::page::{DataPage, Page, split_buffer};
use parquet2::read::{decompress, get_page_iterator, read_metadata};
use parquet2::schema::types::PhysicalType;

use crate::cells::Slot;

/// Compares leaf `column` of a file of one row group with `expected`, where parquet2 can.
pub(crate) fn check(file: &[u8], column: usize, expected: &[Slot], what: &str) {
    let mut reader = Cursor::new(file);
    let metadata = read_metadata(&mut reader).unwrap();
    let chunk = &metadata.row_groups[0].columns()[column];
    let pages = get_page_iterator(chunk, &mut reader, None, vec![], usize::MAX).unwrap();
    let physical = chunk.descriptor().descriptor.primitive_type.physical_type;
    if physical == PhysicalType::Int64 && is_wide(expected) {
        return;
    }
    let (mut dictionary, mut found) = (None, Vec::new());
    for page in pages {
        match decompress(page.unwrap(), &mut vec![]).unwrap() {
            Page::Dict(page) => {
                let values = plain(&page.buffer, physical, page.num_values);
                assert!(
                    dictionary.replace(values).is_none(),
                    "{what}: a second dictionary"
                );
            }
            Page::Data(page) => {
                let Some(slots) = slots(&page, physical, dictionary.as_deref()) else {
                    return;
                };
                found.extend(slots);
            }
        }
    }
    assert!(found == expected, "parquet2: {what}");
}

/// Deltas that do not fit an `i64`: parquet2 adds them without wrapping.
fn is_wide(expected: &[Slot]) -> bool {
    let values = expected.iter().filter_map(|slot| slot.value.as_deref());
    let mut values = values.map(|v| i64::from_le_bytes(v.try_into().unwrap()));
    values.any(|v| v.unsigned_abs() > 1 << 60)
}

fn slots(
    page: &DataPage,
    physical: PhysicalType,
    dictionary: Option<&[Vec<u8>]>,
) -> Option<Vec<Slot>> {
    let (repetitions, definitions, values) = split_buffer(page).unwrap();
    let (max_rep, max_def) = (page.descriptor.max_rep_level, page.descriptor.max_def_level);
    let repetitions = levels(repetitions, max_rep, page.num_values());
    let definitions = levels(definitions, max_def, page.num_values());
    let count = definitions
        .iter()
        .filter(|level| **level == max_def)
        .count();
    let mut values = match page.encoding() {
        Encoding::Plain => plain(values, physical, count),
        Encoding::RleDictionary => {
            let dictionary = dictionary.expect("a dictionary page before the data");
            let (width, keys) = values.split_first().unwrap();
            hybrid(keys, u32::from(*width), count)
                .into_iter()
                .map(|key| dictionary[usize::try_from(key).unwrap()].clone())
                .collect()
        }
        Encoding::DeltaBinaryPacked => {
            let width = if physical == PhysicalType::Int32 {
                4
            } else {
                8
            };
            let values = delta_bitpacked::Decoder::try_new(values).unwrap();
            values
                .map(|v| v.unwrap().to_le_bytes()[..width].to_vec())
                .collect()
        }
        Encoding::DeltaLengthByteArray => {
            let mut decoder = delta_length_byte_array::Decoder::try_new(values).unwrap();
            let lengths: Vec<usize> = decoder
                .by_ref()
                .map(|n| usize::try_from(n.unwrap()).unwrap())
                .collect();
            let mut data = decoder.into_values();
            lengths
                .into_iter()
                .map(|len| {
                    let (value, rest) = data.split_at(len);
                    data = rest;
                    value.to_vec()
                })
                .collect()
        }
        Encoding::Rle => {
            let len = get_length(values).unwrap();
            let bits = hybrid(&values[4..4 + len], 1, count);
            bits.into_iter()
                .map(|bit| vec![u8::try_from(bit).unwrap()])
                .collect::<Vec<_>>()
        }
        _ => return None,
    }
    .into_iter();
    let slots = repetitions
        .into_iter()
        .zip(definitions)
        .map(|(repetition, definition)| Slot {
            repetition,
            definition,
            value: (definition == max_def).then(|| values.next().unwrap()),
        });
    Some(slots.collect())
}

fn levels(bytes: &[u8], max: i16, count: usize) -> Vec<i16> {
    if max == 0 {
        return vec![0; count];
    }
    let width = i16::BITS - max.leading_zeros();
    hybrid(bytes, width, count)
        .into_iter()
        .map(|level| i16::try_from(level).unwrap())
        .collect()
}

fn hybrid(bytes: &[u8], width: u32, count: usize) -> Vec<u32> {
    if count == 0 {
        return vec![];
    }
    hybrid_rle::HybridRleDecoder::try_new(bytes, width, count)
        .unwrap()
        .map(|value| value.unwrap())
        .collect()
}

fn plain(bytes: &[u8], physical: PhysicalType, count: usize) -> Vec<Vec<u8>> {
    let width = match physical {
        PhysicalType::Boolean => {
            return (0..count)
                .map(|i| vec![bytes[i / 8] >> (i % 8) & 1])
                .collect();
        }
        PhysicalType::ByteArray => {
            let values = parquet2::encoding::plain_byte_array::BinaryIter::new(bytes, Some(count));
            return values.map(|v| v.unwrap().to_vec()).collect();
        }
        PhysicalType::Int32 | PhysicalType::Float => 4,
        PhysicalType::Int64 | PhysicalType::Double => 8,
        PhysicalType::Int96 => 12,
        PhysicalType::FixedLenByteArray(len) => len,
    };
    assert_eq!(bytes.len(), width * count);
    bytes.chunks(width).map(<[u8]>::to_vec).collect()
}
