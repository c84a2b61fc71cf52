//! Decimals in the width that their precision asks for.
//!
//! Arrow has one width a type, column files the least that holds the digits. A value with more digits
//! than its type says is refused: readers may take the precision at its word.

use ::arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray};
use ::arrow::datatypes::{
    DataType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType, i256,
};
use column_format::{ColumnType, Decimal};

/// Values as a column of this type stores them, one after the other; a null is zeros.
pub(super) fn stored(
    array: &ArrayRef,
    column_type: ColumnType,
) -> Result<(usize, Vec<u8>), String> {
    let (ColumnType::Decimal { .. }, Some(width)) = (column_type, column_type.fixed_width()) else {
        return Err(format!("{} is not a {column_type}", array.data_type()));
    };
    let out = match array.data_type() {
        DataType::Decimal32(..) => of::<Decimal32Type>(array, width, |v| i256::from_i128(v.into())),
        DataType::Decimal64(..) => of::<Decimal64Type>(array, width, |v| i256::from_i128(v.into())),
        DataType::Decimal128(..) => of::<Decimal128Type>(array, width, i256::from_i128),
        DataType::Decimal256(..) => of::<Decimal256Type>(array, width, |v| v),
        other => return Err(format!("{other} is no decimal")),
    };
    Ok((width, out?))
}

fn of<T: ArrowPrimitiveType + DecimalType>(
    array: &ArrayRef,
    width: usize,
    wide: impl Fn(T::Native) -> i256,
) -> Result<Vec<u8>, String> {
    let values = array.as_primitive::<T>();
    let precision = values.precision();
    let mut out = vec![0; values.len() * width];
    for (row, slot) in out.chunks_exact_mut(width).enumerate() {
        if values.is_null(row) {
            continue;
        }
        let value = values.value(row);
        let fits = T::is_valid_decimal_precision(value, precision);
        let stored = Decimal::from_le_bytes(wide(value).to_le_bytes(), 0);
        if !fits || !stored.to_stored(slot) {
            return Err(format!(
                "row {row} of the batch has more than {precision} digits"
            ));
        }
    }
    Ok(out)
}
