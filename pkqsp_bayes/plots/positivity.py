"""`plot_positivity`: covariates of the study and of the target population."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pkqsp_bayes.analysis.decisions.causal_record import CausalRecord
from pkqsp_bayes.arguments import TEXT, checked, instance, mapping
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.plots.layout import finish, make_axes, name_with_unit
from pkqsp_bayes.plots.style import COLOURS, HATCHES, new_figure

__all__ = ["plot_positivity"]

_POPULATIONS = ("study", "target")
_BINS = 15
_RECORD = instance(
    CausalRecord, pd.DataFrame, wanted="give the result of pkqsp_bayes.causal_record"
)
_UNITS = mapping(TEXT, wanted='give a mapping of covariates to units, such as {"WT": "kg"}')


@checked(record=_RECORD, units=_UNITS)
def plot_positivity(
    record: CausalRecord | pd.DataFrame, *, units: Mapping[str, str] | None = None
) -> Figure:
    """Plot each covariate of the study and of the target population.

    Parameters
    ----------
    record : CausalRecord or DataFrame
        Result of `pkqsp_bayes.causal_record` for a target; or its ``covariates``: one row per
        subject, with ``population`` (study, target) and covariates.
    units : mapping of str to str, optional
        Units of the covariates for the axes.

    Returns
    -------
    matplotlib.figure.Figure
        One panel for each covariate: shares of both populations in the same bins. In bins where
        only the target has subjects, the claim is an extrapolation.

    Raises
    ------
    CheckError
        If the record has no covariates, or no subjects of one population; if a value is infinite,
        or a unit is that of no covariate.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> covariates = pd.DataFrame({"WT": [60.0, 80.0, 110.0, 120.0],
    ...                            "population": ["study", "study", "target", "target"]})
    >>> figure = pq.plot_positivity(covariates, units={"WT": "kg"})
    >>> figure.axes[0].get_xlabel()
    'WT (kg)'
    """
    covariates = record.covariates if isinstance(record, CausalRecord) else record
    if covariates is None or set(covariates.columns) <= {"population"}:
        what, remedy = "it has no covariates", "create the record with a target and with covariates"
        raise CheckError([Issue(where="record", what=what, remedy=remedy)])
    if issues := [*_population_issues(covariates), *_unit_issues(covariates, units or {})]:
        raise CheckError(issues)
    names = [name for name in covariates.columns if name != "population"]
    columns = min(3, len(names))
    rows = -(-len(names) // columns)
    with new_figure(width=max(4.0, 2.8 * columns), height=2.3 * rows + 0.4) as figure:
        axes = make_axes(figure, len(names), columns)
        for axis, name in zip(axes, names, strict=True):
            _draw_panel(axis, [covariates.loc[covariates["population"] == p, name].dropna()
                               for p in _POPULATIONS])  # fmt: skip
            axis.set_xlabel(name_with_unit(str(name), (units or {}).get(name)))
        figure.supylabel("share of subjects (%)", fontsize=9)
        finish(figure, axes, {})
    return figure


def _population_issues(covariates: pd.DataFrame) -> Iterator[Issue]:
    """Report subjects of neither population, and a population without subjects."""
    given = covariates.get("population", pd.Series(dtype=object)).astype(str)
    for name in sorted(set(given) - set(_POPULATIONS)):
        remedy = "write study or target in the column population"
        yield Issue(where="record", what=f"there is no population {name!r}", remedy=remedy)
    for name in _POPULATIONS:
        if name not in set(given):
            remedy = f"add rows with {name} in the column population"
            yield Issue(where="record", what=f"the {name} has no subjects", remedy=remedy)
    for label in covariates.select_dtypes("number"):
        if np.isinf(covariates[label]).any():
            remedy = "correct them, or leave them out"
            yield Issue(where="record", what=f"{label} has infinite values", remedy=remedy)


def _unit_issues(covariates: pd.DataFrame, units: Mapping[str, str]) -> Iterator[Issue]:
    known = ", ".join(str(name) for name in covariates.columns if name != "population")
    for name in units:
        if name not in covariates:
            yield Issue(where="units", what=f"there is no covariate {name!r}",
                        remedy=f"give units of {known}")  # fmt: skip


def _is_number(values: pd.Series) -> bool:
    kinds = pd.api.types
    return kinds.is_numeric_dtype(values) and not kinds.is_bool_dtype(values)


def _draw_panel(axis: Axes, values: list[pd.Series]) -> None:
    """Draw shares of both populations, by bins of numbers or by levels."""
    if all(_is_number(v) for v in values):
        edges = np.histogram_bin_edges(pd.concat(values), bins=_BINS)
        shares = [100 * np.histogram(v, bins=edges)[0] / max(1, len(v)) for v in values]
        for k, (name, share) in enumerate(zip(_POPULATIONS, shares, strict=True)):
            axis.stairs(share, edges, color=COLOURS[k], fill=k == 0, alpha=0.45 if k == 0 else 1.0,
                        linewidth=1.6, label=name)  # fmt: skip
        return
    levels = sorted({str(level) for v in values for level in v})
    for k, (name, v) in enumerate(zip(_POPULATIONS, values, strict=True)):
        share = 100 * v.astype(str).value_counts(normalize=True).reindex(levels, fill_value=0.0)
        axis.bar(np.arange(len(levels)) + 0.4 * k - 0.2, share, 0.4, color=COLOURS[k],
                 hatch=HATCHES[k], edgecolor="white", label=name)  # fmt: skip
    axis.set_xticks(range(len(levels)), levels)
