"""The section with the diagnostics of sampling."""

from pkqsp_bayes.analysis.calibration.solver_accuracy import SolverAccuracy
from pkqsp_bayes.fitting.diagnostics.diagnose_solver import FEW_FAILED
from pkqsp_bayes.fitting.diagnostics.fit_quality import failed_solves, judge_fit, worst_figures
from pkqsp_bayes.fitting.results.fitted_model import FittedModel
from pkqsp_bayes.reporting.rank_figure import rank_figure
from pkqsp_bayes.reporting.report_context import ReportContext
from pkqsp_bayes.reporting.section import Picture, Section, Table, number, picture

__all__ = ["diagnostics_section"]

_SHOWN = 4


def diagnostics_section(context: ReportContext) -> Section:
    """Return the problems of the sampling, if any, and the values of the diagnostics."""
    figures = worst_figures(context.fitted)
    rows = [
        ["Largest R-hat", number(figures["r_hat"], 4), "at most 1.01: the chains agree"],
        ["Smallest effective sample size, bulk", number(figures["ess_bulk"]),
         "at least 100 per chain"],
        ["Smallest effective sample size, tail", number(figures["ess_tail"]),
         "at least 100 per chain"],
        ["Divergent transitions", f"{figures['diverging']:.0f}", "none"],
        ["Mean leapfrog steps per draw", number(figures["steps"]), "fewer is faster"],
        *_solves(context.fitted),
    ]  # fmt: skip
    quality = judge_fit(context.fitted)
    issues = list(quality.issues)
    accuracy = context.figures.solver_accuracy()
    if accuracy is not None:
        issues += accuracy.issues
        rows += _accuracy(accuracy)
    return Section(
        anchor="diagnostics",
        title="Diagnostics",
        content={
            "issues": issues,
            "table": Table(
                caption="Diagnostics of sampling and solver.", head=["What", "Found", "Wanted"],
                rows=rows,
            ),
            "picture": _ranks(context),
            "footnotes": quality.footnotes,
        },
    )  # fmt: skip


def _solves(fitted: FittedModel) -> list[list[str]]:
    failed, solves = failed_solves(fitted)
    if not solves:
        return []
    share = f"{failed:,} of {solves:,}"
    return [["Failed ODE solves, warm-up included", share, f"at most 1 in {1 / FEW_FAILED:,.0f}"]]


def _accuracy(found: SolverAccuracy) -> list[list[str]]:
    """Return the rows on the effect of solver tolerances that are 100 times tighter."""
    changed = "Largest change of the log density with 100 times tighter solver tolerances"
    k_hat = "Pareto k-hat of the importance weights for the tighter tolerances"
    return [
        [changed, number(found.spread), "below 0.05, or k-hat below 0.7"],
        [k_hat, number(found.pareto_k), "below 0.7, or a change below 0.05"],
    ]


def _ranks(context: ReportContext) -> Picture | None:
    """Plot the ranks by chain of the parameters with the smallest effective sample size."""
    table = context.fitted.summary
    table = table[table["sd"] > 0].sort_values(["ess_bulk"])
    names = [str(name) for name in table.index[:_SHOWN]]
    chains = context.fitted.posterior.sizes["chain"]
    if chains < 2 or not names:
        return None
    draws = {name: context.fitted.draws[name].reshape(chains, -1) for name in names}
    caption = (
        "Ranks of the draws of the parameters with the smallest effective sample size, one line "
        "per chain (colour). If the chains agree, all lines stay near the dashed one."
    )
    alt = f"Rank histograms of {', '.join(names)}, one line per chain."
    return picture(rank_figure(draws), alt=alt, caption=caption)
