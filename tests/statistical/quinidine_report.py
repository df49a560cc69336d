"""``python -m tests.statistical.quinidine_report WORK`` writes ``reports/quinidine``.

WORK keeps the three fits, so that a run that was stopped goes on.
"""

import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr

import pkqsp_bayes as pq
from tests.library.quinidine import Patient, oral_clearance, unbound
from tests.statistical.quinidine import (
    Posterior,
    all_estimates,
    compare_fits,
    fit_all,
    individual_clint,
    read_table,
    study_of,
)

__all__ = ["draw_clearances", "draw_patient", "write_tables"]

REPORTS = Path(__file__).parents[2] / "reports" / "quinidine"
ROSE = 60  # the patient whose AAG rose from 1.04 to 2.53 g/L
_COLOURS = {"over time": "#0b4f6c", "mean": "#d1495b", "none": "#8d99ae"}
_LABELS = {"over time": "AAG over time", "mean": "AAG at the patient's mean", "none": "no AAG"}


def write_tables(fits: Mapping[str, xr.DataTree], folder: Path) -> None:
    """Write estimates of the three, their comparison, and how they converged."""
    told = pd.concat(all_estimates(fits), names=["AAG", "quantity"])
    told.to_csv(folder / "estimates.csv", float_format="%.3g")
    compare_fits(fits).to_csv(folder / "comparison.csv", float_format="%.4g")
    pd.DataFrame({kind: _convergence(fit) for kind, fit in fits.items()}).T.to_csv(
        folder / "convergence.csv", index_label="AAG", float_format="%.4g"
    )


def _convergence(fit: xr.DataTree) -> dict[str, float]:
    table, stats = pq.summary_table(fit), fit["sample_stats"]
    return {
        "r_hat (greatest)": table.r_hat.max(),
        "ess_bulk (least)": table.ess_bulk.min(),
        "ess_tail (least)": table.ess_tail.min(),
        "divergences": float(stats["diverging"].sum()),
        "leapfrog steps (mean)": float(stats["n_steps"].mean()),
        "minutes of the longest chain": float(fit.attrs["seconds"]) / 60,
    }


def _dense(kind: str, step: float = 0.5) -> tuple[pq.Study, pd.DataFrame]:
    """Return the study with the patient observed all the time, and the patient's own rows."""
    rows = read_table(kind)
    own = rows[rows.ID == ROSE]
    times = np.concatenate([np.arange(0.25, 60, step), np.arange(765.25, 890, step)])
    # A grid time has the covariates of the last record before it.
    last = own.iloc[np.searchsorted(own.TIME, times, side="right") - 1]
    grid = last.assign(TIME=times, EVID=0, AMT=0.0, II=0.0, SS=0, DV=1.0, MDV=0)
    dense = pd.concat([own, grid]).sort_values("TIME", kind="stable")
    # In the order of the fit, whose random effects go by place.
    each = [dense if subject == ROSE else part for subject, part in rows.groupby("ID", sort=False)]
    return study_of(pd.concat(each, ignore_index=True)), own


def _course(fit: xr.DataTree, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Return times and predicted concentrations (draw, time) of the patient."""
    study, own = _dense(kind)
    found = pq.predict(fit, study, draws=200)
    seen = found.ID.to_numpy().astype(str) == str(ROSE)
    times = found.TIME.to_numpy()[seen]
    grid = ~np.isin(times, own.TIME[own.EVID == 0])
    return times[grid], found["prediction_conditional"].to_numpy()[:, seen][:, grid]


def draw_patient(fits: Mapping[str, xr.DataTree], path: Path) -> None:
    """Draw concentration, AAG, fu and clearance of the patient whose AAG rose."""
    figure, axes = plt.subplots(
        4, 2, figsize=(9, 9), sharex="col", sharey="row", layout="constrained",
        gridspec_kw={"width_ratios": [1, 2], "height_ratios": [2, 1, 1, 1], "wspace": 0.02},
    )  # fmt: skip
    own = read_table().query("ID == @ROSE")
    for kind, fit in fits.items():
        times, curves = _course(fit, kind)
        for axis, part in zip(axes[0], (times < 100, times > 100), strict=True):
            _band(axis, times[part], curves[:, part], kind, filled=kind == "over time")
    samples = own[own.EVID == 0]
    for axis in axes[0]:
        axis.plot(samples.TIME, samples.DV, "o", color="black", markersize=4, label="measured")
    axes[0, 1].legend(fontsize=8, loc="upper left")
    _draw_mechanism(fits["over time"], own, axes[1:])
    for axis, ticks in zip(axes[-1], (range(0, 60, 20), range(760, 890, 20)), strict=True):
        axis.set_xlim((ticks.start, ticks.stop))
        axis.set_xticks(ticks)
    for axis, text in zip(
        axes[:, 0], ("quinidine (mg/L)", "AAG (g/L)", "fu", "CL/F (L/h)"), strict=True
    ):
        axis.set_ylabel(text)
        axis.set_ylim(bottom=0)
    figure.supxlabel("time (h)")
    figure.suptitle(f"Patient {ROSE}: 166 mg every 6 to 8 h, while AAG rises")
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _draw_mechanism(fit: xr.DataTree, own: pd.DataFrame, axes: Any) -> None:
    post = Posterior.of_fit(fit)
    clint = individual_clint(post).loc[ROSE].to_numpy()
    level, share = own.AAG.to_numpy()[:, None], post.of["share"]
    numbers = {name: own[name].to_numpy()[:, None] for name in ("WT", "HT", "AGE")}
    patient = Patient(**numbers, CRCL=(own.CRCL == ">= 50").to_numpy(dtype=float)[:, None])
    fu = unbound(level, share)
    cleared = oral_clearance(patient, AAG=level, CLint=clint, share=share)
    for row, values in zip(axes, (np.broadcast_to(level, fu.shape), fu, cleared), strict=True):
        for axis in row:
            low, middle, high = np.quantile(values, [0.05, 0.5, 0.95], axis=1)
            axis.fill_between(own.TIME, low, high, step="post", alpha=0.25, linewidth=0,
                              color=_COLOURS["over time"])  # fmt: skip
            axis.step(own.TIME, middle, where="post", color=_COLOURS["over time"])


def _band(axis: Any, times: np.ndarray, curves: np.ndarray, kind: str, *, filled: bool) -> None:
    low, middle, high = np.quantile(curves, [0.05, 0.5, 0.95], axis=0)
    if filled:
        axis.fill_between(times, low, high, color=_COLOURS[kind], alpha=0.25, linewidth=0)
    axis.plot(times, middle, color=_COLOURS[kind], linewidth=1.2, label=_LABELS[kind],
              linestyle="-" if filled else "--")  # fmt: skip


def draw_clearances(fits: Mapping[str, xr.DataTree], path: Path) -> None:
    """Draw clearance by AAG: of patients in the fit without it, and of the mechanism."""
    samples = read_table().query("EVID == 0").groupby("ID")
    level, post = np.linspace(0.35, 3.2, 60), Posterior.of_fit(fits["over time"])
    figure, axis = plt.subplots(figsize=(6.5, 4.5))
    first = read_table().groupby("ID").first()
    own = Patient(**{n: first[n].to_numpy()[:, None] for n in ("WT", "HT", "AGE")},
                  CRCL=(first.CRCL == ">= 50").to_numpy(dtype=float)[:, None])  # fmt: skip
    without = Posterior.of_fit(fits["none"])
    each = individual_clint(without).loc[first.index].to_numpy()
    found = oral_clearance(own, AAG=0.8, CLint=each, share=without.of["share"])
    axis.plot(samples.AAG.mean().loc[first.index], np.median(found, axis=1), "o", markersize=3.5,
              color=_COLOURS["none"], label="patients, in the fit without AAG")  # fmt: skip
    clint = np.exp(np.log(individual_clint(post)).mean(axis=0)).to_numpy()
    curve = oral_clearance(
        Patient(WT=80.0, HT=176.0, AGE=67.0, CRCL=0.75), AAG=level[:, None], CLint=clint,
        share=post.of["share"],
    )  # fmt: skip
    _band(axis, level, curve.T, "over time", filled=True)
    axis.plot(level, np.exp(3.1248 - 0.50189 * level), color=_COLOURS["mean"], linestyle=":",
              label="nlme: exp(3.12 - 0.50 AAG)")  # fmt: skip
    axis.set(xlabel="AAG (g/L), the patient's mean", ylabel="CL/F (L/h)", ylim=(0, 30))
    axis.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main() -> None:
    """Fit what is missing, and write everything."""
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    mpl.use("agg")
    REPORTS.mkdir(parents=True, exist_ok=True)
    fits = fit_all(Path(sys.argv[1]))
    write_tables(fits, REPORTS)
    draw_clearances(fits, REPORTS / "clearance.png")
    draw_patient(fits, REPORTS / "patient.png")
    pq.report(fits["over time"], REPORTS, fitted_in=Path(sys.argv[1]) / "over-time")


if __name__ == "__main__":
    main()
