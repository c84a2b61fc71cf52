//! Bloom filters.
//!
//! Invariants: what was inserted is found; the rate of false positives is near the one asked for;
//! damaged bytes are errors. `read_foreign` and `write_file` hold them against arrow-rs.

use pq_format::{BloomError, BloomFilter, BloomFilterHeader, FormatError};
use proptest::prelude::*;

proptest! {
    #[test]
    fn what_was_inserted_is_found(
        values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..200),
    ) {
        let mut filter = BloomFilter::new(values.len() as u64, 0.01).unwrap();
        values.iter().for_each(|v| filter.insert(v));
        let mut bytes = Vec::new();
        let len = filter.write(&mut bytes).unwrap();
        prop_assert_eq!(len, bytes.len());
        bytes.push(7);
        let back = BloomFilter::read(&bytes).unwrap();
        prop_assert_eq!(&back, &filter);
        prop_assert!(values.iter().all(|v| back.contains(v)));
    }

    #[test]
    fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        if let Ok(filter) = BloomFilter::read(&bytes) {
            prop_assert!(filter.bitset().len() < bytes.len());
            let _ = filter.contains(b"x");
        }
    }
}

#[test]
fn the_rate_is_near_the_one_asked_for() {
    for (distinct, rate) in [(1_000u64, 0.1), (5_000, 0.01), (20_000, 0.001)] {
        let mut filter = BloomFilter::new(distinct, rate).unwrap();
        (0..distinct).for_each(|i| filter.insert(&i.to_le_bytes()));
        let probes = 200_000u64;
        let hits = (distinct..distinct + probes).filter(|i| filter.contains(&i.to_le_bytes()));
        let found = hits.count() as f64 / probes as f64;
        assert!(
            found <= rate * 1.3,
            "{distinct} values: {found} instead of {rate}"
        );
        // Half the size would not do: the filter is not larger than it must be.
        let smaller = filter.bitset().len() as f64 * 4.0;
        let expected = (1.0 - (-8.0 * distinct as f64 / smaller).exp()).powi(8);
        assert!(
            expected > rate,
            "{distinct} values: {} bytes",
            filter.bitset().len()
        );
    }
}

#[test]
fn sizes_are_powers_of_two_within_the_format() {
    let sizes = [0, 1, 1_000, 1 << 20, u64::MAX].map(|n| BloomFilter::bytes_for(n, 0.01).unwrap());
    assert_eq!(sizes[0], 32);
    assert_eq!(sizes[4], 128 << 20);
    assert!(sizes.iter().all(|s| s.is_power_of_two()) && sizes.is_sorted());
}

#[test]
fn impossible_rates_are_refused() {
    for rate in [0.0, 1.0, -0.5, f64::NAN, f64::INFINITY] {
        let error = BloomFilter::new(10, rate).unwrap_err();
        assert_eq!(
            error,
            BloomError::Rate {
                found: rate.to_string()
            }
        );
    }
}

#[test]
fn odd_bitsets_and_other_algorithms_are_refused() {
    for len in [0, 1, 31, 33] {
        assert!(matches!(
            BloomFilter::from_bitset(vec![0; len]),
            Err(FormatError::Corrupt { .. })
        ));
    }
    let mut bytes = Vec::new();
    BloomFilterHeader { num_bytes: 1 << 30 }
        .write(&mut bytes)
        .unwrap();
    bytes.extend([0; 32]);
    assert!(matches!(
        BloomFilter::read(&bytes),
        Err(FormatError::Truncated { .. })
    ));
    // Union member 2 where 1 stands for split blocks, xxHash, no compression.
    for (at, what) in [(4, "algorithm"), (8, "hash"), (12, "compression")] {
        let mut bytes = Vec::new();
        BloomFilter::new(1, 0.01)
            .unwrap()
            .write(&mut bytes)
            .unwrap();
        assert_eq!(bytes[at - 1], 0x1c);
        bytes[at - 1] = 0x2c;
        let error = BloomFilter::read(&bytes).unwrap_err();
        let found = format!("{what} 2");
        assert_eq!(
            error,
            FormatError::Unsupported {
                what: "BloomFilterHeader",
                found
            }
        );
    }
}

#[test]
fn a_folded_filter_is_the_one_that_its_size_would_have_made() {
    let hash = |i: u64| BloomFilter::hash(&i.to_le_bytes());
    let mut large = BloomFilter::new(100_000, 0.01).unwrap();
    let new = (0..3000)
        .chain(0..3000)
        .filter(|i| large.insert_new(hash(*i)));
    assert_eq!(new.count(), 3000);
    for distinct in [50_000, 3000, 10, 1] {
        let bytes = BloomFilter::bytes_for(distinct, 0.01).unwrap();
        let mut direct = BloomFilter::new(distinct, 0.01).unwrap();
        (0..3000).for_each(|i| direct.insert_hash(hash(i)));
        let mut folded = large.clone();
        folded.fold_to(bytes);
        assert_eq!(folded.bitset().len(), bytes);
        assert_eq!(folded, direct);
    }
}
