//! Registered queries: listed, counted, cancelled, limited.

use std::num::NonZeroUsize;
use std::time::Duration;

use mmap_io::ReadMode;
use table_reader::{
    CancelToken, Cursor, Direction, OpenOptions, Projection, QueryRegistry, ReadError,
    RegisteredQuery, TableReader,
};

use crate::support::{impatient, open, root};

fn reader() -> TableReader {
    open(&testkit::case("questdb/by_day").table())
}

fn query(
    reader: &TableReader,
    registry: &QueryRegistry,
    cancel: CancelToken,
    limit: Option<Duration>,
) -> RegisteredQuery<impl Cursor + use<>> {
    let cursor = reader.cursor(Direction::Forward, NonZeroUsize::new(3), &reader.all_rows());
    RegisteredQuery::new(cursor, registry.register("select *", cancel, limit))
}

#[test]
fn the_registry_lists_running_queries_with_their_progress() {
    let (reader, registry) = (reader(), QueryRegistry::new());
    let mut one = query(&reader, &registry, CancelToken::new(), None);
    let two = query(&reader, &registry, CancelToken::new(), None);
    assert_eq!(registry.running().len(), 2);
    let mut frames = 0;
    while one.next_frame().unwrap().is_some() {
        frames += 1;
    }
    let listed = registry.running();
    assert_eq!(listed[0].id, one.handle().id());
    assert_eq!((listed[0].frames, listed[0].rows), (frames, reader.rows()));
    assert_eq!(listed[0].partitions, reader.partitions().len() as u64);
    assert!(listed[0].bytes > 8 * reader.rows(), "{:?}", listed[0]);
    assert_eq!((listed[1].id, listed[1].rows), (two.handle().id(), 0));
    drop(one);
    assert_eq!(registry.running().len(), 1);
    drop(two);
    assert!(registry.running().is_empty());
}

#[test]
fn a_cancelled_query_stops_before_its_next_frame() {
    let (reader, registry) = (reader(), QueryRegistry::new());
    let token = CancelToken::new();
    let mut one = query(&reader, &registry, token.clone(), None);
    one.next_frame().unwrap().unwrap();
    token.cancel();
    assert!(matches!(one.next_frame(), Err(ReadError::Cancelled)));
    assert!(registry.running()[0].cancelled);

    let mut two = query(&reader, &registry, CancelToken::new(), None);
    assert!(registry.cancel(two.handle().id()));
    assert!(matches!(two.next_frame(), Err(ReadError::Cancelled)));
    let gone = two.handle().id();
    drop(two);
    assert!(!registry.cancel(gone));
    assert_eq!(
        reader.mapped_partition_count(),
        1,
        "only what the first frame opened"
    );
}

#[test]
fn cancelling_one_query_leaves_those_that_share_its_token_alone() {
    let (reader, registry) = (reader(), QueryRegistry::new());
    let token = CancelToken::new();
    let mut one = query(&reader, &registry, token.clone(), None);
    let mut two = query(&reader, &registry, token.clone(), None);
    assert!(registry.cancel(one.handle().id()));
    assert!(matches!(one.next_frame(), Err(ReadError::Cancelled)));
    assert!(two.next_frame().unwrap().is_some());
    assert!(!token.is_cancelled());
    let cancelled: Vec<bool> = registry.running().iter().map(|q| q.cancelled).collect();
    assert_eq!(cancelled, [true, false]);
    token.cancel();
    assert!(matches!(two.next_frame(), Err(ReadError::Cancelled)));
}

#[test]
fn counting_a_parquet_frame_reads_no_column() {
    let opts = OpenOptions {
        read_mode: ReadMode::Positional,
        ..impatient()
    };
    let table = testkit::case("questdb/parquet_partitions").table();
    let reader = TableReader::open(&root(&table), &opts).unwrap();
    let parquet = reader.partitions().iter().position(|p| p.parquet).unwrap();
    let rows = reader.rows_of_partitions(&(parquet..parquet + 1));
    let registry = QueryRegistry::new();
    let handle = registry.register("one column", CancelToken::new(), None);
    let inner = reader.cursor(Direction::Forward, None, &rows);
    let mut cursor = Projection::new(RegisteredQuery::new(inner, handle), &[0]).unwrap();
    // Opening a partition reads its footer; from then on only columns are read.
    cursor.next_frame().unwrap().unwrap();
    cursor.to_top();
    let read = || reader.root().stats().bytes_read();
    let before = read();
    let frame = cursor.next_frame().unwrap().unwrap();
    // A look at `_txn` may be among it.
    assert!(read() - before <= 8, "{} bytes", read() - before);
    let listed = &registry.running()[0];
    assert_eq!((listed.rows, listed.bytes), (2 * frame.rows() as u64, 0));
    frame.column(0).unwrap();
    assert!(read() - before > 8);
}

#[test]
fn a_time_limit_stops_a_query_and_cancel_wins_over_it() {
    let (reader, registry) = (reader(), QueryRegistry::new());
    let token = CancelToken::new();
    let mut one = query(&reader, &registry, token.clone(), Some(Duration::ZERO));
    match one.next_frame() {
        Err(ReadError::TimedOut { limit }) => assert_eq!(limit, Duration::ZERO),
        other => panic!("{other:?}"),
    }
    token.cancel();
    assert!(matches!(one.next_frame(), Err(ReadError::Cancelled)));
    let mut two = query(
        &reader,
        &registry,
        CancelToken::new(),
        Some(Duration::from_secs(3600)),
    );
    assert!(two.next_frame().unwrap().is_some());
}
