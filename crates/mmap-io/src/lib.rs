#![doc = include_str!("../README.md")]
#![deny(unsafe_op_in_unsafe_fn)]
#![deny(unsafe_code)]

mod atomic;
mod cache;
mod error;
mod evict;
mod hint;
mod limits;
mod mapped;
mod mapping;
mod memory_limit;
mod profile;
mod range_reader;
mod read;
mod real;
mod root;
mod root_dir;
mod root_file;
pub mod sigbus;
mod stats;
#[expect(unsafe_code, reason = "system calls and the trust token; nowhere else")]
mod sys;
mod vfs;

pub use atomic::{AtomicFile, Published, Writeback};
pub use error::{IoError, Op};
pub use evict::EVICT_WINDOW_BYTES;
pub use limits::{
    DescriptorLimit, descriptor_limit, give_back_free_memory, give_back_large_blocks,
    raise_descriptor_limit,
};
pub use mapping::{Evicted, Mapping, Residency};
pub use memory_limit::memory_limit;
pub use profile::{ReadMode, ScanProfile, UnknownName};
pub use range_reader::RangeReader;
pub use real::RealVfs;
pub use root::Root;
pub use root_dir::RootDir;
pub use root_file::RootFile;
pub use stats::{IoStats, MappedPeak};
pub use sys::{Trust, page_size};
pub use vfs::{
    Access, Dir, DirEntry, File, FileAdvice, FileId, FileKind, Links, MapAdvice, Region, Replace,
    Stat, Vfs,
};
