//! Paths and encodings of chunks in one column: read once, shared, and never taken for another's.

use std::sync::Arc;

use pq_format::{
    CodecId, ColumnChunk, ColumnMetaData, Encoding, FileMetaData, PhysicalKind, PhysicalType,
    Repetition, RowGroup, Schema, SchemaNode, TAIL_LEN, read_metadata, write_footer,
};

fn chunk(path: &[&str], encodings: &[Encoding]) -> ColumnChunk {
    ColumnChunk::new(ColumnMetaData {
        physical: PhysicalKind::Int64,
        encodings: encodings.into(),
        path: path.iter().map(|&name| name.to_owned()).collect(),
        codec: CodecId::Zstd,
        num_values: 3,
        total_uncompressed_size: 30,
        total_compressed_size: 30,
        key_value_metadata: Vec::new(),
        data_page_offset: 4,
        index_page_offset: None,
        dictionary_page_offset: None,
        statistics: None,
        encoding_stats: Vec::new(),
        bloom_filter_offset: None,
        bloom_filter_length: None,
        size_statistics: None,
    })
}

#[test]
fn a_list_is_shared_with_the_row_group_before_exactly_if_it_is_the_same() {
    use Encoding::{DeltaBinaryPacked, Plain, Rle};
    // Column a changes, and one list begins as another one does; column b has the same throughout.
    let lists: [(&[&str], &[Encoding]); 6] = [
        (&["a"], &[Plain]),
        (&["a"], &[Plain, Rle]),
        (&["a"], &[Plain]),
        (&[], &[]),
        (&["a", "c"], &[Plain, Rle]),
        (&["ac"], &[Plain, DeltaBinaryPacked]),
    ];
    let leaf = |name| SchemaNode::leaf(name, Repetition::Required, PhysicalType::Int64, None);
    let row_groups = lists.map(|(path, encodings)| RowGroup {
        columns: vec![chunk(path, encodings), chunk(&["b"], &[Plain, Rle])],
        num_rows: 3,
        ..RowGroup::default()
    });
    let meta = FileMetaData {
        version: 1,
        schema: Schema::new(vec![leaf("a"), leaf("b")]),
        num_rows: 18,
        row_groups: row_groups.into(),
        ..FileMetaData::default()
    };
    let footer = write_footer(&meta).unwrap();
    let read = read_metadata(&footer[..footer.len() - TAIL_LEN]).unwrap();
    assert_eq!(read, meta);
    let chunks = |column: usize| read.row_groups.iter().map(move |g| &g.columns[column].meta);
    let shared: Vec<_> = chunks(0)
        .zip(chunks(0).skip(1))
        .map(|(a, b)| {
            (
                Arc::ptr_eq(&a.path, &b.path),
                Arc::ptr_eq(&a.encodings, &b.encodings),
            )
        })
        .collect();
    assert_eq!(shared[..2], [(true, false), (true, false)]);
    assert!(chunks(1).all(|m| Arc::ptr_eq(&m.path, &read.row_groups[0].columns[1].meta.path)));
}

#[test]
fn many_row_groups_of_a_long_path_take_no_more_memory_than_their_bytes() {
    let name = "n".repeat(10_000);
    let groups = 500;
    let row_groups = (0..groups).map(|_| RowGroup {
        columns: vec![chunk(&[&name], &[Encoding::Plain])],
        num_rows: 3,
        ..RowGroup::default()
    });
    let meta = FileMetaData {
        version: 1,
        schema: Schema::new(vec![SchemaNode::leaf(
            &name,
            Repetition::Required,
            PhysicalType::Int64,
            None,
        )]),
        row_groups: row_groups.collect(),
        ..FileMetaData::default()
    };
    let footer = write_footer(&meta).unwrap();
    let read = read_metadata(&footer[..footer.len() - TAIL_LEN]).unwrap();
    let path = &read.row_groups[0].columns[0].meta.path;
    assert_eq!(Arc::strong_count(path), groups, "one path for all of them");
}
