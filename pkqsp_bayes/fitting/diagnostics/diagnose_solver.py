"""Issues of failed ODE solves, with a remedy for each reason."""

from collections.abc import Iterator, Mapping
from typing import Any

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.remedies import setting

__all__ = ["FEW_FAILED", "solver_issues"]

_TIGHTER = "state tighter priors, without mass at values that are impossible in the model"
FEW_FAILED = 2e-5
"""Share of failed solves, of all reasons together, that does not affect a result.

A trajectory has hundreds of solves, one for each subject and step: below this share, fewer than
about one proposal in a hundred is rejected because of its solver, and most of them in warm-up.
"""
_REMEDIES = (
    ("max_steps", f"raise {setting('max_steps')}, or {_TIGHTER}"),
    (
        "step size fell below",
        f"loosen {setting('tolerances')}, or {_TIGHTER}",
    ),
    ("not finite", f"check the equations for a division by 0 or an overflow, or {_TIGHTER}"),
    ("singular", f"check the equations for states without any loss, or {_TIGHTER}"),
    ("steady state", "remove SS from doses that have no steady state, or " + _TIGHTER),
    ("record", f"{setting('check')} reports which record"),
    ("negative duration", "bound duration, lag and rate from below (`lower`)"),
    ("negative lag", "bound bioavailability, duration, lag and rate from below (`lower`)"),
)


def solver_issues(solver: Mapping[str, Any]) -> Iterator[Issue]:
    """Yield an issue for each reason for which solves failed.

    Parameters
    ----------
    solver : mapping
        Attribute ``solver`` of a result.

    Examples
    --------
    >>> solver = {"solves": 2000, "reasons": {"more steps than max_steps allows": 5}}
    >>> next(solver_issues(solver)).what.partition(":")[0]
    '5 of 2000 solves failed, warm-up included'
    """
    solves, reasons = solver.get("solves"), solver.get("reasons", {})
    few_failed = solves is not None and sum(reasons.values()) <= FEW_FAILED * solves
    of_all = "" if solves is None else f" of {solves}"
    for reason, count in reasons.items():
        what = (
            f"{count}{of_all} solves failed, warm-up included: {reason}; each rejected a proposal"
            f"{_example(reason, solver)}"
        )
        remedy = next((r for key, r in _REMEDIES if key in reason), _TIGHTER)
        if few_failed:
            few = f"so few do not affect the result; otherwise {remedy}"
            yield Issue(severity="note", where="ODE solver", what=what, remedy=few)
        else:
            yield Issue(severity="warning", where="ODE solver", what=what, remedy=remedy)


def _example(reason: str, solver: Mapping[str, Any]) -> str:
    for example in solver.get("examples", ()):
        if example["reason"] == reason:
            pairs = example["parameters"].items()
            values = ", ".join(
                f"{k} = {'not finite' if v is None else f'{v:.3g}'}" for k, v in pairs
            )
            return f", first at {values} (chain {example['chain']})"
    return ""
