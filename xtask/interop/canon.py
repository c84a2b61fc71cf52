"""One form for a column, whoever read it.

Readers disagree about strings (views, large, dictionary), timestamps (unit, zone) and fixed binary;
they may not disagree about values. `canon` maps what means the same to the same array.
"""

import decimal
import math

import pyarrow as pa
import pyarrow.compute as pc


def canon(column):
    """A plain array, with NaN as null and floats as their bits; nested lists as Python lists."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return canon(array.storage)
    if pa.types.is_dictionary(kind):
        return canon(array.dictionary_decode())
    if pa.types.is_large_string(kind) or kind == pa.string_view():
        return array.cast(pa.string())
    if pa.types.is_fixed_size_binary(kind) or pa.types.is_large_binary(kind) or kind == pa.binary_view():
        return array.cast(pa.binary())
    if pa.types.is_floating(kind):
        bits = {16: pa.int16(), 32: pa.int32(), 64: pa.int64()}[kind.bit_width]
        values = pc.if_else(pc.is_nan(array), pa.scalar(None, kind), array)
        return values.view(bits)
    if pa.types.is_timestamp(kind):
        return array.view(pa.int64())
    if pa.types.is_decimal(kind):
        return array.cast(pa.decimal256(76, kind.scale))
    if is_list(kind):
        return [flat_if_empty(plain(value)) for value in array.to_pylist()]
    return array


def is_list(kind):
    return pa.types.is_list(kind) or pa.types.is_large_list(kind)


def plain(value):
    """Nested lists with NaN as None; a float as its repr, so that -0.0 is not 0.0."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return None if math.isnan(value) else repr(value)
    return value


def flat_if_empty(value):
    """[[]] as []: we keep the stored shape of an empty array, QuestDB answers [] whatever it is."""
    return [] if isinstance(value, list) and not leaves(value) else value


def leaves(value):
    return sum(leaves(item) for item in value) if isinstance(value, list) else 1


def nulls(column):
    if isinstance(column, list):
        return sum(value is None for value in column)
    return column.null_count


def difference(ours, theirs):
    """None when two canonical columns are equal, else one line about the first row that differs."""
    if isinstance(ours, pa.Array) and isinstance(theirs, pa.Array):
        if ours.type != theirs.type:
            return f"type {ours.type} against {theirs.type}"
        if ours.equals(theirs):
            return None
        ours, theirs = ours.to_pylist(), theirs.to_pylist()
    if len(ours) != len(theirs):
        return f"{len(ours)} rows against {len(theirs)}"
    for row, (a, b) in enumerate(zip(ours, theirs)):
        if a != b:
            return f"row {row}: {short(a)} against {short(b)}"
    return None


def short(value):
    text = value.hex() if isinstance(value, bytes) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def as_decimal(value, scale):
    """The unscaled number of big-endian bytes as a decimal."""
    with decimal.localcontext(prec=80):
        return decimal.Decimal(int.from_bytes(value, "big", signed=True)).scaleb(-scale)
