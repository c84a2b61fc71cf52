"""One peer of `bench export` writes its form of a table to Parquet; prints its own times.

usage: export_peer.py pyarrow|polars|duckdb|chdb defaults|best WORKLOAD SOURCE PARQUET CODEC

`defaults`: the codec is said and nothing else. `best`: what a user would say who knows both the
data and the manual; see the function of the peer. Importing the library and opening the source is
not charged.
"""

import json
import resource
import sys
import time

# Columns of few distinct values that are neither symbols nor text, by workload.
FEW = {"trades": ("price", "venue_id"), "cpu": ("usage_",), "wide": ()}
ROW_GROUP_ROWS = 1_000_000


class Clock:
    def __init__(self):
        self.wall, self.usage = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)

    def told(self):
        wall = time.perf_counter() - self.wall
        now = resource.getrusage(resource.RUSAGE_SELF)
        user, system = now.ru_utime - self.usage.ru_utime, now.ru_stime - self.usage.ru_stime
        return {"wall_s": wall, "cpu_s": user + system, "sys_s": system}


def split(codec):
    name, _, level = codec.partition(":")
    return name, int(level) if level else None


def arrow_encodings(schema, workload, compressed):
    """Dictionaries for symbols and what has few values, DELTA for the rest that counts, lengths
    apart for text, bytes of floating point split where a codec follows."""
    import pyarrow as pa

    dictionaries, encodings = [], {}
    for field in schema:
        kind = field.type
        if pa.types.is_dictionary(kind) or field.name.startswith(tuple(FEW[workload]) or ("\0",)):
            dictionaries.append(field.name)
        elif pa.types.is_timestamp(kind) or pa.types.is_integer(kind):
            encodings[field.name] = "DELTA_BINARY_PACKED"
        elif pa.types.is_floating(kind) and compressed:
            encodings[field.name] = "BYTE_STREAM_SPLIT"
        elif pa.types.is_string(kind) or pa.types.is_binary(kind):
            encodings[field.name] = "DELTA_LENGTH_BYTE_ARRAY"
    return dictionaries or False, encodings


def pyarrow(style, workload, source, parquet, codec):
    import pyarrow as pa
    import pyarrow.parquet as pq

    name, level = split(codec)
    options = {"compression": {"lz4_raw": "lz4"}.get(name, name), "compression_level": level}
    with pa.memory_map(source) as mapped:
        reader = pa.ipc.open_file(mapped)
        if style == "best":
            dictionaries, encodings = arrow_encodings(reader.schema, workload, name != "none")
            options["use_dictionary"] = dictionaries
            options["column_encoding"] = encodings or None
        clock = Clock()
        with pq.ParquetWriter(parquet, reader.schema, **options) as writer:
            for at in range(reader.num_record_batches):
                writer.write_table(pa.Table.from_batches([reader.get_batch(at)]))
        return clock.told()


def polars(style, workload, source, parquet, codec):
    """It offers no encodings. Best: one large row group at a time, no statistics."""
    import polars as pl

    name, level = split(codec)
    compression = {"none": "uncompressed", "lz4_raw": "lz4"}.get(name, name)
    more = {"row_group_size": ROW_GROUP_ROWS, "statistics": False} if style == "best" else {}
    clock = Clock()
    frame = pl.scan_ipc(source)
    frame.sink_parquet(parquet, compression=compression, compression_level=level, **more)
    return clock.told()


def duckdb(style, workload, source, parquet, codec):
    """Best: the newer encodings, large row groups, and room for dictionaries."""
    import duckdb as library

    name, level = split(codec)
    options = f"format parquet, compression {'uncompressed' if name == 'none' else name}"
    if level is not None:
        options += f", compression_level {level}"
    if style == "best":
        options += f", parquet_version v2, row_group_size {ROW_GROUP_ROWS}"
    connection = library.connect(source, read_only=True)
    clock = Clock()
    connection.execute(f"copy data to '{parquet}' ({options})")
    return clock.told()


def chdb(style, workload, source, parquet, codec):
    """Best: rows in whatever order they come, neither Bloom filters nor checksums."""
    from chdb.session import Session

    name, level = split(codec)
    settings = {"output_format_parquet_compression_method": {"lz4_raw": "lz4"}.get(name, name)}
    if level is not None:
        settings["output_format_compression_level"] = level
    order = "order by timestamp"
    if style == "best":
        order = ""
        settings["output_format_parquet_write_bloom_filter"] = 0
        settings["output_format_parquet_write_checksums"] = 0
    told = ", ".join(f"{key} = {value!r}" for key, value in settings.items())
    session = Session(source)
    session.query("select count() from bench.data")
    clock = Clock()
    session.query(
        f"insert into function file('{parquet}', 'Parquet') select * from bench.data {order} settings {told}"
    )
    times = clock.told()
    session.close()
    return times


PEERS = {"pyarrow": pyarrow, "polars": polars, "duckdb": duckdb, "chdb": chdb}


def main(peer, *rest):
    print(json.dumps(PEERS[peer](*rest)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
