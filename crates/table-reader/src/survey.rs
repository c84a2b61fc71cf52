//! What a table weighs, before anything of it is read: committed bytes, and how many are in memory.
//!
//! Whoever promises to stay within a budget, or to leave the page cache as it was, must know both
//! numbers without mapping the table for good.

use mmap_io::Residency;

use crate::error::ReadError;
use crate::reader::TableReader;
use crate::selection::RowSelection;

impl TableReader {
    /// Committed bytes of the selected columns in one native partition (index into
    /// [`TableReader::partitions`]), dictionaries left out; 0 for a Parquet partition. This is what
    /// the partition takes in memory under [`mmap_io::ReadMode::Positional`].
    ///
    /// # Errors
    /// [`ReadError::NoSuchPartition`]; files of a partition past the descriptor limit.
    pub fn committed_bytes(&self, partition: usize) -> Result<u64, ReadError> {
        let mut bytes = 0_u64;
        self.shared().each_file(partition, |file| {
            bytes = bytes.saturating_add(file.len);
            Ok(())
        })?;
        Ok(bytes)
    }

    /// Files of partitions that are held open since the snapshot.
    #[must_use]
    pub fn pinned_file_count(&self) -> u64 {
        self.shared().pinned_file_count()
    }

    /// Committed bytes of the dictionary of a column (position in [`TableReader::columns`]): what
    /// [`TableReader::symbols`] keeps in memory. 0 for columns of other types.
    ///
    /// # Errors
    /// [`ReadError::NoSuchColumn`].
    pub fn symbol_bytes(&self, column: usize) -> Result<u64, ReadError> {
        self.shared().symbol_bytes(column)
    }

    /// How many pages of the selected columns are in the page cache now, over the whole of every
    /// native partition that `rows` touches, and over the whole file of every Parquet partition.
    /// Reads none of them.
    ///
    /// # Errors
    /// The file system cannot map, or does not tell; files of a partition past the descriptor limit.
    pub fn residency(&self, rows: &RowSelection) -> Result<Residency, ReadError> {
        let mut sum = Residency::default();
        for part in rows.parts() {
            if let Some(files) = self.shared().parquet_files(part.partition) {
                let one = files.data.residency(files.len).map_err(ReadError::Io)?;
                sum.page_count += one.page_count;
                sum.resident_count += one.resident_count;
                continue;
            }
            self.shared().each_file(part.partition, |file| {
                let one = file.file.residency(file.len).map_err(ReadError::Io)?;
                sum.page_count += one.page_count;
                sum.resident_count += one.resident_count;
                Ok(())
            })?;
        }
        Ok(sum)
    }
}
