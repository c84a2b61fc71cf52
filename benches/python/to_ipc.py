"""Turns our export into uncompressed Arrow IPC: the rows as a pyarrow user holds them."""

import sys

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 1_000_000


def main(parquet, ipc):
    symbols = ["symbol", "side"]
    table = pq.read_table(parquet, read_dictionary=symbols).unify_dictionaries()
    with pa.OSFile(ipc, "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks(), max_chunksize=ROWS)


if __name__ == "__main__":
    main(*sys.argv[1:])
