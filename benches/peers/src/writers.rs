//! The same column through three crates; each returns the bytes that it made.
//!
//! `ours` and `arrow_column` make complete pages with headers and statistics (ours with a CRC as
//! well) for a sink that counts; `ours_alone`, `arrow_encoder` and `parquet2` only encode values, page by
//! page.

use std::sync::Arc;

use parquet::basic::{Compression, Encoding as ArrowEncoding};
use parquet::column::page::{CompressedPage, PageWriteSpec, PageWriter};
use parquet::column::writer::ColumnWriterImpl;
use parquet::data_type::{
    BoolType, ByteArrayType, DataType, DoubleType, FixedLenByteArrayType, FloatType, Int32Type,
    Int64Type,
};
use parquet::encodings::encoding::get_encoder;
use parquet::encodings::rle::RleEncoder;
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::{ColumnDescPtr, SchemaDescriptor};
use pq_encode::{
    ChunkEncoder, Codec, ColumnSpec, Encoding, PAGE_ROWS_MAX, PageSink, SinkError, WriterOptions,
};

use crate::arrays::Outcome;
use crate::input::{Input, Values};

/// Bytes of a page, for everybody.
const PAGE_BYTES: usize = 1 << 20;

/// Counts.
struct Sink(usize);

impl PageSink for Sink {
    fn page(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        self.0 += bytes.len();
        Ok(())
    }
}

impl PageWriter for Sink {
    fn write_page(&mut self, page: CompressedPage) -> Result<PageWriteSpec, ParquetError> {
        let mut spec = PageWriteSpec::new();
        spec.page_type = page.page_type();
        spec.uncompressed_size = page.uncompressed_size();
        spec.compressed_size = page.compressed_size();
        spec.num_values = page.num_values();
        spec.bytes_written = page.data().len() as u64;
        self.0 += page.data().len();
        Ok(spec)
    }

    fn close(&mut self) -> Result<(), ParquetError> {
        Ok(())
    }
}

/// An encoder of ours; `nullable`: sentinels are looked for, levels written.
pub fn our_encoder(input: &Input, encoding: Encoding, nullable: bool) -> Outcome<ChunkEncoder> {
    let mut spec = ColumnSpec::new("c", input.column_type).with_encoding(encoding);
    spec.required = !nullable || !input.column_type.has_null();
    let options = WriterOptions {
        codec: Codec::None,
        page_bytes: PAGE_BYTES,
        page_rows: PAGE_ROWS_MAX,
        dictionary_bytes: 1 << 30,
        ..WriterOptions::default()
    };
    Ok(ChunkEncoder::new(&spec, &options)?)
}

/// A chunk by our encoder.
pub fn ours(encoder: &mut ChunkEncoder, input: &Input) -> Outcome<usize> {
    let mut sink = Sink(0);
    let symbols = input.symbols.as_ref().map(|(dict, _, _)| dict);
    encoder.encode(&[input.slice()?], symbols, &mut sink)?;
    Ok(sink.0)
}

/// Values by a bare encoder that we publish; none for what has none (which is whatever takes more than values to
/// make: the dictionary of a column, the entries of a VARCHAR).
pub fn ours_alone(input: &Input, encoding: Encoding, out: &mut Vec<u8>) -> Option<Outcome<usize>> {
    use pq_encode::encoders::{byte_stream_split, delta_binary_packed, dictionary_keys};
    fn split<const W: usize>(values: &[u8], out: &mut Vec<u8>) -> usize {
        let pages = values.as_chunks::<W>().0.chunks(PAGE_BYTES / W);
        pages
            .map(|page| {
                out.clear();
                byte_stream_split(page, out);
                out.len()
            })
            .sum()
    }
    if let Some((_, keys, width)) = &input.symbols {
        let mut total = 0;
        for page in keys.chunks(PAGE_BYTES) {
            out.clear();
            if let Err(error) = dictionary_keys(page, 1_u32 << width, out) {
                return Some(Err(error.into()));
            }
            total += out.len();
        }
        return Some(Ok(total));
    }
    match (&input.values, encoding) {
        (Values::I64(values), Encoding::Delta) => {
            let pages = values.chunks(PAGE_BYTES / 8);
            let lens = pages.map(|page| {
                out.clear();
                delta_binary_packed(page, out);
                out.len()
            });
            Some(Ok(lens.sum()))
        }
        (Values::F64(_), Encoding::ByteStreamSplit) => Some(Ok(split::<8>(input.stored(), out))),
        (Values::F32(_), Encoding::ByteStreamSplit) => Some(Ok(split::<4>(input.stored(), out))),
        (Values::Fixed(_, 16), Encoding::ByteStreamSplit) => {
            Some(Ok(split::<16>(input.stored(), out)))
        }
        (Values::Fixed(_, 32), Encoding::ByteStreamSplit) => {
            Some(Ok(split::<32>(input.stored(), out)))
        }
        _ => None,
    }
}

/// The column as arrow-rs names it.
pub fn descriptor(input: &Input) -> Outcome<ColumnDescPtr> {
    let kind = match &input.values {
        Values::Bool(_) => "BOOLEAN c".to_owned(),
        Values::I32(_) => "INT32 c".to_owned(),
        Values::I64(_) => "INT64 c".to_owned(),
        Values::F32(_) => "FLOAT c".to_owned(),
        Values::F64(_) => "DOUBLE c".to_owned(),
        Values::Bytes(_) => "BYTE_ARRAY c".to_owned(),
        Values::Fixed(_, width) => format!("FIXED_LEN_BYTE_ARRAY({width}) c"),
    };
    let schema = parse_message_type(&format!("message m {{ required {kind}; }}"))?;
    Ok(SchemaDescriptor::new(Arc::new(schema)).column(0))
}

fn arrow_name(encoding: Encoding) -> ArrowEncoding {
    match encoding {
        Encoding::Plain => ArrowEncoding::PLAIN,
        Encoding::Dictionary => ArrowEncoding::RLE_DICTIONARY,
        Encoding::Delta => ArrowEncoding::DELTA_BINARY_PACKED,
        Encoding::DeltaLength => ArrowEncoding::DELTA_LENGTH_BYTE_ARRAY,
        Encoding::ByteStreamSplit => ArrowEncoding::BYTE_STREAM_SPLIT,
        Encoding::Rle => ArrowEncoding::RLE,
    }
}

/// A chunk by the column writer of arrow-rs, statistics of chunk and pages included.
pub fn arrow_column(
    input: &Input,
    encoding: Encoding,
    descriptor: &ColumnDescPtr,
) -> Outcome<usize> {
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::UNCOMPRESSED)
        .set_data_page_size_limit(PAGE_BYTES)
        .set_data_page_row_count_limit(PAGE_ROWS_MAX)
        .set_dictionary_page_size_limit(1 << 30)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_dictionary_enabled(encoding == Encoding::Dictionary);
    if encoding != Encoding::Dictionary {
        builder = builder.set_encoding(arrow_name(encoding));
    }
    let properties = Arc::new(builder.build());
    fn write<T: DataType>(
        descriptor: &ColumnDescPtr,
        properties: Arc<WriterProperties>,
        values: &[T::T],
    ) -> Outcome<usize> {
        let sink = Box::new(Sink(0));
        let mut writer = ColumnWriterImpl::<T>::new(descriptor.clone(), properties, sink);
        writer.write_batch(values, None, None)?;
        Ok(usize::try_from(writer.close()?.bytes_written)?)
    }
    match &input.values {
        Values::Bool(values) => write::<BoolType>(descriptor, properties, values),
        Values::I32(values) => write::<Int32Type>(descriptor, properties, values),
        Values::I64(values) => write::<Int64Type>(descriptor, properties, values),
        Values::F32(values) => write::<FloatType>(descriptor, properties, values),
        Values::F64(values) => write::<DoubleType>(descriptor, properties, values),
        Values::Bytes(values) => write::<ByteArrayType>(descriptor, properties, values),
        Values::Fixed(values, _) => write::<FixedLenByteArrayType>(descriptor, properties, values),
    }
}

/// Values by a bare encoder of arrow-rs; none for a dictionary of values, which it does not offer.
pub fn arrow_encoder(
    input: &Input,
    encoding: Encoding,
    descriptor: &ColumnDescPtr,
) -> Option<Outcome<usize>> {
    if let Some((_, _, width)) = &input.symbols {
        let mut total = 0;
        for page in input.wide_keys.chunks(PAGE_BYTES) {
            let mut encoder = RleEncoder::new(*width, PAGE_BYTES);
            encoder.put_batch(page);
            total += encoder.consume().len();
        }
        return Some(Ok(total));
    }
    fn put<T: DataType>(
        descriptor: &ColumnDescPtr,
        encoding: Encoding,
        values: &[T::T],
        page: usize,
    ) -> Outcome<usize> {
        let mut encoder = get_encoder::<T>(arrow_name(encoding), descriptor)?;
        let mut total = 0;
        for page in values.chunks(page) {
            encoder.put(page)?;
            total += encoder.flush_buffer()?.len();
        }
        Ok(total)
    }
    if encoding == Encoding::Dictionary {
        return None;
    }
    let page = |width: usize| PAGE_BYTES / width;
    Some(match &input.values {
        Values::Bool(values) => put::<BoolType>(descriptor, encoding, values, page(1)),
        Values::I32(values) => put::<Int32Type>(descriptor, encoding, values, page(4)),
        Values::I64(values) => put::<Int64Type>(descriptor, encoding, values, page(8)),
        Values::F32(values) => put::<FloatType>(descriptor, encoding, values, page(4)),
        Values::F64(values) => put::<DoubleType>(descriptor, encoding, values, page(8)),
        Values::Bytes(values) => put::<ByteArrayType>(descriptor, encoding, values, page(20)),
        Values::Fixed(values, width) => {
            let page = page(usize::try_from(*width).unwrap_or(1));
            put::<FixedLenByteArrayType>(descriptor, encoding, values, page)
        }
    })
}

/// Values by parquet2; none for what it does not have.
pub fn parquet2(input: &Input, encoding: Encoding) -> Option<Outcome<usize>> {
    use parquet2::encoding::{delta_bitpacked, delta_length_byte_array, hybrid_rle};
    let mut total = 0;
    let mut out = Vec::with_capacity(2 * PAGE_BYTES);
    let mut page = |out: &mut Vec<u8>| {
        total += out.len();
        out.clear();
    };
    match (&input.symbols, &input.values, encoding) {
        (Some((_, keys, width)), ..) => {
            for keys in keys.chunks(PAGE_BYTES) {
                let bits = u32::from(*width);
                if let Err(error) = hybrid_rle::encode_u32(&mut out, keys.iter().copied(), bits) {
                    return Some(Err(error.into()));
                }
                page(&mut out);
            }
        }
        (None, Values::I64(values), Encoding::Delta) => {
            for values in values.chunks(PAGE_BYTES / 8) {
                delta_bitpacked::encode(values.iter().copied(), &mut out);
                page(&mut out);
            }
        }
        (None, Values::I32(values), Encoding::Delta) => {
            for values in values.chunks(PAGE_BYTES / 4) {
                delta_bitpacked::encode(values.iter().map(|value| i64::from(*value)), &mut out);
                page(&mut out);
            }
        }
        (None, Values::Bytes(values), Encoding::DeltaLength) => {
            for values in values.chunks(PAGE_BYTES / 20) {
                delta_length_byte_array::encode(values.iter().map(|value| value.data()), &mut out);
                page(&mut out);
            }
        }
        (None, Values::Bool(values), Encoding::Rle) => {
            for values in values.chunks(PAGE_BYTES) {
                if let Err(error) = hybrid_rle::encode_bool(&mut out, values.iter().copied()) {
                    return Some(Err(error.into()));
                }
                page(&mut out);
            }
        }
        _ => return None,
    }
    Some(Ok(total))
}
