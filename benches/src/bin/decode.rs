//! `cargo xtask bench decode`: one column chunk after the other, on one core, beside arrow-rs.
//!
//! arrow-rs writes the chunks, uncompressed, so that nothing but decoding is measured. It reads them
//! with its column reader: values that are there, packed, and definition levels. Ours gives rows,
//! nulls in their places: the more work of the two. One thread, in turns, the fastest of many runs of
//! each. `--only A,B`: columns whose names start so; `--rows` and `--runs` as everywhere.

#![expect(clippy::print_stdout, reason = "a program that talks to a person")]

use std::hint::black_box;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use benches::args::Args;
use benches::is_smoke;
use bytes::Bytes;
use column_format::{ColumnType, TimestampUnit};
use parquet60::basic::Encoding;
use parquet60::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet60::column::writer::ColumnWriter;
use parquet60::data_type::{ByteArray, DataType, FixedLenByteArray};
use parquet60::file::properties::WriterProperties;
use parquet60::file::reader::{FileReader, SerializedFileReader};
use parquet60::file::writer::SerializedFileWriter;
use parquet60::schema::parser::parse_message_type;
use pq_decode::{Decoder, FileFacts, Limits};

/// A column as arrow-rs declares it, and as a table has it.
const COLUMNS: &[(&str, &str, ColumnType)] = &[
    ("long", "int64 c", ColumnType::Long),
    (
        "timestamp",
        "int64 c (TIMESTAMP(MICROS,true))",
        ColumnType::Timestamp(TimestampUnit::Micros),
    ),
    ("int", "int32 c", ColumnType::Int),
    ("double", "double c", ColumnType::Double),
    ("float", "float c", ColumnType::Float),
    ("boolean", "boolean c", ColumnType::Boolean),
    (
        "uuid",
        "fixed_len_byte_array(16) c (UUID)",
        ColumnType::Uuid,
    ),
    ("date", "int64 c (TIMESTAMP(MILLIS,true))", ColumnType::Date),
    ("short", "int32 c (INTEGER(16,true))", ColumnType::Short),
    (
        "decimal",
        "fixed_len_byte_array(16) c (DECIMAL(38,2))",
        ColumnType::Decimal {
            precision: 38,
            scale: 2,
        },
    ),
    ("varchar", "binary c (STRING)", ColumnType::Varchar),
    ("binary", "binary c", ColumnType::Binary),
    ("symbol", "binary c (STRING)", ColumnType::Symbol),
];

fn main() -> io::Result<()> {
    let args = Args::of_process()?;
    let (rows, runs) = if is_smoke() {
        (2_000, 1)
    } else {
        (1_000_000, 15)
    };
    let rows = args.rows.map_or(Ok(rows), usize::try_from).map_err(other)?;
    let runs = args.runs.unwrap_or(runs);
    let wants = |(name, ..): &&(&str, &str, ColumnType)| args.wants(name);
    let columns: Vec<_> = COLUMNS.iter().filter(wants).collect();
    if columns.is_empty() {
        let only = args.only.join(",");
        return Err(io::Error::other(format!("no column is called {only}")));
    }
    println!("{rows} rows, best of {runs}, Mrows/s: arrow-rs 60.1, ours, times");
    for (name, declared, wanted) in columns {
        for encoding in encodings(name) {
            for nulls in [0, 10] {
                let file = write(declared, name, *encoding, rows, nulls)?;
                let judge = arrow(&file, rows)?;
                let found = ours(&file, *wanted)?;
                assert_eq!((judge, found), (rows, rows), "both read every row");
                let (theirs, ours) = best(runs, || arrow(&file, rows), || ours(&file, *wanted))?;
                let speed = |nanos: u64| 1e3 * rows as f64 / nanos.max(1) as f64;
                println!(
                    "{name:10} {:24} {nulls:2} % null {:8.0} {:8.0} {:6.2}",
                    encoding.map_or("RLE_DICTIONARY".to_owned(), |e| e.to_string()),
                    speed(theirs),
                    speed(ours),
                    theirs as f64 / ours.max(1) as f64
                );
            }
        }
    }
    Ok(())
}

/// Encodings of a column; `None` is the dictionary.
fn encodings(column: &str) -> &'static [Option<Encoding>] {
    use Encoding as E;
    match column {
        "boolean" => &[Some(E::PLAIN), Some(E::RLE)],
        "float" | "double" => &[Some(E::PLAIN), None, Some(E::BYTE_STREAM_SPLIT)],
        "uuid" | "decimal" => &[Some(E::PLAIN), None, Some(E::BYTE_STREAM_SPLIT)],
        "symbol" => &[None],
        "varchar" | "binary" => &[
            Some(E::PLAIN),
            None,
            Some(E::DELTA_LENGTH_BYTE_ARRAY),
            Some(E::DELTA_BYTE_ARRAY),
        ],
        _ => &[
            Some(E::PLAIN),
            None,
            Some(E::DELTA_BINARY_PACKED),
            Some(E::BYTE_STREAM_SPLIT),
        ],
    }
}

/// Nanoseconds of the fastest run of each: short enough to fall between the turns of other
/// processes, and in turns, so that what slows the machine slows both.
fn best(
    runs: usize,
    theirs: impl Fn() -> io::Result<usize>,
    ours: impl Fn() -> io::Result<usize>,
) -> io::Result<(u64, u64)> {
    let timed = |work: &dyn Fn() -> io::Result<usize>| {
        let start = Instant::now();
        black_box(work()?);
        Ok::<_, io::Error>(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX))
    };
    let (mut their_best, mut our_best) = (u64::MAX, u64::MAX);
    for _ in 0..runs {
        their_best = their_best.min(timed(&theirs)?);
        our_best = our_best.min(timed(&ours)?);
    }
    Ok((their_best, our_best))
}

fn other(e: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::other(e)
}

/// A number that looks random.
fn mix(n: u64) -> u64 {
    let mut z = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z ^ (z >> 27)
}

fn write(
    declared: &str,
    name: &str,
    encoding: Option<Encoding>,
    rows: usize,
    nulls_percent: u64,
) -> io::Result<Bytes> {
    let schema = format!("message m {{ optional {declared}; }}");
    let schema = Arc::new(parse_message_type(&schema).map_err(other)?);
    let mut props = WriterProperties::builder().set_dictionary_enabled(encoding.is_none());
    if let Some(encoding) = encoding {
        props = props.set_encoding(encoding);
    }
    let mut out = Vec::new();
    let props = Arc::new(props.build());
    let mut writer = SerializedFileWriter::new(&mut out, schema, props).map_err(other)?;
    let mut group = writer.next_row_group().map_err(other)?;
    let mut column = group
        .next_column()
        .map_err(other)?
        .ok_or_else(|| io::Error::other("no column"))?;
    let rows_of = || 0..rows as u64;
    let there = |row: u64| mix(row) >> 8 & 127 >= nulls_percent * 128 / 100;
    let levels: Vec<i16> = rows_of().map(|row| i16::from(there(row))).collect();
    let present = || rows_of().filter(|row| there(*row));
    // A dictionary pays only for few values.
    let number = |row: u64| match encoding {
        None => mix(row) % 1_000,
        Some(_) if name == "timestamp" => row * 1_000 + mix(row) % 1_000,
        Some(_) if name == "short" => mix(row) % 10_000,
        Some(_) => mix(row) % 1_000_000,
    };
    let signed = |row: u64| number(row).cast_signed();
    macro_rules! batch {
        ($writer:expr, $of:expr) => {{
            let values: Vec<_> = present().map($of).collect();
            $writer.write_batch(&values, Some(&levels), None)
        }};
    }
    match column.untyped() {
        ColumnWriter::BoolColumnWriter(w) => batch!(w, |row| mix(row).is_multiple_of(3)),
        ColumnWriter::Int32ColumnWriter(w) => {
            batch!(w, |row| i32::try_from(number(row)).unwrap_or(0))
        }
        ColumnWriter::Int64ColumnWriter(w) => batch!(w, signed),
        ColumnWriter::FloatColumnWriter(w) => batch!(w, |row| number(row) as f32 / 8.0),
        ColumnWriter::DoubleColumnWriter(w) => batch!(w, |row| number(row) as f64 / 8.0),
        ColumnWriter::ByteArrayColumnWriter(w) => batch!(w, |row| {
            let text = format!("order {:016x}", mix(number(row)));
            ByteArray::from(text.into_bytes())
        }),
        ColumnWriter::FixedLenByteArrayColumnWriter(w) => batch!(w, |row| {
            let half = mix(number(row)).to_le_bytes();
            FixedLenByteArray::from([half, half].concat())
        }),
        ColumnWriter::Int96ColumnWriter(_) => return Err(io::Error::other("INT96")),
    }
    .map_err(other)?;
    column.close().map_err(other)?;
    group.close().map_err(other)?;
    writer.close().map_err(other)?;
    Ok(Bytes::from(out))
}

/// Rows that arrow-rs reads.
fn arrow(file: &Bytes, rows: usize) -> io::Result<usize> {
    let reader = SerializedFileReader::new(file.clone()).map_err(other)?;
    let group = reader.get_row_group(0).map_err(other)?;
    match group.get_column_reader(0).map_err(other)? {
        ColumnReader::BoolColumnReader(r) => drain(r, rows),
        ColumnReader::Int32ColumnReader(r) => drain(r, rows),
        ColumnReader::Int64ColumnReader(r) => drain(r, rows),
        ColumnReader::FloatColumnReader(r) => drain(r, rows),
        ColumnReader::DoubleColumnReader(r) => drain(r, rows),
        ColumnReader::ByteArrayColumnReader(r) => drain(r, rows),
        ColumnReader::FixedLenByteArrayColumnReader(r) => drain(r, rows),
        ColumnReader::Int96ColumnReader(_) => Err(io::Error::other("INT96")),
    }
}

fn drain<T: DataType>(mut reader: ColumnReaderImpl<T>, rows: usize) -> io::Result<usize> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    let mut done = 0;
    while done < rows {
        let read = reader.read_records(rows - done, Some(&mut levels), None, &mut values);
        match read.map_err(other)? {
            (0, _, _) => break,
            (records, _, _) => done += records,
        }
    }
    black_box((&values, &levels));
    Ok(done)
}

/// Rows that we read.
fn ours(file: &Bytes, wanted: ColumnType) -> io::Result<usize> {
    let meta = pq_format::read_footer(file).map_err(other)?;
    let facts = FileFacts::from_footer(&meta).map_err(other)?;
    let (Some(leaf), Some(group)) = (facts.leaves.first(), facts.groups.first()) else {
        return Err(io::Error::other("no column"));
    };
    let chunk = group
        .chunks
        .first()
        .ok_or_else(|| io::Error::other("no chunk"))?;
    let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let bytes = file
        .get(at(chunk.range.start)..at(chunk.range.end))
        .ok_or_else(|| io::Error::other("the chunk is not in the file"))?;
    let mut decoder = Decoder::new(Limits::default());
    // Asked once for each text of the dictionary.
    let key = |text: &[u8]| u32::try_from(text.len()).ok();
    let column = decoder
        .decode(leaf, chunk, group.rows, bytes, wanted, Some(&key))
        .map_err(other)?;
    black_box(&column);
    Ok(column.rows())
}
