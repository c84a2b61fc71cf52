//! Release cannot pull memory from under a frame, and everything is given back (M1, M5).

use std::num::NonZeroUsize;

use column_format::ColumnType;
use mmap_io::{ReadMode, ScanProfile};
use pq_encode::{ChunkEncoder, ColumnSpec, PageSink, SinkError, WriterOptions};
use table_reader::{Cursor, Direction, Frame, OpenOptions, ReadError, TableReader};

use crate::support::{
    copy, digest, digest_frames, fds_below, impatient, maps_below, open, readable, root,
};

#[test]
fn a_frame_keeps_its_partition_mapped_after_release() {
    let reader = open(&testkit::case("questdb/splits").table());
    let all = reader.all_rows();
    let expected = digest(&reader, &mut reader.cursor(Direction::Forward, None, &all));
    reader.close_all_partitions();

    let mut cursor = reader.cursor(Direction::Forward, None, &all);
    let mut kept: Vec<Frame> = Vec::new();
    while let Some(frame) = cursor.next_frame().unwrap() {
        kept.push(frame);
        cursor.release_open_partitions();
        assert_eq!(reader.open_partition_count(), 1);
        assert_eq!(reader.mapped_partition_count(), kept.len());
    }
    drop(cursor);
    reader.close_all_partitions();
    assert_eq!(reader.open_partition_count(), 0);
    assert_eq!(reader.mapped_partition_count(), kept.len());
    // The memory is still there, and still right: read from a thread of its own for good measure.
    let other = reader.clone();
    let read = std::thread::spawn(move || digest_frames(&other, kept.into_iter()))
        .join()
        .unwrap();
    assert_eq!(read, expected);
    assert_eq!(reader.mapped_partition_count(), 0);
}

#[test]
fn an_encoder_that_lags_over_three_partitions_reads_the_right_rows() {
    let reader = open(&testkit::case("questdb/by_day").table());
    let all = reader.all_rows();
    let five = NonZeroUsize::new(5);
    let expected = digest(&reader, &mut reader.cursor(Direction::Forward, five, &all));
    reader.close_all_partitions();
    let mut cursor = reader.cursor(Direction::Forward, five, &all);
    let mut pending: std::collections::VecDeque<Frame> = std::collections::VecDeque::new();
    let lagging = std::iter::from_fn(|| {
        loop {
            assert!(reader.mapped_partition_count() <= 3);
            let spans = |a: &Frame, b: &Frame| b.partition_index() - a.partition_index() >= 2;
            if matches!((pending.front(), pending.back()), (Some(a), Some(b)) if spans(a, b)) {
                return pending.pop_front();
            }
            let frame = cursor.next_frame().unwrap();
            cursor.release_open_partitions();
            match frame {
                Some(frame) => pending.push_back(frame),
                None => return pending.pop_front(),
            }
        }
    });
    assert_eq!(digest_frames(&reader, lagging), expected);
}

#[test]
fn a_partition_that_a_frame_still_maps_is_not_mapped_again() {
    let reader = open(&testkit::case("questdb/by_day").table());
    let mut cursor = reader.cursor(Direction::Forward, None, &reader.all_rows());
    cursor.set_scan_profile(ScanProfile::Sequential);
    let frame = cursor.next_frame().unwrap().unwrap();
    let mapped = reader.root().stats().mappings_opened();
    cursor.to_top();
    cursor.release_open_partitions();
    assert_eq!(
        (
            reader.open_partition_count(),
            reader.mapped_partition_count()
        ),
        (0, 1)
    );
    let again = cursor.next_frame().unwrap().unwrap();
    assert_eq!(reader.root().stats().mappings_opened(), mapped);
    assert_eq!(reader.mapped_partition_count(), 1);
    drop((frame, again));
}

#[test]
fn descriptors_and_mappings_return_after_reading_errors_and_early_stops() {
    let copied = copy(&testkit::case("questdb/all_types"));
    let dir = copied.table.parent().unwrap().to_path_buf();
    let used = || (fds_below(&dir), maps_below(&dir));
    assert_eq!(used(), (0, 0));
    for round in 0..1_000 {
        let reader = open(&copied.table);
        assert!(
            fds_below(&dir) > reader.columns().len(),
            "descriptors are open from the start"
        );
        assert_eq!(maps_below(&dir), 0, "and nothing is mapped");
        let mut cursor = reader.cursor(Direction::Forward, None, &reader.all_rows());
        // Stop after the first, the second, … frame, and at the end.
        for _ in 0..round % 4 {
            let Some(frame) = cursor.next_frame().unwrap() else {
                break;
            };
            assert!(maps_below(&dir) > 0);
            frame.verify().unwrap();
        }
        drop(reader);
        drop(cursor);
        assert_eq!(used(), (0, 0), "round {round}");
    }
    std::fs::remove_file(copied.table.join("2024-01-02/l.d")).unwrap();
    for _ in 0..10 {
        let error = TableReader::open(&root(&copied.table), &impatient()).unwrap_err();
        assert!(matches!(error, ReadError::MissingFile { .. }), "{error}");
        assert_eq!(used(), (0, 0));
    }
}

#[test]
fn past_the_descriptor_limit_partitions_open_when_they_are_reached() {
    let copied = copy(&testkit::case("questdb/by_hour"));
    let whole = open(&copied.table);
    let all = whole.all_rows();
    let expected = digest(&whole, &mut whole.cursor(Direction::Forward, None, &all));
    drop(whole);
    let opts = OpenOptions {
        descriptor_max: Some(20),
        ..impatient()
    };
    let reader = TableReader::open(&root(&copied.table), &opts).unwrap();
    // One more for the directory itself.
    assert!(
        fds_below(&copied.table) <= 21,
        "{}",
        fds_below(&copied.table)
    );
    let mut cursor = reader.cursor(Direction::Forward, None, &all);
    assert_eq!(digest(&reader, &mut cursor), expected);
    cursor.to_top();
    cursor.release_open_partitions();
    assert!(
        fds_below(&copied.table) <= 21,
        "closed again with the partition"
    );
}

#[test]
fn the_evicting_profile_and_positional_reads_deliver_the_same() {
    let case = testkit::case("questdb/column_tops");
    let read = |profile, read_mode| {
        let opts = OpenOptions {
            profile,
            read_mode,
            ..impatient()
        };
        let reader = TableReader::open(&root(&case.table()), &opts).unwrap();
        let cursor = reader.cursor(
            Direction::Forward,
            NonZeroUsize::new(10),
            &reader.all_rows(),
        );
        let mut cursor = cursor;
        let mut frames = Vec::new();
        while let Some(frame) = cursor.next_frame().unwrap() {
            cursor.release_open_partitions();
            frames.push(frame);
        }
        let digest = digest_frames(&reader, frames.clone().into_iter());
        for frame in frames {
            for column in 0..frame.columns().len() {
                frame.done(column).unwrap();
            }
            frame.verify().unwrap();
        }
        let mapped = reader.root().stats().mappings_opened();
        (digest, mapped > 0)
    };
    let cached = read(ScanProfile::Cached, ReadMode::Auto);
    assert_eq!(read(ScanProfile::SequentialEvict, ReadMode::Mapped), cached);
    assert_eq!(
        read(ScanProfile::Sequential, ReadMode::Positional),
        (cached.0, false)
    );
}

/// Pages one behind the other.
#[derive(Default)]
struct Pages(Vec<u8>);

impl PageSink for Pages {
    fn page(&mut self, header_and_body: &[u8]) -> Result<(), SinkError> {
        self.0.extend_from_slice(header_and_body);
        Ok(())
    }
}

/// Encodes the rows of `frames` as one row group, column by column.
fn row_group(reader: &TableReader, frames: &[Frame]) -> Vec<u8> {
    let mut pages = Pages::default();
    for (idx, column) in reader.columns().iter().enumerate() {
        let spec = ColumnSpec::new(column.name.as_str(), column.column_type);
        let mut encoder = ChunkEncoder::new(&spec, &WriterOptions::default()).unwrap();
        let slices = frames.iter().flat_map(|frame| frame.column(idx).unwrap());
        let slices: Vec<_> = slices.collect();
        let symbols = reader.symbols(idx).unwrap();
        let symbols = (column.column_type == ColumnType::Symbol).then_some(&*symbols);
        encoder.encode(&slices, symbols, &mut pages).unwrap();
        frames
            .iter()
            .for_each(|frame| frame.verify_column(idx).unwrap());
        for frame in frames {
            frame.done(idx).unwrap();
        }
    }
    pages.0
}

/// The scenario in which the program that this one learns from crashed: a release after every frame,
/// frames in a queue, and an encoder that takes them a row group of three partitions later.
#[test]
fn an_encoder_that_lags_by_a_row_group_over_three_partitions_writes_the_same_bytes() {
    for id in ["questdb/by_day", "questdb/parquet_o3/after3"] {
        let (table, _copy) = readable(&testkit::case(id));
        for (profile, read_mode) in [
            (ScanProfile::Cached, ReadMode::Auto),
            (ScanProfile::SequentialEvict, ReadMode::Auto),
            (ScanProfile::SequentialEvict, ReadMode::Positional),
        ] {
            let opts = OpenOptions {
                profile,
                read_mode,
                ..impatient()
            };
            let reader = TableReader::open(&root(&table), &opts).unwrap();
            let all = reader.all_rows();
            let frames = NonZeroUsize::new(7);
            let mut cursor = reader.cursor(Direction::Forward, frames, &all);
            let mut held = Vec::new();
            while let Some(frame) = cursor.next_frame().unwrap() {
                held.push(frame);
            }
            let (mut groups, mut start) = (Vec::new(), 0);
            for end in 1..=held.len() {
                let spans =
                    |next: &Frame| next.partition_index() - held[start].partition_index() > 2;
                if held.get(end).is_none_or(spans) {
                    groups.push(end - start);
                    start = end;
                }
            }
            let mut rest = held.as_slice();
            let expected: Vec<Vec<u8>> = groups
                .iter()
                .map(|len| {
                    let (group, more) = rest.split_at(*len);
                    rest = more;
                    row_group(&reader, group)
                })
                .collect();
            assert!(expected.len() > 1 || reader.partitions().len() < 6, "{id}");
            drop((held, cursor));
            reader.close_all_partitions();
            assert_eq!(reader.mapped_partition_count(), 0);

            let mut cursor = reader.cursor(Direction::Forward, frames, &all);
            let mut queue = std::collections::VecDeque::new();
            let mut written = Vec::new();
            loop {
                let frame = cursor.next_frame().unwrap();
                cursor.release_open_partitions();
                let is_last = frame.is_none();
                queue.extend(frame);
                // The group before is encoded when the next one is complete.
                while let Some(len) = groups.get(written.len()) {
                    let next = groups.get(written.len() + 1).copied().unwrap_or(0);
                    if !is_last && queue.len() < len + next.max(1) {
                        break;
                    }
                    let group: Vec<Frame> = queue.drain(..len).collect();
                    let own = reader.clone();
                    let encoded = std::thread::spawn(move || row_group(&own, &group));
                    written.push(encoded.join().unwrap());
                }
                if is_last {
                    break;
                }
            }
            assert!(written == expected, "{id} {profile} {read_mode}");
            drop(cursor);
            reader.close_all_partitions();
            assert_eq!(reader.mapped_partition_count(), 0);
        }
    }
}
