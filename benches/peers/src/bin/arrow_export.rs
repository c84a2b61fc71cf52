//! A table to Parquet with arrow-rs, as a Rust user writes it by hand.
//!
//! usage: arrow_export export defaults|best THREADS WORKLOAD TABLE PARQUET CODEC
//!
//! One thread: `ArrowWriter`. Two: a column writer a column, taken by threads, appended in order.
//! *best*: dictionaries only where values are few, DELTA for timestamps, lengths apart for text,
//! bytes of floating point split where a codec follows.

#![forbid(unsafe_code)]

use std::fs::File;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, SchemaRef};
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::ArrowWriter;
use parquet::arrow::add_encoded_arrow_schema_to_metadata;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;
use peers::arrays::{Outcome, Table};

const ROW_GROUP_ROWS: usize = 1_000_000;

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [verb, style, threads, workload, table, parquet, codec] = args.as_slice() else {
        return Err("arrow_export export STYLE THREADS WORKLOAD TABLE PARQUET CODEC".into());
    };
    if verb != "export" {
        return Err(format!("unknown {verb}").into());
    }
    let root = engine::open_root(Path::new(table))?;
    let table = Table::open(&root)?;
    let schema = table.schema()?;
    let properties = properties(&schema, style == "best", workload, codec)?;
    match threads.parse()? {
        1 => one(&table, &schema, properties, Path::new(parquet)),
        threads => many(&table, &schema, properties, Path::new(parquet), threads),
    }
}

fn compression(codec: &str) -> Outcome<Compression> {
    Ok(match codec.split_once(':') {
        None if codec == "none" => Compression::UNCOMPRESSED,
        None if codec == "lz4_raw" => Compression::LZ4_RAW,
        Some(("zstd", level)) => Compression::ZSTD(ZstdLevel::try_new(level.parse()?)?),
        _ => return Err(format!("unknown codec {codec}").into()),
    })
}

fn properties(
    schema: &SchemaRef,
    best: bool,
    workload: &str,
    codec: &str,
) -> Outcome<WriterProperties> {
    let compression = compression(codec)?;
    let mut builder = WriterProperties::builder()
        .set_compression(compression)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS));
    if !best {
        return Ok(builder.build());
    }
    for field in schema.fields() {
        let path = ColumnPath::from(field.name().as_str());
        let few = match workload {
            "trades" => ["price", "venue_id"].contains(&field.name().as_str()),
            // Gauges are whole numbers up to 100.
            _ => *field.data_type() == DataType::Float64,
        };
        let encoding = match field.data_type() {
            _ if few => None,
            DataType::Timestamp(..) | DataType::Int64 => Some(Encoding::DELTA_BINARY_PACKED),
            DataType::Utf8View => Some(Encoding::DELTA_LENGTH_BYTE_ARRAY),
            DataType::Float64 if codec != "none" => Some(Encoding::BYTE_STREAM_SPLIT),
            DataType::Float64 => Some(Encoding::PLAIN),
            _ => None,
        };
        if let Some(encoding) = encoding {
            builder = builder
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, encoding);
        }
    }
    Ok(builder.build())
}

fn one(table: &Table, schema: &SchemaRef, properties: WriterProperties, to: &Path) -> Outcome<()> {
    let mut writer = ArrowWriter::try_new(File::create(to)?, schema.clone(), Some(properties))?;
    for (partition, rows) in table.partitions() {
        let columns = (0..table.columns().len()).map(|at| table.array(&partition, rows, at));
        let columns: Vec<ArrayRef> = columns.collect::<Outcome<_>>()?;
        writer.write(&RecordBatch::try_new(schema.clone(), columns)?)?;
    }
    writer.close()?;
    Ok(())
}

fn many(
    table: &Table,
    schema: &SchemaRef,
    mut properties: WriterProperties,
    to: &Path,
    threads: usize,
) -> Outcome<()> {
    add_encoded_arrow_schema_to_metadata(schema, &mut properties);
    let descriptor = ArrowSchemaConverter::new().convert(schema)?;
    let properties = WriterPropertiesPtr::new(properties);
    let file = File::create(to)?;
    let mut writer = SerializedFileWriter::new(file, descriptor.root_schema_ptr(), properties)?;
    let factory = ArrowRowGroupWriterFactory::new(&writer, schema.clone());
    let mut group = 0;
    for (partition, rows) in table.partitions() {
        let columns = (0..table.columns().len()).map(|at| table.array(&partition, rows, at));
        let columns: Vec<ArrayRef> = columns.collect::<Outcome<_>>()?;
        for lo in (0..rows).step_by(ROW_GROUP_ROWS) {
            let len = ROW_GROUP_ROWS.min(rows - lo);
            let writers = factory.create_column_writers(group)?;
            let jobs: Vec<_> = writers
                .into_iter()
                .map(|writer| Mutex::new(Some(writer)))
                .collect();
            let done: Vec<Mutex<Option<Outcome<ArrowColumnChunk>>>> =
                jobs.iter().map(|_| Mutex::new(None)).collect();
            let next = AtomicUsize::new(0);
            let work = || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(at) else { break };
                    let writer = job.lock().ok().and_then(|mut job| job.take());
                    let chunk = || -> Outcome<ArrowColumnChunk> {
                        let mut writer = writer.ok_or("taken twice")?;
                        let rows = columns[at].slice(lo, len);
                        for leaf in compute_leaves(schema.field(at), &rows)? {
                            writer.write(&leaf)?;
                        }
                        Ok(writer.close()?)
                    };
                    let chunk = chunk();
                    if let Ok(mut slot) = done[at].lock() {
                        *slot = Some(chunk);
                    }
                }
            };
            std::thread::scope(|scope| {
                for _ in 1..threads {
                    scope.spawn(work);
                }
                work();
            });
            let mut row_group = writer.next_row_group()?;
            for slot in done {
                let chunk = slot.into_inner().ok().flatten().ok_or("a thread ended")?;
                chunk?.append_to_row_group(&mut row_group)?;
            }
            row_group.close()?;
            group += 1;
        }
    }
    writer.close()?;
    Ok(())
}
