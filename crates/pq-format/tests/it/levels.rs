//! The hybrid of runs and bit packing.
//!
//! Invariants: decode ∘ encode = identity for all widths 0..=32 and all three integer types; every
//! bit-packed run has all the bytes that its header announces (P3); a stream in pieces decodes to
//! what the pieces say; a naive decoder and parquet2 agree; a stream is never larger than one
//! bit-packed run of everything plus a header per 8192 values; damaged bytes are errors.

use parquet2::encoding::hybrid_rle::HybridRleDecoder;
use pq_format::{
    BitRun, HybridDecoder, HybridEncoder, Key, LevelError, bit_width, decode_levels_v1,
    decode_levels_v2, encode_hybrid, encode_levels_v1, encode_levels_v2, encode_run, pack,
};
use proptest::prelude::*;

/// What a stream consists of.
struct Walk {
    values: Vec<u32>,
    /// Length of each run; `true` for bit-packed ones.
    runs: Vec<(bool, usize)>,
    bytes: usize,
}

/// Decodes bit by bit, and insists on every byte of every group.
fn naive(bytes: &[u8], width: u8, count: usize) -> Walk {
    let mut walk = Walk {
        values: Vec::new(),
        runs: Vec::new(),
        bytes: 0,
    };
    let mut at = 0;
    while walk.values.len() < count {
        let (mut header, mut shift) = (0u64, 0);
        loop {
            let b = bytes[at];
            at += 1;
            header |= u64::from(b & 0x7f) << shift;
            shift += 7;
            if b < 0x80 {
                break;
            }
        }
        let n = usize::try_from(header >> 1).unwrap();
        if header & 1 == 1 {
            let run = &bytes[at..at + n * usize::from(width)];
            let bit = |i: usize| u32::from(run[i / 8] >> (i % 8) & 1);
            for v in 0..n * 8 {
                let width = usize::from(width);
                walk.values
                    .push((0..width).map(|b| bit(v * width + b) << b).sum());
            }
            at += run.len();
            walk.runs.push((true, n * 8));
        } else {
            let len = usize::from(width).div_ceil(8);
            let value: u32 = (0..len).map(|i| u32::from(bytes[at + i]) << (8 * i)).sum();
            at += len;
            walk.values.extend(std::iter::repeat_n(value, n));
            walk.runs.push((false, n));
        }
    }
    walk.bytes = at;
    walk
}

fn mask(width: u8) -> u32 {
    u32::try_from((1u64 << width) - 1).unwrap()
}

/// Values of at most 32 bits with runs of all lengths among them.
fn values() -> impl Strategy<Value = Vec<u32>> {
    let piece = prop_oneof![
        prop::collection::vec(any::<u32>(), 0..40),
        (any::<u32>(), 0..300usize).prop_map(|(v, n)| vec![v; n]),
        (any::<u32>(), 0..12usize).prop_map(|(v, n)| vec![v; n]),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|p| p.concat())
}

fn check_stream(bytes: &[u8], width: u8, expected: &[u32]) {
    let walk = naive(bytes, width, expected.len());
    assert_eq!(walk.bytes, bytes.len(), "bytes behind the last run");
    assert_eq!(walk.values[..expected.len()], *expected);
    let total: usize = walk.runs.iter().map(|r| r.1).sum();
    let last_packed = walk.runs.last().is_some_and(|r| r.0);
    let padding = total - expected.len();
    assert!(
        padding == 0 || (last_packed && padding < 8),
        "{padding} too many"
    );

    let mut decoded: Vec<u32> = vec![9];
    HybridDecoder::new(bytes, width)
        .unwrap()
        .append(expected.len(), &mut decoded)
        .unwrap();
    assert_eq!(decoded[1..], *expected);

    if !bytes.is_empty() && width > 0 {
        let theirs = HybridRleDecoder::try_new(bytes, u32::from(width), expected.len()).unwrap();
        let theirs: Vec<u32> = theirs.map(|v| v.unwrap()).collect();
        assert_eq!(theirs, expected);
    }
}

fn check_type<K: Key + std::fmt::Debug>(values: &[u32], width: u8, reference: &[u8]) {
    let narrow: Vec<K> = values
        .iter()
        .map(|&v| K::try_from(v).unwrap_or_else(|_| panic!("{v}")))
        .collect();
    let mut bytes = Vec::new();
    encode_hybrid(&narrow, width, &mut bytes);
    assert_eq!(bytes, reference, "types encode differently");
    let mut back: Vec<K> = Vec::new();
    HybridDecoder::new(&bytes, width)
        .unwrap()
        .append(narrow.len(), &mut back)
        .unwrap();
    assert_eq!(back, narrow);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_encoded_is_decoded(values in values(), width in 0u8..=32) {
        let values: Vec<u32> = values.into_iter().map(|v| v & mask(width)).collect();
        let mut bytes = b"before".to_vec();
        encode_hybrid(&values, width, &mut bytes);
        prop_assert_eq!(&bytes[..6], b"before");
        check_stream(&bytes[6..], width, &values);
        if width <= 16 {
            check_type::<u16>(&values, width, &bytes[6..]);
        }
        if width <= 8 {
            check_type::<u8>(&values, width, &bytes[6..]);
        }
        let groups = values.len().div_ceil(8);
        let ceiling = groups * usize::from(width) + (values.len() / 8192 + 1) * 10;
        prop_assert!(bytes.len() - 6 <= ceiling, "{} > {ceiling}", bytes.len() - 6);
    }

    #[test]
    fn pieces_decode_to_what_they_say(
        pieces in prop::collection::vec(
            prop_oneof![
                prop::collection::vec(any::<u32>(), 0..30).prop_map(Ok),
                (any::<u32>(), 0..500usize).prop_map(Err),
            ],
            0..10,
        ),
        width in 0u8..=32,
    ) {
        let (mut bytes, mut expected) = (Vec::new(), Vec::new());
        let mut encoder = HybridEncoder::new(width, &mut bytes);
        for piece in pieces {
            match piece {
                Ok(values) => {
                    let values: Vec<u32> = values.into_iter().map(|v| v & mask(width)).collect();
                    encoder.push(&values);
                    expected.extend(values);
                }
                Err((value, count)) => {
                    encoder.push_run(value & mask(width), count);
                    expected.extend(std::iter::repeat_n(value & mask(width), count));
                }
            }
        }
        encoder.finish();
        check_stream(&bytes, width, &expected);
    }

    #[test]
    fn reading_in_steps_is_reading_at_once(
        values in values(), width in 1u8..=32, steps in prop::collection::vec(0..70usize, 1..60),
    ) {
        let values: Vec<u32> = values.into_iter().map(|v| v & mask(width)).collect();
        let mut bytes = Vec::new();
        encode_hybrid(&values, width, &mut bytes);
        let mut decoder = HybridDecoder::new(&bytes, width).unwrap();
        let mut at = 0;
        for step in steps {
            let step = step.min(values.len() - at);
            let mut out = vec![0u32; step];
            decoder.read(&mut out).unwrap();
            prop_assert_eq!(&out, &values[at..at + step]);
            at += step;
        }
    }

    #[test]
    fn levels_of_both_versions_return(values in values(), max in 0u32..=300) {
        let levels: Vec<u16> =
            values.into_iter().map(|v| u16::try_from(v % (max + 1)).unwrap()).collect();
        let mut v1 = vec![1, 2];
        encode_levels_v1(&levels, max, &mut v1);
        v1.extend_from_slice(b"values");
        let mut back: Vec<u16> = vec![5];
        let taken = decode_levels_v1(&v1[2..], max, levels.len(), &mut back).unwrap();
        prop_assert_eq!(&v1[2 + taken..], b"values");
        let mut v2 = Vec::new();
        let len = encode_levels_v2(&levels, max, &mut v2);
        prop_assert_eq!(len, v2.len());
        decode_levels_v2(&v2, max, levels.len(), &mut back).unwrap();
        if max == 0 {
            prop_assert_eq!((taken, len, back), (0, 0, vec![5]));
        } else {
            prop_assert_eq!(back, [&[5][..], &levels, &levels].concat());
        }
    }

    #[test]
    fn damaged_bytes_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..60), width in 0u8..=40,
        count in prop_oneof![0..100usize, Just(5_000_000)],
    ) {
        let Ok(mut decoder) = HybridDecoder::new(&bytes, width) else {
            prop_assert!(width > 32);
            return Ok(());
        };
        let mut out: Vec<u32> = vec![3];
        match decoder.append(count, &mut out) {
            Ok(()) => prop_assert!(out.len() == count + 1 && decoder.position() <= bytes.len()),
            Err(_) => prop_assert_eq!(out, vec![3]),
        }
        let mut narrow: Vec<u8> = Vec::new();
        let _ = decode_levels_v1(&bytes, u32::from(width), count, &mut narrow);
    }
}

/// Bytes of runs of one bit, and now and then of none.
fn runs_of_bits() -> impl Strategy<Value = Vec<u8>> {
    let header = |n: usize| match u8::try_from(n) {
        Ok(n @ ..0x80) => vec![n],
        _ => vec![
            u8::try_from(n & 0x7f).unwrap() | 0x80,
            u8::try_from(n >> 7).unwrap(),
        ],
    };
    let repeat = move |n: usize, value: bool| [header(n << 1), vec![u8::from(value)]].concat();
    let packed = move |bits: Vec<u8>| [header(bits.len() << 1 | 1), bits].concat();
    let piece = prop_oneof![
        4 => (0..70usize, any::<bool>()).prop_map(move |(n, value)| repeat(n, value)),
        1 => (0..500usize, any::<bool>()).prop_map(move |(n, value)| repeat(n, value)),
        4 => prop::collection::vec(any::<u8>(), 0..10).prop_map(packed),
        1 => prop::collection::vec(any::<u8>(), 60..70).prop_map(packed),
        1 => prop::collection::vec(any::<u8>(), 0..3),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// Values of a stream of one bit by words and runs, up to `max`, and whether it failed then; of each
/// call, a bit of `words` says whether a word is asked for first.
fn by_words(bytes: &[u8], max: usize, mut words: u64) -> (Vec<bool>, bool) {
    let mut decoder = HybridDecoder::new(bytes, 1).unwrap();
    let mut out = Vec::new();
    while out.len() < max {
        words = words.rotate_left(1);
        let word = (words & 1 == 1).then(|| decoder.next_word()).flatten();
        if let Some((word, len)) = word {
            out.extend((0..len).map(|bit| word >> bit & 1 == 1));
            continue;
        }
        match decoder.next_bits(max - out.len()) {
            Ok(BitRun::Repeat { value, count }) => out.extend(std::iter::repeat_n(value, count)),
            Ok(BitRun::Packed { bytes, count }) => {
                out.extend((0..count).map(|bit| bytes[bit / 8] >> (bit % 8) & 1 == 1));
            }
            Err(_) => return (out, true),
        }
    }
    out.truncate(max);
    (out, false)
}

/// The same, value by value.
fn by_values(bytes: &[u8], max: usize) -> (Vec<bool>, bool) {
    let mut decoder = HybridDecoder::new(bytes, 1).unwrap();
    let mut out: Vec<u8> = Vec::new();
    let failed = (0..max).any(|_| decoder.append(1, &mut out).is_err());
    (out.into_iter().map(|bit| bit == 1).collect(), failed)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn words_and_runs_of_bits_are_the_values_wherever_the_bytes_end(
        bytes in runs_of_bits(), words in any::<u64>(), max in 1..1_500usize,
    ) {
        for end in 0..=bytes.len() {
            let bytes = &bytes[..end];
            let expected = by_values(bytes, max);
            for words in [words, u64::MAX] {
                prop_assert!(by_words(bytes, max, words) == expected, "{end} bytes, {words:x}");
            }
        }
    }
}

#[test]
fn every_width_packs_like_the_naive_packer() {
    for width in 1..=32u8 {
        for len in [0usize, 1, 7, 8, 9, 31, 32, 33, 64, 100] {
            let values: Vec<u32> = (0..len as u32)
                .map(|i| i.wrapping_mul(0x9e37_79b9).rotate_left(i) & mask(width))
                .collect();
            let mut expected = vec![0u8; len.div_ceil(8) * usize::from(width)];
            for (i, v) in values.iter().enumerate() {
                for b in 0..usize::from(width) {
                    let bit = i * usize::from(width) + b;
                    expected[bit / 8] |= u8::try_from(v >> b & 1).unwrap() << (bit % 8);
                }
            }
            let mut packed = Vec::new();
            pack(&values, width, &mut packed);
            assert_eq!(packed, expected, "width {width}, {len} values");
            let dirty: Vec<u32> = values.iter().map(|v| v | !mask(width)).collect();
            packed.clear();
            pack(&dirty, width, &mut packed);
            assert_eq!(packed, expected, "width {width}, bits above it");
        }
    }
}

#[test]
fn runs_are_used_where_they_pay() {
    let cases = [
        (vec![(1, 1_000_000)], 1, 4),
        (vec![(0, 500), (1, 500)], 1, 6),
        (vec![(5, 100), (6, 100), (7, 100)], 12, 12),
        (vec![(1, 20_000), (0, 3)], 1, 6),
    ];
    for (runs, width, most) in cases {
        let values: Vec<u32> = runs
            .iter()
            .flat_map(|&(v, n)| std::iter::repeat_n(v, n))
            .collect();
        let mut bytes = Vec::new();
        encode_hybrid(&values, width, &mut bytes);
        assert!(bytes.len() <= most, "{runs:?}: {bytes:?}");
        check_stream(&bytes, width, &values);
    }
}

#[test]
fn a_run_is_written_without_being_expanded() {
    let mut bytes = Vec::new();
    let mut encoder = HybridEncoder::new(1, &mut bytes);
    encoder.push_run(1, 3 << 30);
    encoder.finish();
    assert_eq!(bytes.len(), 3 * 6);
    bytes.clear();
    encode_run(3, 0, 2, &mut bytes);
    assert!(bytes.is_empty());
}

/// parquet2 writes such streams, and through it QuestDB.
#[test]
fn a_short_last_group_is_read() {
    let mut bytes = vec![0x05, 0b1110_0100, 0b0000_0001, 0b10];
    let mut out: Vec<u32> = Vec::new();
    HybridDecoder::new(&bytes, 2)
        .unwrap()
        .append(10, &mut out)
        .unwrap();
    assert_eq!(out, [0, 1, 2, 3, 1, 0, 0, 0, 2, 0]);
    bytes.pop();
    let error = HybridDecoder::new(&bytes, 2)
        .unwrap()
        .append(10, &mut out)
        .unwrap_err();
    assert_eq!(
        error,
        LevelError::Truncated {
            offset: 3,
            expected: 10,
            found: 8
        }
    );
}

#[test]
fn impossible_values_and_widths_are_refused() {
    let mut out: Vec<u8> = Vec::new();
    let error = HybridDecoder::new(&[0x10, 9], 3)
        .unwrap()
        .append(8, &mut out)
        .unwrap_err();
    assert_eq!(
        error,
        LevelError::Value {
            offset: 2,
            found: 9,
            max: 7
        }
    );
    let error = decode_levels_v2(&[0x10, 3], 2, 8, &mut out).unwrap_err();
    assert_eq!(
        error,
        LevelError::Value {
            offset: 2,
            found: 3,
            max: 2
        }
    );
    let error = HybridDecoder::new(&[0x10, 3], 9)
        .unwrap()
        .append(8, &mut out)
        .unwrap_err();
    assert_eq!(error, LevelError::Width { found: 9, max: 8 });
    assert_eq!(
        HybridDecoder::new(&[], 33).unwrap_err(),
        LevelError::Width { found: 33, max: 32 }
    );
    let endless = [0xff; 11];
    let error = HybridDecoder::new(&endless, 3)
        .unwrap()
        .append(8, &mut out)
        .unwrap_err();
    assert_eq!(error, LevelError::Header { offset: 0 });
    assert!(out.is_empty());
}

#[test]
fn bit_widths_cover_their_maximum() {
    for max in (0..70_000).chain([u32::MAX - 1, u32::MAX]) {
        let width = bit_width(max);
        assert!(
            max <= mask(width) && (width == 0 || max > mask(width - 1)),
            "{max}"
        );
    }
}
