//! Options of single columns and of pages: what is asked for is what is written (P12, P13).

use engine::{CancelToken, Cause, ExportRequest, NoProgress, Output, PageVersion};
use pq_format::{BloomFilter, CodecId, Encoding, FileMetaData, PageHeader, PageKind, read_footer};
use testkit::{case, temp_dir};

/// The file that `change` makes of an export, and its footer.
fn export(change: impl FnOnce(&mut ExportRequest)) -> (Vec<u8>, FileMetaData) {
    let scratch = temp_dir();
    let out = scratch.path().join("out.parquet");
    let table = case("questdb/trades").table();
    let mut request = ExportRequest::new(table, Output::File(out.clone()));
    request.sync = false;
    change(&mut request);
    engine::export(request, &NoProgress, &CancelToken::new()).unwrap();
    let file = std::fs::read(out).unwrap();
    let footer = read_footer(&file).unwrap();
    (file, footer)
}

fn first_data_page(file: &[u8], footer: &FileMetaData) -> PageHeader {
    let at = footer.row_groups[0].columns[0].meta.data_page_offset;
    PageHeader::read(&file[usize::try_from(at).unwrap()..])
        .unwrap()
        .0
}

#[test]
fn encodings_codecs_and_bloom_filters_of_single_columns_are_those_asked_for() {
    let (file, footer) = export(|request| {
        request.overrides.add_encoding("price=bss").unwrap();
        request.overrides.add_encoding("sym=delta_length").unwrap();
        request.overrides.add_codec("price=gzip:3").unwrap();
        request.overrides.add_codec("timestamp=none").unwrap();
        request.add_bloom("sym:0.001").unwrap();
    });
    let chunk = |name: &str| {
        let mut columns = footer.row_groups[0].columns.iter();
        let named = columns.find(|column| column.meta.path.join(".") == name);
        named.map(|column| column.meta.clone()).unwrap()
    };
    let price = chunk("price");
    assert!(price.encodings.contains(&Encoding::ByteStreamSplit));
    assert_eq!(price.codec, CodecId::Gzip);
    assert_eq!(chunk("timestamp").codec, CodecId::Uncompressed);
    let sym = chunk("sym");
    assert!(sym.encodings.contains(&Encoding::DeltaLengthByteArray));
    assert!(price.bloom_filter_offset.is_none());
    let at = usize::try_from(sym.bloom_filter_offset.unwrap()).unwrap();
    let filter = BloomFilter::read(&file[at..]).unwrap();
    let bounds = sym.statistics.unwrap();
    assert!(filter.contains(&bounds.min_value.unwrap()));
    assert!(filter.contains(&bounds.max_value.unwrap()));
    assert!(!filter.contains(b"no such symbol"));
    let pairs = &footer.key_value_metadata;
    let about = pairs.iter().find(|pair| pair.key == "sluicegate").unwrap();
    let about = about.value.as_deref().unwrap();
    for asked in ["price=byte_stream_split", "price=gzip:3", "sym=0.001"] {
        assert!(about.contains(asked), "{about}");
    }
}

#[test]
fn pages_are_as_asked_for() {
    let (file, footer) = export(|request| {
        request.writer.page_version = PageVersion::V2;
        request.writer.crc = false;
        request.writer.page_index = false;
        request.writer.page_bytes = 4096;
        request.row_group_bytes = 1 << 20;
    });
    let page = first_data_page(&file, &footer);
    assert!(matches!(page.kind, PageKind::DataV2(_)));
    assert_eq!(page.crc, None);
    assert!(page.uncompressed_len <= 8192);
    assert!(footer.row_groups.len() > 5);
    let mut chunks = footer.row_groups.iter().flat_map(|group| &group.columns);
    assert!(chunks.all(|chunk| chunk.offset_index.is_none()));
    let (file, footer) = export(|_| ());
    let page = first_data_page(&file, &footer);
    assert!(matches!(page.kind, PageKind::Data(_)) && page.crc.is_some());
    assert!(footer.row_groups[0].columns[0].offset_index.is_some());
}

#[test]
fn what_cannot_be_is_refused_before_a_byte_is_written() {
    let scratch = temp_dir();
    let out = scratch.path().join("out.parquet");
    for (asked, expected) in [
        ("sym=bss", "byte_stream_split"),
        ("nobody=plain", "sym, side, price"),
    ] {
        let table = case("questdb/trades").table();
        let mut request = ExportRequest::new(table, Output::File(out.clone()));
        request.overrides.add_encoding(asked).unwrap();
        let error = engine::export(request, &NoProgress, &CancelToken::new()).unwrap_err();
        assert!(matches!(error.cause(), Cause::BadOption { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(testkit::entries(scratch.path()).unwrap(), [] as [&str; 0]);
    }
}
