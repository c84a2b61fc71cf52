//! Writing a file from test columns.

use column_format::{ColumnSlice, SymbolDict};
use pq_encode::{
    ChunkEncoder, ChunkSummary, ColumnSpec, FileAssembler, FileProperties, WriterOptions,
};

/// A column with its rows.
pub(crate) struct Input<'a> {
    pub(crate) spec: ColumnSpec,
    pub(crate) slices: Vec<ColumnSlice<'a>>,
    pub(crate) symbols: Option<&'a SymbolDict>,
}

/// The bytes and the summary of one chunk.
pub(crate) fn chunk(input: &Input<'_>, options: &WriterOptions) -> (Vec<u8>, ChunkSummary) {
    let mut out = Vec::new();
    let mut encoder = ChunkEncoder::new(&input.spec, options).unwrap();
    let summary = encoder
        .encode(&input.slices, input.symbols, &mut out)
        .unwrap();
    assert_eq!(summary.compressed_len, u64::try_from(out.len()).unwrap());
    (out, summary)
}

/// A file of one row group.
pub(crate) fn file(inputs: &[Input<'_>], options: &WriterOptions) -> Vec<u8> {
    groups(&[inputs], options)
}

/// A file of several row groups with the columns of the first.
pub(crate) fn groups(groups: &[&[Input<'_>]], options: &WriterOptions) -> Vec<u8> {
    let specs: Vec<ColumnSpec> = groups[0].iter().map(|input| input.spec.clone()).collect();
    let properties = FileProperties::default();
    let mut file = FileAssembler::new(Vec::new(), &specs, options, properties).unwrap();
    let mut encoders: Vec<ChunkEncoder> = specs
        .iter()
        .map(|spec| ChunkEncoder::new(spec, options).unwrap())
        .collect();
    for inputs in groups {
        let rows = inputs[0]
            .slices
            .iter()
            .map(|slice| u64::try_from(slice.rows()).unwrap())
            .sum();
        if rows == 0 {
            continue;
        }
        file.begin_row_group(rows).unwrap();
        for (input, encoder) in inputs.iter().zip(&mut encoders) {
            let mut sink = file.column().unwrap();
            let summary = encoder
                .encode(&input.slices, input.symbols, &mut sink)
                .unwrap();
            file.finish_column(&summary).unwrap();
        }
        file.finish_row_group().unwrap();
    }
    let (bytes, summary) = file.finish().unwrap();
    assert_eq!(summary.bytes, u64::try_from(bytes.len()).unwrap());
    bytes
}
