"""The section on parameters: the table of estimates, and the shrinkage of random effects."""

import numpy as np
import pandas as pd
import xarray as xr

from pkqsp_bayes.fitting.results.approximation import approximation_label
from pkqsp_bayes.reporting.report_context import ReportContext
from pkqsp_bayes.reporting.section import Section, Table, number, span
from pkqsp_bayes.spec.labels import eta_label, label_unit

__all__ = ["eta_shrinkage", "parameters_section"]


def parameters_section(context: ReportContext) -> Section:
    """Return the estimates with their uncertainty, and the shrinkage of random effects."""
    shrinkage = eta_shrinkage(context.fitted.posterior)
    rows = [[str(n), number(100 * v, 2), _verdict(v)] for n, v in shrinkage.items()]
    return Section(
        anchor="parameters",
        title="Parameters",
        content={
            "table": Table(
                head=["Parameter", "Unit", "Mean", "SD", "90 % interval", "RSE (%)", "ESS",
                      "R-hat"],
                rows=list(_rows(context)),
                note=_note(context),
            ),
            "shrinkage": Table(head=["Random effect", "Shrinkage (%)", ""], rows=rows)
            if rows else None,
        },
    )  # fmt: skip


def _note(context: ReportContext) -> str:
    label = approximation_label(context.fitted.attrs)
    return f"The draws are of {label}." if label else ""


def _rows(context: ReportContext) -> list[list[str]]:
    table = context.fitted.summary
    table = table[table["sd"] > 0]
    return [_row(context, str(name), table.loc[name]) for name in table.index]


def _row(context: ReportContext, name: str, one: pd.Series) -> list[str]:
    relative = number(100 * one["sd"] / abs(one["mean"]), 2) if one["mean"] else ""
    ess = f"{min(one['ess_bulk'], one['ess_tail']):,.0f}"
    return [name, label_unit(context.model, name), number(one["mean"]), number(one["sd"]),
            span(one["q5"], one["q95"]), relative, ess, f"{one['r_hat']:.3f}"]  # fmt: skip


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


def _verdict(shrinkage: float) -> str:
    if not np.isfinite(shrinkage):
        return ""
    if shrinkage < 0.2:
        return "determined by the data of the subjects"
    return (
        "partly determined by the data"
        if shrinkage < 0.5
        else "mostly determined by the population"
    )
