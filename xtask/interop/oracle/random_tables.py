"""Random tables: types, partition units, DDL, out-of-order rows, symbols, nulls.

The generator is a model of the schema only; which values result is QuestDB's business. A statement
that QuestDB refuses is counted and left out: the generator does not know every rule.
"""

from collections import Counter

from oracle.column_sql import RETYPES, TYPES, declaration, values
from oracle.server import SqlError

SEQUENCE = "seq.parquet"
SEQUENCE_ROWS = 3000
UNIT_SECONDS = {
    "hour": 3600,
    "day": 86400,
    "week": 7 * 86400,
    "month": 30 * 86400,
    "year": 365 * 86400,
    "none": 86400,
}
# 2023-12-30T22:00: a week, a month and a year end soon after.
START = 1703973600


class RandomTable:
    def __init__(self, server, name, rng):
        self.server, self.name, self.rng = server, name, rng
        self.columns = {}
        self.made = 0
        self.clock = START * 10**6 + rng.randrange(10**10)
        self.rows_drawn = 0
        self.refused = Counter()
        self.log = []

    def build(self):
        self.create()
        self.insert(late=False)
        actions = [self.in_order] * 5 + [self.late] * 4 + [self.add] * 4 + [self.drop] * 2
        actions += [self.rename] * 2 + [self.retype] * 3 + [self.update] * 2
        actions += [self.symbol_change] * 2 + [self.drop_partition, self.far_past, self.truncate]
        for _ in range(self.rng.randrange(4, 14)):
            self.rng.choice(actions)()
        if self.rng.random() < 0.8:
            self.in_order()
        self.server.wait_applied(self.name)

    def run(self, sql):
        self.log.append(sql)
        try:
            self.server.execute(sql)
            return True
        except SqlError as e:
            self.refused[str(e).split(":")[0]] += 1
            self.log[-1] += f"  -- refused: {str(e)[:100]}"
            return False

    def new_name(self, kind):
        self.made += 1
        letters = "".join(c for c in kind if c.isalnum())
        return f"{letters}_{self.made}" if self.made % 9 else f"{letters} ü {self.made}"

    def create(self):
        rng = self.rng
        self.unit = rng.choice(["hour", "day", "day", "week", "month", "year", "none"])
        self.nanos = rng.random() < 0.25
        self.wal = self.unit != "none" and rng.random() < 0.6
        self.has_timestamp = self.unit != "none" or rng.random() < 0.7
        for _ in range(rng.randrange(2, 12)):
            kind = rng.choice(TYPES)
            self.columns[self.new_name(kind)] = kind
        declared = [f'"{name}" {declaration(kind, rng)}' for name, kind in self.columns.items()]
        sql = f"create table {self.name} ("
        if self.has_timestamp:
            place = rng.randrange(len(declared) + 1)
            declared.insert(place, f"ts {'timestamp_ns' if self.nanos else 'timestamp'}")
        sql += ", ".join(declared) + ")"
        if self.has_timestamp:
            sql += f" timestamp(ts) partition by {self.unit} {'wal' if self.wal else 'bypass wal'}"
        if not self.run(sql):
            raise SqlError("\n".join(self.log))

    def insert(self, late, back=2.5, rows=None):
        """Rows at the end, or `back` partitions before it, interleaved with what is there."""
        rng = self.rng
        rows = rows or rng.choice([1, 7, 60, 300, 1200])
        width = UNIT_SECONDS[self.unit] * 10**6
        step = max(1, int(width * rng.uniform(0.2, 2.5)) // rows)
        start = self.clock
        if late:
            start = max(0, self.clock - int(width * rng.uniform(0.05, back)))
        else:
            self.clock += step * rows
        names = list(self.columns)
        # Some columns are left out: they get NULL.
        chosen = [name for name in names if rng.random() < 0.9]
        expressions = [values(self.columns[name], rng) for name in chosen]
        if self.has_timestamp:
            chosen.append("ts")
            micros = f"({start} + x * {step})"
            nanos = f"({micros} * 1000 + x % 1000)::timestamp_ns"
            expressions.append(nanos if self.nanos else f"{micros}::timestamp")
        if not chosen:
            return
        hashed = f"abs((x + {self.rows_drawn}) * 2654435761 % 1000000007)"
        source = f"(select x, bin, {hashed} as h from read_parquet('{SEQUENCE}') where x <= {rows})"
        columns = ", ".join(f'"{name}"' for name in chosen)
        self.rows_drawn += rows
        self.run(f"insert into {self.name} ({columns}) select {', '.join(expressions)} from {source}")

    def in_order(self):
        self.insert(late=False)

    def late(self):
        self.insert(late=self.has_timestamp)

    def far_past(self):
        self.insert(late=self.has_timestamp, back=40.0, rows=40)

    def add(self):
        kind = self.rng.choice(TYPES)
        name = self.new_name(kind)
        if self.run(f'alter table {self.name} add column "{name}" {declaration(kind, self.rng)}'):
            self.columns[name] = kind

    def some(self, wanted=lambda kind: True):
        names = [name for name, kind in self.columns.items() if wanted(kind)]
        return self.rng.choice(names) if names else None

    def drop(self):
        name = self.some() if len(self.columns) > 2 else None
        if name and self.run(f'alter table {self.name} drop column "{name}"'):
            del self.columns[name]

    def rename(self):
        name = self.some()
        if not name:
            return
        new = self.new_name(self.columns[name])
        if self.run(f'alter table {self.name} rename column "{name}" to "{new}"'):
            self.columns[new] = self.columns.pop(name)

    def retype(self):
        name = self.some(lambda kind: kind in RETYPES)
        if not name:
            return
        kind = self.rng.choice(RETYPES[self.columns[name]])
        if self.run(f'alter table {self.name} alter column "{name}" type {kind}'):
            self.columns[name] = kind

    def update(self):
        name = self.some(lambda kind: kind in ("int", "long", "double", "varchar", "symbol"))
        if not name:
            return
        number = self.rng.randrange(1000)
        value = number if self.columns[name] in ("int", "long", "double") else f"'updated {number}'"
        where = ""
        if self.has_timestamp:
            where = f" where ts < {(self.clock - 10**9) * (1000 if self.nanos else 1)}"
        self.run(f'update {self.name} set "{name}" = {value}{where}')

    def symbol_change(self):
        name = self.some(lambda kind: kind == "symbol")
        if name:
            change = self.rng.choice(["add index", "drop index", "symbol capacity 4096", "nocache"])
            self.run(f'alter table {self.name} alter column "{name}" {change}')

    def drop_partition(self):
        if self.unit != "none":
            moment = self.clock - 3 * UNIT_SECONDS[self.unit] * 10**6
            moment *= 1000 if self.nanos else 1
            self.run(f"alter table {self.name} drop partition where ts < {moment}")

    def truncate(self):
        if self.rng.random() < 0.3:
            keep = self.rng.choice(["", " keep symbol maps"]) if self.wal is False else ""
            self.run(f"truncate table {self.name}{keep}")
