"""The section on population parameters: estimates, variability as CV, shrinkage."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from pkqsp_bayes.fitting.results.approximation import approximation_label
from pkqsp_bayes.reporting.report_context import ReportContext
from pkqsp_bayes.reporting.section import Cell, Section, Table, number, span
from pkqsp_bayes.reporting.sections.parameter_meaning import GROUPS, describe_parameter, group_of
from pkqsp_bayes.spec.labels import (
    eta_label,
    has_rse,
    label_unit,
    omega_iov_label,
    omega_label,
    parse_label,
)
from pkqsp_bayes.statistics import RANDOM_EFFECTS

__all__ = ["eta_shrinkage", "parameters_section", "variability"]

FloatArray = NDArray[np.float64]
_HEAD = (
    "Parameter", "Unit", "Median", "SD", "RSE (%)", "90 % interval", "Variability", "Shrinkage (%)",
)  # fmt: skip
_NOTE = (
    "Median, SD and 90 % interval (5 % to 95 %) of the posterior. RSE: posterior SD / |posterior "
    "mean|; it is not given for effects and correlations, whose mean may be near 0. Variability: "
    "between subjects (BSV) or occasions (IOV), as a CV, sqrt(exp(omega²) - 1) for log-normal and "
    "omega / |typical value| for normal effects; other forms have no CV, and the SD on their own "
    "scale is given. Shrinkage: 1 - SD of the posterior means of eta over subjects / omega; if it "
    "is large, individual estimates reflect the population rather than the data of the subject."
)
_SPREADS = ("omega", "omega_iov")


def parameters_section(context: ReportContext) -> Section:
    """Return the estimates with their uncertainty, variability and shrinkage."""
    table = context.fitted.summary
    varying = table[table["sd"] > 0]
    groups = {
        title: [name for name in map(str, varying.index) if group_of(name) == kind]
        for kind, title in GROUPS.items()
    }
    shrinkage = eta_shrinkage(context.fitted.posterior)
    rows = [
        (title, [_row(context, name, shrinkage) for name in names])
        for title, names in groups.items()
        if names
    ]
    return Section(
        anchor="parameters",
        title="Population parameters",
        content={
            "table": Table(
                caption="Population parameters of the fit.", head=_HEAD, groups=rows, note=_NOTE
            ),
            "mixing": Table(
                caption="Convergence of each population parameter.",
                head=["Parameter", "R-hat", "ESS, bulk", "ESS, tail", "Mean"],
                rows=[_mixing(str(name), one) for name, one in varying.iterrows()],
            ),
            "fixed": ", ".join(map(str, table.index[~(table["sd"] > 0)])),
            "label": approximation_label(context.fitted.attrs),
        },
    )


def _row(context: ReportContext, name: str, shrinkage: pd.Series) -> list[str | Cell]:
    kind = group_of(name)
    one = {key: float(context.fitted.summary[key][name]) for key in ("mean", "sd")}
    low, median, high = np.quantile(context.fitted.draws[name], [0.05, 0.5, 0.95])
    given = has_rse(name) and one["mean"]
    relative = number(100 * one["sd"] / abs(one["mean"]), 2) if given else ""
    parameter = parse_label(name).parts[0] if kind in ("typical", "omega") else ""
    share = shrinkage.get(eta_label(parameter), np.nan) if parameter else np.nan
    return [
        Cell(name, describe_parameter(context.model, name)), label_unit(context.model, name),
        number(median), number(one["sd"], 2), relative, span(low, high),
        variability(context, name), number(100 * share, 2),
    ]  # fmt: skip


def _mixing(name: str, one: pd.Series) -> list[str | Cell]:
    sizes = [f"{one[key]:,.0f}" for key in ("ess_bulk", "ess_tail")]
    return [name, f"{one['r_hat']:.3f}", *sizes, number(one["mean"])]


def variability(context: ReportContext, name: str) -> str:
    """Return the variability of a parameter between subjects and occasions, as text.

    Parameters
    ----------
    context : ReportContext
        The fit.
    name : str
        Label of a typical value, or of a standard deviation of its random effects.
    """
    kind = group_of(name)
    if kind not in ("typical", *_SPREADS):
        return ""
    parameter = parse_label(name).parts[0]
    stated = context.model.population.parameters.get(parameter)
    if stated is None:
        return ""
    forms = {"omega": ("BSV", stated.iiv, omega_label(parameter)),
             "omega_iov": ("IOV", stated.iov, omega_iov_label(parameter))}  # fmt: skip
    wanted = [kind] if kind in _SPREADS else list(forms)
    parts = [_variation(context, parameter, *forms[each], named=kind == "typical")
             for each in wanted]  # fmt: skip
    return ", ".join(part for part in parts if part)


def _variation(
    context: ReportContext, parameter: str, what: str, form: str | None, label: str, *, named: bool
) -> str:
    draws: Mapping[str, FloatArray] = context.fitted.draws
    if form is None or label not in draws:
        return ""
    effect = RANDOM_EFFECTS[form]
    typical = draws.get(parameter)
    known = context.model.population.parameters[parameter].typical
    if typical is None and isinstance(known, int | float):
        typical = np.full(draws[label].size, float(known))
    cv = None if typical is None else effect.variation(typical, draws[label])
    head = f"{what} " if named else ""
    if cv is not None:
        return (
            f"{head}CV\N{NO-BREAK SPACE}{number(100 * float(np.median(cv)), 3)}\N{NO-BREAK SPACE}%"
        )
    sd, unit = number(float(np.median(draws[label]))), label_unit(context.model, label)
    return f"{head}SD {sd} {unit}".rstrip() + f" ({effect.effect_scale} scale)"


def eta_shrinkage(posterior: xr.Dataset) -> pd.Series:
    """Return 1 - SD(posterior means of eta over subjects) / omega, by random effect.

    Near 0 the data of each subject determine its random effect. Near 1 they do not, and the
    individual estimates are close to the typical value (Savic & Karlsson, AAPS J 2009;11:558-569,
    with posterior means in place of empirical Bayes estimates).

    Parameters
    ----------
    posterior : xarray.Dataset
        Draws of a fit.

    Examples
    --------
    >>> eta = np.array([[[-1.0], [1.0]], [[-1.0], [1.0]]])
    >>> omega = [[2.0], [2.0]]
    >>> posterior = xr.Dataset(
    ...     {"eta": (("draw", "subject", "effect"), eta), "omega": (("draw", "effect"), omega)},
    ...     coords={"effect": ["CL"]},
    ... ).expand_dims(chain=1)
    >>> round(float(eta_shrinkage(posterior)["eta[CL]"]), 4)
    0.2929
    """
    if "eta" not in posterior or posterior.sizes.get("subject", 0) < 2:
        return pd.Series(dtype=float)
    spread = posterior["eta"].mean(("chain", "draw")).std("subject", ddof=1)
    omega = posterior["omega"].mean(("chain", "draw")).sel(effect=spread["effect"])
    values = np.where(omega > 0, 1 - spread / omega.where(omega > 0), np.nan)
    return pd.Series(values, index=[eta_label(str(name)) for name in spread["effect"].to_numpy()])
