//! Heap that hostile input can make this crate take.
//!
//! Invariants: reading metadata takes at most `METADATA_HEAP_FACTOR` times its length and 64 KiB,
//! whatever it declares; decompressing takes the declared size, once, and only as far as the input
//! proves it. One test, because the counters are those of the process.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::cast_possible_truncation, reason = "test values are small")]

use pq_format::{
    Codec, CodecId, ColumnIndex, Compressor, Decompressor, HybridDecoder, METADATA_HEAP_FACTOR,
    OffsetIndex, PageHeader, read_metadata,
};

#[global_allocator]
static ALLOC: dhat::Alloc = dhat::Alloc;

const SLACK: usize = 64 * 1024;

/// Peak of heap bytes above what is held already.
fn peak<T>(run: impl FnOnce() -> T) -> (usize, T) {
    let _profiler = dhat::Profiler::builder().testing().build();
    let result = run();
    (dhat::HeapStats::get().max_bytes, result)
}

fn varint(mut n: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
    out
}

/// A list field with `n` elements of one encoding.
fn list(field: u8, kind: u8, element: &[u8], n: usize) -> Vec<u8> {
    [
        &[field << 4 | 9, 0xf0 | kind][..],
        &varint(n),
        &element.repeat(n),
    ]
    .concat()
}

/// The least that is a column chunk: type, no encodings, a path, codec, counts, offset.
fn chunk(encodings: &[u8], path: &[u8], more: &[u8]) -> Vec<u8> {
    let meta = [
        &[0x15, 0x02][..],
        encodings,
        path,
        &[0x15, 0, 0x16, 0, 0x16, 0, 0x16, 0, 0x26, 8],
        more,
        &[0],
    ];
    [&[0x26, 0, 0x1c][..], &meta.concat(), &[0]].concat()
}

const NO_LIST: [u8; 2] = [0x19, 0x05];
const NO_PATH: [u8; 2] = [0x19, 0x08];

/// Version, schema of `leaves` columns, rows, row groups, more.
fn footer(leaves: usize, groups: &[u8], more: &[u8]) -> Vec<u8> {
    let leaf = [0x15, 2, 0x25, 0, 0x18, 0, 0];
    let root = [&[0x48, 0, 0x15][..], &varint(leaves * 2), &[0]].concat();
    let count = varint(leaves + 1);
    [
        &[0x15, 2, 0x19, 0xfc][..],
        &count,
        &root,
        &leaf.repeat(leaves),
        &[0x16, 0],
        groups,
        more,
        &[0],
    ]
    .concat()
}

fn one_group(chunks: &[u8], n: usize) -> Vec<u8> {
    let columns = [&[0x19, 0xfc][..], &varint(n), chunks].concat();
    [&[0x19, 0x1c][..], &columns, &[0x16, 0, 0x16, 0, 0]].concat()
}

/// Footers that are made to take as much memory for their length as possible.
fn greedy_footers() -> Vec<(&'static str, Vec<u8>)> {
    let n = 50_000;
    let no_groups = [0x19, 0x0c];
    let plain = chunk(&NO_LIST, &NO_PATH, &[]);
    let strings = list(1, 8, &[0], n);
    let key = [0x18, 0, 0];
    let text = [0x18, 1, b'k', 0x18, 0, 0];
    let page_stats = [0x15, 0, 0x15, 0, 0x15, 0, 0];
    let histogram = [
        &[0x7c][..],
        &list(2, 6, &[0], n),
        &list(1, 6, &[0], n),
        &[0],
    ]
    .concat();
    let group_of_one = [&[0x19, 0x1c][..], &plain, &[0x16, 0, 0x16, 0, 0]].concat();
    let groups = [&[0x19, 0xfc][..], &varint(n), &group_of_one.repeat(n)].concat();
    let empty_groups = list(1, 12, &[0x19, 0x0c, 0x16, 0, 0x16, 0, 0], n);
    vec![
        ("leaves", footer(n, &no_groups, &[])),
        ("keys", footer(0, &no_groups, &list(1, 12, &key, n))),
        ("texts", footer(0, &no_groups, &list(1, 12, &text, n))),
        (
            "orders",
            footer(n, &no_groups, &list(3, 12, &[0x1c, 0, 0], n)),
        ),
        (
            "paths",
            footer(1, &one_group(&chunk(&NO_LIST, &strings, &[]), 1), &[]),
        ),
        (
            "encodings",
            footer(
                1,
                &one_group(&chunk(&list(1, 5, &[0], n), &NO_PATH, &[]), 1),
                &[],
            ),
        ),
        (
            "page statistics",
            footer(
                1,
                &one_group(&chunk(&NO_LIST, &NO_PATH, &list(4, 12, &page_stats, n)), 1),
                &[],
            ),
        ),
        (
            "histograms",
            footer(
                1,
                &one_group(&chunk(&NO_LIST, &NO_PATH, &histogram), 1),
                &[],
            ),
        ),
        ("chunks", footer(n, &one_group(&plain.repeat(n), n), &[])),
        ("row groups", footer(1, &groups, &[])),
        ("empty row groups", footer(0, &empty_groups, &[])),
    ]
}

fn declared_but_absent() -> Vec<Vec<u8>> {
    // Each list as long as the rest of the bytes allows, the next one inside its first element.
    let inner = list(1, 8, &[0], 30_000);
    let chunk_cut = [&[0x26, 0, 0x1c, 0x15, 2, 0x19, 0x05][..], &inner].concat();
    let many =
        |kind: u8, body: &[u8]| [&[0x19, 0xf0 | kind][..], &varint(body.len()), body].concat();
    let groups = many(12, &many(12, &chunk_cut));
    vec![
        footer(1, &groups, &[]),
        [&[0x15, 2, 0x19, 0xfc][..], &varint(1 << 40)].concat(),
        [&[0x19, 0xf8][..], &varint(100_000), &[0; 100_000]].concat(),
    ]
}

fn metadata_is_bounded() {
    for (name, bytes) in greedy_footers() {
        let (heap, result) = peak(|| read_metadata(&bytes));
        let meta = result.unwrap_or_else(|e| panic!("{name}: {e}"));
        let ratio = heap as f64 / bytes.len() as f64;
        assert!(
            heap <= METADATA_HEAP_FACTOR * bytes.len() + SLACK,
            "{name}: {ratio}"
        );
        // The test means something only if the greedy part was read.
        assert!(heap > 2 * bytes.len(), "{name}: {ratio}");
        drop(meta);
    }
    for bytes in declared_but_absent() {
        let (heap, result) = peak(|| read_metadata(&bytes).map(drop));
        assert!(result.is_err());
        assert!(
            heap <= METADATA_HEAP_FACTOR * bytes.len() + SLACK,
            "{heap} for {}",
            bytes.len()
        );
    }
}

fn indexes_are_bounded() {
    let n = 50_000;
    let bounds = list(1, 8, &[0], n);
    let nulls = list(1, 1, &[1], n);
    let counts = list(1, 6, &[0], n);
    let index = [
        &nulls[..],
        &bounds,
        &bounds,
        &[0x15, 0],
        &counts,
        &counts,
        &counts,
        &counts,
        &[0],
    ]
    .concat();
    let (heap, result) = peak(|| ColumnIndex::read(&index));
    assert_eq!(result.unwrap().nan_counts.len(), n);
    assert!(
        heap <= METADATA_HEAP_FACTOR * index.len() + SLACK,
        "{heap} for {}",
        index.len()
    );

    let pages = list(1, 12, &[0x16, 0, 0x15, 0, 0x16, 0, 0], n);
    let index = [&pages[..], &[0]].concat();
    let (heap, result) = peak(|| OffsetIndex::read(&index));
    assert_eq!(result.unwrap().page_locations.len(), n);
    assert!(
        heap <= METADATA_HEAP_FACTOR * index.len() + SLACK,
        "{heap} for {}",
        index.len()
    );

    // A page header whose statistics declare 2 GiB.
    let header = [
        0x15, 0, 0x15, 0, 0x15, 0, 0x2c, 0x5c, 0x18, 0xff, 0xff, 0xff, 0xff, 7,
    ];
    let (heap, result) = peak(|| PageHeader::read(&header).map(drop));
    assert!(result.is_err() && heap < SLACK, "{heap}");
}

fn bombs_are_refused_before_they_grow() {
    let limit = 1 << 30;
    let noise: Vec<u8> = (0..4_000u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let ids = [
        CodecId::Uncompressed,
        CodecId::Snappy,
        CodecId::Lz4Raw,
        CodecId::Zstd,
        CodecId::Gzip,
        CodecId::Brotli,
    ];
    let mut decompressor = Decompressor::new();
    // Declared: 1 GiB. Given: nothing, noise, and a valid page of 100 bytes.
    for id in ids {
        let codec = ["none", "snappy", "lz4_raw", "zstd", "gzip", "brotli"]
            .map(|c| c.parse::<Codec>().unwrap())
            .into_iter()
            .find(|c| c.id() == id)
            .unwrap();
        let mut small = Vec::new();
        Compressor::new(codec)
            .unwrap()
            .compress(&[7; 100], &mut small)
            .unwrap();
        for input in [&[][..], &noise, &small] {
            let mut out = Vec::new();
            let (heap, result) =
                peak(|| decompressor.decompress(id, input, limit, limit, &mut out));
            assert!(result.is_err(), "{id}");
            // Brotli's window may be 16 MiB, whatever the page.
            let allowed = if id == CodecId::Brotli {
                40 << 20
            } else {
                2 << 20
            };
            assert!(
                heap < allowed,
                "{id}: {heap} bytes of heap for {}",
                input.len()
            );
        }
        // Declared: 1000 bytes. Given: a page of 16 MiB, which must not be unpacked.
        let mut large = Vec::new();
        let input = vec![0; 16 << 20];
        Compressor::new(codec)
            .unwrap()
            .compress(&input, &mut large)
            .unwrap();
        let mut out = Vec::new();
        let (heap, result) = peak(|| decompressor.decompress(id, &large, 1_000, limit, &mut out));
        assert!(result.is_err(), "{id}");
        let allowed = if id == CodecId::Brotli {
            40 << 20
        } else {
            2 << 20
        };
        assert!(heap < allowed, "{id}: {heap} bytes of heap");
    }
}

fn an_honest_page_is_allocated_once() {
    let input: Vec<u8> = (0..1_000_000u32)
        .flat_map(|i| (i / 3).to_le_bytes())
        .collect();
    for codec in ["none", "snappy", "lz4_raw", "zstd", "gzip", "brotli"] {
        let codec: Codec = codec.parse().unwrap();
        let mut packed = Vec::new();
        Compressor::new(codec)
            .unwrap()
            .compress(&input, &mut packed)
            .unwrap();
        let mut decompressor = Decompressor::new();
        let mut out = Vec::with_capacity(input.len());
        let (heap, result) = peak(|| {
            decompressor.decompress(codec.id(), &packed, input.len(), input.len(), &mut out)
        });
        result.unwrap();
        assert_eq!(out, input);
        // Into a buffer with room nothing but the codec's own state is allocated.
        assert!(
            heap < 20 << 20 && (codec == Codec::Brotli(1) || heap < 1 << 20),
            "{codec}: {heap}"
        );
    }
}

fn levels_grow_only_by_what_is_there() {
    // 2^40 values wanted, a bit-packed run that declares as many, nine bytes.
    let bytes = [0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 0xff, 0xff];
    let (heap, result) = peak(|| {
        let mut out: Vec<u8> = Vec::new();
        HybridDecoder::new(&bytes, 1)
            .unwrap()
            .append(1 << 40, &mut out)
    });
    assert!(result.is_err() && heap < SLACK, "{heap}");
}

#[test]
fn hostile_input_takes_no_more_heap_than_stated() {
    metadata_is_bounded();
    indexes_are_bounded();
    bombs_are_refused_before_they_grow();
    an_honest_page_is_allocated_once();
    levels_grow_only_by_what_is_there();
}
