//! Reading a file with the crate under test, as slots that the judge understands.

use std::collections::HashMap;

use column_format::{ColumnType, SymbolDict};
use pq_decode::{DecodedColumn, Decoder, FileFacts, Limits};

use crate::cells::{Slot, slots};

/// The facts of a file, from its footer.
pub(crate) fn facts(file: &[u8]) -> FileFacts {
    FileFacts::from_footer(&pq_format::read_footer(file).unwrap()).unwrap()
}

/// Bytes of a chunk.
pub(crate) fn bytes<'a>(file: &'a [u8], facts: &FileFacts, group: usize, leaf: usize) -> &'a [u8] {
    let range = facts.groups[group].chunks[leaf].range.clone();
    &file[range.start as usize..range.end as usize]
}

/// Keys of a dictionary by text.
pub(crate) fn keys(dict: Option<&SymbolDict>) -> HashMap<Vec<u8>, u32> {
    let texts = dict.iter().flat_map(|dict| {
        (0..dict.len()).map(|key| {
            let text = dict.value(key).unwrap().to_string_lossy();
            (text.into_bytes(), key)
        })
    });
    texts.collect()
}

/// Decodes leaf `leaf` of every row group.
pub(crate) fn decode(
    file: &[u8],
    facts: &FileFacts,
    leaf: usize,
    wanted: ColumnType,
    dict: Option<&SymbolDict>,
) -> Vec<DecodedColumn> {
    let keys = keys(dict);
    let mut decoder = Decoder::new(Limits::default());
    let groups = facts.groups.iter().enumerate();
    let one = |(g, group): (usize, &pq_decode::GroupFacts)| {
        let (leaf_facts, chunk) = (&facts.leaves[leaf], &group.chunks[leaf]);
        let bytes = bytes(file, facts, g, leaf);
        let symbols = |text: &[u8]| keys.get(text).copied();
        decoder
            .decode(leaf_facts, chunk, group.rows, bytes, wanted, Some(&symbols))
            .unwrap()
    };
    groups.map(one).collect()
}

/// The slots of decoded columns. Types without a null have what Parquet calls null as false / 0.
pub(crate) fn decoded_slots(
    wanted: ColumnType,
    columns: &[DecodedColumn],
    dict: Option<&SymbolDict>,
    required: bool,
) -> Vec<Slot> {
    let slices: Vec<_> = columns.iter().map(|c| c.slice().unwrap()).collect();
    slots(wanted, &slices, dict, required)
}
