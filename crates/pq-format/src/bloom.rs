//! Split-block bloom filters: is a value certainly not in this chunk?
//!
//! Blocks of 256 bits, eight 32-bit words each; a value sets one bit in every word of one block.
//! The hash is xxHash64 with seed 0 of the PLAIN encoding (byte arrays without length prefix).
//! The bit arithmetic is parquet2's; bounds are checked here, because its own are not.

use thiserror::Error;

use crate::error::FormatError;
use crate::thrift::{Field, Reader, Writer};

/// Bytes of a block.
const BLOCK: usize = 32;
/// Largest bitset, bytes: the format's own limit.
const BYTES_MAX: usize = 128 << 20;

/// `BloomFilterHeader`. Block algorithm, xxHash and no compression are all that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BloomFilterHeader {
    /// Bytes of the bitset that follows.
    pub num_bytes: u32,
}

/// A bloom filter could not be made or read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BloomError {
    /// Header or bitset are wrong.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A false-positive rate must lie between 0 and 1.
    #[error("bloom filter: false-positive rate {found} is not between 0 and 1")]
    Rate {
        /// What was asked for.
        found: String,
    },
}

impl BloomFilterHeader {
    /// Appends the header to `out`; returns the bytes that it took.
    ///
    /// # Errors
    /// [`FormatError::Limit`] if the length exceeds `i32::MAX`.
    pub fn write(self, out: &mut Vec<u8>) -> Result<usize, FormatError> {
        let before = out.len();
        let mut w = Writer::new(out);
        w.u32(1, "BloomFilterHeader.numBytes", self.num_bytes);
        for id in 2..=4 {
            // Algorithm BLOCK, hash XXHASH, compression UNCOMPRESSED: each member 1 of its union.
            w.structure(id, |w| w.structure(1, |_| {}));
        }
        w.finish()?;
        Ok(out.len() - before)
    }

    /// Reads a header from the start of `bytes`; returns the bytes that it took.
    ///
    /// # Errors
    /// What is wrong with the bytes; [`FormatError::Unsupported`] for any other algorithm.
    pub fn read(bytes: &[u8]) -> Result<(Self, usize), FormatError> {
        const WHAT: &str = "BloomFilterHeader";
        let mut r = Reader::new(bytes, WHAT);
        let mut num_bytes = None;
        let mut members = [None; 3];
        r.structure(|r, f| {
            match f.id {
                1 => num_bytes = Some(r.u32(f)?),
                2 => members[0] = union_member(r, f)?,
                3 => members[1] = union_member(r, f)?,
                4 => members[2] = union_member(r, f)?,
                _ => r.skip(f)?,
            }
            Ok(())
        })?;
        for (member, field) in members
            .into_iter()
            .zip(["algorithm", "hash", "compression"])
        {
            match member {
                Some(1) => {}
                None => return Err(FormatError::missing(WHAT, field)),
                Some(other) => {
                    let found = format!("{field} {other}");
                    return Err(FormatError::Unsupported { what: WHAT, found });
                }
            }
        }
        let num_bytes = num_bytes.ok_or(FormatError::missing(WHAT, "numBytes"))?;
        Ok((Self { num_bytes }, r.position()))
    }
}

fn union_member(r: &mut Reader<'_>, field: Field) -> Result<Option<i16>, FormatError> {
    let mut member = None;
    r.structure_field(field, |r, f| {
        member = Some(f.id);
        r.skip(f)
    })?;
    Ok(member)
}

/// A filter in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BloomFilter {
    bits: Vec<u8>,
}

impl BloomFilter {
    /// An empty filter for `distinct` values with at most about `rate` false positives.
    ///
    /// # Errors
    /// [`BloomError::Rate`] unless `0 < rate < 1`.
    pub fn new(distinct: u64, rate: f64) -> Result<Self, BloomError> {
        Ok(Self {
            bits: vec![0; Self::bytes_for(distinct, rate)?],
        })
    }

    /// Bytes of the bitset for `distinct` values at `rate`: a power of two from 32 to 128 MiB.
    ///
    /// # Errors
    /// [`BloomError::Rate`] unless `0 < rate < 1`.
    pub fn bytes_for(distinct: u64, rate: f64) -> Result<usize, BloomError> {
        if !(rate > 0.0 && rate < 1.0) {
            return Err(BloomError::Rate {
                found: rate.to_string(),
            });
        }
        // rate = (1 - e^(-8 n / m))^8 for n values in m bits (BloomFilter.md, "Sizing").
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let n = distinct.max(1) as f64;
        let bits = -8.0 * n / (-rate.powf(1.0 / 8.0)).ln_1p();
        let mut bytes = BLOCK;
        #[expect(clippy::cast_precision_loss, reason = "at most 2^30, exact")]
        while bytes < BYTES_MAX && ((bytes * 8) as f64) < bits {
            bytes *= 2;
        }
        Ok(bytes)
    }

    /// Hash of a value given as its PLAIN bytes, without the length prefix of byte arrays.
    #[must_use]
    pub fn hash(plain: &[u8]) -> u64 {
        parquet2::bloom_filter::hash_byte(plain)
    }

    /// Adds a value by its hash.
    pub fn insert_hash(&mut self, hash: u64) {
        parquet2::bloom_filter::insert(&mut self.bits, hash);
    }

    /// Adds a value by its hash; returns whether it certainly was not there.
    pub fn insert_new(&mut self, hash: u64) -> bool {
        let new = !self.contains_hash(hash);
        if new {
            self.insert_hash(hash);
        }
        new
    }

    /// Halves the filter while it has at least twice `bytes`: the filter that the same values would
    /// have made of that size.
    pub fn fold_to(&mut self, bytes: usize) {
        // The block of a value is the high part of its hash: two neighbours become one.
        while self.bits.len() / 2 >= bytes.max(BLOCK) && self.bits.len().is_multiple_of(2 * BLOCK) {
            let half = self.bits.len() / 2;
            for at in (0..half).step_by(BLOCK) {
                for i in 0..BLOCK {
                    let both = [2 * at + i, 2 * at + BLOCK + i].map(|k| self.bits.get(k).copied());
                    let byte = both.into_iter().flatten().fold(0, |bits, byte| bits | byte);
                    if let Some(slot) = self.bits.get_mut(at + i) {
                        *slot = byte;
                    }
                }
            }
            self.bits.truncate(half);
        }
        self.bits.shrink_to_fit();
    }

    /// Adds a value by its PLAIN bytes.
    pub fn insert(&mut self, plain: &[u8]) {
        self.insert_hash(Self::hash(plain));
    }

    /// Whether the value with this hash may have been added; `false` is certain.
    #[must_use]
    pub fn contains_hash(&self, hash: u64) -> bool {
        parquet2::bloom_filter::is_in_set(&self.bits, hash)
    }

    /// Whether the value with these PLAIN bytes may have been added; `false` is certain.
    #[must_use]
    pub fn contains(&self, plain: &[u8]) -> bool {
        self.contains_hash(Self::hash(plain))
    }

    /// The bitset: a positive multiple of 32 bytes.
    #[must_use]
    pub fn bitset(&self) -> &[u8] {
        &self.bits
    }

    /// Takes a bitset, for instance one found through `_pm`.
    ///
    /// # Errors
    /// [`FormatError::Corrupt`] unless it is a positive multiple of 32 bytes.
    pub fn from_bitset(bits: Vec<u8>) -> Result<Self, FormatError> {
        if bits.is_empty() || !bits.len().is_multiple_of(BLOCK) || bits.len() > BYTES_MAX {
            let expected = "a positive multiple of 32 bytes, at most 128 MiB";
            return Err(FormatError::corrupt(
                "bloom filter bitset",
                0,
                expected,
                bits.len(),
            ));
        }
        Ok(Self { bits })
    }

    /// Appends header and bitset to `out`; returns the bytes, which is what
    /// `ColumnMetaData::bloom_filter_length` wants.
    ///
    /// # Errors
    /// None in practice: a filter is never larger than the format allows.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<usize, FormatError> {
        let num_bytes = u32::try_from(self.bits.len()).unwrap_or(u32::MAX);
        let header = BloomFilterHeader { num_bytes }.write(out)?;
        out.extend_from_slice(&self.bits);
        Ok(header + self.bits.len())
    }

    /// Reads header and bitset from the start of `bytes`.
    ///
    /// # Errors
    /// What is wrong with the bytes; nothing is allocated by the declared length.
    pub fn read(bytes: &[u8]) -> Result<Self, FormatError> {
        let (header, at) = BloomFilterHeader::read(bytes)?;
        let len = usize::try_from(header.num_bytes).unwrap_or(usize::MAX);
        let rest = bytes.get(at..).unwrap_or_default();
        let bits = rest.get(..len).ok_or(FormatError::Truncated {
            what: "bloom filter bitset",
            offset: bytes.len(),
            needed: len.saturating_sub(rest.len()),
        })?;
        Self::from_bitset(bits.to_vec())
    }
}
