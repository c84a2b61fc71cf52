//! Column slices to Parquet pages, chunks and an ordered file.
