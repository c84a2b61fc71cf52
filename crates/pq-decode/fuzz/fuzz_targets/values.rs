//! Any bytes as the levels and values of pages whose headers are right: every decoder of values.

#![no_main]

mod kinds;

use libfuzzer_sys::fuzz_target;
use pq_format::{
    CodecId, DataPageHeader, DictionaryPageHeader, Encoding, PageHeader, PageKind,
};

const ENCODINGS: [Encoding; 8] = [
    Encoding::Plain,
    Encoding::Rle,
    Encoding::BitPacked,
    Encoding::DeltaBinaryPacked,
    Encoding::DeltaLengthByteArray,
    Encoding::DeltaByteArray,
    Encoding::RleDictionary,
    Encoding::ByteStreamSplit,
];

fn page(kind: PageKind, body: &[u8], out: &mut Vec<u8>) {
    let len = u32::try_from(body.len()).unwrap_or(0);
    let header = PageHeader { uncompressed_len: len, compressed_len: len, crc: None, kind };
    header.write(out).expect("small numbers");
    out.extend_from_slice(body);
}

fuzz_target!(|data: &[u8]| {
    let Some(([kind, flags, encoding, levels, rows, entries, split], rest)) =
        data.split_first_chunk()
    else {
        return;
    };
    let (optional, with_dictionary) = (flags & 1 == 1, flags & 2 == 2);
    let mut bytes = Vec::new();
    let mut rest = rest;
    if with_dictionary {
        let (dictionary, data) = rest.split_at(rest.len().min(usize::from(*split)));
        rest = data;
        let header = DictionaryPageHeader {
            num_values: u32::from(*entries),
            encoding: Encoding::Plain,
            is_sorted: None,
        };
        page(PageKind::Dictionary(header), dictionary, &mut bytes);
    }
    let rows = u32::from(*rows);
    let mut header = DataPageHeader::new(rows, ENCODINGS[usize::from(*encoding) % 8]);
    if levels & 1 == 1 {
        header.definition_level_encoding = Encoding::BitPacked;
    }
    page(PageKind::Data(header), rest, &mut bytes);
    let codec = CodecId::Uncompressed;
    let lists = u64::from(rows.saturating_sub(u32::from(levels >> 1)));
    // Flat columns have a slot a row; arrays have fewer rows than slots.
    let rows = match kinds::kind(*kind).1 {
        pq_decode::Stored::Doubles { .. } => lists,
        _ => u64::from(rows),
    };
    kinds::decode(*kind, optional, codec, rows, u64::from(header_rows(data)), &bytes);
});

/// The slots of the data page, as the header got them.
fn header_rows(data: &[u8]) -> u8 {
    data.get(4).copied().unwrap_or(0)
}
