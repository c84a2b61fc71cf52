"""Random tables, compared while the server runs and again after it stopped."""

import os
import random
import shutil
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq

from oracle.compare import Answers, faults
from oracle.random_tables import SEQUENCE, SEQUENCE_ROWS, RandomTable
from oracle.server import SqlError

FAULTS_SHOWN_MAX = 8


def write_sequence(folder, seed):
    """The source of all rows: a number, and bytes, which SQL cannot make from a number."""
    rng = random.Random(seed)
    blobs = [rng.randbytes(rng.choice([0, 1, 5, 40, 300])) for _ in range(SEQUENCE_ROWS)]
    numbers = pa.array(range(1, SEQUENCE_ROWS + 1), pa.int64())
    table = pa.table({"x": numbers, "bin": pa.array(blobs, pa.binary())})
    pq.write_table(table, os.path.join(folder, SEQUENCE))


def run(server, sluice, folder, seed, tables):
    """Returns the number of tables that differ."""
    os.makedirs(folder, exist_ok=True)
    write_sequence(os.path.join(server.root, "import"), seed)
    refused, wrong, asked = Counter(), set(), []
    with server:
        for number in range(tables):
            table = RandomTable(server, f"random_{number}", random.Random(f"{seed}/{number}"))
            try:
                table.build()
                answers = Answers(server, table.name, folder)
            except (SqlError, OSError) as e:
                # QuestDB could not make or answer it: nothing to compare with.
                refused[f"no table: {str(e).splitlines()[0][:80]}"] += 1
                continue
            refused.update(table.refused)
            asked.append((number, table, answers))
            if report(sluice, answers, folder, number, "running", table):
                wrong.add(number)
    for number, table, answers in asked:
        if report(sluice, answers, folder, number, "stopped", table):
            wrong.add(number)
    rows = sum(answers.count for _, _, answers in asked)
    columns = sum(len(answers.types) for _, _, answers in asked)
    statements = sum(len(table.log) for _, table, _ in asked)
    print(
        f"random: seed {seed}: {len(asked)} tables ({statements} statements, {columns} columns, "
        f"{rows} rows), each compared running and stopped; {len(wrong)} differ"
    )
    for reason, count in refused.most_common(6):
        print(f"  refused by QuestDB, {count} times: {reason}")
    if len(asked) < tables * 0.8:
        print(f"  only {len(asked)} of {tables} tables could be made: the generator is at fault")
        return tables
    if not wrong:
        shutil.rmtree(folder)
    return len(wrong)


def report(sluice, answers, folder, number, state, table):
    found = []
    try:
        found.extend(faults(sluice, answers, folder, number))
    except Exception as e:  # a crash of ours is a finding like any other
        found.append(f"{type(e).__name__}: {e}")
    for line in found[:FAULTS_SHOWN_MAX]:
        print(f"{answers.name} ({state}): {line}")
    if found:
        path = os.path.join(folder, f"{answers.name}.sql")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(table.log) + "\n")
        print(f"  statements: {path}")
    return bool(found)
