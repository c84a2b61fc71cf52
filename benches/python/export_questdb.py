"""QuestDB exports a table for `bench export`, by COPY to its own disk or by /exp to us.

usage: export_questdb.py questdb-copy|questdb-exp TABLE JAVA JAR ROOT OUTPUT CODEC

The server is started, exports some rows to get warm, and is then charged for the export alone:
CPU and memory are those of its process. Prints rows and costs.
"""

import http.client
import json
import os
import sys
import time
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "xtask", "interop"))
sys.path.insert(0, os.path.dirname(__file__))

from oracle.server import Server, SqlError  # noqa: E402
from stream_questdb import wait_copied  # noqa: E402

PIECE = 1 << 20
WARM_ROWS = 1_000_000
TICKS = os.sysconf("SC_CLK_TCK")
CODECS = {"none": "uncompressed"}


def split(codec):
    name, _, level = codec.partition(":")
    return CODECS.get(name, name), level


def copy(server, table, output, codec):
    name, level = split(codec)
    options = f"compression_codec {name}" + (f" compression_level {level}" if level else "")
    answer = server.execute(f"copy {table} to '{table}' with format parquet {options}")
    wait_copied(server, answer["dataset"][0][0])


def exp(server, table, output, codec, limit=""):
    name, level = split(codec)
    query = {"query": f'select * from "{table}"{limit}', "fmt": "parquet", "compression_codec": name}
    if level:
        query["compression_level"] = level
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    connection.request("GET", f"/exp?{urllib.parse.urlencode(query)}")
    response = connection.getresponse()
    if response.status != 200:
        raise SqlError(f"{response.status} {response.read(300)!r}")
    with open(output, "wb", buffering=0) as file:
        while piece := response.read1(PIECE):
            file.write(piece)


def cpu(pid):
    """User and system seconds of the process."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return int(fields[11]) / TICKS, int(fields[12]) / TICKS


def memory(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        lines = dict(line.split(":", 1) for line in status)
    return [int(lines[key].split()[0]) / 1024 for key in ("VmHWM", "RssAnon")]


def main(how, table, java, jar, root, output, codec):
    server = Server(java, jar, root, f"cairo.sql.copy.export.root={output}")
    try:
        server.start()
        pid = server.process.pid
        warm = os.path.join(output, "warm")
        exp(server, table, warm, codec, f" limit {WARM_ROWS}")
        os.unlink(warm)
        with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as peak:
            peak.write("5")
        user, system = cpu(pid)
        start = time.perf_counter()
        if how == "questdb-copy":
            copy(server, table, output, codec)
        else:
            exp(server, table, os.path.join(output, f"{table}.parquet"), codec)
        wall = time.perf_counter() - start
        now = cpu(pid)
        rss, anon = memory(pid)
        told = {"wall_s": wall, "cpu_s": sum(now) - user - system, "sys_s": now[1] - system}
        print(json.dumps({**told, "peak_rss_mib": rss, "peak_anon_mib": anon}), flush=True)
    finally:
        server.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
