"""Our side: the `sluice` program."""

import json
import subprocess


class Sluice:
    def __init__(self, binary):
        self.binary = binary

    def run(self, *args, check=True, binary=False):
        done = subprocess.run([self.binary, *args], capture_output=True, stdin=subprocess.DEVNULL)
        if check and done.returncode != 0:
            raise RuntimeError(f"sluice {' '.join(args)}: {done.stderr.decode().strip()}")
        return done

    def export(self, table, to, *options):
        done = self.run("export", table, "-o", to, "--force", "--no-sync", "--json", *options)
        return json.loads(done.stdout)

    def scan_csv(self, table):
        return self.run("scan", table, "--format", "csv").stdout.decode()

    def show(self, what, table):
        """The rows of a listing as dictionaries."""
        lines = self.run("show", what, table, "--format", "json").stdout.decode().splitlines()
        return [json.loads(line) for line in lines]
