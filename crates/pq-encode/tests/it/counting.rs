//! A file that knows how much of it was read.

/// A file that counts the bytes that are read of it.
#[derive(Clone)]
pub(crate) struct Counting(bytes::Bytes, std::sync::Arc<std::sync::atomic::AtomicUsize>);

impl Counting {
    pub(crate) fn new(bytes: bytes::Bytes) -> Self {
        Self(bytes, std::sync::Arc::default())
    }

    pub(crate) fn read(&self) -> usize {
        self.1.load(std::sync::atomic::Ordering::Relaxed)
    }
}

impl parquet::file::reader::Length for Counting {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }
}

impl parquet::file::reader::ChunkReader for Counting {
    type T = bytes::buf::Reader<bytes::Bytes>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        let rest = self.0.slice(usize::try_from(start).unwrap()..);
        Ok(bytes::Buf::reader(rest))
    }

    fn get_bytes(&self, start: u64, len: usize) -> parquet::errors::Result<bytes::Bytes> {
        self.1.fetch_add(len, std::sync::atomic::Ordering::Relaxed);
        let start = usize::try_from(start).unwrap();
        Ok(self.0.slice(start..start + len))
    }
}
