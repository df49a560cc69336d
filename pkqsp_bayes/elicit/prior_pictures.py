"""Pictures: priors beside what they were made from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from pkqsp_bayes.elicit.beliefs import Belief
from pkqsp_bayes.elicit.elicitation import Elicitation
from pkqsp_bayes.elicit.qsp import DerivedPriors
from pkqsp_bayes.elicit.statements import PredictiveStatement
from pkqsp_bayes.outputs import write_output
from pkqsp_bayes.spec.distribution import distribution
from pkqsp_bayes.spec.marginals import effective_prior, joint_marginals
from pkqsp_bayes.spec.prior import PriorSpec
from pkqsp_bayes.spec.prior_table import PriorTable

__all__ = ["draw_derived", "draw_elicitation"]

FloatArray = NDArray[np.float64]

_COLUMNS = 3
_ROOM = 1.45
# Okabe & Ito's palette, which colour-blind people can tell apart.
_GREY, _BLUE, _ORANGE, _GREEN, _PINK = "#bbbbbb", "#0072b2", "#d55e00", "#009e73", "#cc79a7"
_STYLES = ((_BLUE, "-"), (_ORANGE, "--"), (_GREEN, ":"), (_PINK, "-."))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Panel:
    """One axis: its title and what draws it."""

    title: str
    unit: str = ""
    belief: Belief | None = None
    prediction: tuple[PredictiveStatement, FloatArray] | None = None
    draws: FloatArray | None = None
    families: Sequence[PriorSpec] = ()
    prior: PriorSpec | None = None

    def draw(self, axis: Axes) -> None:
        if self.belief is not None and self.prior is not None:
            _draw_belief(axis, self.belief, self.prior)
        elif self.prediction is not None:
            _draw_prediction(axis, *self.prediction)
        elif self.draws is not None:
            _draw_fits(axis, self.draws, self.families, self.prior)
        unit = f" ({self.unit})" if self.unit else ""
        axis.set_xlabel(f"{axis.get_xlabel()}{unit}")
        axis.set_title(self.title, fontsize=9)
        if self.belief is None:  # room for the legend above what is drawn
            axis.set_ylim(top=_ROOM * axis.get_ylim()[1])
        axis.legend(fontsize=7, frameon=False)
        axis.spines[["top", "right"]].set_visible(False)


def draw_derived(derived: DerivedPriors, path: Path | str) -> None:
    """Draw the outer draws of each quantity, the families fitted to them, and the prior.

    Parameters
    ----------
    derived : DerivedPriors
        What `pkqsp_bayes.derive_priors` returns.
    path : Path
        Picture file.
    """
    _draw(list(_derived_panels(derived)), Path(path), derived.table.title)


def draw_elicitation(result: Elicitation, path: Path | str) -> None:
    """Draw each statement beside the prior, or the predictions, that should meet it.

    Parameters
    ----------
    result : Elicitation
        What `pkqsp_bayes.elicit_priors` returns.
    path : Path
        Picture file.
    """
    priors, stated = _priors(result.table), result.model.population.parameters
    units = {name: parameter.unit for name, parameter in stated.items()}
    panels = [
        _Panel(title=f"{b.of}: {b.text}", unit=units.get(b.of, ""), belief=b, prior=priors[b.of])
        for b in result.beliefs
    ]
    pairs = zip(result.statements.predictive, result.predictions, strict=True)
    panels += [
        _Panel(
            title=f"{said.summary} of {said.output}, prior predictive",
            unit=result.model.observe[said.output].value.unit or "",
            prediction=(said, row),
        )
        for said, row in pairs
    ]
    for derived in result.derived:
        panels += _derived_panels(derived)
    _draw(panels, Path(path), result.table.title)


def _priors(table: PriorTable) -> Mapping[str, PriorSpec]:
    found = {name: effective_prior(entry) for name, entry in table.priors.items()}
    for joint in table.joint.values():
        found |= joint_marginals(joint)
    return found


def _derived_panels(derived: DerivedPriors) -> Iterator[_Panel]:
    priors = _priors(derived.table)
    for name, fits in derived.fits.items():
        yield _Panel(
            title=f"{name}, over the outer draws",
            draws=derived.draws[name].to_numpy(),
            families=[fit.prior for fit in fits],
            prior=priors[name],
        )


def _draw(panels: Sequence[_Panel], path: Path, title: str) -> None:
    columns = min(_COLUMNS, max(len(panels), 1))
    rows = -(-len(panels) // columns) or 1
    size = (4 * columns, 3 * rows)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    for panel, axis in zip(panels, axes.flat, strict=False):
        panel.draw(axis)
    for axis in axes.flat[len(panels) :]:
        axis.set_visible(False)
    figure.suptitle(title, fontsize=10)
    with write_output(path) as part:
        figure.savefig(part, dpi=150, format=path.suffix[1:] or "png")
    plt.close(figure)


def _draw_belief(axis: Axes, belief: Belief, prior: PriorSpec) -> None:
    law = distribution(prior)
    low, high = law.quantile([0.005, 0.995])
    x = np.linspace(min(low, belief.points[0]), max(high, belief.points[-1]), 300)
    axis.plot(x, law.cdf(x), color=_BLUE, label=_short(prior))
    axis.plot(belief.points, belief.probabilities, "o", color=_ORANGE, label="stated")
    axis.set(xlabel=belief.of, ylabel="cumulative probability", ylim=(0, 1))


def _draw_prediction(axis: Axes, said: PredictiveStatement, values: FloatArray) -> None:
    low, high = np.quantile(values, [0.005, 0.99])
    high = max(high, 1.1 * said.upper)
    bins = np.linspace(min(low, said.lower), high, 40).tolist()
    axis.hist(values, bins=bins, density=True, color=_GREY, label="virtual subjects")
    label = f"stated: {said.mass:.0%}"
    axis.axvspan(said.lower, said.upper, color=_BLUE, alpha=0.15, label=label)
    axis.set(xlabel=f"{said.summary} of {said.output}", ylabel="density")


def _draw_fits(
    axis: Axes, draws: FloatArray, families: Sequence[PriorSpec], prior: PriorSpec | None
) -> None:
    axis.hist(draws, bins=30, density=True, color=_GREY, label="draws")
    low, high = np.quantile(draws, [0.0005, 0.9995])
    x = np.linspace(low, high, 300)
    for family, (colour, style) in zip(families, _STYLES, strict=False):
        density = np.exp(distribution(family).log_density(x))
        axis.plot(x, density, style, color=colour, label=_short(family))
    if prior is not None:
        density = np.exp(distribution(prior).log_density(x))
        axis.plot(x, density, color="black", linewidth=0.8, label="prior in the table")
    axis.set(xlabel="value", ylabel="density")


def _short(prior: PriorSpec) -> str:
    if prior.parts:
        return f"{prior.args[0]:.3g} {_short(prior.parts[0])} + ..."
    return f"{prior.family}({', '.join(f'{value:.3g}' for value in prior.args)})"
