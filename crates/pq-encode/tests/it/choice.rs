//! What is chosen for a chunk is what it should be: near the best of all legal encodings.

use column_format::{ColumnSlice, ColumnType, Layout, TimestampUnit, VarcharWriter};
use pq_encode::{
    ChunkEncoder, Codec, ColumnSpec, Encoding, PushEncoder, SpooledChunk, WriterOptions,
};

use crate::data::{Nulls, Rng, Shape, all_types, column};
use crate::write::{Input, chunk};

/// Encoders go to other threads, and so does what they made.
const fn assert_send<T: Send>() {}
const _: () = assert_send::<ChunkEncoder>();
const _: () = assert_send::<PushEncoder>();
const _: () = assert_send::<SpooledChunk>();

const ROWS: usize = 60_000;

fn with_codec(codec: Codec) -> WriterOptions {
    WriterOptions {
        codec,
        ..Default::default()
    }
}

fn longs(values: impl Iterator<Item = u64>) -> Vec<u8> {
    values.flat_map(u64::to_le_bytes).collect()
}

fn fixed(bytes: &[u8]) -> ColumnSlice<'_> {
    ColumnSlice::new(Layout::Fixed(8), &[], bytes, ROWS).unwrap()
}

fn texts(value: impl Fn(usize) -> String) -> (Vec<u8>, Vec<u8>) {
    let mut writer = VarcharWriter::new();
    for row in 0..ROWS {
        writer.push(Some(value(row).as_bytes())).unwrap();
    }
    writer.take()
}

fn chosen(column_type: ColumnType, rows: ColumnSlice<'_>, codec: Codec) -> Encoding {
    let mut spec = ColumnSpec::new("c", column_type);
    if matches!(column_type, ColumnType::Timestamp(_)) {
        spec = spec.as_designated();
    }
    let input = Input {
        spec,
        slices: vec![rows],
        symbols: None,
    };
    chunk(&input, &with_codec(codec)).1.encoding
}

#[test]
fn the_columns_of_trades_get_the_encodings_that_suit_them() {
    let mut rng = Rng::new(1);
    let noise: Vec<u64> = (0..ROWS).map(|_| rng.next()).collect();
    let mut at = 1_700_000_000_000_000;
    let times = longs(noise.iter().map(|n| {
        at += n % 3000;
        at
    }));
    // Prices in cents around 100, venues by name, amounts of any size.
    let price = |n: &u64| (10_000.0 + f64::from(u16::try_from(n % 800).unwrap())) / 100.0;
    let prices = longs(noise.iter().map(|n| price(n).to_bits()));
    let amount = |n: &u64| f64::from(u32::try_from(n >> 33).unwrap()) * 1e-7;
    let amounts = longs(noise.iter().map(|n| amount(n).to_bits()));
    let venues = texts(|row| format!("venue {}", noise[row] % 9));
    let orders = texts(|row| format!("order-{:016x}", noise[row]));
    let venues = ColumnSlice::new(Layout::Varchar, &venues.0, &venues.1, ROWS).unwrap();
    let orders = ColumnSlice::new(Layout::Varchar, &orders.0, &orders.1, ROWS).unwrap();
    let timestamp = ColumnType::Timestamp(TimestampUnit::Micros);
    for (codec, amount) in [
        (Codec::None, Encoding::Plain),
        (Codec::Zstd(1), Encoding::ByteStreamSplit),
    ] {
        assert_eq!(chosen(timestamp, fixed(&times), codec), Encoding::Delta);
        let price = chosen(ColumnType::Double, fixed(&prices), codec);
        assert_eq!(price, Encoding::Dictionary, "price {codec:?}");
        let found = chosen(ColumnType::Double, fixed(&amounts), codec);
        assert_eq!(found, amount, "amount {codec:?}");
        let venue = chosen(ColumnType::Varchar, venues, codec);
        assert_eq!(venue, Encoding::Dictionary, "venue {codec:?}");
        let order = chosen(ColumnType::Varchar, orders, codec);
        assert_eq!(order, Encoding::DeltaLength, "order_id {codec:?}");
    }
}

/// Chunks whose choice is more than a twentieth larger than the best encoding asked for by name.
fn regretted(codec: Codec) -> Vec<String> {
    let mut above = Vec::new();
    let options = with_codec(codec);
    for column_type in all_types() {
        for shape in [Shape::Wild, Shape::Few, Shape::Rising] {
            let column = column(column_type, 20_000, Nulls::Random, shape, 3);
            let len = |encoding: Option<Encoding>| {
                let mut spec = ColumnSpec::new("c", column_type);
                spec.encoding = encoding;
                let input = Input {
                    spec,
                    slices: vec![column.slice()],
                    symbols: column.symbols.as_ref(),
                };
                let (_, summary) = chunk(&input, &options);
                (summary.compressed_len, summary.encoding)
            };
            // Only those that a column may get without being asked.
            let spec = ColumnSpec::new("c", column_type);
            let candidates = pq_encode::candidates(&spec, &options);
            let named = candidates.iter().map(|encoding| len(Some(*encoding)));
            let (best, by) = named.min_by_key(|(len, _)| *len).unwrap();
            let (found, encoding) = len(None);
            if found * 20 > best * 21 {
                let what = format!("{column_type} {shape:?}");
                above.push(format!("{what}: {found} {encoding}, {best} {by}"));
            }
        }
    }
    above
}

// One test a codec: they run side by side.

#[test]
fn what_is_chosen_is_at_most_a_twentieth_larger_than_the_best_named() {
    assert_eq!(regretted(Codec::None), [""; 0]);
}

#[test]
fn what_is_chosen_under_zstd_is_at_most_a_twentieth_larger_than_the_best_named() {
    assert_eq!(regretted(Codec::Zstd(1)), [""; 0]);
}

#[test]
fn what_is_chosen_under_lz4_is_at_most_a_twentieth_larger_than_the_best_named() {
    assert_eq!(regretted(Codec::Lz4Raw), [""; 0]);
}

#[test]
fn a_gain_of_four_percent_is_stored_and_one_of_six_compressed() {
    // Noise, and a share of zeros: what the codec gains is the share.
    for (percent, stored) in [(4, true), (6, false)] {
        let mut rng = Rng::new(2);
        let mut bytes: Vec<u8> = (0..ROWS).flat_map(|_| rng.next().to_le_bytes()).collect();
        // Spread evenly, in runs that are long enough to be found.
        for block in bytes.chunks_mut(6400) {
            let zeros = block.len() * percent / 100;
            block[..zeros].fill(0);
        }
        let input = Input {
            spec: ColumnSpec::new("c", ColumnType::Long).with_encoding(Encoding::Plain),
            slices: vec![fixed(&bytes)],
            symbols: None,
        };
        let (_, summary) = chunk(&input, &with_codec(Codec::Zstd(1)));
        assert_eq!(summary.codec == Codec::None, stored, "{percent} %");
    }
}
