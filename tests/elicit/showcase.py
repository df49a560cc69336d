"""A simulated study of two genotypes, fitted with a derived prior, a vague one and a wrong one.

``python -m tests.elicit.showcase [FOLDER]`` writes ``reports/qsp_priors``: a picture, a table and
what they mean.
"""

import dataclasses
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr

import pkqsp_bayes as pq
from pkqsp_bayes.elicit.conflict import information_gain, prior_conflict
from pkqsp_bayes.elicit.qsp import DerivedPriors, derive_priors
from pkqsp_bayes.spec.prior_table import PriorTable, parse_priors
from pkqsp_bayes.spec.priors.apply_priors import effective_prior, joint_marginals
from pkqsp_bayes.spec.priors.distribution import distribution
from pkqsp_bayes.spec.reading.toml import parse_model
from tests.elicit.mechanisms import TURNOVER

__all__ = ["TRUTH", "Showcase", "run_showcase", "write_showcase"]

MODEL = """
title = "Two genotypes"
covariates = { CYP = { category = true, levels = { normal = 0, poor = 1 } } }
[equations]
text = "d(A)/dt = -CL / V * A"
units = { A = "mg" }
drug = { A = 1 }
eliminated = "CL / V * A"
[dose.iv]
to = "A"
[population]
V = { typical = "lognormal(log(50), 0.3)", unit = "L" }
[population.CL]
typical = "from_qsp"
unit = "L/h"
value = 5
iiv = "lognormal"
covariates = { CYP = "categorical(poor = from_qsp)" }
[population.omega]
CL = "from_qsp"
[observe.cp]
value = "A / V"
unit = "mg/L"
error = { form = "proportional", sigma = "half_normal(0.5)" }
"""
VAGUE = """
[priors.CL]
prior = "lognormal(log(5), 1)"
[priors."beta[CL,CYP,poor]"]
prior = "normal(0, 1.5)"
[priors."omega[CL]"]
prior = "lognormal(log(0.4), 1)"
"""
# At the centre of the mechanism: 0.05 x 2 / 0.02, log 0.2, and (0.4^2 + 0.2^2)^0.5.
TRUTH = {"CL": 5.0, "beta[CL,CYP,poor]": np.log(0.2), "omega[CL]": 0.447}
GROUPS = {"normal": {"activity": 1.0}, "poor": {"activity": "lognormal(log(0.2), 0.4)"}}
# Subjects hardly differ, and the genotype does nothing.
WRONG_MECHANISM = TURNOVER.replace("log(0.4), 0.25", "log(0.08), 0.1").replace(
    "kdeg = 0.2", "kdeg = 0.05"
)
WRONG_GROUPS = {"normal": {"activity": 1.0}, "poor": {"activity": "lognormal(log(1), 0.1)"}}
TIMES = np.array([2.0, 12.0, 24.0])
COLOURS = {"vague": "#999999", "derived": "#0072b2", "wrong": "#d55e00"}


@dataclass(frozen=True, kw_only=True)
class Showcase:
    """Priors, fits and what is measured of them."""

    derived: DerivedPriors
    tables: Mapping[str, PriorTable]
    fits: Mapping[str, xr.DataTree]
    summary: pd.DataFrame
    conflict: pd.DataFrame


def study(subjects: int = 14, seed: int = 11) -> pq.Study:
    """Simulate with NumPy: a bolus, three samples each, proportional error of 15 %."""
    rng = np.random.default_rng(seed)
    poor = np.arange(subjects) % 3 == 2
    clearance = TRUTH["CL"] * np.exp(
        TRUTH["beta[CL,CYP,poor]"] * poor + TRUTH["omega[CL]"] * rng.normal(size=subjects)
    )
    exact = 100 / 50 * np.exp(-np.outer(clearance / 50, TIMES))
    values = exact * (1 + 0.15 * rng.normal(size=exact.shape))
    genotype = np.where(poor, "poor", "normal")
    design = pq.regimen(pq.Dose(amount=100), TIMES, subjects=subjects, outputs=("cp",),
                        covariates={"CYP": genotype})  # fmt: skip
    table = design.table.copy()
    samples = (table.EVID == 0).to_numpy()
    table.loc[samples, "DV"] = np.maximum(values, 1e-4).ravel()
    table.loc[samples, "MDV"] = 0
    return dataclasses.replace(design, table=table)


def derived(mechanism: str, groups: Mapping[str, Mapping[str, float | str]]) -> DerivedPriors:
    return derive_priors(
        parse_model(mechanism), factor="E0", parameter="CL", covariate="CYP", groups=groups,
        scale="lognormal(log(0.05), 0.1)", outer=512, inner=256, seed=1,
        frequencies={"normal": 2, "poor": 1},
    )  # fmt: skip


def run_showcase(folder: Path, *, chains: int = 2, draws: int = 500) -> Showcase:
    """Fit the study three times."""
    right = derived(TURNOVER, GROUPS)
    tables = {
        "vague": parse_priors(VAGUE),
        "derived": right.table,
        "wrong": derived(WRONG_MECHANISM, WRONG_GROUPS).table,
    }
    settings = pq.FitSettings(chains=chains, warmup=draws, draws=draws, seed=3)
    fits = {
        name: pq.fit(parse_model(MODEL), study(), folder / name, priors=table, settings=settings,
                     resume=True, progress=False)
        for name, table in tables.items()
    }  # fmt: skip
    conflict = pd.concat(
        {name: prior_conflict(fits["vague"], tables[name]) for name in ("derived", "wrong")}
    )
    return Showcase(
        derived=right, tables=tables, fits=fits, conflict=conflict, summary=_summary(tables, fits)
    )


def _draws(tree: xr.DataTree, name: str) -> np.ndarray:
    posterior = tree["posterior"]
    if name == "omega[CL]":
        return posterior["omega"].sel(effect="CL").to_numpy().ravel()
    return posterior[name].to_numpy().ravel()


def _priors(table: PriorTable) -> dict:
    found = {name: effective_prior(entry) for name, entry in table.priors.items()}
    for joint in table.joint.values():
        found |= joint_marginals(joint)
    return found


def _summary(tables: Mapping[str, PriorTable], fits: Mapping[str, xr.DataTree]) -> pd.DataFrame:
    rows = []
    for name, tree in fits.items():
        bits, priors = information_gain(tree, tables[name]), _priors(tables[name])
        for target, true in TRUTH.items():
            values = _draws(tree, target)
            low, high = np.quantile(values, [0.05, 0.95])
            prior = distribution(priors[target]).quantile([0.05, 0.95])
            rows.append({
                "prior": name, "parameter": target, "true": true, "prior q5": prior[0],
                "prior q95": prior[1], "mean": values.mean(), "sd": values.std(), "q5": low,
                "q95": high, "bits": bits[target],
            })  # fmt: skip
    table = pd.DataFrame(rows)
    vague = table[table.prior == "vague"].set_index("parameter")["sd"]
    return table.assign(**{"variance against vague": (table.sd / table.parameter.map(vague)) ** 2})


def draw_showcase(found: Showcase, path: Path) -> None:
    """Draw prior (dashed) and posterior (filled) of each parameter, by prior."""
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.4), layout="constrained")
    for axis, (target, true) in zip(axes, TRUTH.items(), strict=True):
        span = [np.quantile(_draws(tree, target), [0.002, 0.998]) for tree in found.fits.values()]
        x = np.linspace(min(s[0] for s in span), max(s[1] for s in span), 400)
        for name, tree in found.fits.items():
            colour = COLOURS[name]
            axis.hist(_draws(tree, target), bins=40, density=True, color=colour, alpha=0.35,
                      label=f"posterior, {name}")  # fmt: skip
            prior = distribution(_priors(found.tables[name])[target])
            axis.plot(x, np.exp(prior.log_density(x)), "--", color=colour, label=f"prior, {name}")
        heights, _ = np.histogram(_draws(found.fits["derived"], target), 40, density=True)
        axis.set_ylim(0, 1.8 * heights.max())  # the wrong one's peak may be cut off
        axis.axvline(true, color="black", linewidth=1, label="truth")
        unit = " (L/h)" if target == "CL" else ""
        axis.set(xlabel=f"{target}{unit}", ylabel="density")
        axis.spines[["top", "right"]].set_visible(False)
    axes[-1].legend(fontsize=7, frameon=False)
    figure.suptitle("14 simulated subjects of two genotypes, three samples each")
    figure.savefig(path, dpi=150)
    plt.close(figure)


def write_showcase(found: Showcase, folder: Path) -> None:
    """Write pictures, tables, and the table of priors."""
    folder.mkdir(parents=True, exist_ok=True)
    draw_showcase(found, folder / "posteriors.png")
    pq.save_figure(pq.plot_elicitation(found.derived), folder / "derived.png")
    found.summary.round(4).to_csv(folder / "summary.csv", index=False)
    found.conflict.round(4).to_csv(folder / "conflict.csv", index_label=["prior", "parameter"])
    pq.write_priors(found.tables["derived"], folder / "priors.toml")
    (folder / "README.md").write_text(_account(found))


def _account(found: Showcase) -> str:
    """Return a short description of the study and its results."""
    table = found.summary.set_index(["prior", "parameter"])
    omega = {name: table.loc[(name, "omega[CL]")] for name in found.fits}
    rows = [
        f"| {name} | {row['prior q5']:.2f} - {row['prior q95']:.2f} | {row['mean']:.3f} | "
        f"{row['sd']:.3f} | {row['q5']:.2f} - {row['q95']:.2f} | "
        f"{row['variance against vague']:.2f} | {row['bits']:.2f} |"
        for name, row in omega.items()
    ]
    conflict = [
        f"| {prior} | {name} | {'' if np.isnan(row.z) else f'{row.z:.1f}'} | {row.p:.2g} | "
        f"{'yes' if row.conflict else 'no'} |"
        for (prior, name), row in found.conflict.iterrows()
    ]
    size = found.tables["derived"].joint["CL"].provenance.ess["omega[CL]"]
    return _TEXT.format(
        rows="\n".join(rows), conflict="\n".join(conflict), size=size, true=TRUTH["omega[CL]"]
    )


_TEXT = """# Priors from a mechanism at work

`python -m tests.elicit.showcase` makes this page. 14 simulated subjects of two genotypes, three
samples each, are fitted with a prior derived from an enzyme turnover model (`priors.toml`,
`derived.png`), with a vague one, and with one derived from a mechanism that is wrong: its subjects
hardly differ, and its genotypes not at all.

omega of CL (truth {true:.3f}); the derived prior is worth {size:.0f} subjects:

| prior | prior, 90 % | mean | sd | 90 % | variance against vague | bits beyond the prior |
|---|---|---|---|---|---|---|
{rows}

All parameters: `summary.csv`, `posteriors.png`. Conflict between data (the fit with vague priors)
and prior, on the scale of logarithms:

| prior | parameter | z | p | conflict |
|---|---|---|---|---|
{conflict}
"""


def main() -> None:
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp())
    found = run_showcase(place)
    write_showcase(found, Path("reports/qsp_priors"))
    print(found.summary.to_string(), found.conflict.to_string(), sep="\n")


if __name__ == "__main__":
    main()
