"""``python -m tests.benchmarks [FOLDER [TABLE ...]]``: every ratio is taken within one run.

The mavoglurant study is read from ``$PKQSP_DATA``, by default ``../shared/data``.
"""

import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path

import cpuinfo
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from tests.benchmarks.ess import ess_table
from tests.benchmarks.gradient import gradient_table
from tests.benchmarks.scaling import size_table, subject_table, thread_table
from tests.benchmarks.simulation import simulation_table

_SHARED = Path(__file__).parents[3] / "shared" / "data"

TABLES: dict[str, Callable[[], pd.DataFrame]] = {
    "gradient": gradient_table,
    "ess": ess_table,
    "simulation": simulation_table,
    "sizes": size_table,
    "subjects": subject_table,
    "threads": thread_table,
}


def draw(sizes: pd.DataFrame, subjects: pd.DataFrame, path: Path) -> None:
    """Draw cost against states, parameters and subjects, with the line of proportional growth."""
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.6))
    panels = (
        (sizes[sizes.parameters == 6], "states", "microseconds", "us a solve, 6 parameters"),
        (sizes[sizes.states == 32], "parameters", "microseconds", "us a solve, 32 states"),
        (subjects, "subjects", "milliseconds", "ms a gradient, mavoglurant"),
    )
    for axis, (table, x, y, label) in zip(axes, panels, strict=True):
        axis.loglog(table[x], table[y], "o-", color="#0b4f6c")
        first = table.iloc[0]
        axis.loglog(table[x], first[y] * table[x] / first[x], ":", color="grey")
        axis.set_xticks(table[x], [str(value) for value in table[x]])
        axis.minorticks_off()
        low, high = np.floor(np.log10(table[y].min())), np.ceil(np.log10(table[y].max()))
        marks = [m * 10**e for e in np.arange(low, high) for m in (1, 2, 5)]
        axis.set_yticks(marks, [f"{mark:g}" for mark in marks])
        axis.set_ylim(0.8 * table[y].min(), 1.3 * table[y].max())
        axis.set_xlabel(x)
        axis.set_ylabel(label)
    figure.suptitle("Cost of the native backend (dotted: proportional growth)")
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main() -> None:
    """Run those that are named, or all, and write tables and the picture."""
    mpl.use("agg")
    os.environ.setdefault("PKQSP_DATA", str(_SHARED))
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "reports/benchmarks")
    folder.mkdir(parents=True, exist_ok=True)
    machine = f"{cpuinfo.get_cpu_info().get('brand_raw', '?')}, {platform.platform()}"
    made = {}
    for name in sys.argv[2:] or TABLES:
        made[name] = TABLES[name]()
        made[name].to_csv(folder / f"{name}.csv", index=False, float_format="%.4g")
        print(f"\n{name}\n{made[name].to_string(index=False)}", flush=True)
    (folder / "machine.txt").write_text(machine + "\n")
    if {"sizes", "subjects"} <= made.keys():
        draw(made["sizes"], made["subjects"], folder / "scaling.png")


if __name__ == "__main__":
    main()
