//! The frame of a file: magic, footer, length.
//!
//! `PAR1`, pages, indexes, footer, its length in 4 bytes, `PAR1`. A reader starts with the last 8
//! bytes; where the file ends is for the caller to know (a commit may say less than the file
//! system).

use crate::error::FormatError;
use crate::model::FileMetaData;

/// First and last bytes of a file.
pub const MAGIC: [u8; 4] = *b"PAR1";
/// Last bytes of a file whose footer is encrypted.
pub const MAGIC_ENCRYPTED: [u8; 4] = *b"PARE";
/// Footer length and magic at the end of a file, bytes.
pub const TAIL_LEN: usize = 8;
/// Heap bytes that reading metadata may take: at most this many times its length (plus 64 KiB).
pub const METADATA_HEAP_FACTOR: usize = 64;

/// The end of a file: footer, its length, magic.
///
/// # Errors
/// [`FormatError::Limit`] if a number does not fit the signed type that the format gives it, or
/// the footer its 32-bit length.
pub fn write_footer(meta: &FileMetaData) -> Result<Vec<u8>, FormatError> {
    let mut out = Vec::new();
    meta.write(&mut out)?;
    close(out.len() as u64, &mut out)?;
    Ok(out)
}

/// The footer up to its first row group, for a file whose row groups do not fit into memory
/// together: `group_count` of them follow as [`crate::RowGroup::append_to`] writes them, then
/// [`footer_end`]. The row groups of `meta` itself are left out.
///
/// # Errors
/// As [`write_footer`].
pub fn footer_head(meta: &FileMetaData, group_count: usize) -> Result<Vec<u8>, FormatError> {
    let mut out = Vec::new();
    meta.write_head(&mut out, group_count)?;
    Ok(out)
}

/// The end of a footer of which `before` bytes (head and row groups) are written: what follows the
/// row groups, the footer's length, magic.
///
/// # Errors
/// As [`write_footer`].
pub fn footer_end(meta: &FileMetaData, before: u64) -> Result<Vec<u8>, FormatError> {
    let mut out = Vec::new();
    meta.write_end(&mut out)?;
    close(before.saturating_add(out.len() as u64), &mut out)?;
    Ok(out)
}

/// Appends length and magic.
fn close(footer_len: u64, out: &mut Vec<u8>) -> Result<(), FormatError> {
    let len = u32::try_from(footer_len).map_err(|_| FormatError::Limit {
        what: "footer",
        limit: u32::MAX.into(),
        found: footer_len,
    })?;
    out.extend_from_slice(&len.to_le_bytes());
    out.extend_from_slice(&MAGIC);
    Ok(())
}

/// Length of the footer that stands right before these last 8 bytes.
///
/// # Errors
/// [`FormatError::Corrupt`] if the magic is not there, [`FormatError::Unsupported`] if the footer
/// is encrypted.
pub fn footer_len(tail: [u8; TAIL_LEN]) -> Result<u32, FormatError> {
    let [a, b, c, d, magic @ ..] = tail;
    if magic == MAGIC_ENCRYPTED {
        let found = "an encrypted footer".to_owned();
        return Err(FormatError::Unsupported {
            what: "file tail",
            found,
        });
    }
    if magic != MAGIC {
        let found = format!("{:?}", magic.escape_ascii().to_string());
        return Err(FormatError::corrupt("file tail", 4, "\"PAR1\"", found));
    }
    Ok(u32::from_le_bytes([a, b, c, d]))
}

/// Reads the metadata from exactly the footer's bytes (without length and magic).
///
/// # Errors
/// What is wrong with the bytes; never a panic. Takes at most [`METADATA_HEAP_FACTOR`] times
/// `bytes.len()` of heap.
pub fn read_metadata(bytes: &[u8]) -> Result<FileMetaData, FormatError> {
    FileMetaData::read(bytes)
}

/// Reads the metadata of a file that is in memory, or of any part of it that ends where the file
/// does and contains the footer.
///
/// # Errors
/// [`FormatError::Truncated`] says how many more bytes from before the slice are needed.
pub fn read_footer(file: &[u8]) -> Result<FileMetaData, FormatError> {
    let short = |needed| FormatError::Truncated {
        what: "file tail",
        offset: 0,
        needed,
    };
    let Some((body, tail)) = file.split_last_chunk::<TAIL_LEN>() else {
        return Err(short(TAIL_LEN - file.len()));
    };
    let len = usize::try_from(footer_len(*tail)?).unwrap_or(usize::MAX);
    match body.len().checked_sub(len).and_then(|at| body.get(at..)) {
        Some(footer) => read_metadata(footer),
        None => Err(short(len.saturating_sub(body.len()))),
    }
}
