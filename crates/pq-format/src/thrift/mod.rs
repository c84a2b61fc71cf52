//! The Thrift compact protocol, as much of it as Parquet uses.
//!
//! Own code in both directions rather than a generated one: the reader must survive hostile bytes
//! with bounded memory and skip fields and union members that are younger than this crate, and no
//! published implementation in Rust does all of that.

mod read;
mod write;

pub(crate) use read::{Field, Reader};
pub(crate) use write::Writer;

/// Nesting of structures, lists and maps beyond which input is refused.
pub(crate) const DEPTH_MAX: usize = 48;

/// Type ids of the compact protocol. Forever constants.
pub(crate) mod ty {
    pub(crate) const STOP: u8 = 0;
    pub(crate) const TRUE: u8 = 1;
    pub(crate) const FALSE: u8 = 2;
    pub(crate) const I8: u8 = 3;
    pub(crate) const I16: u8 = 4;
    pub(crate) const I32: u8 = 5;
    pub(crate) const I64: u8 = 6;
    pub(crate) const DOUBLE: u8 = 7;
    pub(crate) const BINARY: u8 = 8;
    pub(crate) const LIST: u8 = 9;
    pub(crate) const SET: u8 = 10;
    pub(crate) const MAP: u8 = 11;
    pub(crate) const STRUCT: u8 = 12;
    pub(crate) const UUID: u8 = 13;
}
