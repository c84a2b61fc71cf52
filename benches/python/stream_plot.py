"""Throughput by partition, a panel for each memory limit: usage: stream_plot.py JSON SVG"""

import json
import math
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

COLOURS = {
    "sluice": "#c62828",
    "pyarrow": "#1565c0",
    "duckdb": "#ef9f00",
    "polars": "#6a1b9a",
    "questdb-copy": "#2e7d32",
    "questdb-exp": "#00838f",
}


def panel(axes, entries, limit, rows):
    ended = []
    for entry in entries:
        name, seconds = entry["contestant"], entry["middle_partition_s"]
        if not seconds:
            why = entry["failures"][-1]["why"] if entry["failures"] else "?"
            ended.append(f"{name}: {why.split(':')[0]}")
            continue
        style = {"linewidth": 2.6, "zorder": 3} if name == "sluice" else {"linewidth": 1.2}
        if entry["runs"][0]["effort"] == "frugal":
            name, style["linestyle"] = f"{name} (frugal)", "--"
        # What comes in one piece has partitions without a duration.
        speed = [rows / second / 1e6 if second > 1e-4 else math.nan for second in seconds]
        axes.plot(range(1, len(speed) + 1), speed, label=name, color=COLOURS[entry["contestant"]], **style)
    axes.set_title(limit if limit == "no limit" else f"memory limit {limit}", fontsize=10)
    axes.grid(alpha=0.25)
    axes.legend(fontsize=7, loc="upper right", ncols=2)
    if ended:
        axes.text(0.02, 0.97, "\n".join(ended), transform=axes.transAxes, va="top", fontsize=7, color="#555555")


def main(figures, picture):
    with open(figures, encoding="utf-8") as file:
        told = json.load(file)
    rows = told["rows"] / told["partitions"]
    limits = list(dict.fromkeys(entry["limit"] for entry in told["entries"]))
    columns = min(2, len(limits))
    lines = -(-len(limits) // columns)
    size = (5.2 * columns, 3.3 * lines)
    figure, grid = plt.subplots(lines, columns, figsize=size, sharex=True, sharey=True, squeeze=False)
    for axes, limit in zip(grid.flat, limits):
        panel(axes, [entry for entry in told["entries"] if entry["limit"] == limit], limit, rows)
    # One scale for all panels, with room for names above the lines.
    drawn = [speed for axes in grid.flat for line in axes.get_lines() for speed in line.get_ydata()]
    top = max((speed for speed in drawn if not math.isnan(speed)), default=1)
    grid[0, 0].set_ylim(0, top * 1.4)
    for axes in grid[-1]:
        axes.set_xlabel("partition")
    for axes in grid[:, 0]:
        axes.set_ylabel("million rows / s")
    figure.tight_layout()
    figure.savefig(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
