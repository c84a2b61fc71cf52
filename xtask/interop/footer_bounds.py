"""Statistics in the footer against the values: they bound them, and where they claim to be exact,
they are."""

import decimal

import pyarrow as pa
import pyarrow.compute as pc

from canon import as_decimal, canon, is_list, nulls

# Fixed bytes in storage order (LONG128, LONG256) have no order that a reader would use.
TEXT_BYTES_MAX = 64
# QuestDB cuts them earlier; copied chunks keep its bounds.
COPIED_TEXT_BYTES_MAX = 8
UNORDERED = ("LONG128", "LONG256")


def check(file, fields, types, copied=False):
    """Yields one line a fault, over all row groups of a pyarrow ParquetFile. `copied`: some chunks
    may be QuestDB's own."""
    cut = COPIED_TEXT_BYTES_MAX if copied else TEXT_BYTES_MAX
    for group_idx in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(group_idx)
        rows = file.read_row_group(group_idx)
        leaves = {group.column(at).path_in_schema: group.column(at) for at in range(group.num_columns)}
        for at, field in enumerate(fields):
            if is_list(field.type):
                continue
            chunk = leaves[field.name]
            for fault in chunk_faults(chunk, rows.column(at), field, types[field.name], cut):
                yield f"row group {group_idx}, {field.name} ({types[field.name]}): {fault}"


def chunk_faults(chunk, column, field, kind, cut=TEXT_BYTES_MAX):
    values = canon(column)
    if not chunk.is_stats_set:
        yield "no statistics"
        return
    stats = chunk.statistics
    if not stats.has_null_count:
        yield "no null count"
    elif stats.null_count != nulls(values):
        yield f"null count {stats.null_count}, counted {nulls(values)}"
    if nulls(values) == len(values):
        if stats.has_min_max:
            yield "bounds of nothing"
        return
    if kind in UNORDERED:
        return
    if not stats.has_min_max:
        yield "no bounds"
        return
    low, high = bounds(stats, field)
    least, greatest = extremes(column, field)
    if low is None or least is None:  # only NaN is left, which has no bounds
        return
    if not (low <= least and greatest <= high):
        yield f"bounds {low!r} … {high!r} do not hold {least!r} … {greatest!r}"
    if is_exact(least, cut) and low != least or is_exact(greatest, cut) and high != greatest:
        yield f"bounds {low!r} … {high!r} are wider than {least!r} … {greatest!r}"


def is_exact(value, cut):
    """Bounds of text and bytes are cut; all others are values themselves."""
    return not isinstance(value, bytes) or len(value) <= cut


def bounds(stats, field):
    """(least, greatest) as the footer has them, in the order of the column."""
    pair = (stats.min_raw, stats.max_raw)
    if pa.types.is_decimal(field.type):
        pair = tuple(as_decimal(v, field.type.scale) if isinstance(v, bytes) else v for v in pair)
    if pa.types.is_unsigned_integer(field.type):
        pair = tuple(v & 0xFFFFFFFF for v in pair)
    return tuple(v.encode() if isinstance(v, str) else v for v in pair)


def extremes(column, field):
    """(least, greatest) of the values themselves."""
    kind = field.type
    if kind == pa.uuid() or pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind):
        values = [v for v in canon(column).to_pylist() if v is not None]
        return min(values), max(values)
    if pa.types.is_string(kind) or pa.types.is_dictionary(kind):
        found = pc.min_max(canon(column).cast(pa.binary()))
    elif pa.types.is_floating(kind):
        column = column.combine_chunks()
        found = pc.min_max(column.filter(pc.invert(pc.is_nan(column).fill_null(True))))
    elif pa.types.is_timestamp(kind):
        found = pc.min_max(canon(column))
    elif pa.types.is_decimal(kind):
        with decimal.localcontext(prec=80):
            values = [v for v in column.to_pylist() if v is not None]
            return min(values), max(values)
    else:
        found = pc.min_max(column)
    return found["min"].as_py(), found["max"].as_py()
