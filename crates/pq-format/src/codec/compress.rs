//! Compressing page after page with one context.
//!
//! Making a zstd context costs a tenth of compressing a page, so a compressor is kept per thread.
//! The bytes must not depend on what it compressed before, or output would depend on the number of
//! threads: hence one LZ4 table a size class (lz4_flex would keep the larger one once it needed
//! it). zstd's contexts carry nothing over that shows; a test holds it to that.

use std::fmt;

use super::zstd_frame::Zstd;
use super::{Codec, CodecError};

/// Compresses pages with one codec. `Send`; its output depends on the input alone.
pub struct Compressor {
    codec: Codec,
    context: Context,
}

enum Context {
    Stored,
    Snappy(Box<snap::raw::Encoder>),
    Lz4 {
        small: lz4_flex::block::CompressTable,
        large: lz4_flex::block::CompressTable,
    },
    Zstd(Box<Zstd>),
    Gzip(Box<flate2::Compress>),
    Brotli,
}

/// Whether a codec looks for repeats, beside coding frequent bytes in fewer bits. Only zstd can
/// leave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// As its level says.
    On,
    /// For bytes without repeats, such as packed keys: in a fraction of the time.
    Off,
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compressor")
            .field("codec", &self.codec)
            .finish_non_exhaustive()
    }
}

/// Inputs below this many bytes use LZ4's table of 16-bit positions.
const LZ4_SMALL: usize = 65_535;

impl Compressor {
    /// Makes the context of `codec`.
    ///
    /// # Errors
    /// [`CodecError::Level`] for a level that does not exist.
    pub fn new(codec: Codec) -> Result<Self, CodecError> {
        codec.check()?;
        let context = match codec {
            Codec::None => Context::Stored,
            Codec::Snappy => Context::Snappy(Box::new(snap::raw::Encoder::new())),
            Codec::Lz4Raw => Context::Lz4 {
                small: lz4_flex::block::CompressTable::small(),
                large: lz4_flex::block::CompressTable::large(),
            },
            Codec::Zstd(level) => Context::Zstd(Box::new(Zstd::new(level)?)),
            Codec::Gzip(level) => {
                let level = flate2::Compression::new(level.unsigned_abs());
                Context::Gzip(Box::new(flate2::Compress::new_gzip(level, 15)))
            }
            Codec::Brotli(_) => Context::Brotli,
        };
        Ok(Self { codec, context })
    }

    /// The codec that it was made for.
    #[must_use]
    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// Bytes of a context that grows with its inputs (zstd's); 0 for other codecs.
    #[must_use]
    pub fn context_bytes(&self) -> usize {
        match &self.context {
            Context::Zstd(context) => context.heap_bytes(),
            _ => 0,
        }
    }

    /// Gives back what inputs of more than `input_bytes` made of such a context. What is compressed
    /// afterwards is the same.
    pub fn trim(&mut self, input_bytes: usize) {
        if let Context::Zstd(context) = &mut self.context {
            context.trim(input_bytes);
        }
    }

    /// Appends `input`, compressed, to `out`; returns the bytes appended.
    ///
    /// # Errors
    /// [`CodecError::Compress`] if the library refuses, for instance more than 4 GiB of Snappy.
    /// `out` is as before then.
    pub fn compress(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<usize, CodecError> {
        self.compress_in_parts(input, &[], Search::On, out)
    }

    /// [`Self::compress`], told where `input` changes its nature: ascending offsets, at which a codec
    /// that describes bytes block by block (zstd) starts a new block; and whether it is worth
    /// searching for repeats. Other codecs ignore both, and so does everything that reads the result.
    ///
    /// # Errors
    /// As [`Self::compress`]; offsets that do not ascend within `input` are passed over.
    pub fn compress_in_parts(
        &mut self,
        input: &[u8],
        cuts: &[usize],
        search: Search,
        out: &mut Vec<u8>,
    ) -> Result<usize, CodecError> {
        let start = out.len();
        let done = match &mut self.context {
            Context::Stored => {
                out.extend_from_slice(input);
                Ok(())
            }
            Context::Snappy(encoder) => {
                let bound = snap::raw::max_compress_len(input.len());
                into_slice(out, bound, |b| {
                    encoder.compress(input, b).map_err(|e| e.to_string())
                })
            }
            Context::Lz4 { small, large } => {
                let table = if input.len() < LZ4_SMALL {
                    small
                } else {
                    large
                };
                let bound = lz4_flex::block::get_maximum_output_size(input.len());
                into_slice(out, bound, |b| {
                    lz4_flex::block::compress_into_with_table(input, b, table)
                        .map_err(|e| e.to_string())
                })
            }
            Context::Zstd(context) => context.compress(input, cuts, search, out),
            Context::Gzip(context) => gzip(context, input, out),
            Context::Brotli => brotli(self.codec.level().unwrap_or(1), input, out),
        };
        if let Err(reason) = done {
            out.truncate(start);
            let codec = self.codec.name();
            return Err(CodecError::Compress {
                codec,
                len: input.len(),
                reason,
            });
        }
        Ok(out.len() - start)
    }
}

/// Grows `out` by `bound` bytes, lets `fill` write into them, and keeps what it wrote.
fn into_slice(
    out: &mut Vec<u8>,
    bound: usize,
    fill: impl FnOnce(&mut [u8]) -> Result<usize, String>,
) -> Result<(), String> {
    let start = out.len();
    if bound == 0 {
        // snap's bound says 0 for input that is too long.
        return Err("input too long".to_owned());
    }
    out.resize(start + bound, 0);
    let written = fill(out.get_mut(start..).unwrap_or_default())?;
    out.truncate(start + written);
    Ok(())
}

fn gzip(context: &mut flate2::Compress, input: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    context.reset();
    out.reserve(input.len() / 8 + 64);
    loop {
        let consumed = usize::try_from(context.total_in()).unwrap_or(usize::MAX);
        let rest = input.get(consumed..).unwrap_or_default();
        let status = context
            .compress_vec(rest, out, flate2::FlushCompress::Finish)
            .map_err(|e| e.to_string())?;
        match status {
            flate2::Status::StreamEnd => return Ok(()),
            flate2::Status::Ok | flate2::Status::BufError => {
                out.reserve((input.len() / 4).max(64));
            }
        }
    }
}

fn brotli(level: i32, mut input: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let params = brotli::enc::BrotliEncoderParams {
        quality: level,
        size_hint: input.len(),
        ..Default::default()
    };
    brotli::BrotliCompress(&mut input, out, &params)
        .map(drop)
        .map_err(|e| e.to_string())
}
