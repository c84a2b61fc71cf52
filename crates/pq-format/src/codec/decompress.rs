//! Decompressing pages that nobody vouches for.
//!
//! Memory follows what the input proves, not what it declares: Snappy and LZ4 have a largest ratio
//! that a declared size is held against before anything is allocated; the others are unpacked in
//! steps, each step paid for by the one before it.

use std::io::Read;

use super::CodecError;
use crate::model::CodecId;

/// Bytes by which output grows at first.
const STEP: usize = 64 * 1024;
/// A Snappy copy of 64 bytes takes 3 bytes.
const SNAPPY_RATIO_MAX: usize = 22;
/// A byte of an LZ4 length stands for 255 bytes.
const LZ4_RATIO_MAX: usize = 255;
/// Up to this ratio a zstd page is unpacked in one piece.
const ZSTD_RATIO_USUAL: usize = 64;

/// Decompresses pages of any codec, with reused contexts.
#[derive(Default)]
pub struct Decompressor {
    snappy: snap::raw::Decoder,
    zstd: Option<zstd::bulk::Decompressor<'static>>,
}

impl std::fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decompressor").finish_non_exhaustive()
    }
}

/// What a function of this module was given, for its errors.
#[derive(Clone, Copy)]
struct Job<'a> {
    codec: CodecId,
    input: &'a [u8],
    declared: usize,
}

impl Job<'_> {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers pass literals, numbers, errors"
    )]
    fn corrupt(&self, found: impl ToString) -> CodecError {
        let (codec, len, expected) = (self.codec, self.input.len(), self.declared);
        CodecError::Corrupt {
            codec,
            len,
            expected,
            found: found.to_string(),
        }
    }

    /// Refuses a declared size that `ratio` rules out.
    fn plausible(&self, ratio: usize) -> Result<(), CodecError> {
        if self.declared > self.input.len().saturating_mul(ratio).saturating_add(64) {
            return Err(self.corrupt("input too short for that"));
        }
        Ok(())
    }
}

impl Decompressor {
    /// A decompressor; contexts are made when first needed.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends `input`, decompressed, to `out`: exactly `uncompressed_len` bytes.
    ///
    /// # Errors
    /// [`CodecError::Limit`] if `uncompressed_len` exceeds `limit`, [`CodecError::Unsupported`] for
    /// LZO, Hadoop's LZ4 and codecs younger than this crate, [`CodecError::Corrupt`] if the input
    /// is damaged or unpacks to fewer or more bytes. `out` is as before then.
    pub fn decompress(
        &mut self,
        codec: CodecId,
        input: &[u8],
        uncompressed_len: usize,
        limit: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), CodecError> {
        let declared = uncompressed_len;
        if declared > limit {
            return Err(CodecError::Limit {
                codec,
                declared,
                limit,
            });
        }
        let start = out.len();
        let job = Job {
            codec,
            input,
            declared,
        };
        let done = match codec {
            CodecId::Uncompressed => stored(job, out),
            CodecId::Snappy => self.snappy(job, out),
            CodecId::Lz4Raw => lz4(job, out),
            CodecId::Zstd => self.zstd(job, out),
            CodecId::Gzip => streamed(job, flate2::bufread::MultiGzDecoder::new(input), out),
            CodecId::Brotli => {
                let buffer = input.len().clamp(64, 4096);
                streamed(job, brotli::Decompressor::new(input, buffer), out)
            }
            CodecId::Lzo | CodecId::Lz4 | CodecId::Unknown(_) => {
                Err(CodecError::Unsupported { codec })
            }
        };
        let found = out.len().saturating_sub(start);
        let done = done.and_then(|()| match found == declared {
            true => Ok(()),
            false => Err(job.corrupt(format!("{found} bytes"))),
        });
        if done.is_err() {
            out.truncate(start);
        }
        done
    }

    fn snappy(&mut self, job: Job<'_>, out: &mut Vec<u8>) -> Result<(), CodecError> {
        job.plausible(SNAPPY_RATIO_MAX)?;
        let says = snap::raw::decompress_len(job.input).map_err(|e| job.corrupt(e))?;
        if says != job.declared {
            return Err(job.corrupt(format!("a header that says {says} bytes")));
        }
        into_slice(job, out, |b| {
            self.snappy
                .decompress(job.input, b)
                .map_err(|e| e.to_string())
        })
    }

    fn zstd(&mut self, job: Job<'_>, out: &mut Vec<u8>) -> Result<(), CodecError> {
        if job.plausible(ZSTD_RATIO_USUAL).is_err() {
            return zstd_in_steps(job, out);
        }
        if self.zstd.is_none() {
            self.zstd = Some(zstd::bulk::Decompressor::new().map_err(|e| job.corrupt(e))?);
        }
        let Some(context) = &mut self.zstd else {
            return Err(job.corrupt("no context"));
        };
        into_slice(job, out, |b| {
            context
                .decompress_to_buffer(job.input, b)
                .map_err(|e| e.to_string())
        })
    }
}

fn stored(job: Job<'_>, out: &mut Vec<u8>) -> Result<(), CodecError> {
    if job.input.len() != job.declared {
        return Err(job.corrupt(format!("{} bytes", job.input.len())));
    }
    out.extend_from_slice(job.input);
    Ok(())
}

fn lz4(job: Job<'_>, out: &mut Vec<u8>) -> Result<(), CodecError> {
    job.plausible(LZ4_RATIO_MAX)?;
    into_slice(job, out, |b| {
        lz4_flex::block::decompress_into(job.input, b).map_err(|e| e.to_string())
    })
}

/// A decoder that unpacks into a slice of the declared length, which the caller found plausible.
fn into_slice(
    job: Job<'_>,
    out: &mut Vec<u8>,
    fill: impl FnOnce(&mut [u8]) -> Result<usize, String>,
) -> Result<(), CodecError> {
    let start = out.len();
    out.resize(start + job.declared, 0);
    let written = fill(out.get_mut(start..).unwrap_or_default()).map_err(|e| job.corrupt(e))?;
    out.truncate(start + written);
    Ok(())
}

/// A window larger than the page has no use, but levels give it: 8 MiB are let pass.
fn zstd_in_steps(job: Job<'_>, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let mut decoder =
        zstd::stream::read::Decoder::with_buffer(job.input).map_err(|e| job.corrupt(e))?;
    let needed = job
        .declared
        .checked_next_power_of_two()
        .map_or(27, usize::trailing_zeros);
    decoder
        .window_log_max(needed.clamp(23, 27))
        .map_err(|e| job.corrupt(e))?;
    streamed(job, decoder, out)
}

/// Reads until the declared length and looks for one byte more.
fn streamed(job: Job<'_>, mut source: impl Read, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let start = out.len();
    let mut filled = start;
    let end = start.saturating_add(job.declared);
    let mut step = STEP;
    while filled < end {
        if filled == out.len() {
            out.resize(end.min(filled.saturating_add(step)), 0);
            step = step.saturating_mul(2);
        }
        let room = out.get_mut(filled..).unwrap_or_default();
        let n = source.read(room).map_err(|e| job.corrupt(e))?;
        if n == 0 {
            break;
        }
        filled += n;
    }
    out.truncate(filled);
    let mut more = [0u8; 1];
    if filled == end && source.read(&mut more).map_err(|e| job.corrupt(e))? > 0 {
        return Err(job.corrupt("more bytes"));
    }
    Ok(())
}
