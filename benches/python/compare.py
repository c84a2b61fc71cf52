"""Two Parquet files hold the same rows: usage: compare.py values|sums FILE FILE"""

import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq


def plain(column):
    kind = column.type
    return column.cast(kind.value_type) if pa.types.is_dictionary(kind) else column


def fingerprint(path):
    """Rows, and sums of what can be summed: numbers, timestamps, lengths of text."""
    file = pq.ParquetFile(path)
    sums = {name: 0 for name in file.schema_arrow.names}
    for batch in file.iter_batches(1_000_000):
        for name, column in zip(batch.schema.names, batch.columns):
            column = plain(column)
            if pa.types.is_string(column.type):
                column = pc.binary_length(column)
            if pa.types.is_floating(column.type):
                column = pc.cast(pc.round(pc.multiply(column, 1e6)), pa.int64())
            elif pa.types.is_timestamp(column.type):
                column = column.view(pa.int64())
            # Modulo keeps sums of timestamps inside of 64 bits.
            column = pc.bit_wise_and(column.cast(pa.int64()), 0xFFFFFFFF)
            sums[name] += pc.sum(column).as_py() or 0
    return file.metadata.num_rows, sums


def main(depth, ours, theirs):
    if depth == "values":
        mine, right = pq.read_table(ours), pq.read_table(theirs)
        if mine.num_rows != right.num_rows or mine.column_names != right.column_names:
            sys.exit(f"{mine.num_rows} rows of {mine.column_names}, {right.num_rows} of {right.column_names}")
        for name in mine.column_names:
            if not plain(mine[name]).equals(plain(right[name])):
                sys.exit(f"{name} differs")
    elif fingerprint(ours) != fingerprint(theirs):
        sys.exit(f"{fingerprint(ours)} is not {fingerprint(theirs)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
