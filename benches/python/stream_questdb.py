"""QuestDB exports a table for `bench stream`, by COPY to its own disk or by /exp to us.

usage: stream_questdb.py questdb-copy|questdb-exp TABLE JAVA JAR ROOT OUTPUT ROW_GROUP_ROWS

JAVA enters the memory group before it becomes Java; this script stays outside. It says `pid` when
the server process exists, `begin` when the server answers, `end` when the export is complete, or
`failed` and why.
"""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "xtask", "interop"))

from oracle.server import Server, SqlError  # noqa: E402

PIECE = 1 << 20


def say(event, **more):
    print(json.dumps({"event": event, **more}), flush=True)


def announce(server):
    """Says the process id as soon as there is one: starting is part of the story."""
    while server.process is None:
        time.sleep(0.01)
    say("pid", pid=server.process.pid)


def wait_copied(server, ident):
    """Until the COPY of this id is complete."""
    log = f"select phase, status, message from sys.copy_export_log where id = '{ident}'"
    while True:
        time.sleep(0.05)
        try:
            said = server.rows(log)
        except SqlError:
            # The log appears with its first line.
            continue
        for phase, status, message in said:
            if status in ("failed", "cancelled"):
                raise SqlError(f"{status}: {message}")
            if (phase, status) == ("success", "finished"):
                return


def copy(server, table, output, rows):
    options = f"compression_codec ZSTD compression_level 1 row_group_size {rows}"
    answer = server.execute(f"copy {table} to '{table}' with format parquet {options}")
    wait_copied(server, answer["dataset"][0][0])


def exp(server, table, output, rows):
    query = {
        "query": f'select * from "{table}"',
        "fmt": "parquet",
        "compression_codec": "zstd",
        "compression_level": "1",
        "row_group_size": str(rows),
    }
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    connection.request("GET", f"/exp?{urllib.parse.urlencode(query)}")
    response = connection.getresponse()
    if response.status != 200:
        raise SqlError(f"{response.status} {response.read(300)!r}")
    with open(os.path.join(output, f"{table}.parquet"), "wb", buffering=0) as file:
        while piece := response.read1(PIECE):
            file.write(piece)


def main(how, table, java, jar, root, output, rows):
    server = Server(java, jar, root, f"cairo.sql.copy.export.root={output}")
    threading.Thread(target=announce, args=(server,), daemon=True).start()
    try:
        server.start()
        (total,) = server.rows(f"select count() from {table}")[0]
        say("begin")
        {"questdb-copy": copy, "questdb-exp": exp}[how](server, table, output, rows)
        say("end", rows=total)
        return 0
    except (OSError, RuntimeError, SqlError, ValueError, http.client.HTTPException) as error:
        # What the limit did is one word; everything else is the server's own.
        killed = is_killed(server.process)
        say("failed", why="killed" if killed else f"{type(error).__name__}: {error}")
        return 1
    finally:
        server.stop()


def is_killed(process):
    """A connection breaks a moment before the process is gone."""
    try:
        return process.wait(2) == -signal.SIGKILL
    except subprocess.TimeoutExpired:
        return False


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
