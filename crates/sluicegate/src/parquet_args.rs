//! What the Parquet file of an export is made of: flags and their way into a request.
//!
//! Sizes, encodings, codecs and rates stay text here and are parsed by the engine, like all values
//! with rules of their own.

use clap::{Args, ValueEnum};
use engine::{ByteSize, EngineError, ExportRequest};

use crate::run::bad_option;

/// Pages, encodings and what is written beside them.
#[derive(Debug, Args)]
pub(crate) struct ParquetArgs {
    /// Most native bytes in a row group: 256MiB
    #[arg(long, value_name = "SIZE")]
    row_group_bytes: Option<String>,

    /// Target size of a page before the codec: 256KiB; given, copied chunks have no pages of more than
    /// twice the size either
    #[arg(long, value_name = "SIZE")]
    page_bytes: Option<String>,

    /// Most rows in a page: 20000; fewer can be skipped one by one, more compress better where patterns
    /// are long; given, it holds for copied chunks too
    #[arg(long, value_name = "N")]
    page_rows: Option<usize>,

    /// Version of data pages
    #[arg(long, value_enum, default_value_t = PageVersion::V1)]
    page_version: PageVersion,

    /// Encoding of a column, whatever it costs: plain, dictionary, delta, delta_length, bss or rle
    #[arg(long, value_name = "COL=ENCODING")]
    encoding: Vec<String>,

    /// Codec of a column, whatever it gains
    #[arg(long, value_name = "COL=CODEC[:LEVEL]")]
    column_codec: Vec<String>,

    /// Bloom filter of a column, with its false-positive rate (0.01); `auto` for UUIDs, and for text
    /// whose dictionary does not pay, `"auto"` for a column of that name
    #[arg(long, value_name = "COL[:FPP]")]
    bloom: Vec<String>,

    /// Copy column chunks of Parquet partitions as they are, codec, pages and all, where the other
    /// options allow it; `--codec` is for chunks that are encoded, `--column-codec` for all
    #[arg(long)]
    keep_codec: bool,

    /// Write arrays as the bytes that they are stored as
    #[arg(long)]
    raw_arrays: bool,

    /// Leave out the page index
    #[arg(long)]
    no_page_index: bool,

    /// Leave out the checksums of pages
    #[arg(long)]
    no_crc: bool,
}

/// Version of data pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PageVersion {
    /// Every reader takes it
    #[value(name = "1")]
    V1,
    /// Levels stand uncompressed before the values
    #[value(name = "2")]
    V2,
}

impl ParquetArgs {
    /// Puts what was asked for into the request.
    pub(crate) fn apply(&self, request: &mut ExportRequest) -> Result<(), EngineError> {
        if let Some(text) = &self.row_group_bytes {
            request.row_group_bytes = size("--row-group-bytes", text)?;
        }
        if let Some(text) = &self.page_bytes {
            let bytes = size("--page-bytes", text)?;
            request.writer.page_bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
            request.page_sizes_hold = true;
        }
        if let Some(rows) = self.page_rows {
            request.writer.page_rows = rows;
            request.page_sizes_hold = true;
        }
        request.writer.page_version = match self.page_version {
            PageVersion::V1 => engine::PageVersion::V1,
            PageVersion::V2 => engine::PageVersion::V2,
        };
        request.keep_codec = self.keep_codec;
        request.writer.raw_arrays = self.raw_arrays;
        request.writer.page_index = !self.no_page_index;
        request.writer.crc = !self.no_crc;
        for text in &self.encoding {
            request.overrides.add_encoding(text)?;
        }
        for text in &self.column_codec {
            request.overrides.add_codec(text)?;
        }
        for text in &self.bloom {
            request.add_bloom(text)?;
        }
        Ok(())
    }
}

fn size(option: &'static str, text: &str) -> Result<u64, EngineError> {
    let size: Result<ByteSize, _> = text.parse();
    size.map(|size| size.0)
        .map_err(|error| bad_option(option, &error))
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use engine::Output;

    use super::*;

    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        parquet: ParquetArgs,
    }

    #[test]
    fn a_page_size_that_is_given_holds_for_copied_chunks_even_if_it_is_the_default() {
        let holds = |words: &[&str]| {
            let only = Only::try_parse_from(std::iter::once(&"sluice").chain(words));
            let mut request = ExportRequest::new("table", Output::File("out".into()));
            let sizes =
                |request: &ExportRequest| (request.writer.page_bytes, request.writer.page_rows);
            let default = sizes(&request);
            only.map(|only| only.parquet.apply(&mut request).is_ok())
                .is_ok_and(|applied| applied)
                .then_some((request.page_sizes_hold, sizes(&request) == default))
        };
        assert_eq!(holds(&["--keep-codec"]), Some((false, true)));
        for (option, default) in [("--page-bytes", "256KiB"), ("--page-rows", "20000")] {
            assert_eq!(
                holds(&["--keep-codec", option, default]),
                Some((true, true))
            );
        }
    }
}
