//! VARCHAR text that may not be UTF-8 (columns.md §5).

/// Bytes of `text` once whatever is not UTF-8 in it has become U+FFFD, as in
/// [`String::from_utf8_lossy`].
#[must_use]
pub fn lossy_utf8_len(text: &[u8]) -> usize {
    if std::str::from_utf8(text).is_ok() {
        return text.len();
    }
    let bytes = |chunk: std::str::Utf8Chunk<'_>| {
        let replaced = match chunk.invalid() {
            [] => 0,
            _ => char::REPLACEMENT_CHARACTER.len_utf8(),
        };
        chunk.valid().len() + replaced
    };
    text.utf8_chunks().map(bytes).sum()
}
