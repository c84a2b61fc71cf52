"""Makes what the peers of the benches start from, out of our export.

usage: sources.py ipc|duckdb|chdb PARQUET TARGET [SYMBOL,…]

Uncompressed Arrow IPC (mapped by its readers), a DuckDB file with the rows in `data`, or a
MergeTree table `bench.data` in a chDB directory; symbols as dictionaries where there are such.
"""

import sys

ROWS = 1_000_000


def ipc(parquet, target, symbols):
    """Batches of a million rows, symbols as dictionaries; a piece at a time."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    file = pq.ParquetFile(parquet)
    dictionaries = {}
    for name in symbols:
        values = [pc.unique(batch.column(0)) for batch in file.iter_batches(ROWS, columns=[name])]
        # An index_in of null would find null as a value.
        dictionaries[name] = pc.unique(pa.concat_arrays(values)).drop_null()

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


def duckdb(parquet, target, symbols):
    import duckdb as library

    connection = library.connect(target)
    # It would take most of the machine for this, and others are on it.
    connection.execute("set memory_limit = '4GB'")
    connection.execute(f"create table data as select * from read_parquet('{parquet}')")
    connection.execute("checkpoint")
    connection.close()


def chdb(parquet, target, symbols):
    from chdb.session import Session

    session = Session(target)
    session.query("create database if not exists bench")
    replaced = ", ".join(f"toLowCardinality(`{name}`) as `{name}`" for name in symbols)
    columns = f"* replace ({replaced})" if replaced else "*"
    source = f"file('{parquet}', 'Parquet')"
    session.query(
        "create table bench.data engine = MergeTree order by timestamp settings allow_nullable_key = 1"
        f" as select {columns} from {source}"
    )
    session.close()


def main(form, parquet, target, symbols=""):
    made = {"ipc": ipc, "duckdb": duckdb, "chdb": chdb}[form]
    made(parquet, target, [name for name in symbols.split(",") if name])


if __name__ == "__main__":
    main(*sys.argv[1:])
