//! Page index and bloom filters: chosen pages are the rows that they would be in the whole chunk, an
//! index that lies is an error, a filter never misses a value.

use column_format::{ColumnSlice, ColumnType, SymbolDict, Value, value};
use pq_decode::{
    ChunkBloom, ChunkFacts, ChunkPages, DecodedColumn, Decoder, FileFacts, FileIndexes, IndexError,
    LeafFacts, Limits, PageBounds, PagePlan,
};
use pq_encode::{BloomRate, ColumnSpec, PageVersion, WriterOptions};

use crate::data::{Column, Nulls, Rng, Shape, all_types, column};
use crate::read::keys;
use crate::stored::{files, natural};
use crate::write::{Input, file};

/// A file with everything that is needed to read pages of it.
struct Open {
    bytes: Vec<u8>,
    facts: FileFacts,
    indexes: FileIndexes,
}

impl Open {
    fn new(bytes: Vec<u8>) -> Self {
        let meta = pq_format::read_footer(&bytes).unwrap();
        let facts = FileFacts::from_footer(&meta).unwrap();
        let indexes = FileIndexes::from_footer(&meta);
        Self {
            bytes,
            facts,
            indexes,
        }
    }

    fn at(&self, range: &std::ops::Range<u64>) -> &[u8] {
        &self.bytes[range.start as usize..range.end as usize]
    }

    fn chunk(&self, group: usize, leaf: usize) -> (&LeafFacts, &ChunkFacts, u64) {
        let g = &self.facts.groups[group];
        (&self.facts.leaves[leaf], &g.chunks[leaf], g.rows)
    }

    fn pages(&self, group: usize, leaf: usize) -> Result<ChunkPages, IndexError> {
        let (facts, chunk, rows) = self.chunk(group, leaf);
        let places = self.indexes.chunk(group, leaf).unwrap();
        let column_index = places.column_index.as_ref().map(|r| self.at(r));
        let offset_index = self.at(places.offset_index.as_ref().unwrap());
        ChunkPages::read(facts, chunk, rows, offset_index, column_index)
    }

    fn whole(
        &self,
        (group, leaf): (usize, usize),
        wanted: ColumnType,
        dict: Option<&SymbolDict>,
    ) -> DecodedColumn {
        let (facts, chunk, rows) = self.chunk(group, leaf);
        let (keys, bytes) = (keys(dict), self.at(&chunk.range));
        let symbols = |text: &[u8]| keys.get(text).copied();
        let mut decoder = Decoder::new(Limits::default());
        decoder
            .decode(facts, chunk, rows, bytes, wanted, Some(&symbols))
            .unwrap()
    }

    fn planned(
        &self,
        (group, leaf): (usize, usize),
        plan: &PagePlan,
        wanted: ColumnType,
        dict: Option<&SymbolDict>,
    ) -> DecodedColumn {
        let (facts, chunk, _) = self.chunk(group, leaf);
        let parts: Vec<_> = plan.ranges().iter().map(|r| self.at(r)).collect();
        let keys = keys(dict);
        let symbols = |text: &[u8]| keys.get(text).copied();
        let mut decoder = Decoder::new(Limits::default());
        decoder
            .decode_pages(facts, chunk, plan, &parts, wanted, Some(&symbols))
            .unwrap()
    }
}

/// Rows as text.
fn rows(column: &DecodedColumn, wanted: ColumnType, dict: Option<&SymbolDict>) -> Vec<String> {
    let slice = column.slice().unwrap();
    let row = |row| match &slice {
        ColumnSlice::Nulls { .. } if wanted.has_null() => "Null".to_owned(),
        ColumnSlice::Nulls { .. } => "0".to_owned(),
        _ => match value(wanted, &slice, dict, row).unwrap() {
            Value::Boolean(v) => u8::from(v).to_string(),
            Value::Byte(v) => v.to_string(),
            Value::Short(v) => v.to_string(),
            Value::Char(v) => v.to_string(),
            Value::Array(a) => {
                format!(
                    "{:?} {:?}",
                    a.shape().collect::<Vec<_>>(),
                    a.values().collect::<Vec<_>>()
                )
            }
            other => format!("{other:?}"),
        },
    };
    (0..slice.rows()).map(row).collect()
}

fn ours(columns: &[Column], options: &WriterOptions) -> Open {
    let inputs: Vec<_> = columns
        .iter()
        .enumerate()
        .map(|(i, c)| Input {
            spec: ColumnSpec::new(format!("{i} {}", c.column_type), c.column_type),
            slices: vec![c.slice()],
            symbols: c.symbols.as_ref(),
        })
        .collect();
    Open::new(file(&inputs, options))
}

/// Every run of pages, and every second page, equal to the same rows of the whole chunk.
fn check_chunk(
    open: &Open,
    at: (usize, usize),
    wanted: ColumnType,
    dict: Option<&SymbolDict>,
) -> usize {
    let pages = open.pages(at.0, at.1).unwrap();
    let (leaf, chunk, group_rows) = open.chunk(at.0, at.1);
    match ChunkPages::walk(leaf, chunk, group_rows, open.at(&chunk.range)) {
        Ok(walked) => {
            let places = |p: &ChunkPages| -> Vec<_> {
                p.pages
                    .iter()
                    .map(|p| (p.range.clone(), p.rows.clone()))
                    .collect()
            };
            assert_eq!(places(&walked), places(&pages), "{}", leaf.name);
        }
        Err(e) => assert!(e == IndexError::Lists && leaf.max_repetition > 0, "{e}"),
    }
    let expected = rows(&open.whole(at, wanted, dict), wanted, dict);
    let n = pages.pages.len();
    let mut choices: Vec<Vec<usize>> = vec![(0..n).step_by(2).collect(), (0..n).collect()];
    choices.extend((0..n).map(|p| (p..n.min(p + 2)).collect()));
    for chosen in choices {
        let plan = pages.plan(chosen.iter().copied());
        let found = rows(&open.planned(at, &plan, wanted, dict), wanted, dict);
        let of = chosen.iter().flat_map(|p| pages.pages[*p].rows.clone());
        let of: Vec<_> = of.map(|row| expected[row as usize].clone()).collect();
        assert!(found == of, "{} pages {chosen:?}", leaf.name);
    }
    n
}

#[test]
fn chosen_pages_are_the_rows_that_they_are_in_the_chunk() {
    let mut pages = 0;
    for page_version in [PageVersion::V1, PageVersion::V2] {
        for (nulls, shape) in [(Nulls::Random, Shape::Few), (Nulls::None, Shape::Wild)] {
            let options = WriterOptions {
                page_version,
                page_rows: 90,
                ..WriterOptions::default()
            };
            let columns = all_types()
                .into_iter()
                .map(|t| column(t, 500, nulls, shape, 3));
            let columns: Vec<_> = columns.collect();
            let open = ours(&columns, &options);
            for (leaf, column) in columns.iter().enumerate() {
                let dict = column.symbols.as_ref();
                pages += check_chunk(&open, (0, leaf), column.column_type, dict);
            }
        }
    }
    assert!(pages > 500, "{pages}");
}

#[test]
fn pages_of_questdb_are_found_by_its_index_and_by_their_headers() {
    let mut pages = 0;
    for path in files() {
        let open = Open::new(std::fs::read(&path).unwrap());
        for group in 0..open.facts.groups.len().min(2) {
            for (leaf, facts) in open.facts.leaves.iter().enumerate() {
                let places = open.indexes.chunk(group, leaf).unwrap();
                if places.offset_index.is_some() {
                    let wanted = natural(facts.stored).unwrap();
                    pages += check_chunk(&open, (group, leaf), wanted, None);
                }
            }
        }
    }
    assert!(pages > 1_000, "{pages}");
}

#[test]
fn bounds_of_pages_hold_their_values_and_tell_their_order() {
    let times = column(ColumnType::Long, 700, Nulls::None, Shape::Rising, 4);
    let some = column(ColumnType::Long, 700, Nulls::Random, Shape::Wild, 4);
    let none = column(ColumnType::Long, 700, Nulls::All, Shape::Wild, 4);
    let options = WriterOptions {
        page_rows: 100,
        ..WriterOptions::default()
    };
    let open = ours(&[times, some, none], &options);
    assert_eq!(
        open.pages(0, 0).unwrap().order,
        pq_format::BoundaryOrder::Ascending
    );
    for leaf in 0..3 {
        let pages = open.pages(0, leaf).unwrap();
        let all = rows(
            &open.whole((0, leaf), ColumnType::Long, None),
            ColumnType::Long,
            None,
        );
        for page in &pages.pages {
            let rows = &all[page.rows.start as usize..page.rows.end as usize];
            let nulls = rows.iter().filter(|v| *v == "Null").count();
            assert_eq!(page.null_count, Some(nulls as u64));
            match page.bounds.as_i64() {
                None => assert_eq!(page.bounds, PageBounds::AllNull),
                Some((min, max)) => {
                    let texts = rows.iter().filter(|v| *v != "Null");
                    let values = texts.map(|v| v[5..v.len() - 1].parse::<i64>().unwrap());
                    assert!(values.into_iter().all(|v| (min..=max).contains(&v)));
                }
            }
        }
        let first = pages.of_rows(&(0..1));
        assert_eq!(
            (first, pages.of_rows(&(0..700)).len()),
            (0..1, pages.pages.len())
        );
        assert!(pages.of_rows(&(700..900)).is_empty() && pages.of_rows(&(5..5)).len() <= 1);
    }
}

#[test]
fn an_index_that_lies_is_an_error_and_never_other_rows() {
    let columns: Vec<_> = [
        ColumnType::Long,
        ColumnType::Varchar,
        ColumnType::Array { dims: 1 },
    ]
    .into_iter()
    .map(|t| column(t, 400, Nulls::Random, Shape::Few, 9))
    .collect();
    let options = WriterOptions {
        page_rows: 60,
        ..WriterOptions::default()
    };
    let open = ours(&columns, &options);
    let mut rng = Rng::new(17);
    let (mut refused, mut errors, mut read) = (0, 0, 0);
    for (leaf, column) in columns.iter().enumerate() {
        let (facts, chunk, group_rows) = open.chunk(0, leaf);
        let places = open.indexes.chunk(0, leaf).unwrap();
        let good = open.at(places.offset_index.as_ref().unwrap());
        let bounds = open.at(places.column_index.as_ref().unwrap());
        let whole = open.whole((0, leaf), column.column_type, None);
        let expected = rows(&whole, column.column_type, None);
        for _ in 0..400 {
            let (mut offsets, mut bounds) = (good.to_vec(), bounds.to_vec());
            let spoilt = if rng.below(4) == 0 {
                &mut bounds
            } else {
                &mut offsets
            };
            let at = rng.below(spoilt.len());
            spoilt[at] ^= 1 << rng.below(8);
            let Ok(pages) = ChunkPages::read(facts, chunk, group_rows, &offsets, Some(&bounds))
            else {
                refused += 1;
                continue;
            };
            let first = rng.below(pages.pages.len());
            let plan = pages.plan(first..pages.pages.len());
            let parts: Vec<_> = plan.ranges().iter().map(|r| open.at(r)).collect();
            let mut decoder = Decoder::new(Limits::default());
            let done = decoder.decode_pages(facts, chunk, &plan, &parts, column.column_type, None);
            match done {
                Ok(found) => {
                    let row = pages.pages[first].rows.start as usize;
                    let found = rows(&found, column.column_type, None);
                    assert!(
                        found == expected[row..],
                        "{} from {row}",
                        column.column_type
                    );
                    read += 1;
                }
                Err(_) => errors += 1,
            }
        }
    }
    assert!(
        refused > 100 && errors > 20 && read > 50,
        "{refused} {errors} {read}"
    );
}

#[test]
fn parts_that_are_not_those_of_the_plan_are_refused() {
    let columns = [column(ColumnType::Int, 300, Nulls::None, Shape::Wild, 2)];
    let options = WriterOptions {
        page_rows: 50,
        ..WriterOptions::default()
    };
    let open = ours(&columns, &options);
    let (facts, chunk, _) = open.chunk(0, 0);
    let plan = open.pages(0, 0).unwrap().plan([1, 2, 4]);
    assert_eq!((plan.page_count(), plan.rows()), (3, 150));
    let parts: Vec<_> = plan.ranges().iter().map(|r| open.at(r)).collect();
    let mut decoder = Decoder::new(Limits::default());
    let mut decode =
        |parts: &[&[u8]]| decoder.decode_pages(facts, chunk, &plan, parts, ColumnType::Int, None);
    assert!(decode(&parts).is_ok());
    assert!(decode(&parts[..1]).is_err());
    assert!(decode(&[]).is_err());
    let cut: Vec<_> = parts.iter().map(|p| &p[1..]).collect();
    assert!(decode(&cut).is_err());
}

#[test]
fn a_bloom_filter_misses_no_value_and_refuses_most_others() {
    let columns: Vec<_> = all_types()
        .into_iter()
        .filter(|t| !matches!(t, ColumnType::Boolean | ColumnType::Array { .. }))
        .map(|t| column(t, 300, Nulls::Random, Shape::Wild, 8))
        .collect();
    let inputs = columns.iter().map(|c| {
        let mut spec = ColumnSpec::new(c.column_type.to_string(), c.column_type);
        spec.bloom = Some(BloomRate::default());
        Input {
            spec,
            slices: vec![c.slice()],
            symbols: c.symbols.as_ref(),
        }
    });
    let open = Open::new(file(&inputs.collect::<Vec<_>>(), &WriterOptions::default()));
    let mut absent = 0;
    for (leaf, column) in columns.iter().enumerate() {
        let (facts, _, _) = open.chunk(0, leaf);
        let place = open.indexes.chunk(0, leaf).unwrap().bloom.unwrap();
        let bytes = open.at(&place.range());
        assert_eq!(ChunkBloom::len(bytes), Ok(bytes.len() as u64));
        let bloom = ChunkBloom::read(facts, bytes).unwrap();
        let slice = column.slice();
        for row in 0..slice.rows() {
            let v = value(column.column_type, &slice, column.symbols.as_ref(), row).unwrap();
            assert!(bloom.may_contain(&v), "{}: {v:?}", column.column_type);
        }
        let others = (0..200).map(|n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let text = |n: u64| format!("no such text {n}");
        absent += others
            .filter(|n| !match column.column_type {
                ColumnType::Long => bloom.may_contain(&Value::Long(n.cast_signed())),
                ColumnType::Varchar => bloom.may_contain(&Value::Varchar(text(*n).as_bytes())),
                ColumnType::Uuid => bloom.may_contain(&Value::Uuid(u128::from(*n) << 40)),
                _ => true,
            })
            .count();
        assert!(bloom.may_contain(&Value::Null), "nothing is known of nulls");
    }
    assert!(absent > 550, "{absent}");
}

#[test]
fn filters_of_questdb_without_a_length_are_read() {
    let mut filters = 0;
    for path in files() {
        let open = Open::new(std::fs::read(&path).unwrap());
        for group in 0..open.facts.groups.len() {
            for leaf in 0..open.facts.leaves.len() {
                let Some(mut place) = open.indexes.chunk(group, leaf).unwrap().bloom else {
                    continue;
                };
                let (facts, _, _) = open.chunk(group, leaf);
                let len = ChunkBloom::len(open.at(&place.range())).unwrap();
                place.len = Some(u32::try_from(len).unwrap());
                let bloom = ChunkBloom::read(facts, open.at(&place.range())).unwrap();
                let wanted = natural(facts.stored).unwrap();
                let column = open.whole((group, leaf), wanted, None);
                let slice = column.slice().unwrap();
                for row in 0..slice.rows() {
                    let v = match &slice {
                        ColumnSlice::Nulls { .. } => Value::Null,
                        _ => value(wanted, &slice, None, row).unwrap(),
                    };
                    assert!(bloom.may_contain(&v), "{path:?} {}: {v:?}", facts.name);
                }
                filters += 1;
            }
        }
    }
    assert!(filters > 20, "{filters}");
}

#[test]
fn zeros_that_are_nulls_are_not_ruled_out() {
    let zeros = [Value::Byte(0), Value::Short(0), Value::Char(0)];
    let types = [ColumnType::Byte, ColumnType::Short, ColumnType::Char];
    let options = WriterOptions {
        page_rows: 10,
        ..WriterOptions::default()
    };
    for (zero, column_type) in zeros.iter().zip(types) {
        let mut spec = ColumnSpec::new("c", column_type);
        spec.bloom = Some(BloomRate::default());
        spec.required = false;
        let native = column_type.fixed_width().unwrap();
        let data = [7, 0].iter().take(native).copied().cycle();
        let data: Vec<u8> = data.take(15 * native).collect();
        let slices = vec![
            ColumnSlice::new(column_type.layout(), &[], &data, 15).unwrap(),
            ColumnSlice::Nulls { rows: 15 },
        ];
        let symbols = None;
        let input = Input {
            spec,
            slices,
            symbols,
        };
        let open = Open::new(file(&[input], &options));
        let (facts, _, _) = open.chunk(0, 0);
        assert_eq!(facts.max_definition, 1);
        let bloom = open.indexes.chunk(0, 0).unwrap().bloom.unwrap();
        let bloom = ChunkBloom::read(facts, open.at(&bloom.range())).unwrap();
        assert!(bloom.may_contain(zero), "{column_type}");
        let pages = open.pages(0, 0).unwrap().pages;
        let between = |min: i32, max: i32| {
            PageBounds::Between(min.to_le_bytes().into(), max.to_le_bytes().into())
        };
        let found: Vec<_> = pages.into_iter().map(|page| page.bounds).collect();
        let expected = [between(7, 7), between(0, 7), between(0, 0)];
        assert_eq!(found, expected, "{column_type}");
    }
}
