//! What is read of a Parquet partition: the chunks of the projection by few calls, no row group
//! outside a time range, and of one at its edge only the pages that hold its rows.

use std::fs;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use column_format::ColumnSlice;
use mmap_io::{ReadMode, RealVfs};
use pq_encode::{ChunkEncoder, ColumnSpec, FileAssembler, FileProperties, WriterOptions};
use table_reader::{
    Cursor, Direction, Frame, OpenOptions, ParquetFacts, RowSelection, TableReader,
};
use testkit::faulty::{FaultyVfs, Journal};
use testkit::{Case, Stored, case, cases};

use crate::support::{Copy, copy, digest, impatient, root, root_over};

/// A reader whose calls are written down.
fn recorded(
    table: &Path,
    facts: ParquetFacts,
    read_mode: ReadMode,
    columns: Option<Vec<String>>,
) -> (TableReader, Arc<Journal>) {
    let (vfs, journal) = FaultyVfs::wrap(RealVfs::shared());
    let opts = OpenOptions {
        parquet_facts: facts,
        read_mode,
        columns,
        ..impatient()
    };
    let reader = TableReader::open(&root_over(vfs, table), &opts).unwrap();
    (reader, journal)
}

/// Byte ranges that `work` reads of `data.parquet`, by file.
fn reads(journal: &Journal, work: impl FnOnce()) -> Vec<(String, Range<u64>)> {
    let before = journal.reads().len();
    work();
    let reads = journal.reads().split_off(before);
    let of_rows = reads
        .into_iter()
        .filter(|(path, _)| path.ends_with("data.parquet"));
    of_rows.collect()
}

/// Frames of a selection, every column of them looked at.
fn frames(reader: &TableReader, direction: Direction, rows: &RowSelection) -> Vec<Frame> {
    let mut cursor = reader.cursor(direction, None, rows);
    let mut frames = Vec::new();
    while let Some(frame) = cursor.next_frame().unwrap() {
        for column in 0..frame.columns().len() {
            let _ = frame.column(column).unwrap();
        }
        frames.push(frame);
    }
    frames
}

#[test]
fn neighbouring_chunks_of_a_projection_are_one_call() {
    let table = case("questdb-94/parquet_partitions").table();
    let (all, _) = recorded(&table, ParquetFacts::Auto, ReadMode::Auto, None);
    let names: Vec<_> = all.columns().iter().map(|c| c.name.clone()).collect();
    let three = vec![names[2].clone(), names[0].clone(), names[1].clone()];
    for facts in [ParquetFacts::Sidecar, ParquetFacts::Footer] {
        for columns in [None, Some(three.clone()), Some(vec![names[5].clone()])] {
            let (reader, journal) = recorded(&table, facts, ReadMode::Positional, columns.clone());
            let parquet = reader
                .partitions()
                .iter()
                .enumerate()
                .filter(|(_, p)| p.parquet);
            let parquet: Vec<_> = parquet.map(|(i, _)| i).collect();
            for index in parquet {
                let rows = reader.rows_of_partitions(&(index..index + 1));
                let mut cursor = reader.cursor(Direction::Forward, None, &rows);
                let mut groups = 0;
                loop {
                    let mut frame = None;
                    reads(&journal, || frame = cursor.next_frame().unwrap());
                    let Some(frame) = frame else { break };
                    groups += 1;
                    let found = reads(&journal, || {
                        for column in 0..frame.columns().len() {
                            let _ = frame.column(column).unwrap();
                        }
                    });
                    assert_eq!(found.len(), 1, "{columns:?}, row group {groups}: {found:?}");
                }
                assert!(groups > 1 || reader.partitions()[index].rows <= 100);
            }
        }
    }
}

#[test]
fn no_byte_of_another_column_is_read_but_what_lies_between() {
    let table = case("questdb-94/parquet_partitions").table();
    let (all, _) = recorded(&table, ParquetFacts::Auto, ReadMode::Auto, None);
    let mut chunks_read = 0;
    for column in all.columns() {
        let columns = Some(vec![column.name.clone()]);
        let facts = ParquetFacts::Sidecar;
        let (reader, journal) = recorded(&table, facts, ReadMode::Positional, columns);
        let rows = reader.all_rows();
        let found = reads(&journal, || {
            frames(&reader, Direction::Forward, &rows);
        });
        for (path, range) in found {
            let file = fs::read(table.parent().unwrap().join(path.trim_start_matches("./")));
            let file = file.or_else(|_| fs::read(&path)).unwrap();
            let meta = pq_format::read_footer(&file).unwrap();
            let fields = meta.schema.fields.iter();
            let ids: Vec<_> = fields.map(|f| f.field_id.unwrap()).collect();
            let at = ids.iter().position(|id| column.chain.contains(id)).unwrap();
            let chunks = meta
                .row_groups
                .iter()
                .map(|g| g.columns[at].meta.byte_range().unwrap());
            assert!(
                chunks.into_iter().any(|chunk| chunk == range),
                "{path} {range:?}"
            );
            chunks_read += 1;
        }
    }
    assert!(chunks_read > 200, "{chunks_read}");
}

/// Timestamps of the designated column of a selection, frame by frame.
fn times(frames: &[Frame], at: usize) -> Vec<Vec<i64>> {
    let of = |frame: &Frame| {
        let slices = frame.column(at).unwrap();
        let mut times = Vec::new();
        for slice in slices {
            let ColumnSlice::Fixed(slice) = slice else {
                panic!("nulls in the designated timestamp");
            };
            let values = slice.chunks::<8>().unwrap().iter();
            times.extend(values.map(|v| i64::from_le_bytes(*v)));
        }
        times
    };
    frames.iter().map(of).collect()
}

fn parquet_cases() -> impl Iterator<Item = Case> {
    let all = cases().into_iter();
    all.filter(|case| case.stored == Stored::Parquet && case.rows < 20_000)
}

#[test]
fn row_groups_outside_a_time_range_are_not_read_forward_and_backward() {
    let (mut tables, mut pruned) = (0, 0);
    for case in parquet_cases() {
        let by_pm = case.id.starts_with("questdb-94/");
        for facts in [ParquetFacts::Footer, ParquetFacts::Sidecar] {
            if facts == ParquetFacts::Sidecar && !by_pm {
                continue;
            }
            let (reader, journal) = recorded(&case.table(), facts, ReadMode::Positional, None);
            let Some(at) = reader.columns().iter().position(|c| c.designated) else {
                continue;
            };
            let all = times(&frames(&reader, Direction::Forward, &reader.all_rows()), at);
            reader.close_all_partitions();
            // Row groups are frames: ask for those that lie in the middle third of time.
            let (first, last) = (all[0][0], all.last().unwrap().last().copied().unwrap());
            let third = (last - first) / 3;
            let (from, to) = (first + third, last - third);
            let inside = |t: &i64| (from..to).contains(t);
            let rows = reader.rows_between(Some(from), Some(to)).unwrap();
            let expected: Vec<i64> = all.iter().flatten().copied().filter(inside).collect();
            assert_eq!(rows.rows(), expected.len() as u64, "{}", case.id);
            for direction in [Direction::Forward, Direction::Backward] {
                reader.close_all_partitions();
                let mut found = Vec::new();
                let calls = reads(&journal, || found = frames(&reader, direction, &rows));
                let mut found_times = times(&found, at);
                if direction == Direction::Backward {
                    found_times.reverse();
                }
                assert_eq!(found_times.concat(), expected, "{}", case.id);
                let parquet = |f: &&Frame| reader.partitions()[f.partition_index()].parquet;
                let groups = found.iter().filter(parquet).count();
                // Opening a partition by its footer reads tail and footer.
                let opened: std::collections::BTreeSet<_> = found
                    .iter()
                    .filter(parquet)
                    .map(Frame::partition_index)
                    .collect();
                let opening = if facts == ParquetFacts::Footer {
                    2 * opened.len()
                } else {
                    0
                };
                // An edge by pages: the index, and perhaps the dictionary apart from the page.
                let edges = calls.len().saturating_sub(groups + opening);
                assert!(
                    calls.len() >= groups + opening && edges <= 4,
                    "{}: {} calls, {groups} groups, {opening} to open",
                    case.id,
                    calls.len()
                );
                pruned += all.len() - found.len().min(all.len());
            }
            tables += 1;
        }
    }
    assert!(tables >= 30 && pruned > 300, "{tables} {pruned}");
}

/// A copy of a stored table whose Parquet partitions were encoded again with many pages a chunk,
/// under the committed length.
fn paged(case: &Case) -> Copy {
    let copied = copy(case);
    let reader = TableReader::open(&root(&copied.table), &impatient()).unwrap();
    let options = WriterOptions {
        page_rows: 50,
        codec: pq_encode::Codec::Zstd(3),
        ..WriterOptions::default()
    };
    let dicts: Vec<_> = (0..reader.columns().len())
        .map(|i| reader.symbols(i).ok())
        .collect();
    let specs: Vec<_> = reader
        .columns()
        .iter()
        .map(|c| {
            let mut spec = ColumnSpec::new(&c.name, c.column_type);
            spec.field_id = Some(c.field_id);
            (spec.designated, spec.required) = (c.designated, c.designated);
            spec
        })
        .collect();
    for (index, partition) in reader.partitions().iter().enumerate() {
        let Some(len) = partition.parquet_len.filter(|_| partition.parquet) else {
            continue;
        };
        let properties = FileProperties::default();
        let mut file = FileAssembler::new(Vec::new(), &specs, &options, properties).unwrap();
        let rows = reader.rows_of_partitions(&(index..index + 1));
        for frame in frames(&reader, Direction::Forward, &rows) {
            file.begin_row_group(frame.rows() as u64).unwrap();
            for (at, spec) in specs.iter().enumerate() {
                let slices = frame.column(at).unwrap();
                let mut sink = file.column().unwrap();
                let mut encoder = ChunkEncoder::new(spec, &options).unwrap();
                let summary = encoder
                    .encode(slices.as_slice(), dicts[at].as_deref(), &mut sink)
                    .unwrap();
                file.finish_column(&summary).unwrap();
            }
            file.finish_row_group().unwrap();
        }
        let (bytes, _) = file.finish().unwrap();
        let tail = bytes[bytes.len() - 8..].try_into().unwrap();
        let footer = bytes.len() - 8 - pq_format::footer_len(tail).unwrap() as usize;
        let (body, footer) = bytes.split_at(footer);
        let gap = usize::try_from(len).unwrap().checked_sub(bytes.len());
        let gap = vec![0; gap.expect("smaller than what QuestDB wrote")];
        let path = copied.table.join(&partition.directory).join("data.parquet");
        fs::write(path, [body, &gap, footer].concat()).unwrap();
    }
    copied
}

#[test]
fn of_a_row_group_at_the_edge_only_pages_with_its_rows_are_read() {
    let case = case("questdb/parquet_o3/after3");
    let copied = paged(&case);
    let plain = TableReader::open(&root(&case.table()), &impatient()).unwrap();
    let at = plain.columns().iter().position(|c| c.designated).unwrap();
    let all = times(&frames(&plain, Direction::Forward, &plain.all_rows()), at).concat();
    for read_mode in [ReadMode::Positional, ReadMode::Mapped] {
        let (reader, journal) = recorded(&copied.table, ParquetFacts::Auto, read_mode, None);
        let whole = reader.all_rows();
        let mut bytes = [0, 0];
        for (nth, rows) in [
            whole.clone(),
            reader.rows_between(Some(all[700]), Some(all[730])).unwrap(),
        ]
        .into_iter()
        .enumerate()
        {
            reader.close_all_partitions();
            let calls = reads(&journal, || {
                let mut cursor = reader.cursor(Direction::Forward, None, &rows);
                let found = digest(&reader, &mut cursor);
                let selected = match nth {
                    0 => plain.all_rows(),
                    _ => plain.rows_between(Some(all[700]), Some(all[730])).unwrap(),
                };
                let mut cursor = plain.cursor(Direction::Forward, None, &selected);
                assert_eq!(found, digest(&plain, &mut cursor));
            });
            bytes[nth] = calls.iter().map(|(_, r)| r.end - r.start).sum::<u64>();
        }
        if read_mode == ReadMode::Positional {
            assert!(bytes[1] * 4 < bytes[0], "{bytes:?}");
        }
    }
}

#[test]
fn any_cut_of_a_paged_table_is_the_rows_of_the_plain_one() {
    let case = case("questdb/parquet_o3/after1");
    let copied = paged(&case);
    let plain = TableReader::open(&root(&case.table()), &impatient()).unwrap();
    for read_mode in [ReadMode::Positional, ReadMode::Mapped] {
        let (reader, _) = recorded(&copied.table, ParquetFacts::Auto, read_mode, None);
        for (first, last) in [(1, 1), (49, 60), (50, 100), (333, 30), (900, 77)] {
            let cut = |r: &TableReader| r.all_rows().first(first).last(last);
            for direction in [Direction::Forward, Direction::Backward] {
                for frame_rows in [None, NonZeroUsize::new(17)] {
                    let rows = |r: &TableReader| {
                        let mut cursor = r.cursor(direction, frame_rows, &cut(r));
                        digest(r, &mut cursor)
                    };
                    assert_eq!(rows(&reader), rows(&plain), "{first} {last}");
                }
            }
        }
    }
}
