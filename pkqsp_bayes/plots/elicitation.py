"""`plot_elicitation`: elicited priors with the statements from which they were derived."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pkqsp_bayes.arguments import checked, instance
from pkqsp_bayes.elicit.beliefs import Belief
from pkqsp_bayes.elicit.elicitation import Elicitation
from pkqsp_bayes.elicit.qsp import DerivedPriors
from pkqsp_bayes.elicit.statements import PredictiveStatement
from pkqsp_bayes.plots.layout import finish, make_axes, name_with_unit
from pkqsp_bayes.plots.style import BAND, COLOURS, OBSERVED, new_figure
from pkqsp_bayes.spec.prior_table import PriorTable
from pkqsp_bayes.spec.priors.apply_priors import effective_prior, joint_marginals
from pkqsp_bayes.spec.priors.distribution import distribution
from pkqsp_bayes.spec.priors.prior import PriorSpec

__all__ = ["plot_elicitation"]

FloatArray = NDArray[np.float64]

_COLUMNS = 3
_STYLES = tuple(zip(COLOURS, ("-", "--", ":", "-."), strict=False))
_RESULT = instance(
    Elicitation, DerivedPriors,
    wanted="give the result of pkqsp_bayes.elicit_priors or pkqsp_bayes.derive_priors",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Panel:
    """Title and drawing function of one panel."""

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
        axis.set_xlabel(name_with_unit(axis.get_xlabel(), self.unit))
        axis.set_title(self.title)
        axis.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2)


@checked(result=_RESULT)
def plot_elicitation(result: Elicitation | DerivedPriors) -> Figure:
    """Plot priors with the statements, predictions and mechanisms from which they were derived.

    Parameters
    ----------
    result : Elicitation or DerivedPriors
        Result of `pkqsp_bayes.elicit_priors` or `pkqsp_bayes.derive_priors`.

    Returns
    -------
    matplotlib.figure.Figure
        One panel for each statement: the stated probabilities and the distribution function of the
        prior; for a prediction, the virtual subjects and the stated interval; for a quantity
        derived from a mechanism, its outer draws, the families fitted to them, and the prior.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> from pkqsp_bayes.elicit.statements import parse_statements
    >>> statement = parse_statements('''
    ... [[quantiles]]
    ... of = "CL"
    ... at = { "0.05" = 1, "0.5" = 3, "0.95" = 8 }
    ... ''')
    >>> figure = pq.plot_elicitation(pq.elicit_priors("one-compartment", statement))
    >>> figure.axes[0].get_xlabel()
    'CL (L/h)'
    """
    if isinstance(result, DerivedPriors):
        return _draw(list(_derived_panels(result)), result.table.title)
    return _draw(list(_elicited_panels(result)), result.table.title)


def _elicited_panels(result: Elicitation) -> Iterator[_Panel]:
    priors, stated = _priors(result.table), result.model.population.parameters
    units = {name: parameter.unit for name, parameter in stated.items()}
    for b in result.beliefs:
        title = f"{b.of}: {b.text}"
        yield _Panel(title=title, unit=units.get(b.of, ""), belief=b, prior=priors[b.of])
    for statement, row in zip(result.statements.predictive, result.predictions, strict=True):
        yield _Panel(
            title=f"{statement.summary} of {statement.output}, prior predictive",
            unit=result.model.observe[statement.output].value.unit or "",
            prediction=(statement, row),
        )
    for derived in result.derived:
        yield from _derived_panels(derived)


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


def _draw(panels: Sequence[_Panel], title: str) -> Figure:
    columns = min(_COLUMNS, max(len(panels), 1))
    rows = -(-len(panels) // columns) or 1
    with new_figure(width=max(4.0, 3.6 * columns), height=2.9 * rows + 0.3) as figure:
        axes = make_axes(figure, len(panels), columns)
        for panel, axis in zip(panels, axes, strict=True):
            panel.draw(axis)
        finish(figure, [], {}, title=title)
    return figure


def _draw_belief(axis: Axes, belief: Belief, prior: PriorSpec) -> None:
    dist = distribution(prior)
    low, high = dist.quantile([0.005, 0.995])
    x = np.linspace(min(low, belief.points[0]), max(high, belief.points[-1]), 300)
    axis.plot(x, dist.cdf(x), color=COLOURS[0], label=_short(prior))
    axis.plot(belief.points, belief.probabilities, "o", color=COLOURS[1], label="stated")
    axis.set(xlabel=belief.of, ylabel="cumulative probability", ylim=(0, 1))


def _draw_prediction(axis: Axes, statement: PredictiveStatement, values: FloatArray) -> None:
    low, high = np.quantile(values, [0.005, 0.99])
    high = max(high, 1.1 * statement.upper)
    bins = np.linspace(min(low, statement.lower), high, 40).tolist()
    axis.hist(values, bins=bins, density=True, color=BAND, label="virtual subjects")
    label = f"stated: {100 * statement.mass:.0f} %"
    axis.axvspan(statement.lower, statement.upper, color=COLOURS[0], alpha=0.15, label=label)
    axis.set(xlabel=f"{statement.summary} of {statement.output}", ylabel="density")


def _draw_fits(
    axis: Axes, draws: FloatArray, families: Sequence[PriorSpec], prior: PriorSpec | None
) -> None:
    axis.hist(draws, bins=30, density=True, color=BAND, label="draws")
    low, high = np.quantile(draws, [0.0005, 0.9995])
    x = np.linspace(low, high, 300)
    for family, (colour, style) in zip(families, _STYLES, strict=False):
        density = np.exp(distribution(family).log_density(x))
        axis.plot(x, density, style, color=colour, label=_short(family))
    if prior is not None:
        density = np.exp(distribution(prior).log_density(x))
        axis.plot(x, density, color=OBSERVED, linewidth=0.8, label="prior in the table")
    axis.set(xlabel="value", ylabel="density")


def _short(prior: PriorSpec) -> str:
    if prior.parts:
        return f"{prior.args[0]:.3g} {_short(prior.parts[0])} + ..."
    return f"{prior.family}({', '.join(f'{value:.3g}' for value in prior.args)})"
