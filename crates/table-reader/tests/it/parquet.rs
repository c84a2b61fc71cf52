//! Parquet partitions: the same rows by footer and by `_pm`, mapped and read, whatever lies beside
//! the committed bytes; damage has a name.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use mmap_io::{ReadMode, ScanProfile};
use table_reader::{Cursor, Direction, Frame, OpenOptions, ParquetFacts, ReadError, TableReader};
use testkit::{Case, Stored, case, cases};

use crate::support::{Digest, copy, digest, digest_frames, fds_below, impatient, maps_below, root};

fn parquet_cases() -> impl Iterator<Item = Case> {
    let all = cases().into_iter();
    all.filter(|case| case.stored == Stored::Parquet)
}

fn by(table: &Path, parquet_facts: ParquetFacts, read_mode: ReadMode) -> TableReader {
    let opts = OpenOptions {
        parquet_facts,
        read_mode,
        ..impatient()
    };
    TableReader::open(&root(table), &opts).unwrap()
}

fn rows(reader: &TableReader) -> Digest {
    let all = reader.all_rows();
    digest(reader, &mut reader.cursor(Direction::Forward, None, &all))
}

fn first_error(reader: &TableReader) -> ReadError {
    let all = reader.all_rows();
    let mut cursor = reader.cursor(Direction::Forward, None, &all);
    loop {
        let frame = match cursor.next_frame() {
            Ok(frame) => frame.expect("no error in any frame"),
            Err(e) => return e,
        };
        let columns = 0..frame.columns().len();
        if let Some(e) = columns.into_iter().find_map(|i| frame.column(i).err()) {
            return e;
        }
    }
}

/// The Parquet partitions of a table directory.
fn files(table: &Path) -> Vec<PathBuf> {
    let reader = by(table, ParquetFacts::Auto, ReadMode::Auto);
    let parquet = reader.partitions().iter().filter(|p| p.parquet);
    parquet
        .map(|p| table.join(&p.directory).join("data.parquet"))
        .collect()
}

#[test]
fn by_footer_by_sidecar_mapped_and_positional_the_rows_are_the_same() {
    let (mut by_sidecar, mut by_footer) = (0, 0);
    for case in parquet_cases() {
        let table = case.table();
        let expected = rows(&by(&table, ParquetFacts::Auto, ReadMode::Auto));
        assert_eq!(expected.rows, case.rows, "{}", case.id);
        let footer = by(&table, ParquetFacts::Footer, ReadMode::Positional);
        assert_eq!(rows(&footer), expected, "{}: footer", case.id);
        by_footer += 1;
        if case.id.starts_with("questdb-94/") {
            let sidecar = by(&table, ParquetFacts::Sidecar, ReadMode::Mapped);
            assert_eq!(rows(&sidecar), expected, "{}: _pm", case.id);
            by_sidecar += 1;
        }
    }
    assert!(
        by_sidecar >= 14 && by_footer >= 28,
        "{by_sidecar} {by_footer}"
    );
}

#[test]
fn a_sidecar_that_does_not_fit_is_not_believed() {
    let case = case("questdb-94/parquet_o3/after3");
    let expected = rows(&by(&case.table(), ParquetFacts::Auto, ReadMode::Auto));
    type Spoil = fn(&mut Vec<u8>);
    let spoil: [(&str, Spoil); 3] = [
        ("a flipped bit", |pm| {
            let at = pm.len() / 2;
            pm[at] ^= 4;
        }),
        ("cut", |pm| pm.truncate(pm.len() / 2)),
        ("empty", Vec::clear),
    ];
    for (what, spoil) in spoil {
        let copied = copy(&case);
        for file in files(&copied.table) {
            let pm = file.with_file_name("_pm");
            let mut bytes = fs::read(&pm).unwrap();
            spoil(&mut bytes);
            fs::write(&pm, bytes).unwrap();
        }
        let auto = by(&copied.table, ParquetFacts::Auto, ReadMode::Auto);
        assert_eq!(rows(&auto), expected, "{what}");
        let error = first_error(&by(&copied.table, ParquetFacts::Sidecar, ReadMode::Auto));
        assert!(
            matches!(&error, ReadError::Parquet { file, .. } if file.ends_with("_pm")),
            "{what}: {error}"
        );
    }
}

#[test]
fn bytes_behind_the_committed_ones_are_nobodys() {
    let case = case("questdb/parquet_o3/after2");
    let copied = copy(&case);
    for file in files(&copied.table) {
        let mut bytes = fs::read(&file).unwrap();
        bytes.extend_from_slice(b"rows of a failed update PAR1");
        fs::write(&file, bytes).unwrap();
    }
    let expected = rows(&by(&case.table(), ParquetFacts::Auto, ReadMode::Auto));
    let found = rows(&by(&copied.table, ParquetFacts::Auto, ReadMode::Auto));
    assert_eq!(found, expected);
}

#[test]
fn a_file_shorter_than_committed_is_found_before_anything_is_read() {
    let copied = copy(&case("questdb/parquet_o3/after2"));
    let file = files(&copied.table).remove(0);
    let len = fs::metadata(&file).unwrap().len();
    fs::File::options()
        .write(true)
        .open(&file)
        .unwrap()
        .set_len(len - 1)
        .unwrap();
    let error = TableReader::open(&root(&copied.table), &impatient()).unwrap_err();
    let ReadError::FileTooShort {
        path,
        needed,
        found,
        ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!((path, needed, found), (file, len, len - 1));
}

#[test]
fn a_damaged_page_names_partition_row_group_column_and_page() {
    let copied = copy(&case("questdb/parquet_partitions"));
    let file = files(&copied.table).remove(0);
    let mut bytes = fs::read(&file).unwrap();
    // The first page header of the first chunk of the file.
    bytes[4..12].fill(0xff);
    fs::write(&file, bytes).unwrap();
    let reader = by(&copied.table, ParquetFacts::Auto, ReadMode::Auto);
    let error = first_error(&reader);
    let ReadError::ParquetChunk {
        partition,
        group,
        file: named,
        source,
        ..
    } = &error
    else {
        panic!("{error}");
    };
    assert_eq!((*group, named), (0, &file));
    assert_eq!((source.page, source.offset), (0, 4));
    assert_eq!(
        Some(partition),
        reader
            .partitions()
            .iter()
            .find(|p| p.parquet)
            .map(|p| &p.name)
    );
}

#[test]
fn an_unread_column_fails_nothing() {
    let copied = copy(&case("questdb/parquet_partitions"));
    let file = files(&copied.table).remove(0);
    let mut bytes = fs::read(&file).unwrap();
    bytes[4..12].fill(0xff);
    fs::write(&file, bytes).unwrap();
    let last = by(&copied.table, ParquetFacts::Auto, ReadMode::Auto)
        .columns()
        .last()
        .cloned();
    let columns = Some(vec![last.unwrap().name]);
    let opts = OpenOptions {
        columns,
        ..impatient()
    };
    let reader = TableReader::open(&root(&copied.table), &opts).unwrap();
    assert_eq!(rows(&reader).rows, reader.rows());
}

#[test]
fn frames_keep_their_rows_after_release_and_everything_is_given_back() {
    for profile in [ScanProfile::Cached, ScanProfile::SequentialEvict] {
        let copied = copy(&case("questdb/parquet_o3/after3"));
        let opts = OpenOptions {
            profile,
            ..impatient()
        };
        let reader = TableReader::open(&root(&copied.table), &opts).unwrap();
        let expected = rows(&reader);
        reader.close_all_partitions();
        assert_eq!(maps_below(&copied.table), 0);
        let all = reader.all_rows();
        let mut cursor = reader.cursor(Direction::Forward, NonZeroUsize::new(70), &all);
        let mut kept: Vec<Frame> = Vec::new();
        while let Some(frame) = cursor.next_frame().unwrap() {
            kept.push(frame);
            cursor.release_open_partitions();
            assert_eq!(reader.open_partition_count(), 1);
        }
        drop(cursor);
        reader.close_all_partitions();
        assert_eq!(digest_frames(&reader, kept.into_iter()), expected);
        assert_eq!(
            (reader.mapped_partition_count(), maps_below(&copied.table)),
            (0, 0)
        );
        drop(reader);
        assert_eq!(fds_below(&copied.table), 0);
    }
}

#[test]
fn a_partition_that_moved_away_is_still_read() {
    let case = case("questdb/parquet_o3/after3");
    let copied = copy(&case);
    let reader = by(&copied.table, ParquetFacts::Auto, ReadMode::Auto);
    let expected = rows(&by(&case.table(), ParquetFacts::Auto, ReadMode::Auto));
    for file in files(&copied.table) {
        fs::remove_file(&file).unwrap();
    }
    assert_eq!(rows(&reader), expected);
}

#[test]
fn extremes_of_a_parquet_partition_are_those_of_its_rows() {
    for case in parquet_cases().filter(|case| case.rows < 20_000) {
        let reader = by(&case.table(), ParquetFacts::Auto, ReadMode::Auto);
        let Some(at) = reader.columns().iter().position(|c| c.designated) else {
            continue;
        };
        for (i, partition) in reader.partitions().iter().enumerate() {
            let rows = reader.rows_of_partitions(&(i..i + 1));
            let mut cursor = reader.cursor(Direction::Forward, None, &rows);
            let mut times = Vec::new();
            while let Some(frame) = cursor.next_frame().unwrap() {
                for slice in frame.column(at).unwrap() {
                    let column_format::ColumnSlice::Fixed(slice) = slice else {
                        panic!("{}: nulls in the designated timestamp", case.id);
                    };
                    let values = slice.chunks::<8>().unwrap().iter();
                    times.extend(values.map(|v| i64::from_le_bytes(*v)));
                }
            }
            let expected = times.first().copied().zip(times.last().copied());
            let found = reader.timestamp_extremes(i).unwrap();
            assert_eq!(found, expected, "{} {}", case.id, partition.name);
        }
    }
}

#[test]
fn frames_taken_apart_read_the_same_and_hold_nothing() {
    let case = case("questdb/parquet_o3/after3");
    let reader = by(&case.table(), ParquetFacts::Auto, ReadMode::Auto);
    let expected = rows(&reader);
    let all = reader.all_rows();
    let mut cursor = reader.cursor(Direction::Forward, None, &all);
    let mut apart: Vec<Frame> = Vec::new();
    while let Some(frame) = cursor.next_frame().unwrap() {
        frame.column(0).unwrap();
        apart.push(frame.apart());
    }
    assert_eq!(digest_frames(&reader, apart.into_iter()), expected);
}

#[test]
fn the_weight_of_a_parquet_partition_is_its_file() {
    let case = case("questdb/parquet_o3/after3");
    let reader = by(&case.table(), ParquetFacts::Auto, ReadMode::Auto);
    for (i, partition) in reader.partitions().iter().enumerate() {
        let Some(len) = partition.parquet_len else {
            continue;
        };
        let rows = reader.rows_of_partitions(&(i..i + 1));
        let pages = reader.residency(&rows).unwrap().page_count;
        assert!(
            !partition.parquet || pages * 4096 >= len,
            "{pages} pages of {len} bytes"
        );
    }
}

/// Writes another footer behind the chunks; the file keeps its length.
fn refooted(file: &Path, change: impl FnOnce(&mut pq_format::FileMetaData)) {
    let mut bytes = fs::read(file).unwrap();
    let len = bytes.len();
    let mut meta = pq_format::read_footer(&bytes).unwrap();
    change(&mut meta);
    let footer = pq_format::write_footer(&meta).unwrap();
    let start = len.checked_sub(footer.len()).unwrap();
    let chunks = meta.row_groups.iter().flat_map(|g| &g.columns);
    let end = chunks.map(|c| c.meta.byte_range().unwrap().end).max();
    assert!(start as u64 >= end.unwrap(), "the footer grew over rows");
    bytes.truncate(start);
    bytes.extend_from_slice(&footer);
    fs::write(file, bytes).unwrap();
}

#[test]
fn int96_is_refused_with_column_and_type() {
    let copied = copy(&case("questdb/parquet_o3/after2"));
    let reader = by(&copied.table, ParquetFacts::Auto, ReadMode::Auto);
    let stored = |c: &&table_reader::TableColumn| !c.designated;
    let column = reader.columns().iter().find(stored).unwrap();
    for file in files(&copied.table) {
        refooted(&file, |meta| {
            let ids: Vec<_> = meta.schema.fields.iter().map(|f| f.field_id).collect();
            let at = ids.iter().position(|id| *id == Some(column.field_id));
            let node = &mut meta.schema.fields[at.unwrap()];
            node.kind = pq_format::NodeKind::Leaf(pq_format::PhysicalType::Int96);
            (node.logical, node.converted) = (None, None);
            for group in &mut meta.row_groups {
                let chunk = &mut group.columns[at.unwrap()].meta;
                chunk.physical = pq_format::PhysicalKind::Int96;
                chunk.statistics = None;
            }
        });
    }
    let error = first_error(&by(&copied.table, ParquetFacts::Footer, ReadMode::Auto));
    let ReadError::ParquetChunk { column: named, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(*named, column.name);
    let text = format!(
        "{error}: {}",
        std::error::Error::source(&error).map_or(String::new(), ToString::to_string)
    );
    assert!(
        text.contains("INT96") && text.contains(&column.column_type.to_string()),
        "{text}"
    );
}
