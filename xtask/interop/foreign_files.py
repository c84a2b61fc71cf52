"""Writes Parquet files by pyarrow, DuckDB and Polars; testdata/foreign holds those of seed 7.

One file holds every kind of column that a writer can give an encoding, so that a few dozen files
cover type x encoding x codec x page version x nulls. Deterministic for pinned writers. Usage:
    foreign_files.py OUT [--seed N] [--rows N]
"""

import argparse
import datetime
import decimal
import itertools
import pathlib
import random
import struct
import uuid

import duckdb
import polars
import pyarrow as pa
import pyarrow.parquet as pq

CODECS = ["none", "snappy", "gzip", "brotli", "lz4", "zstd"]
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def maybe(rng, share, value):
    return None if rng.random() < share else value


def table(rng, rows, nulls, few):
    """Columns of every type that a column of a table may be stored as."""

    def column(make):
        pool = [make() for _ in range(7)] if few else None
        return [maybe(rng, nulls, rng.choice(pool) if few else make()) for _ in range(rows)]

    signed = lambda bits: (lambda: rng.randint(-(1 << bits - 1) + 1, (1 << bits - 1) - 1))
    unsigned = lambda bits: (lambda: rng.randint(1, (1 << bits) - 1))
    text = lambda: "".join(rng.choice("abcxyz äß→😀") for _ in range(rng.choice([0, 3, 9, 10, 40])))
    micros = lambda: 1_700_000_000_000_000 + rng.randint(0, 10**12)
    scale = lambda n: min(3, n - 1)
    digits = lambda n: (
        lambda: decimal.Decimal(f"{rng.randint(-(10**n) + 1, 10**n - 1)}E-{scale(n)}"))
    utc = lambda unit: pa.timestamp(unit, "UTC")
    decimals = {f"dec{n}": (digits(n), pa.decimal256(n, scale(n)) if n > 38 else pa.decimal128(n, scale(n)))
                for n in (2, 4, 9, 18, 38, 76)}
    kinds = {
        "bool": (lambda: rng.random() < 0.3, pa.bool_()),
        "i8": (signed(8), pa.int8()),
        "i16": (signed(16), pa.int16()),
        "u16": (unsigned(16), pa.uint16()),
        "i32": (signed(32), pa.int32()),
        "u32": (unsigned(32), pa.uint32()),
        "i64": (signed(64), pa.int64()),
        "ms": (lambda: micros() // 1000, utc("ms")),
        "us": (micros, utc("us")),
        "ns": (lambda: micros() * 1000, utc("ns")),
        "f32": (lambda: struct.unpack("f", struct.pack("f", rng.gauss(0, 1e3)))[0], pa.float32()),
        "f64": (lambda: rng.gauss(0, 1e9), pa.float64()),
        "text": (text, pa.string()),
        "bytes": (lambda: rng.randbytes(rng.choice([0, 1, 8, 30])), pa.binary()),
        "flba16": (lambda: rng.randbytes(16), pa.binary(16)),
        "flba32": (lambda: rng.randbytes(32), pa.binary(32)),
        **decimals,
    }
    arrays = {name: pa.array(column(make), kind) for name, (make, kind) in kinds.items()}
    ids = column(lambda: uuid.UUID(int=rng.getrandbits(128)).bytes)
    arrays["uuid"] = pa.ExtensionArray.from_storage(pa.uuid(), pa.array(ids, pa.binary(16)))

    def doubles():
        return [maybe(rng, nulls, rng.gauss(0, 1)) for _ in range(rng.choice([0, 1, 3]))]

    def square():
        width = rng.choice([1, 2])
        return [[rng.gauss(0, 1) for _ in range(width)] for _ in range(rng.choice([1, 3]))]

    arrays["list"] = pa.array(column(doubles), pa.list_(pa.float64()))
    arrays["lists"] = pa.array(column(square), pa.list_(pa.list_(pa.float64())))
    return pa.table(arrays)


def encodings(data):
    """What pyarrow takes for each column, one choice after the other; None is its dictionary."""
    more = {
        pa.types.is_boolean: ["PLAIN", "RLE"],
        lambda t: pa.types.is_integer(t) or pa.types.is_timestamp(t): [
            "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"],
        pa.types.is_floating: ["BYTE_STREAM_SPLIT"],
        lambda t: pa.types.is_string(t) or pa.types.is_binary(t): [
            "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"],
        lambda t: pa.types.is_fixed_size_binary(t) or pa.types.is_decimal(t): ["BYTE_STREAM_SPLIT"],
    }
    out = {}
    for field in data.schema:
        kind = field.type.storage_type if isinstance(field.type, pa.ExtensionType) else field.type
        path = field.name
        while pa.types.is_list(kind):
            kind, path = kind.value_type, path + ".list.element"
        found = [names for test, names in more.items() if test(kind)]
        base = [] if pa.types.is_boolean(kind) else [None, "PLAIN"]
        out[path] = base + (found[0] if found else [])
    return out


def by_pyarrow(out, rng, rows):
    cases = itertools.product(range(4), ["1.0", "2.0"])
    codecs = itertools.cycle(CODECS)
    for nth, version in cases:
        nulls = [0.0, 0.2, 0.9, 0.2][nth]
        data = table(rng, rows, nulls, nth % 2 == 0)
        choices = {path: names[nth % len(names)] for path, names in encodings(data).items()}
        pq.write_table(
            data, out / f"pyarrow-{nth}-v{version[0]}.parquet", compression=next(codecs),
            data_page_version=version, use_dictionary=[p for p, e in choices.items() if e is None],
            column_encoding={p: e for p, e in choices.items() if e}, data_page_size=900,
            write_batch_size=50, write_page_index=True, store_schema=False,
            row_group_size=rows * 2 // 3, write_page_checksum=True)


def by_duckdb(out, rng, rows):
    for codec, version in itertools.product(CODECS, ["V1", "V2"]):
        data = table(rng, rows, rng.choice([0.0, 0.3]), version == "V1")
        # DuckDB has no such decimals, and no lists of lists of its own in this table.
        data = data.drop_columns(["dec76", "uuid"])
        path = out / f"duckdb-{codec}-{version.lower()}.parquet"
        name = {"none": "uncompressed", "lz4": "lz4_raw"}.get(codec, codec)
        duckdb.sql("set timezone = 'UTC'")
        duckdb.register("data", data)
        # arrow-rs does not read deltas of 32-bit numbers that take more than 32 bits: what they are
        # is there a second time.
        wide = "i32::bigint as i32_wide, u32::bigint as u32_wide"
        duckdb.sql(f"copy (select *, {wide} from data) to '{path}' "
                   f"(format parquet, codec '{name}', parquet_version '{version}')")


def by_polars(out, rng, rows):
    for codec in CODECS:
        data = table(rng, rows, rng.choice([0.0, 0.3]), codec in CODECS[::2])
        data = data.drop_columns(["dec76", "uuid", "flba16", "flba32"])
        name = {"none": "uncompressed"}.get(codec, codec)
        polars.from_arrow(data).write_parquet(
            out / f"polars-{codec}.parquet", compression=name, row_group_size=rows // 2,
            data_page_size=900)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rows", type=int, default=110)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for name, write in [("pyarrow", by_pyarrow), ("duckdb", by_duckdb), ("polars", by_polars)]:
        write(args.out, random.Random(f"{name} {args.seed}"), args.rows)


if __name__ == "__main__":
    main()
