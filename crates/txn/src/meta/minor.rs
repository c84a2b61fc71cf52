//! The check value that guards the fields added without a new storage version (meta.md §3).
//!
//! Old binaries rewrite `_meta` without maintaining those fields, so a number that changes with every rewrite
//! stands beside them; where it does not hold, they are noise.

/// The check value for a metadata version and column count.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the halves are what is combined"
)]
pub fn minor_check(metadata_version: i64, column_count: i32) -> i16 {
    let m = metadata_version as i32 ^ (metadata_version >> 32) as i32;
    let c = m
        .wrapping_mul(13)
        .wrapping_add(column_count.wrapping_mul(37));
    match c as i16 ^ (c >> 16) as i16 {
        0 => -1337,
        check => check,
    }
}

/// The minor version out of the field at offset 41: 0 if the check value does not hold.
#[expect(clippy::cast_possible_truncation, reason = "the halves are the fields")]
pub(crate) fn minor_version(field: i32, metadata_version: i64, column_count: i32) -> i16 {
    if field as i16 == minor_check(metadata_version, column_count) {
        (field >> 16) as i16
    } else {
        0
    }
}

/// The field at offset 41 for a minor version; version 0 is written as releases before 8.2.2 did.
#[expect(
    clippy::cast_sign_loss,
    reason = "the check value fills the low half as bits"
)]
pub(crate) fn minor_field(minor_version: i16, metadata_version: i64, column_count: i32) -> i32 {
    if minor_version == 0 {
        return 0;
    }
    let check = minor_check(metadata_version, column_count) as u16;
    i32::from(minor_version) << 16 | i32::from(check)
}
