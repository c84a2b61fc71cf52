"""Tables of `cargo xtask gen`: QuestDB opens them, counts, sums and finds as we do, and goes on
writing them."""

import os

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from canon import canon
from oracle.server import SqlError

WITHOUT_NULL = ("BOOLEAN", "BYTE", "SHORT", "CHAR")
NUMBERS = ("BYTE", "SHORT", "INT", "LONG", "FLOAT", "DOUBLE")


def run(server, sluice, folder, names):
    """`names` are directories in the database root. Returns the number of tables that differ."""
    os.makedirs(folder, exist_ok=True)
    wrong = 0
    with server:
        for name in names:
            found = list(faults(server, sluice, folder, name))
            for line in found[:10]:
                print(f"{name}: {line}")
            wrong += bool(found)
    return wrong


def faults(server, sluice, folder, name):
    path = os.path.join(folder, f"{name}.parquet")
    sluice.export(os.path.join(server.db, name), path)
    ours = pq.read_table(path)
    columns = server.rows(f'select "column", "type" from table_columns(\'{name}\')')
    if [column for column, _ in columns] != ours.column_names:
        yield f"columns {ours.column_names}"
        return
    counts = [count for (count,) in server.rows(f"select count() from {name}")]
    if counts != [ours.num_rows]:
        yield f"we export {ours.num_rows} rows, QuestDB counts {counts}"
    yield from sum_faults(server, name, columns, ours)
    symbols = lookups = 0
    for column, kind in columns:
        if kind == "SYMBOL":
            symbols += 1
            for fault in symbol_faults(server, name, column, ours):
                lookups += 1
                if fault:
                    yield fault
    yield from write_faults(server, name, columns)
    print(
        f"{name}: {ours.num_rows} rows, {len(columns)} columns, sums equal; every value of "
        f"{symbols} symbol columns looked up ({lookups} queries)"
    )


def sum_faults(server, name, columns, ours):
    """Number of values of every column that can be NULL, and sums of the numeric ones."""
    for column, kind in columns:
        mine = ours.column(column)
        if kind in ("FLOAT", "DOUBLE"):
            mine = pc.if_else(pc.is_nan(mine), pa.scalar(None, mine.type), mine)
        values = len(mine) - mine.null_count
        if kind not in WITHOUT_NULL:
            found = values_of(server, name, column)
            if found is None:
                print(f"{name}: QuestDB has no way to count values of {column} ({kind})")
            elif found != values:
                yield f"{column} ({kind}): {values} values, QuestDB counts {found}"
        if kind in NUMBERS:
            wanted = pc.sum(mine.cast(pa.float64())).as_py() or 0.0
            found = server.rows(f"select sum({column}::double) from {name}")[0][0] or 0.0
            if abs(found - wanted) > 1e-9 * max(abs(found), abs(wanted), 1.0):
                yield f"{column} ({kind}): sum {wanted}, QuestDB has {found}"


def values_of(server, name, column):
    """Number of values that are not NULL; none of these forms exists for every type."""
    for query in (
        f"select count() from {name} where {column} is not null",
        f"select count({column}) from {name}",
        f"select count() from {name} where {column}::string is not null",
    ):
        try:
            return server.rows(query)[0][0]
        except SqlError:
            continue
    return None


def symbol_faults(server, name, column, ours):
    """For each value of a symbol column None or a fault: the number of rows by look-up."""
    counted = pc.value_counts(canon(ours.column(column)))
    for entry in counted.to_pylist():
        text, wanted = entry["values"], entry["counts"]
        if text is None:
            condition = "is null"
        else:
            quoted = text.replace("'", "''")
            condition = f"= '{quoted}'"
        found = server.rows(f"select count() from {name} where {column} {condition}")[0][0]
        fault = f"{column} {condition}: {found} rows, must be {wanted}"
        yield None if found == wanted else fault


def write_faults(server, name, columns):
    """QuestDB appends, merges a late row and adds a symbol."""
    last = server.rows(f"select max(timestamp)::long, min(timestamp)::long, count() from {name}")
    newest, oldest, before = last[0]
    symbol = next(column for column, kind in columns if kind == "SYMBOL")
    for moment in (newest + 1, oldest + 1):
        try:
            server.execute(
                f"insert into {name} (timestamp, {symbol}) values ({moment}::timestamp, 'brand new')"
            )
        except SqlError as e:
            yield f"QuestDB cannot write: {e}"
            return
    count = server.rows(f"select count() from {name}")[0][0]
    found = server.rows(f"select count() from {name} where {symbol} = 'brand new'")[0][0]
    if (count, found) != (before + 2, 2):
        yield f"after two more rows QuestDB counts {count} and finds {found}"
