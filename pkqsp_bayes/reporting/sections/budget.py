"""The section on the variance budget of a typical dose."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from pkqsp_bayes.analysis.exposure.reference_dose import reference_regimen
from pkqsp_bayes.analysis.uncertainty.budget_table import without_rounding
from pkqsp_bayes.analysis.uncertainty.variance_budget import variance_budget
from pkqsp_bayes.engine.subjects import dose_unit
from pkqsp_bayes.plots.budget import budget_shares, plot_budget
from pkqsp_bayes.reporting.fixed_layout import fix_layout
from pkqsp_bayes.reporting.report_context import ReportContext
from pkqsp_bayes.reporting.section import Picture, Section, Table, number, picture
from pkqsp_bayes.reporting.sections.fits import NO_STUDY
from pkqsp_bayes.study.simulated import Dose

__all__ = ["budget_section", "budget_times"]

_TITLE = "Variance budget"
_GRID = 40
_SAMPLED = 20
"""Greatest number of sampling times that are added to the grid."""
_VIEWS = {"latent": "without residual error", "observed": "with residual error"}


def budget_section(context: ReportContext) -> Section:
    """Return the shares of between-subject variability, parameter uncertainty, residual error."""
    if context.study is None:
        return Section(anchor="budget", title=_TITLE, missing=NO_STUDY)
    doses = reference_regimen(context.compiled, context.study)
    if doses is None:
        missing = (
            "Left out: no subject of the study has doses that can be simulated as they are stated "
            "(there are no doses, or their rates or durations are modelled). Use pkqsp budget, "
            "which takes any regimen."
        )
        return Section(anchor="budget", title=_TITLE, missing=missing)
    budgets = {name: _budget(context, name, doses) for name in context.endpoints}
    sentences = {
        name: _sentence(name, one, context.model.time_unit) for name, one in budgets.items()
    }
    return Section(
        anchor="budget",
        title=_TITLE,
        content={
            "doses": "; ".join(_describe_dose(dose, context) for dose in doses),
            "setting": _setting(context),
            "sentences": sentences,
            "pictures": [_picture(context, name, one) for name, one in budgets.items()],
            "table": _table(context, budgets),
        },
    )


def _budget(context: ReportContext, name: str, doses: list[Dose]) -> xr.Dataset:
    seen = context.observed
    sampled = seen["TIME"].to_numpy()[seen["endpoint"].to_numpy() == name]
    found = variance_budget(
        context.fitted,
        output=name,
        times=budget_times(sampled, doses),
        regimen=doses,
        outer=context.options.outer,
        inner=context.options.inner,
        seed=context.options.seed,
    )
    return without_rounding(found)


def budget_times(sampled: NDArray[np.float64], doses: Sequence[Dose]) -> NDArray[np.float64]:
    """Return the times of a budget: a regular grid, sampling times and the ends of infusions.

    Without the last two, the peak of an infusion that is shorter than a step would be missed.

    Parameters
    ----------
    sampled : array
        Times of the observations.
    doses : sequence of Dose
        The regimen.

    Examples
    --------
    >>> times = budget_times(np.array([0.2, 0.4, 40.0]), [Dose(amount=1, duration=0.5, to="iv")])
    >>> times[:4].tolist()
    [0.2, 0.4, 0.5, 1.0]
    """
    last = float(sampled.max())
    grid = np.linspace(0, last, _GRID + 1)
    early = np.unique(sampled)
    if early.size > _SAMPLED:
        early = np.quantile(early, np.linspace(0, 1, _SAMPLED), method="nearest")
    ends = [dose.time + dose.duration for dose in doses if dose.duration > 0]
    times = np.unique(np.concatenate([grid, early, ends]))
    times = times[(times > 0) & (times <= last)]
    # Times that differ by rounding only are one time.
    apart: NDArray[np.float64] = times[np.concatenate([np.diff(times) > 1e-6 * last, [True]])]
    return apart


def _describe_dose(dose: Dose, context: ReportContext) -> str:
    unit = dose_unit(context.model, dose.to)
    text = f"{number(float(np.asarray(dose.amount)))} {unit} to {dose.to}"
    text += f" at {number(dose.time)} {context.model.time_unit}"
    if dose.duration:
        text += f" over {number(dose.duration)} {context.model.time_unit}"
    if dose.n > 1:
        text += f", {dose.n} times every {number(dose.interval)} {context.model.time_unit}"
    return text + (", at steady state" if dose.steady else "")


def _setting(context: ReportContext) -> str:
    stated = {
        n: c.reference for n, c in context.model.covariates.items() if c.reference is not None
    }
    return ", ".join(f"{name} = {number(value)}" for name, value in stated.items())


def _peak(budget: xr.Dataset) -> int:
    """Return the index of the time at which the mean of the output is largest."""
    return int(np.argmax(budget["mean"].sel(scale="natural", view="latent").to_numpy()))


def _sentence(name: str, budget: xr.Dataset, unit: str) -> str:
    at, view = _peak(budget), "observed" if "observed" in budget["view"] else "latent"
    shares = budget_shares(budget.sel(scale="natural").isel(time=at), view)
    parts = [
        f"{number(100 * float(share[0]), 2)} % {component}" for component, share in shares.items()
    ]
    time = number(float(budget["time"][at]))
    of = "a measured " if view == "observed" else ""
    return f"Variance of {of}{name} at {time} {unit}, when its mean is highest: {', '.join(parts)}"


def _picture(context: ReportContext, name: str, budget: xr.Dataset) -> Picture:
    caption = (
        f"Variance of {name} over time: between-subject variability, parameter uncertainty and, "
        "for the observed endpoint, residual error. First row: variances. Second row: shares. Last "
        "row: between-subject variability by random effect, parameter uncertainty by parameter."
    )
    figure = fix_layout(
        plot_budget(budget, quantity=context.label(name)), top=0.95, bottom=1.15, down=0.7
    )
    return picture(figure, alt=f"Variance budget of {name}.", caption=caption)


def _table(context: ReportContext, budgets: dict[str, xr.Dataset]) -> Table:
    groups: list[tuple[str, list[list[str]]]] = []
    for name, budget in budgets.items():
        at = _peak(budget)
        unit = context.model.observe[name].value.unit or ""
        for view in ("latent", "observed"):
            if view in budget["view"]:
                one = budget.sel(scale="natural", view=view).isel(time=at)
                groups.append((f"{name}, {_VIEWS[view]}", _rows(one, unit, view)))
    note = (
        "At the time of the figure at which the mean of the output is highest. SD: root of the "
        "variance; variances add up, SDs do not. Where the last column is far from 1, the "
        "linearisation is inaccurate."
    )
    head = (
        "Part", "Share (%)", "SD", "SD (% of the mean)", "Monte Carlo error (%)",
        "Linearised / simulated",
    )  # fmt: skip
    caption = "Variance budget when the mean is highest."
    return Table(caption=caption, head=head, groups=groups, note=note)


def _rows(one: xr.Dataset, unit: str, view: str) -> list[list[str]]:
    mean, rows = float(one["mean"]), []
    for component in map(str, one["component"].to_numpy()):
        part = one.sel(component=component)
        variance = float(part["variance"])
        if not variance >= 0 or (component == "residual" and view == "latent"):
            continue
        sd = np.sqrt(variance)
        rows.append([
            component.replace("_", " "), number(100 * float(part["share"]), 2),
            f"{number(sd)} {unit}".rstrip(), number(100 * sd / abs(mean), 2) if mean else "",
            number(100 * float(part["error"]) / variance, 2) if variance else "",
            number(float(part["first_order_ratio"]), 2),
        ])  # fmt: skip
    return rows
