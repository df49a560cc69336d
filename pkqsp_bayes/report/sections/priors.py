"""Priors: what they say, where they come from, and what the data made of them."""

from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from numpy.typing import NDArray

from pkqsp_bayes.analysis.quantities import population_quantities
from pkqsp_bayes.report.facts import Facts
from pkqsp_bayes.report.section import Picture, Section, Table, number, picture, span
from pkqsp_bayes.report.style import COLOURS, saved
from pkqsp_bayes.spec.addresses import stated_values
from pkqsp_bayes.spec.distribution import Distribution, distribution
from pkqsp_bayes.spec.joint import Provenance
from pkqsp_bayes.spec.marginals import joint_marginals
from pkqsp_bayes.spec.prior import PriorSpec

__all__ = ["priors_section"]

_LEVELS = (0.05, 0.5, 0.95)
_COLUMNS = 4
_PANELS = 16
_MODEL = "model file"


def priors_section(facts: Facts) -> Section:
    """Return prior beside posterior, parameter by parameter."""
    priors = _in_force(facts)
    draws = _draws(facts.fit)
    rows, known = [], []
    for name, prior in priors.items():
        if name not in draws:
            if not isinstance(prior, PriorSpec) and prior is not None:
                known.append(f"{name} = {number(prior)}")
            continue
        rows.append([name, *_row(prior, facts, name), _interval(np.quantile(draws[name], _LEVELS)),
                     _source(facts, name, prior)])  # fmt: skip
    shown = {n: p for n, p in priors.items() if isinstance(p, PriorSpec) and n in draws}
    head = ["Parameter", "Prior", "Prior: median (90 %)", "Posterior: median (90 %)", "Source"]
    return Section(
        anchor="priors",
        title="Priors",
        content={
            "table": Table(head=head, rows=rows),
            "known": ", ".join(known),
            "lkj": facts.model.population.omega.lkj if _correlated(facts) else None,
            "picture": _picture(shown, draws, facts.workshop) if shown else None,
            "left_out": max(0, len(shown) - _PANELS),
            "about": facts.model.source,
        },
    )


def _correlated(facts: Facts) -> bool:
    return bool(facts.model.population.omega.correlate)


def _in_force(facts: Facts) -> dict[str, PriorSpec | float | None]:
    """Return the prior of each parameter; of those with a joint prior its marginal."""
    found = stated_values(facts.model)
    for joint in facts.model.joint_prior.values():
        found |= joint_marginals(joint)
    return found


def _draws(fit: xr.DataTree) -> dict[str, NDArray[np.float64]]:
    """Return the draws of what has a distribution."""
    posterior = fit["posterior"].to_dataset()
    stated = population_quantities(posterior, ["chain", "draw"])
    names = [str(name) for name in stated["quantity"].to_numpy()]
    found = {name: stated.sel(quantity=name).to_numpy().ravel() for name in names}
    return {name: values for name, values in found.items() if np.ptp(values) > 0}


def _row(prior: PriorSpec | float | None, facts: Facts, name: str) -> tuple[str, str]:
    if not isinstance(prior, PriorSpec):
        return "the default of the package: see the Stan program", ""
    return str(prior), _interval(_distribution(prior, facts, name).quantile(_LEVELS))


def _distribution(prior: PriorSpec, facts: Facts, name: str) -> Distribution:
    parameter = facts.model.population.parameters.get(name)
    low = -np.inf if parameter is None or parameter.lower is None else parameter.lower
    high = np.inf if parameter is None or parameter.upper is None else parameter.upper
    positive = name.startswith(("omega", "sigma"))
    return distribution(prior, max(low, 0.0) if positive else low, high)


def _interval(levels: NDArray[np.float64]) -> str:
    low, middle, high = levels
    return f"{number(middle)} ({span(low, high)})"


def _source(facts: Facts, name: str, prior: PriorSpec | float | None) -> str:
    for label, joint in facts.model.joint_prior.items():
        if name in joint.targets:
            return f"joint prior {label}" + _provenance(joint.provenance)
    entry = facts.priors.priors.get(name) if facts.priors is not None else None
    if entry is not None:
        weight = "" if entry.weight == 1 else f"; weight {number(entry.weight)}"
        discount = "" if entry.discount == 1 else f"; power {number(entry.discount)}"
        return f"prior table{weight}{discount}" + _provenance(entry.provenance)
    return _MODEL if prior is not None else "package"


def _provenance(stated: Provenance | None) -> str:
    if stated is None:
        return ""
    parts = [stated.method, stated.source, stated.family, stated.note, stated.date]
    if stated.seed is not None:
        parts.append(f"seed {stated.seed}")
    if stated.model_hash:
        parts.append(f"model {stated.model_hash[:12]}")
    parts += [f"ESS {number(v)} subjects for {k}" for k, v in stated.ess.items()]
    return ": " + "; ".join(part for part in parts if part)


def _picture(
    priors: dict[str, PriorSpec], draws: dict[str, NDArray[np.float64]], folder: Path
) -> Picture:
    names = list(priors)[:_PANELS]
    columns = min(_COLUMNS, len(names))
    rows = -(-len(names) // columns)

    def draw(path: Path) -> None:
        with saved(path, width=2.2 * columns + 0.2, height=1.75 * rows + 0.4) as figure:
            axes = figure.subplots(rows, columns, squeeze=False)
            for axis in axes.flat[len(names) :]:
                axis.set_visible(False)
            for axis, name in zip(axes.flat, names, strict=False):
                _draw_prior(axis, priors[name], draws[name])
                axis.set_title(name, fontsize=9)
            figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center",
                          ncols=2)  # fmt: skip

    caption = (
        "Prior (line) and posterior (area). Where the two are alike, the data said little: the "
        "answer is the prior's."
    )
    alt = f"Densities of prior and posterior of {', '.join(names)}."
    return picture(draw, folder, alt=alt, caption=caption)


def _draw_prior(axis: Axes, prior: PriorSpec, draws: NDArray[np.float64]) -> None:
    stated = distribution(prior, 0.0) if draws.min() >= 0 else distribution(prior)
    low, high = np.quantile(draws, [0.001, 0.999])
    edges = stated.quantile([0.03, 0.97])
    middle, reach = np.median(draws), 4 * (high - low)
    left = max(min(edges[0], low), middle - reach)
    right = min(max(edges[1], high), middle + reach)
    grid = np.linspace(left, right, 200)
    axis.hist(draws, bins=30, density=True, color=COLOURS[5], alpha=0.8, label="posterior")
    axis.plot(grid, np.exp(stated.log_density(grid)), color=COLOURS[1], label="prior")
    axis.set_xlim(left, right)
    axis.set_yticks([])
    axis.locator_params(axis="x", nbins=4)
