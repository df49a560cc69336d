"""Whether the results of a fit can be used: its problems, weighed."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.fitting.results.approximation import approximation_label
from pkqsp_bayes.fitting.results.fitted_model import FittedModel
from pkqsp_bayes.fitting.results.metadata import read_attribute

__all__ = ["FitQuality", "failed_solves", "judge_fit", "worst_figures"]

_BAD_RHAT = 1.05
_RHAT = 1.01
_BAD_DIVERGENCES = 0.01
"""Share of divergent transitions."""
_BAD_ESS = 20
"""Effective draws per chain."""
_NAMED = 5
_SLOW = "sampling is slow but valid"


@dataclass(frozen=True, slots=True, kw_only=True)
class FitQuality:
    """The judgement of a fit.

    Parameters
    ----------
    level : {"good", "look", "bad"}
        No problem; problems that must be considered; not reliable.
    head, text : str
        The judgement, and its reasons.
    issues, footnotes : tuple of Issue
        Problems; and remarks that have no effect on the results.
    """

    level: Literal["good", "look", "bad"]
    head: str
    text: str
    issues: tuple[Issue, ...]
    footnotes: tuple[Issue, ...]

    @property
    def warning(self) -> str:
        """Warning for all results of a fit that is not reliable; empty for the others."""
        if self.level != "bad":
            return ""
        return f"The fit is not reliable ({self.text.rstrip('.')}). Do not use these results."


def judge_fit(fitted: FittedModel) -> FitQuality:
    """Return the judgement of a fit; R-hat, ESS and divergences come before remarks.

    Parameters
    ----------
    fitted : FittedModel
        The fit.
    """
    return fitted.once("fit quality", lambda: _judge(fitted))


def _judge(fitted: FittedModel) -> FitQuality:
    issues = fitted.diagnostics
    notes = tuple(issue for issue in issues if _is_footnote(issue))
    left = tuple(issue for issue in issues if issue not in notes)
    label = approximation_label(fitted.attrs)
    if label:
        text = f"the draws are of {label}; sample with pkqsp_bayes.fit"
        return FitQuality(level="bad", head="Approximated", text=text, issues=left, footnotes=notes)
    figures = worst_figures(fitted)
    found = _describe(figures)
    failures = list(_failures(fitted, figures))
    if failures:
        text = f"{', '.join(failures)}; {found}"
        return FitQuality(level="bad", head="Not reliable", text=text, issues=left, footnotes=notes)
    if not math.isfinite(figures["r_hat"]):
        text = f"R-hat is not known, it needs two chains or more; {found}"
        head = "Convergence not known"
        return FitQuality(level="look", head=head, text=text, issues=left, footnotes=notes)
    if left:
        text = f"{found}; {_count(len(left), 'problem')} under Diagnostics"
        head = "Converged, with reservations"
        return FitQuality(level="look", head=head, text=text, issues=left, footnotes=notes)
    return FitQuality(level="good", head="Converged", text=found, issues=left, footnotes=notes)


def _failures(fitted: FittedModel, figures: dict[str, float]) -> Iterator[str]:
    sizes = fitted.posterior.sizes
    lost = [str(name) for name, sd in fitted.summary["sd"].items() if not math.isfinite(sd)]
    if lost:
        yield f"draws of {', '.join(lost[:_NAMED])} are not finite"
    if figures["r_hat"] > _BAD_RHAT:
        yield "the chains do not agree"
    if figures["diverging"] > _BAD_DIVERGENCES * sizes["chain"] * sizes["draw"]:
        yield "a part of the posterior is not explored"
    if min(figures["ess_bulk"], figures["ess_tail"]) < _BAD_ESS * sizes["chain"]:
        yield "there are too few independent draws"


def _describe(figures: dict[str, float]) -> str:
    ess = min(figures["ess_bulk"], figures["ess_tail"])
    parts = []
    if math.isfinite(figures["r_hat"]):
        parts.append(f"R-hat at most {figures['r_hat']:.3f}")
    parts.append(f"at least {ess:,.0f} effective draws")
    if math.isfinite(figures["diverging"]):
        parts.append(_count(round(figures["diverging"]), "divergence"))
    return ", ".join(parts)


def _count(size: int, noun: str) -> str:
    return f"{size:,} {noun}{'' if size == 1 else 's'}"


def failed_solves(fitted: FittedModel) -> tuple[int, int]:
    """Return the numbers of failed and of all solves, warm-up included."""
    solver = read_attribute(fitted.tree, "solver")
    return sum(solver.get("reasons", {}).values()), int(solver.get("solves") or 0)


def worst_figures(fitted: FittedModel) -> dict[str, float]:
    """Return the worst values of the diagnostics: r_hat, ess_bulk, ess_tail, diverging, steps.

    Parameters
    ----------
    fitted : FittedModel
        The fit; diagnostics that it does not have are NaN.
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


def _is_footnote(issue: Issue) -> bool:
    return issue.severity == "note" or _SLOW in issue.what
