"""pyarrow, DuckDB and Polars read our exports: values, nulls, logical types and statistics must be
those of QuestDB's own answer.

usage: peers.py MANIFEST    a JSON list of {id, export, answer, columns, deep}
"""

import json
import sys
import time

import pyarrow.parquet as pq

import footer_bounds
from canon import canon, difference
from engines import DuckDB, Polars, PyArrow, can_filter, comparable
from expected import of_columns_csv, type_faults

ENGINES = (PyArrow(), DuckDB(), Polars())
FAULTS_SHOWN_MAX = 10


class Tally:
    def __init__(self):
        self.columns = self.filters = self.chunks = 0
        self.seconds = {}


def filter_values(column):
    """The least and the greatest value of a column: what bounds decide about."""
    values = [v for v in column.to_pylist() if v is not None and v == v]
    return {min(values), max(values)} if values else set()


def filter_faults(engine, path, field, column, tally):
    values = column.to_pylist()
    for value in filter_values(column):
        tally.filters += 1
        wanted = sum(v == value for v in values)
        found = engine.count_equal(path, field, value)
        if found != wanted:
            yield f"{engine.name}: {found} rows where {field.name} = {value!r}, must be {wanted}"


def faults(entry, tally):
    answer = pq.ParquetFile(entry["answer"]).read()
    file = pq.ParquetFile(entry["export"])
    types, designated = of_columns_csv(entry["columns"])
    ours = file.schema_arrow
    if ours.names != answer.schema.names:
        yield f"columns {ours.names}, must be {answer.schema.names}"
        return
    yield from type_faults(file.schema, types, designated)
    theirs = [canon(column) for column in answer.columns]
    for engine in ENGINES:
        start = time.monotonic()
        read = engine.read(entry["export"], ours)
        for at, field in enumerate(ours):
            wanted = comparable(engine, field, theirs[at])
            if wanted is None:
                continue
            tally.columns += 1
            unlike = difference(read[field.name], wanted)
            if unlike is not None:
                yield f"{engine.name}: {field.name} ({types[field.name]}): {unlike}"
            if entry["deep"] and can_filter(engine, field):
                yield from filter_faults(engine, entry["export"], field, answer.column(at), tally)
        spent = tally.seconds.get(engine.name, 0.0)
        tally.seconds[engine.name] = spent + time.monotonic() - start
    tally.chunks += file.metadata.num_row_groups * file.metadata.num_columns
    yield from footer_bounds.check(file, ours, types, entry["copied"])


def main(manifest):
    with open(manifest, encoding="utf-8") as file:
        entries = json.load(file)
    tally, wrong = Tally(), 0
    for entry in entries:
        found = []
        try:
            found.extend(faults(entry, tally))
        except Exception as e:  # a reader that refuses the file is a finding, not the end
            found.append(f"{type(e).__name__}: {e}")
        for line in found[:FAULTS_SHOWN_MAX]:
            print(f"{entry['id']}: {line}")
        wrong += bool(found)
    spent = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in tally.seconds.items())
    print(
        f"{len(entries)} files, {tally.columns} columns compared, {tally.filters} filters, "
        f"{tally.chunks} chunks with statistics ({spent}); {wrong} files differ"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
