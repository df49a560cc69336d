"""``python -m tests.statistical.embedding WORK``: ``reports/mab-tmdd`` and ``reports/embedding``.

WORK keeps the fits, so that a run that was stopped goes on.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

import pkqsp_bayes as pq
from pkqsp_bayes.report.style import COLOURS, OBSERVED, saved
from tests.statistical.antibody import (
    DOSES,
    TRUTH,
    fit_study,
    models,
    quantities,
    steady_volume,
    study_for,
)

__all__ = ["bias_table", "recovery_table"]

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


def _draw(draws: dict[str, pd.DataFrame], path: Path) -> None:
    """Draw posteriors of clearance and volume with the truth, and typical courses with the data."""
    with saved(path, width=9.5, height=3.4) as figure:
        clearance, volume, course = figure.subplots(1, 3)
        for axis, name in ((clearance, "CL"), (volume, "Vss")):
            for colour, (label, d) in zip(COLOURS, draws.items(), strict=False):
                axis.hist(d[name], bins=40, density=True, alpha=0.6, color=colour, label=label)
            axis.axvline(KNOWN[name], color=OBSERVED, linestyle="--")
            axis.set_xlabel(f"{name}, {'L/h' if name == 'CL' else 'L'} (dashed: truth)")
            axis.set_yticks([])
        clearance.legend()
        _courses(course, draws)


def _courses(axis, draws: dict[str, pd.DataFrame]) -> None:  # type: ignore[no-untyped-def]
    specs, times = models(), np.linspace(1, 1344, 120)
    table = study_for(specs["embedded"]).table
    seen = table[(table.EVID == 0) & (table.BLQ == 0)]
    axis.plot(seen.TIME, seen.DV, ".", color=OBSERVED, alpha=0.4, markersize=3)
    design = pq.regimen(pq.Dose(amount=np.array(DOSES), duration=1.0), times, subjects=3)
    for colour, (label, d) in zip(COLOURS, draws.items(), strict=False):
        wanted = {n: float(d[n].median()) for n in specs[label].population.parameters}
        solved = pq.simulate(specs[label], design, parameters=wanted)["cp"].to_numpy()
        rows = design.table.EVID.eq(0)
        for subject in design.subjects:
            here = (rows & design.table.ID.eq(subject)).to_numpy()
            axis.plot(design.table.TIME[here], solved[here], color=colour)
    axis.set(yscale="log", ylim=(0.03, 500), xlabel="time, h", ylabel="plasma, mg/L")


def main() -> None:
    """Fit, and keep tables and pictures."""
    work = Path(sys.argv[1])
    full = fit_study("full", work / "full")
    for folder in ("mab-tmdd", "embedding"):
        (REPORTS / folder).mkdir(parents=True, exist_ok=True)
    found = recovery_table(quantities(full)).join(pq.summary_table(full)[["ess_bulk", "r_hat"]])
    found.to_csv(
        REPORTS / "mab-tmdd" / "recovery.csv", float_format="%.4g", index_label="parameter"
    )
    print(found.to_string(), flush=True)
    names = ("PBPK only", "embedded")
    draws = {n: quantities(fit_study(n, work / n.replace(" ", "_"))) for n in names}
    table = bias_table(draws)
    table.to_csv(REPORTS / "embedding" / "bias.csv", float_format="%.4g")
    print(table.to_string(), flush=True)
    _draw(draws, REPORTS / "embedding" / "embedding.png")


if __name__ == "__main__":
    main()
