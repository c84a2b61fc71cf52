//! Pages by hand: what no writer at hand writes, and what every reader must notice.

use column_format::{ColumnSlice, ColumnType};
use pq_decode::{
    ChunkFacts, DecodeError, DecodedColumn, Decoder, Fault, LeafFacts, Limits, Stored,
};
use pq_format::{
    CodecId, DataPageHeader, DictionaryPageHeader, Encoding, PageHeader, PageKind, PhysicalType,
    page_crc,
};

pub(crate) fn leaf(physical: PhysicalType, stored: Stored, max_definition: u16) -> LeafFacts {
    LeafFacts {
        name: "c".into(),
        id: None,
        physical,
        stored,
        max_definition,
        max_repetition: 0,
        element_levels: vec![],
    }
}

pub(crate) fn page(kind: PageKind, body: &[u8], crc: Option<u32>) -> Vec<u8> {
    let len = body.len() as u32;
    let header = PageHeader {
        uncompressed_len: len,
        compressed_len: len,
        crc,
        kind,
    };
    let mut out = Vec::new();
    header.write(&mut out).unwrap();
    out.extend_from_slice(body);
    out
}

pub(crate) fn data(values: u32, encoding: Encoding, body: &[u8]) -> Vec<u8> {
    page(
        PageKind::Data(DataPageHeader::new(values, encoding)),
        body,
        None,
    )
}

pub(crate) fn dictionary(values: u32, body: &[u8]) -> Vec<u8> {
    let header = DictionaryPageHeader {
        num_values: values,
        encoding: Encoding::Plain,
        is_sorted: None,
    };
    page(PageKind::Dictionary(header), body, None)
}

fn decode_with(
    limits: Limits,
    leaf: &LeafFacts,
    rows: u64,
    bytes: &[u8],
    wanted: ColumnType,
) -> Result<DecodedColumn, DecodeError> {
    let chunk = ChunkFacts {
        range: 100..100 + bytes.len() as u64,
        codec: CodecId::Uncompressed,
        num_values: rows,
        bounds: None,
    };
    let keys = |text: &[u8]| (text == b"known").then_some(7);
    Decoder::new(limits).decode(leaf, &chunk, rows, bytes, wanted, Some(&keys))
}

pub(crate) fn decode(
    leaf: &LeafFacts,
    rows: u64,
    bytes: &[u8],
    wanted: ColumnType,
) -> Result<DecodedColumn, DecodeError> {
    decode_with(Limits::default(), leaf, rows, bytes, wanted)
}

pub(crate) fn longs(values: &[i64]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

pub(crate) fn ints(column: &DecodedColumn) -> Vec<i32> {
    let ColumnSlice::Fixed(slice) = column.slice().unwrap() else {
        panic!("not fixed");
    };
    let values = slice.chunks::<4>().unwrap().iter();
    values.map(|v| i32::from_le_bytes(*v)).collect()
}

#[test]
fn a_wrong_checksum_names_the_page_and_both_sums() {
    let leaf = leaf(PhysicalType::Int64, Stored::Int(64), 0);
    let body = longs(&[1, 2]);
    let kind = || PageKind::Data(DataPageHeader::new(2, Encoding::Plain));
    let sum = page_crc(&[&body]);
    let first = page(kind(), &body, Some(sum));
    let bytes = [first.clone(), page(kind(), &body, Some(sum ^ 1))].concat();
    assert!(
        decode(&leaf, 2, &bytes, ColumnType::Long).is_ok(),
        "an unread page fails nothing"
    );
    let error = decode(&leaf, 4, &bytes, ColumnType::Long).unwrap_err();
    assert_eq!((error.page, error.offset), (1, 100 + first.len() as u64));
    let (expected, found) = (sum ^ 1, sum);
    assert_eq!(error.fault, Fault::Checksum { expected, found });
}

#[test]
fn levels_of_the_deprecated_packing_are_read() {
    let leaf = leaf(PhysicalType::Int32, Stored::Int(32), 1);
    let mut header = DataPageHeader::new(10, Encoding::Plain);
    header.definition_level_encoding = Encoding::BitPacked;
    // Most significant bit first: 1010_0000 01.
    let mut body = vec![0b1010_0000, 0b0100_0000];
    body.extend([5i32, 6, 7].iter().flat_map(|v| v.to_le_bytes()));
    let bytes = page(PageKind::Data(header), &body, None);
    let null = i32::MIN;
    assert_eq!(
        ints(&decode(&leaf, 10, &bytes, ColumnType::Int).unwrap()),
        [5, null, 6, null, null, null, null, null, null, 7]
    );
}

#[test]
fn a_key_beyond_the_dictionary_is_an_error() {
    let leaf = leaf(PhysicalType::Int64, Stored::Int(64), 0);
    // Width 2, one run of 3 keys.
    let keys = |key| data(3, Encoding::RleDictionary, &[2, 6, key]);
    let dictionary = dictionary(2, &longs(&[10, 20]));
    let good = [dictionary.clone(), keys(1)].concat();
    assert!(decode(&leaf, 3, &good, ColumnType::Long).is_ok());
    let bad = [dictionary, keys(2)].concat();
    let error = decode(&leaf, 3, &bad, ColumnType::Long).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("dictionary key: below 2 expected, 2 found"),
        "{error}"
    );
    let none = decode(&leaf, 3, &keys(0), ColumnType::Long).unwrap_err();
    assert!(none.to_string().contains("dictionary page"), "{none}");
}

#[test]
fn an_unknown_symbol_is_an_error_only_where_a_row_has_it() {
    let leaf = leaf(PhysicalType::ByteArray, Stored::Text, 0);
    let text = |t: &str| [&(t.len() as u32).to_le_bytes()[..], t.as_bytes()].concat();
    let dictionary = dictionary(2, &[text("known"), text("ghost")].concat());
    let used = |key| {
        [
            dictionary.clone(),
            data(2, Encoding::RleDictionary, &[1, 4, key]),
        ]
        .concat()
    };
    assert_eq!(
        ints(&decode(&leaf, 2, &used(0), ColumnType::Symbol).unwrap()),
        [7, 7]
    );
    let error = decode(&leaf, 2, &used(1), ColumnType::Symbol).unwrap_err();
    assert_eq!(
        error.fault,
        Fault::UnknownSymbol {
            text: "ghost".into()
        }
    );
    let plain = data(1, Encoding::Plain, &text("ghost"));
    let error = decode(&leaf, 1, &plain, ColumnType::Symbol).unwrap_err();
    assert!(
        matches!(error.fault, Fault::UnknownSymbol { .. }),
        "{error}"
    );
}

#[test]
fn a_run_of_a_few_bytes_costs_no_more_than_the_limit_allows() {
    let leaf = leaf(PhysicalType::Int64, Stored::Int(64), 1);
    // 2^30 nulls in six bytes of levels.
    let rows = 1u32 << 30;
    let mut levels = vec![];
    let mut header = u64::from(rows) << 1;
    while header >= 0x80 {
        levels.push(header as u8 | 0x80);
        header >>= 7;
    }
    levels.extend([header as u8, 0]);
    let body = [&(levels.len() as u32).to_le_bytes()[..], &levels].concat();
    let bytes = data(rows, Encoding::Plain, &body);
    let error = decode(&leaf, rows.into(), &bytes, ColumnType::Long).unwrap_err();
    let Fault::Limit { what, found, .. } = error.fault else {
        panic!("{error}");
    };
    assert_eq!((what, found), ("slots_max", rows.into()));
}

#[test]
fn a_page_larger_than_the_limit_is_refused_by_name() {
    let leaf = leaf(PhysicalType::Int64, Stored::Int(64), 0);
    let bytes = data(100, Encoding::Plain, &longs(&[1; 100]));
    let limits = Limits {
        page_bytes_max: 799,
        ..Limits::default()
    };
    let error = decode_with(limits, &leaf, 100, &bytes, ColumnType::Long).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("page_bytes_max: 800 exceeds the limit of 799"),
        "{error}"
    );
    let limits = Limits {
        chunk_bytes_max: 799,
        ..Limits::default()
    };
    let error = decode_with(limits, &leaf, 100, &bytes, ColumnType::Long).unwrap_err();
    assert!(error.to_string().contains("chunk_bytes_max"), "{error}");
}

#[test]
fn a_number_that_does_not_fit_the_column_is_an_error() {
    let leaf = leaf(PhysicalType::Int32, Stored::Int(8), 0);
    let byte = |v: i32| {
        decode(
            &leaf,
            1,
            &data(1, Encoding::Plain, &v.to_le_bytes()),
            ColumnType::Byte,
        )
    };
    assert!(byte(-128).is_ok() && byte(127).is_ok());
    let fault = byte(128).unwrap_err().fault;
    assert_eq!(
        fault,
        Fault::OutOfRange {
            column_type: ColumnType::Byte
        }
    );
}

#[test]
fn types_that_changed_are_converted_where_no_value_changes() {
    use column_format::TimestampUnit::{Micros, Nanos};
    let int = leaf(PhysicalType::Int32, Stored::Int(32), 0);
    let bytes = data(
        2,
        Encoding::Plain,
        &[7i32.to_le_bytes(), i32::MIN.to_le_bytes()].concat(),
    );
    let wide = |wanted| {
        let column = decode(&int, 2, &bytes, wanted).unwrap();
        let ColumnSlice::Fixed(slice) = column.slice().unwrap() else {
            panic!("not fixed");
        };
        slice.chunks::<8>().unwrap().to_vec()
    };
    assert_eq!(
        wide(ColumnType::Long),
        [7i64.to_le_bytes(), i64::MIN.to_le_bytes()]
    );
    assert_eq!(wide(ColumnType::Double)[0], 7f64.to_le_bytes());
    assert!(f64::from_le_bytes(wide(ColumnType::Double)[1]).is_nan());
    let error = decode(&int, 2, &bytes, ColumnType::Short).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("stored as 32-bit integers, which cannot be read as SHORT")
    );
    let micros = leaf(PhysicalType::Int64, Stored::Timestamp(Micros), 0);
    let to_nanos = |v: i64| {
        let bytes = data(1, Encoding::Plain, &v.to_le_bytes());
        decode(&micros, 1, &bytes, ColumnType::Timestamp(Nanos))
    };
    assert!(to_nanos(5).is_ok());
    assert!(
        to_nanos(i64::MAX / 10).is_err(),
        "beyond the range of nanoseconds"
    );
}
