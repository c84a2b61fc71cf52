"""Our export, scan and listings of one table against QuestDB's answers."""

import os

import pyarrow.parquet as pq

import footer_bounds
from canon import canon, difference
from expected import type_faults
from oracle import csv_text

CODECS = ("zstd:1", "snappy", "lz4_raw", "none", "gzip:1", "brotli:1", "zstd:9")


class Answers:
    """What QuestDB says about a table, kept in files until all tables are compared."""

    def __init__(self, server, name, folder):
        self.name = name
        columns = server.rows(f'select "column", "type", designated from table_columns(\'{name}\')')
        self.types = {column: kind for column, kind, _ in columns}
        self.designated = next((column for column, _, is_ts in columns if is_ts), None)
        self.count = server.rows(f"select count() from {name}")[0][0]
        self.parquet = server.export(name, "parquet", os.path.join(folder, f"{name}.answer.parquet"))
        # The server breaks the connection at a LONG128 column.
        self.csv = None
        if "LONG128" not in self.types.values():
            self.csv = server.export(name, "csv", os.path.join(folder, f"{name}.answer.csv"))
        self.partitions = []
        unit = server.rows(f"select partitionBy from tables() where table_name = '{name}'")
        if unit != [["NONE"]]:
            found = server.rows(f"select name, numRows from table_partitions('{name}') where attached")
            self.partitions = [tuple(row) for row in found]
        found = server.rows(f"select directoryName from tables() where table_name = '{name}'")
        self.directory = os.path.join(server.db, found[0][0])


def faults(sluice, answers, folder, variant):
    """Yields one line for each disagreement; `variant` chooses codec and row groups."""
    yield from export_faults(sluice, answers, folder, ())
    if answers.count:
        rows = str(max(1, answers.count // (2 + variant % 5)))
        options = ("--row-group-rows", rows, "--codec", CODECS[variant % len(CODECS)])
        yield from export_faults(sluice, answers, folder, options)
    if answers.csv:
        with open(answers.csv, encoding="utf-8", newline="") as file:
            theirs = file.read()
        unlike = csv_text.difference(sluice.scan_csv(answers.directory), theirs, answers.types)
        if unlike:
            yield unlike
    listed = {row["column"]: row["type"] for row in sluice.show("columns", answers.directory)}
    if listed != answers.types:
        yield f"show columns: {listed}, must be {answers.types}"
    if answers.partitions:
        listed = [(row["name"], row["numRows"]) for row in sluice.show("partitions", answers.directory)]
        if listed != answers.partitions:
            yield f"show partitions: {listed}, must be {answers.partitions}"


def export_faults(sluice, answers, folder, options):
    path = os.path.join(folder, f"{answers.name}.ours.parquet")
    report = sluice.export(answers.directory, path, *options)
    if report["rows"] != answers.count:
        yield f"{report['rows']} rows reported, must be {answers.count}"
    ours, theirs = pq.ParquetFile(path, page_checksum_verification=True), pq.ParquetFile(answers.parquet)
    if ours.schema_arrow.names != list(answers.types):
        yield f"columns {ours.schema_arrow.names}, must be {list(answers.types)}"
        return
    yield from type_faults(ours.schema, answers.types, answers.designated)
    mine, right = ours.read(), theirs.read()
    for at, (name, kind) in enumerate(answers.types.items()):
        unlike = difference(canon(mine.column(at)), canon(right.column(at)))
        if unlike:
            yield f"{name} ({kind}) {' '.join(options)}: {unlike}"
    yield from footer_bounds.check(ours, ours.schema_arrow, answers.types)
