"""Makes what the peers of `bench stream` start from, out of our export.

usage: stream_sources.py ipc|duckdb PARQUET TARGET
"""

import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

SYMBOLS = ("symbol", "side")
ROWS = 1_000_000


def ipc(parquet, target):
    """Uncompressed batches of a million rows, symbols as dictionaries; a piece at a time."""
    file = pq.ParquetFile(parquet)
    dictionaries = {}
    for name in SYMBOLS:
        values = [pc.unique(batch.column(0)) for batch in file.iter_batches(ROWS, columns=[name])]
        dictionaries[name] = pc.unique(pa.concat_arrays(values))

    def as_held(batch):
        columns = []
        for name, column in zip(batch.schema.names, batch.columns):
            if name in dictionaries:
                keys = pc.index_in(column, dictionaries[name])
                column = pa.DictionaryArray.from_arrays(keys, dictionaries[name])
            columns.append(column)
        return pa.record_batch(columns, names=batch.schema.names)

    first = as_held(next(file.iter_batches(1)))
    with pa.OSFile(target, "wb") as sink, pa.ipc.new_file(sink, first.schema) as writer:
        for batch in file.iter_batches(ROWS):
            writer.write_batch(as_held(batch))


def duckdb(parquet, target):
    import duckdb as library

    connection = library.connect(target)
    # It would take most of the machine for this, and others are on it.
    connection.execute("set memory_limit = '2GB'")
    connection.execute(f"create table trades as select * from read_parquet('{parquet}')")
    connection.execute("checkpoint")
    connection.close()


if __name__ == "__main__":
    {"ipc": ipc, "duckdb": duckdb}[sys.argv[1]](*sys.argv[2:])
