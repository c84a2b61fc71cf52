//! Chunks of other files: whatever pieces their bytes come in, the file is the one that they came
//! from; what contradicts itself is no file.

use column_format::ColumnType;
use pq_encode::{
    BloomRate, ChunkSource, ChunkWalk, ColumnSpec, CopiedChunk, CopyError, FileAssembler,
    FileProperties, PageSink, PageVersion, RowOrder, WriterOptions,
};
use pq_format::{
    ColumnChunk, ColumnIndex, FileMetaData, IndexRange, OffsetIndex, PageHeader, read_footer,
};

use crate::data::{Nulls, Shape, all_types, column};
use crate::write::{Input, groups};

fn bytes_at(file: &[u8], offset: u64, len: u64) -> &[u8] {
    let at = |n: u64| usize::try_from(n).unwrap();
    &file[at(offset)..at(offset + len)]
}

/// What a file says about one of its chunks.
fn source(file: &[u8], rows: u64, flat: bool, chunk: &ColumnChunk) -> ChunkSource {
    let index = |range: IndexRange| bytes_at(file, range.offset, range.length.into());
    let bloom = chunk.meta.bloom_filter_offset.map(|offset| {
        let len = chunk.meta.bloom_filter_length.unwrap();
        bytes_at(file, offset, len.into()).to_vec()
    });
    ChunkSource {
        meta: chunk.meta.clone(),
        rows,
        row_order: RowOrder {
            never_falls: true,
            never_rises: false,
        },
        flat,
        offset_index: chunk
            .offset_index
            .map(|r| OffsetIndex::read(index(r)).unwrap()),
        column_index: chunk
            .column_index
            .map(|r| ColumnIndex::read(index(r)).unwrap()),
        bloom_filter: bloom,
    }
}

fn body<'f>(file: &'f [u8], chunk: &ColumnChunk) -> &'f [u8] {
    let range = chunk.meta.byte_range().unwrap();
    bytes_at(file, range.start, range.end - range.start)
}

/// Copies every chunk of `file` into a new one, in pieces of `piece` bytes.
fn copied(file: &[u8], specs: &[ColumnSpec], options: &WriterOptions, piece: usize) -> Vec<u8> {
    let footer: FileMetaData = read_footer(file).unwrap();
    let flat: Vec<bool> = footer
        .schema
        .leaves()
        .iter()
        .map(|leaf| leaf.max_repetition_level == 0)
        .collect();
    let properties = FileProperties::default();
    let mut out = FileAssembler::new(Vec::new(), specs, options, properties).unwrap();
    for group in &footer.row_groups {
        out.begin_row_group(group.num_rows).unwrap();
        for (chunk, flat) in group.columns.iter().zip(&flat) {
            let mut walk = ChunkWalk::new(chunk.meta.byte_range().unwrap().start);
            for piece in body(file, chunk).chunks(piece) {
                walk.piece(piece).unwrap();
                out.column().unwrap().page(piece).unwrap();
            }
            let source = source(file, group.num_rows, *flat, chunk);
            out.finish_copied(&CopiedChunk::new(&walk, source).unwrap())
                .unwrap();
        }
        out.finish_row_group().unwrap();
    }
    out.finish().unwrap().0
}

fn options() -> Vec<WriterOptions> {
    let small = WriterOptions {
        page_rows: 70,
        page_bytes: 1 << 10,
        ..WriterOptions::default()
    };
    vec![
        WriterOptions {
            page_version: PageVersion::V2,
            codec: "snappy".parse().unwrap(),
            ..small.clone()
        },
        WriterOptions {
            crc: false,
            codec: "none".parse().unwrap(),
            bloom_auto: Some(BloomRate::DEFAULT),
            ..small.clone()
        },
        small,
    ]
}

#[test]
fn a_file_of_copied_chunks_is_the_file_they_came_from() {
    for options in options() {
        for column_type in all_types() {
            if column_type == ColumnType::Symbol {
                // It has its text from elsewhere; as pages it is a VARCHAR.
                continue;
            }
            let specs = [ColumnSpec::new("c", column_type)];
            let parts: Vec<_> = [300, 1, 77]
                .iter()
                .map(|&rows| column(column_type, rows, Nulls::Random, Shape::Wild, 7))
                .collect();
            let inputs: Vec<[Input<'_>; 1]> = parts
                .iter()
                .map(|part| {
                    [Input {
                        spec: specs[0].clone(),
                        slices: vec![part.slice()],
                        symbols: None,
                    }]
                })
                .collect();
            let inputs: Vec<&[Input<'_>]> = inputs.iter().map(|input| &input[..]).collect();
            let file = groups(&inputs, &options);
            for piece in [1, 13, 4096, 1 << 20] {
                let copy = copied(&file, &specs, &options, piece);
                assert!(copy == file, "{column_type}, pieces of {piece}");
            }
        }
    }
}

/// A chunk of several pages, and what its file says.
fn several_pages() -> (Vec<u8>, ChunkSource) {
    let options = options().pop().unwrap();
    let spec = ColumnSpec::new("c", ColumnType::Long);
    let rows = column(ColumnType::Long, 500, Nulls::Random, Shape::Wild, 3);
    let input = [Input {
        spec,
        slices: vec![rows.slice()],
        symbols: None,
    }];
    let file = groups(&[&input], &options);
    let footer = read_footer(&file).unwrap();
    let chunk = &footer.row_groups[0].columns[0];
    let source = source(&file, 500, true, chunk);
    (body(&file, chunk).to_vec(), source)
}

fn outcome(bytes: &[u8], source: ChunkSource) -> Result<CopiedChunk, CopyError> {
    let mut walk = ChunkWalk::new(source.meta.byte_range().unwrap().start);
    for piece in bytes.chunks(50) {
        walk.piece(piece)?;
    }
    CopiedChunk::new(&walk, source)
}

/// A walk that is shown headers alone.
fn by_headers(bytes: &[u8], source: &ChunkSource) -> ChunkWalk {
    let mut walk = ChunkWalk::new(source.meta.byte_range().unwrap().start);
    while walk.position() < bytes.len() as u64 {
        let at = usize::try_from(walk.position()).unwrap();
        let (header, len) = PageHeader::read(&bytes[at..]).unwrap();
        walk.page(&header, len).unwrap();
    }
    walk
}

#[test]
fn headers_tell_what_the_pages_do_but_for_their_checksums() {
    let (mut bytes, source) = several_pages();
    let planned = CopiedChunk::new(&by_headers(&bytes, &source), source.clone()).unwrap();
    let found = outcome(&bytes, source.clone()).unwrap();
    assert_eq!(format!("{planned:?}"), format!("{found:?}"));
    let mut walk = ChunkWalk::new(source.meta.byte_range().unwrap().start);
    walk.piece(&bytes[..bytes.len() - 1]).unwrap();
    assert!(planned.check_walk(&walk).is_err());
    walk.piece(&bytes[bytes.len() - 1..]).unwrap();
    planned.check_walk(&walk).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    by_headers(&bytes, &source);
    let error = outcome(&bytes, source).unwrap_err();
    assert!(matches!(error, CopyError::Checksum { .. }), "{error}");
}

#[test]
fn pages_in_another_order_are_not_those_of_the_first_walk() {
    let (bytes, source) = several_pages();
    let planned = CopiedChunk::new(&by_headers(&bytes, &source), source.clone()).unwrap();
    let places = &source.offset_index.as_ref().unwrap().page_locations;
    let (base, unlike) = (source.meta.byte_range().unwrap().start, |at: &usize| {
        places[*at].compressed_page_size != places[at + 1].compressed_page_size
    });
    // Not the first: its start is not that of the chunk.
    let at = (1..places.len() - 2).find(unlike).unwrap();
    let part = |at: usize| {
        let place = |at: usize| usize::try_from(places[at].offset - base).unwrap();
        place(at)..place(at + 1)
    };
    let (one, other) = (part(at), part(at + 1));
    let mut turned = bytes.clone();
    turned[one.start..other.end].rotate_left(one.len());
    assert_ne!(turned, bytes);
    let mut walk = ChunkWalk::new(base);
    walk.piece(&turned).unwrap();
    let error = planned.check_walk(&walk).unwrap_err();
    assert!(
        matches!(
            error,
            CopyError::Mismatch {
                what: "bytes of a page",
                offset,
                ..
            } if offset == places[at].offset
        ),
        "{error}"
    );
}

#[test]
fn what_contradicts_itself_is_named() {
    let (bytes, source) = several_pages();
    assert!(source.offset_index.as_ref().unwrap().page_locations.len() > 3);
    outcome(&bytes, source.clone()).unwrap();
    type Spoil = fn(&mut Vec<u8>, &mut ChunkSource);
    let spoil: [(&str, Spoil); 11] = [
        ("bytes of the chunk", |bytes, _| {
            let (_, header) = PageHeader::read(bytes).unwrap();
            assert!(header < bytes.len());
            bytes.clear();
        }),
        ("end of the last page", |bytes, _| {
            bytes.truncate(bytes.len() - 1);
        }),
        ("bytes of the chunk", |_, s| {
            s.meta.total_compressed_size += 1;
        }),
        ("uncompressed bytes of the chunk", |_, s| {
            s.meta.total_uncompressed_size -= 1;
        }),
        ("encoding of a page", |_, s| s.meta.encodings = [].into()),
        ("values of the pages", |_, s| s.meta.num_values -= 1),
        ("values of the chunk", |_, s| s.rows += 1),
        ("pages of the column index", |_, s| {
            s.column_index.as_mut().unwrap().null_pages.pop();
        }),
        ("offset of the page", |_, s| {
            s.offset_index.as_mut().unwrap().page_locations[1].offset += 1;
        }),
        ("bytes of the page", |_, s| {
            s.offset_index.as_mut().unwrap().page_locations[1].compressed_page_size += 1;
        }),
        ("first row of the page", |_, s| {
            s.offset_index.as_mut().unwrap().page_locations[1].first_row_index += 1;
        }),
    ];
    for (what, spoil) in spoil {
        let (mut bytes, mut source) = (bytes.clone(), source.clone());
        spoil(&mut bytes, &mut source);
        match outcome(&bytes, source).unwrap_err() {
            CopyError::Mismatch { what: found, .. } => assert_eq!(found, what),
            other => panic!("{what}: {other}"),
        }
    }
}

#[test]
fn rows_of_lists_are_those_of_their_pages() {
    for page_version in [PageVersion::V1, PageVersion::V2] {
        let options = WriterOptions {
            page_version,
            page_rows: 50,
            ..WriterOptions::default()
        };
        let column_type = ColumnType::Array { dims: 1 };
        let rows = column(column_type, 300, Nulls::Random, Shape::Few, 3);
        let input = [Input {
            spec: ColumnSpec::new("c", column_type),
            slices: vec![rows.slice()],
            symbols: None,
        }];
        let file = groups(&[&input], &options);
        let footer = read_footer(&file).unwrap();
        let chunk = &footer.row_groups[0].columns[0];
        let (bytes, source) = (body(&file, chunk), source(&file, 300, false, chunk));
        assert!(source.offset_index.as_ref().unwrap().page_locations.len() > 3);
        outcome(bytes, source.clone()).unwrap();
        let spoilt = |spoil: fn(&mut ChunkSource)| {
            let mut source = source.clone();
            spoil(&mut source);
            outcome(bytes, source).is_err()
        };
        assert!(spoilt(|s| {
            s.offset_index.as_mut().unwrap().page_locations[0].first_row_index = 1;
        }));
        assert!(spoilt(|s| {
            let places = &mut s.offset_index.as_mut().unwrap().page_locations;
            places[2].first_row_index = places[1].first_row_index;
        }));
        let more = spoilt(|s| {
            s.rows += 1;
            s.offset_index = None;
        });
        assert_eq!(more, page_version == PageVersion::V2);
    }
}

#[test]
fn no_flipped_bit_of_a_page_with_a_checksum_passes_by_unnoticed() {
    let (bytes, source) = several_pages();
    let honest = outcome(&bytes, source.clone()).unwrap();
    let (mut checksums, mut others, mut harmless) = (0, 0, 0);
    for at in 0..bytes.len() {
        let mut spoilt = bytes.clone();
        spoilt[at] ^= 1 << (at % 8);
        match outcome(&spoilt, source.clone()) {
            Err(CopyError::Checksum { .. }) => checksums += 1,
            Err(_) => others += 1,
            // A header may say something else that nobody needs: the encoding of levels that are not
            // there.
            Ok(copied) => {
                harmless += 1;
                assert_eq!(copied.compressed_len(), honest.compressed_len());
            }
        }
    }
    assert!(
        checksums > bytes.len() / 2 && others > 0,
        "{checksums} {others}"
    );
    assert!(harmless < bytes.len() / 20, "{harmless} of {}", bytes.len());
}
