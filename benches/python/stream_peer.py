"""One peer of `bench stream` exports its form of the table to Parquet.

usage: stream_peer.py pyarrow|duckdb|polars SOURCE PARQUET ROW_GROUP_ROWS SCRATCH [LIMIT_BYTES]

Says `begin` when everything is imported, and `end` with the rows when the file is closed. With a
limit it is frugal: one thread, and no more than half of it where the library can be told.
"""

import json
import os
import sys


def say(event, **more):
    print(json.dumps({"event": event, **more}), flush=True)


def pyarrow(source, parquet, rows, scratch, limit):
    import pyarrow as pa
    import pyarrow.parquet as pq

    say("begin")
    total = 0
    with pa.memory_map(source) as mapped:
        reader = pa.ipc.open_file(mapped)
        options = {"compression": "zstd", "compression_level": 1}
        dictionaries = ["symbol", "side", "venue_id"]
        with pq.ParquetWriter(parquet, reader.schema, use_dictionary=dictionaries, **options) as writer:
            for at in range(reader.num_record_batches):
                # As a table: a batch would be buffered whole until its row group is complete.
                table = pa.Table.from_batches([reader.get_batch(at)])
                writer.write_table(table, row_group_size=rows)
                total += table.num_rows
    say("end", rows=total)


def polars(source, parquet, rows, scratch, limit):
    if limit:
        os.environ["POLARS_MAX_THREADS"] = "1"
    import polars as pl

    say("begin")
    frame = pl.scan_ipc(source)
    frame.sink_parquet(
        parquet,
        compression="zstd",
        compression_level=1,
        row_group_size=rows,
        maintain_order=True,
        engine="streaming",
    )
    say("end")


def duckdb(source, parquet, rows, scratch, limit):
    import duckdb

    connection = duckdb.connect(source, read_only=True)
    connection.execute(f"set temp_directory = '{scratch}'")
    if limit:
        connection.execute("set threads = 1")
        connection.execute(f"set memory_limit = '{limit // 2}B'")
    say("begin")
    options = f"format parquet, compression zstd, compression_level 1, row_group_size {rows}"
    (total,) = connection.execute(f"copy data to '{parquet}' ({options})").fetchone()
    say("end", rows=total)


PEERS = {"pyarrow": pyarrow, "polars": polars, "duckdb": duckdb}


def main(peer, source, parquet, rows, scratch, limit="0"):
    PEERS[peer](source, parquet, int(rows), scratch, int(limit))


if __name__ == "__main__":
    main(*sys.argv[1:])
