"""QuestDB turns all partitions but the last of a table into Parquet, with its defaults.

usage: convert_questdb.py TABLE JAVA JAR ROOT
"""

import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "xtask", "interop"))

from oracle.server import Server  # noqa: E402

SECONDS_MAX = 1800


def parquet(server, table):
    """Whether each partition is Parquet, oldest first."""
    answer = server.execute(f"select isParquet from table_partitions('{table}')")
    return [row[0] for row in answer["dataset"]]


def main(table, java, jar, root):
    server = Server(java, jar, root, "")
    try:
        server.start()
        last = server.execute(f"select to_str(max(timestamp), 'yyyy-MM-dd') from {table}")["dataset"][0][0]
        server.execute(f"alter table {table} convert partition to parquet where timestamp < '{last}'")
        deadline = time.monotonic() + SECONDS_MAX
        while not all(parquet(server, table)[:-1]):
            if time.monotonic() > deadline:
                sys.exit(f"{table}: not converted after {SECONDS_MAX} s")
            time.sleep(0.2)
    finally:
        server.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
