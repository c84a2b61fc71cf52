"""Runs a command and prints, as the last line, what the kernel says that it cost.

usage: measure.py SECONDS_MAX COMMAND…

How it ended, if not well, stands in "ended": killed, fails, or stopped by us.
"""

import json
import os
import signal
import sys
import threading
import time

PERIOD = 0.01
# Between asking to stop (a driver then stops its server) and killing.
PATIENCE = 20


def anonymous(pid):
    """KiB of anonymous memory now; none when the process has ended."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("RssAnon:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def ending(status, stopped, seconds_max):
    if stopped:
        return {"ended": f"stopped after {seconds_max} s"}
    code = os.waitstatus_to_exitcode(status)
    return {} if code == 0 else {"ended": "killed" if code == -signal.SIGKILL else "fails"}


def main(seconds_max, command):
    start = time.monotonic()
    # Not subprocess: a child that shares our memory until it calls exec would be charged with it.
    pid = os.fork()
    if pid == 0:
        try:
            # A shell in the background leaves it ignored.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.execvp(command[0], command)
        finally:
            os._exit(127)
    ended = threading.Event()
    peak, stopped = [0], []

    def watch():
        deadline = start + seconds_max
        while not ended.wait(PERIOD):
            peak[0] = max(peak[0], anonymous(pid))
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL if stopped else signal.SIGINT)
                stopped.append(True)
                deadline += PATIENCE

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, status, usage = os.wait4(pid, 0)
    wall = time.monotonic() - start
    ended.set()
    watcher.join()
    figures = {
        "wall_s": wall,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "sys_s": usage.ru_stime,
        "peak_rss_mib": usage.ru_maxrss / 1024,
        "peak_anon_mib": peak[0] / 1024,
    }
    print(json.dumps({**figures, **ending(status, stopped, seconds_max)}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
