"""Starts and stops a QuestDB server on loopback, and asks it things over HTTP."""

import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.parse
from pathlib import Path

CONF = """
http.bind.to=127.0.0.1:{port}
http.min.enabled=false
pg.enabled=false
line.tcp.enabled=false
line.udp.enabled=false
telemetry.enabled=false
shared.worker.count=2
cairo.sql.copy.root={root}/import
{extra}
"""
START_SECONDS = 180
STOP_SECONDS = 120
APPLY_SECONDS = 120
ANSWER_SECONDS = 300


class SqlError(Exception):
    """QuestDB refused a statement."""


class Server:
    """One server process over one root directory; may be stopped and started again."""

    def __init__(self, java, jar, root, extra=""):
        self.java, self.jar, self.root, self.extra = java, jar, root, extra
        self.process = None
        self.connections = {}
        for name in ("conf", "db", "import"):
            os.makedirs(os.path.join(root, name), exist_ok=True)

    @property
    def db(self):
        return os.path.join(self.root, "db")

    def start(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        with open(os.path.join(self.root, "conf", "server.conf"), "w", encoding="utf-8") as conf:
            conf.write(CONF.format(port=self.port, root=self.root, extra=self.extra))
        self.log = open(os.path.join(self.root, "server.log"), "ab")
        command = [self.java, "-p", self.jar, "-m", "io.questdb/io.questdb.ServerMain", "-d", self.root]
        quiet = {**os.environ, "QDB_LOG_W_STDOUT_LEVEL": "ERROR,CRITICAL,ADVISORY"}
        self.process = subprocess.Popen(
            command, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL, env=quiet
        )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.rows("select 1")
                return self
            except (OSError, http.client.HTTPException):
                if self.process.poll() is not None:
                    raise RuntimeError(f"QuestDB ended at once, see {self.log_name()}") from None
                if time.monotonic() > deadline:
                    raise RuntimeError(f"QuestDB does not answer, see {self.log_name()}") from None
                time.sleep(0.2)

    def log_name(self):
        """The log's file and folder; what lies above says nothing on another machine."""
        return "/".join(Path(self.log.name).parts[-2:])

    def stop(self):
        """Ends the server as an operator would: column files are closed and trimmed."""
        if self.process is None:
            return
        for connection in self.connections.values():
            connection.close()
        self.connections.clear()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None
        self.log.close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def _get(self, path, **query):
        """One request over the thread's connection, which an error closes."""
        address = (self.port, threading.get_ident())
        connection = self.connections.get(address)
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)
            self.connections[address] = connection
        try:
            connection.request("GET", f"{path}?{urllib.parse.urlencode(query)}")
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            del self.connections[address]
            connection.close()
            raise

    def execute(self, sql):
        """Runs a statement; its JSON answer."""
        status, body = self._get("/exec", query=sql)
        answer = json.loads(body) if body else {}
        if status != 200 or "error" in answer:
            raise SqlError(f"{answer.get('error', status)}: {sql}")
        return answer

    def rows(self, sql):
        return self.execute(sql)["dataset"]

    def export(self, table, fmt, to):
        """All rows of a table in a file. LIMIT avoids the faults of the plain Parquet export."""
        query = f'select * from "{table}" limit 1000000000'
        options = {"fmt": "parquet", "compression_codec": "zstd"} if fmt == "parquet" else {}
        status, body = self._get("/exp", query=query, **options)
        if status != 200:
            raise SqlError(f"{status} {body[:200]!r}: {query}")
        with open(to, "wb") as file:
            file.write(body)
        return to

    def wait_applied(self, table):
        """Until every WAL transaction is part of the table."""
        deadline = time.monotonic() + APPLY_SECONDS
        while True:
            found = self.rows(
                f"select suspended, writerTxn, sequencerTxn from wal_tables() where name = '{table}'"
            )
            if not found:
                return
            suspended, writer, sequencer = found[0]
            if suspended:
                raise SqlError(f"{table} is suspended")
            if writer == sequencer:
                return
            if time.monotonic() > deadline:
                raise SqlError(f"{table}: WAL not applied ({writer} of {sequencer})")
            time.sleep(0.02)
