//! The kinds of columns, and decoding one with small limits.

use column_format::{ColumnType, TimestampUnit, value};
use pq_decode::{ChunkFacts, ChunkPages, DecodedColumn, Decoder, LeafFacts, Limits, Stored};
use pq_format::{CodecId, PhysicalType};

/// Small enough that a run is short, large enough for several pages.
pub const LIMITS: Limits = Limits {
    slots_max: 4096,
    page_bytes_max: 1 << 16,
    chunk_bytes_max: 1 << 18,
};

/// What is stored, and as what it is read.
pub fn kind(n: u8) -> (PhysicalType, Stored, ColumnType) {
    use ColumnType as T;
    use PhysicalType as P;
    const KINDS: &[(P, Stored, T)] = &[
        (P::Boolean, Stored::Boolean, T::Boolean),
        (P::Int32, Stored::Int(8), T::Byte),
        (P::Int32, Stored::Int(16), T::Short),
        (P::Int32, Stored::Uint(16), T::Char),
        (P::Int32, Stored::Int(32), T::Int),
        (P::Int32, Stored::Int(32), T::Double),
        (P::Int32, Stored::Int(16), T::Float),
        (P::Int64, Stored::Decimal { len: 8, scale: 1 }, T::Decimal { precision: 18, scale: 1 }),
        (P::Int64, Stored::Int(64), T::Long),
        (P::Int64, Stored::Millis, T::Timestamp(TimestampUnit::Nanos)),
        (P::Float, Stored::Float, T::Float),
        (P::Double, Stored::Double, T::Double),
        (P::ByteArray, Stored::Text, T::Varchar),
        (P::ByteArray, Stored::Text, T::String),
        (P::ByteArray, Stored::Text, T::Symbol),
        (P::ByteArray, Stored::Bytes, T::Binary),
        (P::ByteArray, Stored::Bytes, T::Array { dims: 2 }),
        (P::Double, Stored::Doubles { dims: 1 }, T::Array { dims: 1 }),
        (P::Double, Stored::Doubles { dims: 3 }, T::Array { dims: 3 }),
        (P::FixedLenByteArray(16), Stored::Uuid, T::Uuid),
        (P::FixedLenByteArray(32), Stored::Fixed(32), T::Long256),
        (
            P::FixedLenByteArray(2),
            Stored::Decimal { len: 2, scale: 1 },
            T::Decimal { precision: 4, scale: 1 },
        ),
    ];
    KINDS[usize::from(n) % KINDS.len()]
}

/// Decodes `bytes` as one chunk and reads every row that comes of it.
pub fn decode(n: u8, optional: bool, codec: CodecId, rows: u64, slots: u64, bytes: &[u8]) {
    let (physical, stored, wanted) = kind(n);
    let dims = match stored {
        Stored::Doubles { dims } => dims,
        _ => 0,
    };
    let own = u16::from(optional);
    let leaf = LeafFacts {
        name: "c".into(),
        id: None,
        physical,
        stored,
        max_definition: own + 2 * dims,
        max_repetition: dims,
        element_levels: (0..dims).map(|k| own + 1 + 2 * k).collect(),
    };
    let chunk = ChunkFacts {
        range: 4..4 + bytes.len() as u64,
        codec,
        num_values: if dims == 0 { rows } else { slots },
        bounds: None,
    };
    let keys = |text: &[u8]| u32::try_from(text.len()).ok();
    let mut decoder = Decoder::new(LIMITS);
    if let Ok(decoded) = decoder.decode(&leaf, &chunk, rows, bytes, wanted, Some(&keys)) {
        check(&decoded, wanted, rows);
    }
    // The second half of the pages, found by their headers.
    let Ok(pages) = ChunkPages::walk(&leaf, &chunk, rows, bytes) else { return };
    let plan = pages.plan(pages.pages.len() / 2..pages.pages.len());
    let at = |n: u64| usize::try_from(n - 4).expect("an offset in the bytes");
    let parts = plan.ranges().iter().map(|r| &bytes[at(r.start)..at(r.end)]);
    let parts: Vec<_> = parts.collect();
    let some = decoder.decode_pages(&leaf, &chunk, &plan, &parts, wanted, Some(&keys));
    if let Ok(some) = some {
        check(&some, wanted, plan.rows());
    }
}

/// Reads every row.
fn check(decoded: &DecodedColumn, wanted: ColumnType, rows: u64) {
    assert!(decoded.heap_bytes() <= 4 * LIMITS.chunk_bytes_max);
    let slice = decoded.slice().expect("what was decoded is a column");
    assert_eq!(slice.rows() as u64, rows);
    for row in 0..slice.rows() {
        // Raw arrays are checked when they are read; symbols have no dictionary here.
        if !matches!(wanted, ColumnType::Symbol | ColumnType::Array { dims: 2 }) {
            value(wanted, &slice, None, row).expect("a row of what was decoded");
        }
    }
}
