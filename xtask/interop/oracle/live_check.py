"""QuestDB ingests, in order and out of order, while we open, scan and export in a loop.

Every commit describes itself: lot `b` has `lot_size` rows, `lot = b` and `lot_size` in each of them, and
all other values follow from (b, row). So a result is one commit exactly when its lots are 1 … n,
each complete, each value as computed.
"""

import io
import os
import random
import threading
import time

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

HOUR = 3_600_000_000
START = 1_704_067_200_000_000
SHARE_WANTED = 0.95
# What a reader may say when a writer pulled the ground away.
EXCUSE = "changed since transaction"


class Writer(threading.Thread):
    """One commit after the other into one table."""

    def __init__(self, server, table, wal, seed, pause):
        super().__init__(daemon=True)
        self.server, self.table, self.wal, self.pause = server, table, wal, pause
        self.rng = random.Random(seed)
        self.clock = START
        self.begun = self.done = self.late = self.altered = 0
        self.stopping = threading.Event()
        self.error = None
        server.execute(
            f"create table {table} (lot long, lot_size long, lot_row long, sym symbol, txt varchar, "
            f"note string, d double, ts timestamp) timestamp(ts) partition by hour "
            f"{'wal' if wal else 'bypass wal'}"
        )

    def run(self):
        try:
            while not self.stopping.is_set():
                self.commit()
                if self.done % 40 == 0:
                    self.alter()
                time.sleep(self.pause)
        except Exception as e:
            self.error = e

    def commit(self):
        batch, size = self.begun + 1, self.rng.choice([1, 10, 200, 1000])
        late = self.rng.random() < 0.25 and self.clock > START + HOUR
        start = self.clock
        if late:
            start = max(START, self.clock - self.rng.randrange(HOUR // 100, 3 * HOUR))
            self.late += 1
        step = self.rng.choice([1000, 100_000, 1_000_000])
        if not late:
            self.clock = start + step * size
        self.begun = batch
        self.server.execute(
            f"insert into {self.table} ({COLUMNS}) select {batch}, {size}, x, "
            f"'s{batch % 97}', concat('lot {batch} row ', x)::varchar, concat('n', x), "
            f"{batch} * 100000.0 + x, ({start} + x * {step})::timestamp from long_sequence({size})"
        )
        self.done = batch

    def alter(self):
        """A column comes, later it goes: `_meta` changes under the readers."""
        self.altered += 1
        name = f"extra_{(self.altered + 1) // 2}"
        verb = f"add column {name} int" if self.altered % 2 else f"drop column {name}"
        self.server.execute(f"alter table {self.table} {verb}")

    def finish(self):
        self.stopping.set()
        self.join()
        if self.error:
            raise self.error


def inconsistency(table, least, most):
    """None if the rows are one commit, between lot `least` and `most`."""
    batches = pc.value_counts(table["lot"]).to_pylist()
    counts = {entry["values"]: entry["counts"] for entry in batches}
    newest = max(counts, default=0)
    if sorted(counts) != list(range(1, newest + 1)):
        return f"lots are missing below {newest}"
    if not least <= newest <= most:
        return f"newest lot {newest}, must be {least} … {most}"
    sizes = dict(zip(table["lot"].to_pylist(), table["lot_size"].to_pylist()))
    partial = [b for b, count in counts.items() if sizes[b] != count]
    if partial:
        return f"lot {partial[0]} has {counts[partial[0]]} of {sizes[partial[0]]} rows"
    numbers = pc.add(
        pc.multiply(table["lot"].cast(pa.float64()), 100000.0), table["lot_row"].cast(pa.float64())
    )
    if not pc.all(pc.equal(numbers, table["d"])).as_py() and newest:
        return "a number is of another row"
    batch, row = table["lot"].cast(pa.string()), table["lot_row"].cast(pa.string())
    text = pc.binary_join_element_wise("lot ", batch, " row ", row, "")
    for column, wanted in (("txt", text), ("note", pc.binary_join_element_wise("n", row, ""))):
        if newest and not pc.all(pc.equal(table[column].cast(pa.string()), wanted)).as_py():
            return f"a {column} is of another row"
    modulo = pc.subtract(table["lot"], pc.multiply(pc.divide(table["lot"], 97), 97))
    symbol = pc.binary_join_element_wise("s", modulo.cast(pa.string()), "")
    if newest and not pc.all(pc.equal(table["sym"].cast(pa.string()), symbol)).as_py():
        return "a symbol is of another row"
    moments = table["ts"].cast(pa.int64())
    if len(moments) > 1 and not pc.all(pc.less_equal(moments[:-1], moments[1:])).as_py():
        return "timestamps do not ascend"
    return None


def csv_table(text):
    """The rows of a scan: ts is 2024-01-01T00:00:00.000000Z there."""
    types = {name: pa.int64() for name in ("lot", "lot_size", "lot_row")}
    types |= {name: pa.string() for name in ("sym", "txt", "note", "ts")} | {"d": pa.float64()}
    table = pa_csv.read_csv(io.BytesIO(text), convert_options=pa_csv.ConvertOptions(column_types=types))
    seconds = pc.strptime(pc.utf8_slice_codeunits(table["ts"], 0, 19), "%Y-%m-%dT%H:%M:%S", "us")
    micros = pc.utf8_slice_codeunits(table["ts"], 20, 26).cast(pa.int64())
    at = table.schema.get_field_index("ts")
    return table.set_column(at, "ts", pc.add(seconds.cast(pa.int64()), micros))


COLUMNS = "lot,lot_size,lot_row,sym,txt,note,d,ts"


class Reader:
    def __init__(self, sluice, server, folder, writer):
        self.sluice, self.folder, self.writer = sluice, folder, writer
        found = server.rows(f"select directoryName from tables() where table_name = '{writer.table}'")
        self.path = os.path.join(server.db, found[0][0])
        self.wrong, self.failed = [], []
        self.exports = self.exported = self.scans = self.scanned = self.shown = 0

    def export(self):
        self.exports += 1
        to = os.path.join(self.folder, f"{self.writer.table}.parquet")
        least = self.least()
        options = () if self.exports % 2 else ("--columns", COLUMNS)
        done = self.sluice.run("export", self.path, "-o", to, "--force", "--no-sync", *options, check=False)
        most = self.writer.begun
        if done.returncode != 0:
            self.failed.append(done.stderr.decode().strip())
            return
        self.exported += 1
        self.judge("export", pq.read_table(to), least, most)

    def scan(self):
        """A scan prints as it goes, so it may fail; what it prints as a whole must be a commit."""
        self.scans += 1
        least = self.least()
        done = self.sluice.run("scan", self.path, "--columns", COLUMNS, "--format", "csv", check=False)
        most = self.writer.begun
        if done.returncode != 0:
            if EXCUSE not in done.stderr.decode().lower():
                self.wrong.append(f"scan: {done.stderr.decode().strip()}")
            return
        self.scanned += 1
        self.judge("scan", csv_table(done.stdout), least, most)

    def show(self):
        done = self.sluice.run("show", "partitions", self.path, "--format", "json", check=False)
        if done.returncode != 0:
            self.wrong.append(f"show: {done.stderr.decode().strip()}")
            return
        self.shown += 1

    def least(self):
        """What QuestDB has confirmed is there; with a WAL, confirmed is not yet applied."""
        return 0 if self.writer.wal else self.writer.done

    def judge(self, what, table, least, most):
        unlike = inconsistency(table, least, most)
        if unlike:
            self.wrong.append(f"{what}: {unlike}")


def run(server, sluice, folder, seed, exports, pause):
    """Returns the number of faults."""
    os.makedirs(folder, exist_ok=True)
    faults = 0
    with server:
        tables = (("live_wal", True), ("live_direct", False))
        writers = [Writer(server, name, wal, f"{seed}/{name}", pause) for name, wal in tables]
        for writer in writers:
            writer.start()
        readers = [Reader(sluice, server, folder, writer) for writer in writers]
        start = time.monotonic()
        for number in range(exports):
            reader = readers[number % 2]
            reader.export()
            if number % 5 == 0:
                reader.scan()
            reader.show()
        seconds = time.monotonic() - start
        for writer in writers:
            writer.finish()
        for reader in readers:
            faults += summary(reader, seconds)
    return faults


def summary(reader, seconds):
    writer = reader.writer
    print(
        f"{writer.table}: {writer.done} commits ({writer.late} out of order, {writer.altered} ALTER) in "
        f"{seconds:.0f} s; {reader.exported} of {reader.exports} exports succeeded, {reader.scanned} of "
        f"{reader.scans} scans, {reader.shown} listings; {len(reader.wrong)} results were no commit"
    )
    for line in reader.wrong[:5]:
        print(f"  wrong: {line}")
    for line in reader.failed[:5]:
        print(f"  failed: {line}")
    enough = reader.exported >= SHARE_WANTED * reader.exports
    if not enough:
        print(f"  fewer than {SHARE_WANTED:.0%} of the exports succeeded")
    return len(reader.wrong) + (not enough)
