"""Rows and row groups of the Parquet files below a directory, in the order of their names.

usage: stream_rows.py DIR

Prints {"rows", "bytes", "ends": [[end offset, rows up to there], …]} of the files one after the
other.
"""

import json
import os
import sys

import pyarrow.parquet as pq


def end_of(group):
    ends = []
    for at in range(group.num_columns):
        column = group.column(at)
        start = column.data_page_offset
        if column.has_dictionary_page and column.dictionary_page_offset:
            start = min(start, column.dictionary_page_offset)
        ends.append(start + column.total_compressed_size)
    return max(ends)


def main(folder):
    paths = [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names]
    rows = length = 0
    ends = []
    for path in sorted(path for path in paths if path.endswith(".parquet")):
        metadata = pq.ParquetFile(path).metadata
        for at in range(metadata.num_row_groups):
            group = metadata.row_group(at)
            rows += group.num_rows
            ends.append([length + end_of(group), rows])
        length += os.path.getsize(path)
    print(json.dumps({"rows": rows, "bytes": length, "ends": ends}))


if __name__ == "__main__":
    main(*sys.argv[1:])
