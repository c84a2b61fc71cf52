//! Codecs.
//!
//! Invariants: decompress ∘ compress = identity for every codec, level and input; output depends
//! on the input alone, not on what the context did before; both append and leave the rest alone;
//! damaged or lying input is an error that leaves the output as it was.

use pq_format::{Codec, CodecError, CodecId, Compressor, Decompressor, Search};
use proptest::prelude::*;

fn all_codecs() -> Vec<Codec> {
    let mut codecs = vec![Codec::None, Codec::Snappy, Codec::Lz4Raw];
    codecs.extend([1, 2, 3, 5, 9, 13, 19, 22].map(Codec::Zstd));
    codecs.extend([0, 1, 6, 9].map(Codec::Gzip));
    codecs.extend([0, 1, 5, 11].map(Codec::Brotli));
    codecs
}

fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut x = seed;
    (0..len)
        .map(|_| {
            x = x
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            x.to_be_bytes()[0]
        })
        .collect()
}

/// Eight-byte numbers that rise slowly: what pages look like.
fn page(len: usize, seed: u64) -> Vec<u8> {
    let steps = noise(len / 8 + 1, seed);
    let mut value = seed;
    let mut out = Vec::with_capacity(len + 8);
    for step in steps {
        value += u64::from(step % 7);
        out.extend_from_slice(&value.to_le_bytes());
    }
    out.truncate(len);
    out
}

fn inputs() -> Vec<Vec<u8>> {
    vec![
        Vec::new(),
        vec![7],
        vec![0; 100_000],
        noise(70_000, 3),
        page(65_534, 1),
        page(65_535, 2),
        page(100_001, 3),
        b"abc".repeat(2_000),
    ]
}

fn unpack(codec: CodecId, input: &[u8], len: usize) -> Result<Vec<u8>, CodecError> {
    let mut out = b"before".to_vec();
    Decompressor::new()
        .decompress(codec, input, len, 1 << 20, &mut out)
        .map(|()| {
            assert!(out.starts_with(b"before"));
            out.split_off(6)
        })
}

#[test]
fn every_codec_and_level_returns_what_it_was_given() {
    for codec in all_codecs() {
        let mut compressor = Compressor::new(codec).unwrap();
        let mut decompressor = Decompressor::new();
        for input in inputs() {
            let mut packed = b"before".to_vec();
            let n = compressor.compress(&input, &mut packed).unwrap();
            assert_eq!(packed.len(), 6 + n, "{codec}");
            assert_eq!(&packed[..6], b"before", "{codec}");
            let mut out = vec![1, 2, 3];
            decompressor
                .decompress(codec.id(), &packed[6..], input.len(), input.len(), &mut out)
                .unwrap_or_else(|e| panic!("{codec}, {} bytes: {e}", input.len()));
            assert_eq!(out[..3], [1, 2, 3], "{codec}");
            assert!(out[3..] == input, "{codec}, {} bytes", input.len());
        }
    }
}

#[test]
fn output_does_not_depend_on_what_was_compressed_before() {
    let mut sequence = inputs();
    sequence.extend((10..14).map(|seed| page(100_000 + 977 * seed as usize, seed)));
    sequence.push(noise(9_000, 20));
    sequence.extend((30..33).map(|seed| b"some words, often".repeat(seed)));
    let codecs = [Codec::Snappy, Codec::Lz4Raw].into_iter();
    let zstd = [1, 2, 3, 4, 5, 6, 7, 9, 12].map(Codec::Zstd);
    for codec in codecs.chain(zstd).chain([0, 1, 6, 9].map(Codec::Gzip)) {
        let mut reused = Compressor::new(codec).unwrap();
        for (i, input) in sequence.iter().chain(sequence.iter().rev()).enumerate() {
            let (mut a, mut b) = (Vec::new(), Vec::new());
            reused.compress(input, &mut a).unwrap();
            Compressor::new(codec)
                .unwrap()
                .compress(input, &mut b)
                .unwrap();
            assert!(
                a == b,
                "{codec}, input {i}: {} and {} bytes",
                a.len(),
                b.len()
            );
        }
    }
}

/// Lengths in front of hexadecimal digits, as a page of text has them.
fn lengths_and_digits() -> (usize, Vec<u8>) {
    let lengths = [128, 1, 4, 0, 0].repeat(300);
    let digits = noise(200_000, 7)
        .into_iter()
        .map(|byte| b"0123456789abcdef"[usize::from(byte % 16)]);
    (
        lengths.len(),
        lengths.iter().copied().chain(digits).collect(),
    )
}

#[test]
fn cuts_change_the_size_and_never_the_content() {
    let (cut, input) = lengths_and_digits();
    for codec in all_codecs() {
        let mut compressor = Compressor::new(codec).unwrap();
        let whole = pack(codec, &input);
        for cuts in [&[cut][..], &[0, cut, cut, 5, input.len(), usize::MAX], &[]] {
            let mut packed = Vec::new();
            compressor.compress(b"something else", &mut packed).unwrap();
            packed.clear();
            let len = compressor
                .compress_in_parts(&input, cuts, Search::On, &mut packed)
                .unwrap();
            assert_eq!(len, packed.len());
            let out = unpack(codec.id(), &packed, input.len()).unwrap();
            assert!(out == input, "{codec}, {cuts:?}");
            if matches!(codec, Codec::Zstd(1)) && !cuts.is_empty() {
                assert!(packed.len() < whole.len(), "{cuts:?}");
            } else if !matches!(codec, Codec::Zstd(_)) || cuts.is_empty() {
                assert!(packed == whole, "{codec}, {cuts:?}");
            }
            let mut fresh = Vec::new();
            Compressor::new(codec)
                .unwrap()
                .compress_in_parts(&input, cuts, Search::On, &mut fresh)
                .unwrap();
            assert!(fresh == packed, "{codec}, {cuts:?}");
        }
    }
}

#[test]
fn leaving_the_search_finds_no_repeats_and_changes_no_content() {
    let (cut, digits) = lengths_and_digits();
    // One repeat that goes on is found by chance; many short ones are not.
    let words = noise(1_200, 3);
    let order = noise(8_000, 4).into_iter().map(|at| usize::from(at % 100));
    let repeats: Vec<u8> = order
        .flat_map(|at| words[at * 12..][..12].to_vec())
        .collect();
    let zstd = [1, 3, 9, 19].map(Codec::Zstd).into_iter();
    for codec in zstd.chain([Codec::Lz4Raw, Codec::Gzip(1)]) {
        let mut reused = Compressor::new(codec).unwrap();
        let mut len = |input: &[u8], search| {
            let (mut packed, mut fresh) = (Vec::new(), Vec::new());
            reused
                .compress_in_parts(input, &[cut], search, &mut packed)
                .unwrap();
            Compressor::new(codec)
                .unwrap()
                .compress_in_parts(input, &[cut], search, &mut fresh)
                .unwrap();
            assert!(fresh == packed, "{codec}, {search:?}: another context");
            let out = unpack(codec.id(), &packed, input.len()).unwrap();
            assert!(out == input, "{codec}, {search:?}");
            packed.len()
        };
        // To and fro: a context forgets how it was set before.
        for _ in 0..2 {
            let [on, off] = [Search::On, Search::Off].map(|search| len(&repeats, search));
            let [on_digits, off_digits] =
                [Search::On, Search::Off].map(|search| len(&digits, search));
            if matches!(codec, Codec::Zstd(_)) {
                assert!(on * 2 < off, "{codec}: {on}, {off}");
            } else {
                assert_eq!((on, on_digits), (off, off_digits));
            }
            if codec == Codec::Zstd(1) {
                // Repeats by chance are worth next to nothing.
                assert!(
                    off_digits * 100 < on_digits * 101,
                    "{on_digits}, {off_digits}"
                );
            }
        }
    }
}

#[test]
fn names_and_levels_are_read_and_shown() {
    let cases = [
        ("none", Codec::None),
        ("snappy", Codec::Snappy),
        ("lz4_raw", Codec::Lz4Raw),
        ("zstd", Codec::Zstd(1)),
        ("zstd:22", Codec::Zstd(22)),
        ("gzip", Codec::Gzip(6)),
        ("gzip:0", Codec::Gzip(0)),
        ("brotli", Codec::Brotli(1)),
        ("brotli:11", Codec::Brotli(11)),
    ];
    for (text, codec) in cases {
        assert_eq!(text.parse::<Codec>().unwrap(), codec);
        assert_eq!(codec.to_string().parse::<Codec>().unwrap(), codec);
    }
    assert_eq!(Codec::Zstd(3).to_string(), "zstd:3");
    assert_eq!(Codec::Lz4Raw.to_string(), "lz4_raw");
}

#[test]
fn what_does_not_exist_is_answered_with_what_does() {
    let message = |text: &str| text.parse::<Codec>().unwrap_err().to_string();
    let names = "there are none, snappy, lz4_raw, zstd[:1-22], gzip[:0-9], brotli[:0-11]";
    for text in ["lzo", "", "ZSTD", "zstd 3", "lz4"] {
        assert_eq!(
            message(text),
            format!("codec {text:?} does not exist; {names}")
        );
    }
    assert_eq!(
        message("zstd:23"),
        "zstd has no level \"23\"; its levels are 1 to 22"
    );
    assert_eq!(
        message("zstd:0"),
        "zstd has no level \"0\"; its levels are 1 to 22"
    );
    assert_eq!(
        message("gzip:fast"),
        "gzip has no level \"fast\"; its levels are 0 to 9"
    );
    assert_eq!(
        message("brotli:"),
        "brotli has no level \"\"; its levels are 0 to 11"
    );
    assert!(message("snappy:1").starts_with("snappy has no levels, found \"1\""));
    assert!(message("none:x").starts_with("none has no levels, found \"x\""));
    let refused = Compressor::new(Codec::Zstd(-7)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "zstd has no level \"-7\"; its levels are 1 to 22"
    );
}

fn readable() -> [Codec; 6] {
    [
        Codec::None,
        Codec::Snappy,
        Codec::Lz4Raw,
        Codec::ZSTD,
        Codec::Gzip(6),
        Codec::Brotli(5),
    ]
}

fn pack(codec: Codec, input: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    Compressor::new(codec)
        .unwrap()
        .compress(input, &mut packed)
        .unwrap();
    packed
}

#[test]
fn a_wrong_declared_size_is_refused() {
    for codec in readable() {
        for input in [&b""[..], b"x", &[0; 5_000], &noise(5_000, 1)] {
            let packed = pack(codec, input);
            for wrong in [input.len() + 1, input.len() / 2, input.len() + 1_000_000, 0] {
                if wrong != input.len() {
                    let result = unpack(codec.id(), &packed, wrong);
                    assert!(
                        result.is_err(),
                        "{codec}: {} declared as {wrong}",
                        input.len()
                    );
                }
            }
        }
    }
}

#[test]
fn a_size_above_the_limit_is_refused_before_any_work() {
    let mut out = Vec::new();
    for codec in readable() {
        let packed = pack(codec, &[0; 5_000]);
        let error = Decompressor::new()
            .decompress(codec.id(), &packed, 5_000, 4_999, &mut out)
            .unwrap_err();
        let expected = CodecError::Limit {
            codec: codec.id(),
            declared: 5_000,
            limit: 4_999,
        };
        assert_eq!(error, expected);
        assert_eq!(out.capacity(), 0);
    }
}

#[test]
fn codecs_that_nobody_writes_are_refused_by_name() {
    for (codec, name) in [
        (CodecId::Lzo, "LZO"),
        (CodecId::Lz4, "LZ4"),
        (CodecId::Unknown(9), "unknown (9)"),
    ] {
        let message = unpack(codec, b"abc", 3).unwrap_err().to_string();
        assert!(
            message.starts_with(&format!("codec {name} is not supported")),
            "{message}"
        );
    }
}

#[test]
fn every_truncation_is_an_error() {
    for codec in readable() {
        let input = page(3_000, 5);
        let packed = pack(codec, &input);
        for len in 0..packed.len() {
            match unpack(codec.id(), &packed[..len], input.len()) {
                Err(CodecError::Corrupt { .. }) => {}
                other => panic!(
                    "{codec} cut at {len} of {}: {:?}",
                    packed.len(),
                    other.is_ok()
                ),
            }
        }
    }
}

/// Several members one behind the other are one gzip file.
#[test]
fn gzip_members_are_joined() {
    let packed = [
        pack(Codec::Gzip(1), b"first "),
        pack(Codec::Gzip(9), b"second"),
    ]
    .concat();
    assert_eq!(unpack(CodecId::Gzip, &packed, 12).unwrap(), b"first second");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn damaged_input_is_an_error_or_the_declared_size(
        which in 0..6usize,
        input in prop::collection::vec(0u8..4, 0..2_000),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let codec = readable()[which];
        let mut packed = pack(codec, &input);
        for (at, byte) in damage {
            if !packed.is_empty() {
                let at = at.index(packed.len());
                packed[at] = byte;
            }
        }
        let mut out = b"before".to_vec();
        let done =
            Decompressor::new().decompress(codec.id(), &packed, input.len(), 1 << 20, &mut out);
        let expected = if done.is_ok() { input.len() } else { 0 };
        prop_assert_eq!(out.len(), 6 + expected);
        prop_assert!(out.starts_with(b"before"));
    }

    #[test]
    fn noise_is_an_error_or_the_declared_size(
        which in 0..6usize,
        packed in prop::collection::vec(any::<u8>(), 0..300),
        declared in prop_oneof![0..1_000usize, Just(1 << 20)],
    ) {
        if let Ok(out) = unpack(readable()[which].id(), &packed, declared) {
            prop_assert_eq!(out.len(), declared);
        }
    }
}

/// Each worker thread has its own, made elsewhere.
#[test]
fn contexts_can_be_sent_to_threads() {
    fn is_send<T: Send>(_: &T) {}
    is_send(&Compressor::new(Codec::ZSTD).unwrap());
    is_send(&Decompressor::new());
}

/// A context that had a large page makes of later ones what it would have made of them anyway.
#[test]
fn a_context_of_a_large_page_does_not_stay_and_changes_nothing() {
    let page: Vec<u8> = (0_u64..4 << 20).map(|i| (i * i).to_le_bytes()[1]).collect();
    let small = &page[..200 << 10];
    let mut compressor = Compressor::new(Codec::Zstd(9)).unwrap();
    let mut expected = Vec::new();
    compressor.compress(small, &mut expected).unwrap();
    let fresh = compressor.context_bytes();
    compressor.compress(&page, &mut Vec::new()).unwrap();
    let grown = compressor.context_bytes();
    assert!(grown > 2 * fresh, "{fresh} {grown}");
    compressor.trim(page.len());
    assert_eq!(compressor.context_bytes(), grown);
    compressor.trim(page.len() - 1);
    let mut out = Vec::new();
    compressor.compress(small, &mut out).unwrap();
    assert!(out == expected);
    assert_eq!(compressor.context_bytes(), fresh);
}
