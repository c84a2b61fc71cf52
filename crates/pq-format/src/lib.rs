//! The Parquet metadata model, codecs, levels and checksums.
