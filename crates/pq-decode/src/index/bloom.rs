//! `ChunkBloom`: is a value certainly not in this chunk?
//!
//! The filter knows PLAIN bytes; which those are for a value of a table depends on how the leaf
//! stores it. Where that is not certain, the value may be there.

use column_format::{Decimal, Value};
use pq_format::{BloomError, BloomFilter, BloomFilterHeader, FormatError, PhysicalType};

use super::error::IndexError;
use crate::facts::{BloomPlace, LeafFacts, Stored};

/// Bytes that the header of a filter takes at most.
const HEADER_LEN_MAX: u64 = 64;

/// The bloom filter of a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkBloom {
    stored: Stored,
    physical: PhysicalType,
    optional: bool,
    filter: BloomFilter,
}

impl BloomPlace {
    /// The bytes to fetch: header and bitset, or, if the footer does not tell how long they are, what
    /// [`ChunkBloom::len`] needs to say it. To be cut at the end of the file.
    #[must_use]
    pub fn range(&self) -> std::ops::Range<u64> {
        let len = self.len.map_or(HEADER_LEN_MAX, u64::from);
        self.offset..self.offset.saturating_add(len)
    }
}

impl ChunkBloom {
    /// Bytes of header and bitset of the filter that begins with `bytes`.
    ///
    /// # Errors
    /// [`IndexError::Bloom`] for what is no header.
    pub fn len(bytes: &[u8]) -> Result<u64, IndexError> {
        let header = BloomFilterHeader::read(bytes).map_err(format)?;
        Ok((header.1 as u64).saturating_add(header.0.num_bytes.into()))
    }

    /// Reads a filter, header first.
    ///
    /// # Errors
    /// [`IndexError::Bloom`].
    pub fn read(leaf: &LeafFacts, bytes: &[u8]) -> Result<Self, IndexError> {
        let filter = BloomFilter::read(bytes).map_err(format)?;
        Ok(Self {
            stored: leaf.stored,
            physical: leaf.physical,
            optional: leaf.max_definition > 0,
            filter,
        })
    }

    /// Takes a bitset without a header, for instance one that a `_pm` sidecar holds.
    ///
    /// # Errors
    /// [`IndexError::Bloom`] unless it is a positive multiple of 32 bytes.
    pub fn from_bitset(leaf: &LeafFacts, bits: &[u8]) -> Result<Self, IndexError> {
        let filter = BloomFilter::from_bitset(bits.to_vec()).map_err(format)?;
        Ok(Self {
            stored: leaf.stored,
            physical: leaf.physical,
            optional: leaf.max_definition > 0,
            filter,
        })
    }

    /// Whether a row of the chunk may have this value; `false` is certain. A null, and a value of
    /// another type than the leaf holds, may always be there.
    #[must_use]
    pub fn may_contain(&self, value: &Value<'_>) -> bool {
        let whole = matches!(self.physical, PhysicalType::Int32 | PhysicalType::Int64);
        let plain = match (self.stored, value) {
            // Of decimals in integers nobody's filter was seen.
            (Stored::Decimal { .. }, _) if whole => None,
            // Rows without a value have this one, and no filter knows them.
            (_, Value::Byte(0) | Value::Short(0) | Value::Char(0)) if self.optional => None,
            (stored, value) => plain(stored, value),
        };
        match plain {
            Some(bytes) => self.filter.contains(&bytes),
            None => true,
        }
    }
}

fn format(e: FormatError) -> IndexError {
    IndexError::Bloom(BloomError::Format(e))
}

/// The PLAIN bytes of a value in a leaf, if the value has one form only.
fn plain(stored: Stored, value: &Value<'_>) -> Option<Vec<u8>> {
    Some(match (stored, value) {
        (Stored::Int(8), Value::Byte(v)) => i32::from(*v).to_le_bytes().to_vec(),
        (Stored::Int(16), Value::Short(v)) => i32::from(*v).to_le_bytes().to_vec(),
        (Stored::Uint(16), Value::Char(v)) => i32::from(*v).to_le_bytes().to_vec(),
        (Stored::Int(32), Value::Int(v)) => v.to_le_bytes().to_vec(),
        (Stored::Uint(32), Value::Ipv4(v)) => v.to_le_bytes().to_vec(),
        (Stored::Int(64), Value::Long(v)) | (Stored::Millis, Value::Date(v)) => {
            v.to_le_bytes().to_vec()
        }
        (Stored::Timestamp(unit), Value::Timestamp(v, of)) if unit == *of => {
            v.to_le_bytes().to_vec()
        }
        // Two zeros are equal and have different bytes; a NaN is a null.
        (Stored::Float, Value::Float(v)) if *v != 0.0 && !v.is_nan() => v.to_le_bytes().to_vec(),
        (Stored::Double, Value::Double(v)) if *v != 0.0 && !v.is_nan() => v.to_le_bytes().to_vec(),
        (Stored::Text, Value::String(text) | Value::Symbol(_, text)) => {
            sound(text.to_string_lossy())?
        }
        (Stored::Text, Value::Varchar(bytes)) => {
            sound(std::str::from_utf8(bytes).ok()?.to_owned())?
        }
        (Stored::Bytes, Value::Binary(bytes)) => bytes.to_vec(),
        (Stored::Uuid, Value::Uuid(v)) => v.to_be_bytes().to_vec(),
        (Stored::Fixed(16), Value::Long128(v)) => v.to_le_bytes().to_vec(),
        (Stored::Fixed(32), Value::Long256(v)) => v.to_vec(),
        (Stored::Decimal { len, scale }, Value::Decimal(v)) if v.scale() == scale => {
            decimal(v, usize::try_from(len).ok()?)?
        }
        (Stored::Int(bits), Value::Geohash(v, _)) => geohash(*v, bits)?,
        _ => return None,
    })
}

/// Text with a replacement character may stand for any that is no Unicode.
fn sound(text: String) -> Option<Vec<u8>> {
    (!text.contains(char::REPLACEMENT_CHARACTER)).then(|| text.into_bytes())
}

/// Big-endian bytes, as many as the leaf has.
fn decimal(value: &Decimal, len: usize) -> Option<Vec<u8>> {
    let mut stored = vec![0; Some(len).filter(|len| *len <= 32)?];
    if !value.to_stored(&mut stored) {
        return None;
    }
    if len <= 8 {
        stored.reverse();
    } else {
        // Words of eight bytes, the highest first.
        stored
            .as_chunks_mut::<8>()
            .0
            .iter_mut()
            .for_each(|w| w.reverse());
    }
    Some(stored)
}

/// The bits as a signed integer of the stored width.
fn geohash(hash: u64, bits: u8) -> Option<Vec<u8>> {
    let [a, b, c, d, ..] = hash.to_le_bytes();
    let word = match bits {
        8 => i32::from(i8::from_le_bytes([a])),
        16 => i32::from(i16::from_le_bytes([a, b])),
        32 => i32::from_le_bytes([a, b, c, d]),
        64 => return Some(hash.to_le_bytes().to_vec()),
        _ => return None,
    };
    Some(word.to_le_bytes().to_vec())
}
