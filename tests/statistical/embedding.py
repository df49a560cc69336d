"""``python -m tests.statistical.embedding [WORK]`` writes ``reports/embedding``.

It fits by penalised least squares, which takes seconds; with WORK by HMC too, and then it writes
``reports/mab-tmdd`` as well. WORK keeps the fits, so that a run that was stopped goes on.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

import pkqsp_bayes as pq
from pkqsp_bayes.plots.style import COLOURS, OBSERVED, new_figure
from tests.statistical.antibody import (
    DOSES,
    TRUTH,
    fit_study,
    models,
    quantities,
    steady_volume,
    study_for,
)
from tests.statistical.penalised import penalised_fit

__all__ = ["bias_table", "quick_table", "recovery_table"]

REPORTS = Path(__file__).parents[2] / "reports"
KNOWN = {**TRUTH, "Vss": steady_volume(TRUTH["Vp"], TRUTH["ISF"])}


def recovery_table(draws: pd.DataFrame) -> pd.DataFrame:
    """Return truth, mean and 95 % interval of each quantity, and the bias of the mean, %."""
    table = pd.DataFrame(
        {
            "truth": pd.Series(KNOWN).reindex(draws.columns),
            "mean": draws.mean(),
            "low": draws.quantile(0.025),
            "high": draws.quantile(0.975),
        }
    )
    inside = table["truth"].between(table["low"], table["high"])
    return table.assign(bias_percent=100 * (table["mean"] / table["truth"] - 1), inside=inside)


def bias_table(draws: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of clearance and volumes, model by model."""
    rows = ["CL", "Vp", "ISF", "Vss", "omega[CL]", "sigma[cp]"]
    return pd.concat(
        {name: recovery_table(d).loc[rows] for name, d in draws.items()}, names=["model"]
    )


def quick_table() -> pd.DataFrame:
    """Return the same by penalised least squares, with omega and sigma known."""
    specs, parts = models(), {}
    for name in ("PBPK only", "embedded"):
        found = penalised_fit(specs[name], study_for(specs[name]), TRUTH)[["mean", "low", "high"]]
        means = found["mean"]
        volume = steady_volume(float(means["Vp"]), float(means["ISF"]))
        found = pd.concat([found, pd.DataFrame({"mean": volume}, index=["Vss"])])
        found.insert(0, "truth", pd.Series(KNOWN).reindex(found.index))
        held = found["truth"].between(found["low"], found["high"])
        found["inside"] = held.where(found["low"].notna())  # Vss has no interval here
        parts[name] = found.assign(bias_percent=100 * (found["mean"] / found["truth"] - 1))
    return pd.concat(parts, names=["model"])


def _draw(table: pd.DataFrame, path: Path) -> None:
    """Draw estimates relative to the truth, and the typical courses with the data."""
    with new_figure(width=9, height=3.6) as figure:
        estimates, course = figure.subplots(1, 2)
        shown = ["CL", "Vp", "ISF", "Vss"]
        for i, (colour, name) in enumerate(zip(COLOURS, ("PBPK only", "embedded"), strict=False)):
            rows = table.loc[name].loc[shown]
            place = np.arange(len(shown)) + 0.15 * (i - 0.5)
            ratio = rows[["mean", "low", "high"]].div(rows["truth"], axis=0).astype(float)
            estimates.plot(place, ratio["mean"], "o", color=colour, label=name)
            estimates.vlines(place, ratio["low"], ratio["high"], color=colour)
            _course(course, name, table.loc[name]["mean"].astype(float), colour)
        estimates.axhline(1, color=OBSERVED, linestyle="--")
        estimates.set(yscale="log", ylabel="estimate / truth", xticks=range(len(shown)))
        estimates.set_xticklabels(shown)
        estimates.set_yticks([0.2, 0.5, 1, 2, 3], ["0.2", "0.5", "1", "2", "3"])
        estimates.minorticks_off()
        estimates.legend()
        seen = study_for(models()["embedded"]).table.query("EVID == 0 and BLQ == 0")
        course.plot(seen.TIME, seen.DV, ".", color=OBSERVED, alpha=0.4, markersize=3)
        course.set(yscale="log", ylim=(0.03, 500), xlabel="time, h", ylabel="plasma, mg/L")


def _course(axis: Axes, name: str, values: pd.Series, colour: str) -> None:
    """Draw what the typical subject of a fit has after each dose."""
    model, times = models()[name], np.linspace(1, 1344, 120)
    wanted = {n: float(values[n]) for n in model.population.parameters}
    for dose in DOSES:
        design = pq.regimen(pq.Dose(amount=dose, duration=1.0), times)
        solved = pq.simulate(model, design, parameters=wanted)["cp"].to_numpy()
        seen = design.table.EVID.eq(0).to_numpy()
        axis.plot(design.table.TIME[seen], solved[seen], color=colour)


def main() -> None:
    """Fit, and keep tables and picture."""
    for folder in ("mab-tmdd", "embedding"):
        (REPORTS / folder).mkdir(parents=True, exist_ok=True)
    quick = quick_table()
    quick.to_csv(REPORTS / "embedding" / "bias.csv", float_format="%.4g")
    print(quick.to_string(), flush=True)
    _draw(quick, REPORTS / "embedding" / "embedding.png")
    full = penalised_fit(models()["full"], study_for(models()["full"]), TRUTH)
    full.insert(0, "truth", pd.Series(TRUTH).reindex(full.index))
    full.to_csv(
        REPORTS / "mab-tmdd" / "penalised.csv", float_format="%.4g", index_label="parameter"
    )
    print(full.to_string(), flush=True)
    if len(sys.argv) > 1:
        _sample(Path(sys.argv[1]))


def _sample(work: Path) -> None:
    full = fit_study("full", work)
    found = recovery_table(quantities(full)).join(pq.summary_table(full)[["ess_bulk", "r_hat"]])
    found.to_csv(
        REPORTS / "mab-tmdd" / "recovery.csv", float_format="%.4g", index_label="parameter"
    )
    print(found.to_string(), flush=True)
    names = ("PBPK only", "embedded")
    draws = {n: quantities(fit_study(n, work)) for n in names}
    table = bias_table(draws)
    table.to_csv(REPORTS / "embedding" / "posterior.csv", float_format="%.4g")
    print(table.to_string(), flush=True)


if __name__ == "__main__":
    main()
