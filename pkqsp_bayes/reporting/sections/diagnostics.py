"""Diagnostics of sampling, in plain words."""

import numpy as np
import xarray as xr

from pkqsp_bayes.analysis.calibration.solver_accuracy import SolverAccuracy, check_solver
from pkqsp_bayes.fitting.results.fitted_model import FittedModel
from pkqsp_bayes.fitting.results.metadata import read_attribute
from pkqsp_bayes.plots.parameters import plot_traces
from pkqsp_bayes.reporting.report_context import ReportContext
from pkqsp_bayes.reporting.section import Picture, Section, Table, number, picture

__all__ = ["diagnostics_section", "worst_figures"]

_TRACES = 4


def diagnostics_section(context: ReportContext) -> Section:
    """Return what is wrong with the sampling, if anything, and the figures that say so."""
    figures = worst_figures(context.fitted)
    rows = [
        ["R-hat, the largest", number(figures["r_hat"], 4), "at most 1.01: the chains agree"],
        ["Effective sample size, bulk, the smallest", number(figures["ess_bulk"]),
         "at least 100 a chain"],
        ["Effective sample size, tail, the smallest", number(figures["ess_tail"]),
         "at least 100 a chain"],
        ["Divergent transitions", f"{figures['diverging']:.0f}", "none"],
        ["Leapfrog steps a draw, on average", number(figures["steps"]), "fewer is faster"],
        *_solves(context.fitted),
    ]  # fmt: skip
    issues = context.fitted.diagnostics
    if context.study is not None:
        accuracy = check_solver(
            context.fitted, context.study, draws=context.options.draws, seed=context.options.seed
        )
        issues += accuracy.issues
        rows += _accuracy(accuracy)
    return Section(
        anchor="diagnostics",
        title="Diagnostics",
        content={
            "issues": issues,
            "table": Table(head=["What", "Found", "Wanted"], rows=rows),
            "picture": _traces(context),
        },
    )


def worst_figures(fitted: FittedModel) -> dict[str, float]:
    """Return the worst figures of a fit: r_hat, ess_bulk, ess_tail, diverging, steps.

    Parameters
    ----------
    fitted : FittedModel
        The fit; figures that it has not are NaN.
    """
    table = fitted.summary
    varying = table[table["sd"] > 0]
    stats = fitted.group("sample_stats") if "sample_stats" in fitted.groups else xr.Dataset()
    return {
        "r_hat": float(varying["r_hat"].max()),
        "ess_bulk": float(varying["ess_bulk"].min()),
        "ess_tail": float(varying["ess_tail"].min()),
        "diverging": float(stats["diverging"].sum()) if "diverging" in stats else np.nan,
        "steps": float(stats["n_steps"].mean()) if "n_steps" in stats else np.nan,
    }


def _solves(fitted: FittedModel) -> list[list[str]]:
    solver = read_attribute(fitted.tree, "solver")
    if not solver.get("solves"):
        return []
    failed = sum(solver.get("reasons", {}).values())
    share = f"{failed:,} of {solver['solves']:,}"
    return [["Solves of the equations that failed, warm-up included", share, "few"]]


def _accuracy(found: SolverAccuracy) -> list[list[str]]:
    """Return the rows on what a hundredfold tighter solver changes."""
    moved = "Log density by a hundredfold tighter solver: largest change"
    k_hat = "Pareto k-hat of the weights towards the tighter solver"
    return [
        [moved, number(found.spread), "below 0.05, or k-hat below 0.7"],
        [k_hat, number(found.pareto_k), "below 0.7, or a change below 0.05"],
    ]


def _traces(context: ReportContext) -> Picture:
    """Plot the chains of the parameters that mix worst."""
    table = context.fitted.summary
    table = table[table["sd"] > 0].sort_values(["ess_bulk"])
    names = [str(name) for name in table.index[:_TRACES]]
    caption = "Draws of the parameters with the fewest independent draws; a colour a chain."
    alt = f"Traces of {', '.join(names)}, chain by chain."
    return picture(plot_traces(context.fitted, names), alt=alt, caption=caption)
