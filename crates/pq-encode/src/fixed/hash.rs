//! Values of fixed width for a [`Probe`].
//!
//! Only some rows of a chunk come here, so they are gathered first, whatever their layout.

use super::column::FixedColumn;
use super::dictionary::hash;
use crate::EncodeError;
use crate::bits::validity::Validity;
use crate::probe::Probe;
use crate::rows::Cursor;

/// Rows gathered at once.
const PORTION: usize = 1024;

/// Adds the values of `rows` to `probe`; they go through `stage`, which is empty afterwards.
pub(super) fn hash_rows(
    column: &mut dyn FixedColumn,
    rows: &mut Cursor<'_, '_>,
    stage: &mut Vec<u8>,
    probe: &mut Probe,
) -> Result<(), EncodeError> {
    let mut validity = Validity::default();
    while let Some(part) = rows.peek(PORTION) {
        stage.clear();
        validity.clear();
        if !column.read(part, false, &mut validity, stage) {
            return Err(rows.wrong_layout(column.expects()));
        }
        match column.width() {
            1 => add::<1>(stage, probe),
            2 => add::<2>(stage, probe),
            4 => add::<4>(stage, probe),
            8 => add::<8>(stage, probe),
            16 => add::<16>(stage, probe),
            _ => add::<32>(stage, probe),
        }
        probe.add_rows(part.rows());
        rows.advance(part.rows());
    }
    stage.clear();
    Ok(())
}

fn add<const W: usize>(plain: &[u8], probe: &mut Probe) {
    probe.add(plain.as_chunks::<W>().0.iter().map(|value| {
        let [.., b4, b5, b6, b7] = hash(value).to_le_bytes();
        (u32::from_le_bytes([b4, b5, b6, b7]), W)
    }));
}
