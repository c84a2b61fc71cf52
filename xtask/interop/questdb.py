"""`cargo xtask interop questdb`: a running QuestDB 9.3.4 against our export, scan and tables.

usage: questdb.py --java JAVA --jar JAR --sluice SLUICE --tablegen TABLEGEN --root DIR
                  --seed S --tables N --live-exports N [--only random|generated|live]
"""

import argparse
import os
import shutil
import subprocess
import sys
import time

from oracle import generated_check, live_check, random_check
from oracle.server import Server
from oracle.sluice import Sluice

# Small, and still with several partitions, unused symbols and column tops.
GENERATED = (("trades", 60_000, 5), ("cpu", 30_000, 2), ("wide", 4_000, 6))
# Splits happen at any size, so that random tables have some.
SPLITS = "cairo.o3.partition.split.min.size=1K\ncairo.o3.last.partition.max.splits=1000"


def arguments():
    parser = argparse.ArgumentParser()
    for name in ("java", "jar", "sluice", "tablegen", "root"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("seed", "tables", "live-exports"):
        parser.add_argument(f"--{name}", required=True, type=int)
    parser.add_argument("--only", choices=("random", "generated", "live"))
    parser.add_argument("--live-pause", type=float, default=0.02)
    return parser.parse_args()


def fresh(args, name, extra=""):
    root = os.path.join(args.root, name)
    shutil.rmtree(root, ignore_errors=True)
    return Server(args.java, args.jar, root, extra)


def random_tables(args, sluice):
    server = fresh(args, "random", SPLITS)
    folder = os.path.join(args.root, "random", "compared")
    return random_check.run(server, sluice, folder, args.seed, args.tables)


def generated(args, sluice):
    server = fresh(args, "generated")
    names = []
    for workload, rows, partitions in GENERATED:
        names.append(f"gen_{workload}")
        target = os.path.join(server.db, names[-1])
        command = [args.tablegen, workload, "--rows", str(rows), "--partitions", str(partitions)]
        subprocess.run([*command, "--out", target, "--seed", str(args.seed)], check=True)
    return generated_check.run(server, sluice, os.path.join(args.root, "generated", "compared"), names)


def live(args, sluice):
    server = fresh(args, "live")
    folder = os.path.join(args.root, "live", "compared")
    return live_check.run(server, sluice, folder, args.seed, args.live_exports, args.live_pause)


def main():
    args = arguments()
    sluice = Sluice(args.sluice)
    faults = 0
    for name, part in (("generated", generated), ("random", random_tables), ("live", live)):
        if args.only in (None, name):
            start = time.monotonic()
            found = part(args, sluice)
            print(f"{name}: {found} faults, {time.monotonic() - start:.0f} s")
            faults += found
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
