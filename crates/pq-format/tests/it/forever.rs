//! Numbers and bytes that are on disks already and can never change.

use pq_format::{
    BloomFilter, BoundaryOrder, Codec, CodecId, ConvertedType, DataPageHeader,
    DictionaryPageHeader, Encoding, FileMetaData, KeyValue, LogicalType, MAGIC, MAGIC_ENCRYPTED,
    PageHeader, PageKind, PageType, PhysicalKind, PhysicalType, Repetition, Schema, SchemaNode,
    TAIL_LEN, TimeUnit, encode_hybrid, encode_levels_v1, page_crc, write_footer,
};

#[test]
fn enums_keep_their_numbers() {
    macro_rules! restate {
        ($ty:ident: $($member:ident = $code:literal),+ $(,)?) => {
            $(
                assert_eq!($ty::$member.code(), $code);
                assert_eq!($ty::from_code($code), $ty::$member);
            )+
            assert_eq!($ty::from_code(99), $ty::Unknown(99));
            assert_eq!($ty::Unknown(99).code(), 99);
        };
    }
    restate!(PhysicalKind: Boolean = 0, Int32 = 1, Int64 = 2, Int96 = 3, Float = 4, Double = 5,
        ByteArray = 6, FixedLenByteArray = 7);
    restate!(Repetition: Required = 0, Optional = 1, Repeated = 2);
    restate!(Encoding: Plain = 0, PlainDictionary = 2, Rle = 3, BitPacked = 4,
        DeltaBinaryPacked = 5, DeltaLengthByteArray = 6, DeltaByteArray = 7, RleDictionary = 8,
        ByteStreamSplit = 9);
    restate!(PageType: Data = 0, Index = 1, Dictionary = 2, DataV2 = 3);
    restate!(CodecId: Uncompressed = 0, Snappy = 1, Gzip = 2, Lzo = 3, Brotli = 4, Lz4 = 5,
        Zstd = 6, Lz4Raw = 7);
    restate!(BoundaryOrder: Unordered = 0, Ascending = 1, Descending = 2);
}

#[test]
fn converted_types_keep_their_numbers() {
    use ConvertedType as C;
    let decimal = C::Decimal {
        scale: 2,
        precision: 9,
    };
    let all = [
        C::Utf8,
        C::Map,
        C::MapKeyValue,
        C::List,
        C::Enum,
        decimal,
        C::Date,
        C::TimeMillis,
        C::TimeMicros,
        C::TimestampMillis,
        C::TimestampMicros,
        C::Uint8,
        C::Uint16,
        C::Uint32,
        C::Uint64,
        C::Int8,
        C::Int16,
        C::Int32,
        C::Int64,
        C::Json,
        C::Bson,
        C::Interval,
    ];
    for (code, converted) in all.into_iter().enumerate() {
        let code = i32::try_from(code).unwrap();
        assert_eq!(converted.code(), code);
        assert_eq!(C::from_code(code, 2, 9), converted);
    }
}

#[test]
fn logical_types_keep_their_numbers() {
    use LogicalType as L;
    let (utc, unit) = (true, TimeUnit::Nanos);
    let members = [
        (L::String, 1),
        (L::Map, 2),
        (L::List, 3),
        (L::Enum, 4),
        (
            L::Decimal {
                scale: 1,
                precision: 2,
            },
            5,
        ),
        (L::Date, 6),
        (L::Time { utc, unit }, 7),
        (L::Timestamp { utc, unit }, 8),
        (
            L::Int {
                bits: 8,
                signed: true,
            },
            10,
        ),
        (L::Null, 11),
        (L::Json, 12),
        (L::Bson, 13),
        (L::Uuid, 14),
        (L::Float16, 15),
    ];
    for (logical, code) in members {
        assert_eq!(logical.code(), code);
    }
}

#[test]
fn codecs_keep_their_ids() {
    let ids = [
        Codec::None,
        Codec::Snappy,
        Codec::Lz4Raw,
        Codec::ZSTD,
        Codec::Gzip(6),
        Codec::Brotli(1),
    ]
    .map(|c| c.id().code());
    assert_eq!(ids, [0, 1, 7, 6, 2, 4]);
    assert_eq!((MAGIC, MAGIC_ENCRYPTED, TAIL_LEN), (*b"PAR1", *b"PARE", 8));
}

#[test]
fn page_headers_keep_their_bytes() {
    let header = PageHeader {
        uncompressed_len: 1000,
        compressed_len: 150,
        crc: Some(0xdead_beef),
        kind: PageKind::Data(DataPageHeader::new(100, Encoding::RleDictionary)),
    };
    let mut bytes = Vec::new();
    header.write(&mut bytes).unwrap();
    let expected = [
        0x15, 0x00, // type: DATA_PAGE
        0x15, 0xd0, 0x0f, // uncompressed size
        0x15, 0xac, 0x02, // compressed size
        0x15, 0xa1, 0x84, 0x92, 0x95, 0x04, // CRC as a signed number
        0x1c, // data page header
        0x15, 0xc8, 0x01, 0x15, 0x10, 0x15, 0x06, 0x15, 0x06, 0x00, // values, encodings, stop
        0x00,
    ];
    assert_eq!(bytes, expected);

    let kind = PageKind::Dictionary(DictionaryPageHeader {
        num_values: 3,
        encoding: Encoding::Plain,
        is_sorted: Some(true),
    });
    let header = PageHeader {
        uncompressed_len: 12,
        compressed_len: 12,
        crc: None,
        kind,
    };
    bytes.clear();
    header.write(&mut bytes).unwrap();
    let expected = [
        0x15, 0x04, 0x15, 0x18, 0x15, 0x18, 0x4c, 0x15, 0x06, 0x15, 0x00, 0x11, 0x00, 0x00,
    ];
    assert_eq!(bytes, expected);
}

#[test]
fn a_footer_keeps_its_bytes() {
    let leaf = SchemaNode::leaf("t", Repetition::Required, PhysicalType::Int64, None);
    let meta = FileMetaData {
        version: 1,
        schema: Schema::new(vec![leaf.with_field_id(4)]),
        key_value_metadata: vec![KeyValue::new("k", "v")],
        ..Default::default()
    };
    let expected = [
        &[0x15, 0x02][..],                                          // version
        &[0x19, 0x2c],                                              // two schema elements
        &[0x48, 6, b's', b'c', b'h', b'e', b'm', b'a', 0x15, 2, 0], // root: name, child count
        &[0x15, 4, 0x25, 0, 0x18, 1, b't', 0x55, 8, 0],             // type, repetition, name, id
        &[0x16, 0],                                                 // rows
        &[0x19, 0x0c],                                              // no row groups
        &[0x19, 0x1c, 0x18, 1, b'k', 0x18, 1, b'v', 0, 0],          // key and value
        &[39, 0, 0, 0],
        b"PAR1",
    ];
    assert_eq!(write_footer(&meta).unwrap(), expected.concat());
}

#[test]
fn levels_keep_their_bytes() {
    let mut bytes = Vec::new();
    // Ten ones, then alternating: a run does not pay, three full groups do.
    let levels: Vec<u8> = (0..20).map(|i| u8::from(i < 10 || i % 2 == 0)).collect();
    encode_levels_v1(&levels, 1, &mut bytes);
    assert_eq!(bytes, [4, 0, 0, 0, 0x07, 0xff, 0x57, 0x05]);
    bytes.clear();
    encode_hybrid(&[7u32; 1000], 12, &mut bytes);
    assert_eq!(bytes, [0xd0, 0x0f, 7, 0]);
    bytes.clear();
    encode_hybrid(&[1u32, 2, 3, 4, 5, 6, 7, 0], 3, &mut bytes);
    assert_eq!(bytes, [0x03, 0b1101_0001, 0b0101_1000, 0b0001_1111]);
}

#[test]
fn page_checksums_are_those_of_gzip() {
    assert_eq!(page_crc(&[b"123456789"]), 0xcbf4_3926);
    assert_eq!(page_crc(&[]), 0);
}

/// The filter that Spark wrote for the numbers 0 to 9 and for "a0" to "a9" (bytes from parquet2's
/// own tests).
#[test]
fn bloom_filters_are_those_of_parquet_java() {
    let mut numbers = BloomFilter::from_bitset(vec![0; 32]).unwrap();
    let mut words = numbers.clone();
    for i in 0..10i64 {
        numbers.insert(&i.to_le_bytes());
        words.insert(format!("a{i}").as_bytes());
    }
    let expected = [
        24, 130, 24, 8, 134, 8, 68, 6, 2, 101, 128, 10, 64, 2, 38, 78, 114, 1, 64, 38, 1, 192, 194,
        152, 64, 70, 0, 36, 56, 121, 64, 0,
    ];
    assert_eq!(numbers.bitset(), expected);
    let expected = [
        200, 1, 80, 20, 64, 68, 8, 109, 6, 37, 4, 67, 144, 80, 96, 32, 8, 132, 43, 33, 0, 5, 99,
        65, 2, 0, 224, 44, 64, 78, 96, 4,
    ];
    assert_eq!(words.bitset(), expected);
    let mut bytes = Vec::new();
    numbers.write(&mut bytes).unwrap();
    let header = [
        0x15, 0x40, 0x1c, 0x1c, 0, 0, 0x1c, 0x1c, 0, 0, 0x1c, 0x1c, 0, 0, 0,
    ];
    assert_eq!(bytes[..header.len()], header);
    assert_eq!(bytes.len(), header.len() + 32);
}
