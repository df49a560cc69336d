"""``python -m tests.statistical WORK [NAME ...]`` writes ``reports/calibration``.

WORK keeps each replicate, so that a run that was stopped goes on. The tests run the same.
"""

import logging
import sys
from pathlib import Path

import matplotlib as mpl

import pkqsp_bayes as pq
from tests.statistical import calibrations

REPORTS = Path(__file__).parents[2] / "reports" / "calibration"


def main() -> None:
    """Calibrate, and keep table and picture of each."""
    mpl.use("agg")
    logging.getLogger("cmdstanpy").setLevel(logging.ERROR)
    work = Path(sys.argv[1])
    REPORTS.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:] or calibrations.__all__:
        result = getattr(calibrations, name)(work / name)
        pq.calibration_table(result).to_csv(REPORTS / f"{name}.csv", float_format="%.3g")
        pq.save_figure(pq.plot_calibration(result), REPORTS / f"{name}.png")
        told = "\n".join(f"{issue}" for issue in pq.calibration_issues(result))
        (REPORTS / f"{name}.txt").write_text(f"{told or 'nothing is wrong'}\n")
        print(f"{name}\n{told}", flush=True)


if __name__ == "__main__":
    main()
