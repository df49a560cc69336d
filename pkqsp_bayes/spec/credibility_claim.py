"""Credibility of a model for a decision: what `claim.toml` states beforehand, and activities.

The terms are those of ICH M15 (general principles for model-informed drug development) and of ASME
V&V 40-2018 (assessing credibility of computational modeling through verification and validation).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pkqsp_bayes.errors import Issue

__all__ = [
    "CRITERIA", "ActivitySpec", "CheckName", "CredibilitySpec", "CriterionSpec", "Level",
    "ReportSpec", "credibility_issues", "model_risk",
]  # fmt: skip

Level = Literal["low", "medium", "high"]
CheckName = Literal[
    "max_r_hat", "min_ess", "divergences", "failed_solve_share", "solver_accuracy",
    "model_checks_failed", "rse", "shrinkage", "contraction", "vpc_p_value", "vpc_coverage",
    "npde_p_value",
]  # fmt: skip

CRITERIA: Mapping[CheckName, str] = {
    "max_r_hat": "largest R-hat of the population parameters",
    "min_ess": "smallest effective sample size (bulk, tail) of the population parameters",
    "divergences": "number of divergent transitions",
    "failed_solve_share": "share of ODE solves that failed, warm-up included",
    "solver_accuracy": "largest change of the log density with a hundredfold tighter solver",
    "model_checks_failed": "number of checks of the model that did not pass",
    "rse": "largest RSE of the parameters, %",
    "shrinkage": "largest shrinkage of the random effects of the parameters, %",
    "contraction": "smallest contraction of the parameters, 1 - posterior variance / prior "
    "variance, of the logarithm of a positive parameter",
    "vpc_p_value": "smallest p-value of the visual predictive checks",
    "vpc_coverage": "smallest share of observed VPC quantiles inside their 95 % intervals",
    "npde_p_value": "smallest p-value of the tests of the NPDE",
}
"""Figures that a criterion can limit, with their meaning."""

_OF_PARAMETERS = ("rse", "shrinkage", "contraction")
_OF_OUTPUTS = ("vpc_p_value", "vpc_coverage", "npde_p_value")
_UPPER = frozenset({
    "max_r_hat", "divergences", "failed_solve_share", "solver_accuracy", "model_checks_failed",
    "rse", "shrinkage",
})  # fmt: skip
"""Figures of which small values are good: their limit is an upper one."""
_LEVELS = ("low", "medium", "high")
_RISK: Mapping[tuple[int, int], Level] = {
    (0, 0): "low", (0, 1): "low", (0, 2): "medium",
    (1, 0): "low", (1, 1): "medium", (1, 2): "high",
    (2, 0): "medium", (2, 1): "high", (2, 2): "high",
}  # fmt: skip


def model_risk(influence: Level, consequence: Level) -> Level:
    """Return the model risk from model influence and the consequence of a wrong decision.

    Examples
    --------
    >>> model_risk("low", "high"), model_risk("medium", "medium"), model_risk("high", "medium")
    ('medium', 'medium', 'high')
    """
    return _RISK[_LEVELS.index(influence), _LEVELS.index(consequence)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSpec:
    """Front matter of a report, ``[report]`` in ``claim.toml``.

    Parameters
    ----------
    author, version : str
        Who is responsible for the analysis, and its version.
    intended_use : str
        What the analysis is for.
    conclusion : str
        What the author concludes from it.
    """

    author: str = ""
    version: str = ""
    intended_use: str = ""
    conclusion: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionSpec:
    """An acceptance criterion, ``[[credibility.criterion]]``.

    It has either a ``check`` with a limit, which is judged, or an ``outcome`` with ``evidence``.

    Parameters
    ----------
    statement : str
        The criterion as text; for a check it may be empty.
    check : str, optional
        A figure of the fit: ``max_r_hat``, ``min_ess``, ``divergences``, ``failed_solve_share``,
        ``solver_accuracy``, ``model_checks_failed``, ``rse``, ``shrinkage``, ``contraction``,
        ``vpc_p_value``, ``vpc_coverage`` or ``npde_p_value``.
    at_most, at_least : float, optional
        The limit of the figure; one of the two: ``at_most`` for ``max_r_hat``, ``divergences``,
        ``failed_solve_share``, ``solver_accuracy``, ``model_checks_failed``, ``rse`` and
        ``shrinkage``, ``at_least`` for the others.
    parameters : tuple of str
        Labels for ``rse``, ``shrinkage`` and ``contraction``; by default all. For ``rse`` these are
        all for which the report gives an RSE: not covariate effects, correlations and shapes of
        random effects, whose mean may be near 0.
    output : str, optional
        Endpoint for checks of predictions; by default all.
    outcome : {"met", "not met", "open"}, optional
        Outcome of a criterion without a check.
    evidence : str
        Where the outcome is shown.
    """

    statement: str = ""
    check: CheckName | None = None
    at_most: float | None = None
    at_least: float | None = None
    parameters: tuple[str, ...] = ()
    output: str | None = None
    outcome: Literal["met", "not met", "open"] | None = None
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivitySpec:
    """A verification or validation activity, ``[[credibility.activity]]``.

    Parameters
    ----------
    kind : {"verification", "validation", "calibration", "applicability"}
        What is assessed: the code and the solution; the model against data; its calibration; the
        relevance of the evidence for the context of use.
    what : str
        What was done.
    outcome : {"passed", "failed", "open"}
        The outcome.
    evidence : str
        Where it is shown; required unless the outcome is open.
    """

    kind: Literal["verification", "validation", "calibration", "applicability"]
    what: str
    outcome: Literal["passed", "failed", "open"]
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CredibilitySpec:
    """Statements on the credibility of a model, ``[credibility]``.

    Parameters
    ----------
    question : str
        Question of interest: the decision that the model informs.
    context_of_use : str
        Role and scope of the model in the answer.
    influence : {"low", "medium", "high"}
        Weight of the model in the decision, relative to other evidence.
    influence_reason : str
        Why.
    consequence : {"low", "medium", "high"}
        Consequence of a wrong decision.
    consequence_reason : str
        Why.
    stated_on : str
        Date at which the criteria were stated.
    criterion : tuple of CriterionSpec
        Acceptance criteria, stated before the fit.
    activity : tuple of ActivitySpec
        Verification and validation beyond what the package does.
    """

    question: str
    context_of_use: str
    influence: Level
    consequence: Level
    influence_reason: str = ""
    consequence_reason: str = ""
    stated_on: str = ""
    criterion: tuple[CriterionSpec, ...] = ()
    activity: tuple[ActivitySpec, ...] = ()

    @property
    def risk(self) -> Level:
        """Model risk, from influence and consequence."""
        return model_risk(self.influence, self.consequence)


def credibility_issues(spec: CredibilitySpec, where: str) -> Iterator[Issue]:
    """Yield the problems of the statements on credibility.

    Parameters
    ----------
    spec : CredibilitySpec
        The statement.
    where : str
        Name of the file.
    """
    for key in ("question", "context_of_use"):
        if not getattr(spec, key).strip():
            place = f"{where}: credibility.{key}"
            yield Issue(where=place, what="it is empty", remedy="state it")
    for number, criterion in enumerate(spec.criterion, start=1):
        yield from _criterion_issues(criterion, f"{where}: credibility.criterion {number}")
    for number, activity in enumerate(spec.activity, start=1):
        if activity.outcome != "open" and not activity.evidence.strip():
            what = f"the outcome is {activity.outcome!r}, without evidence"
            remedy = 'state evidence = "...", or outcome = "open"'
            place = f"{where}: credibility.activity {number}"
            yield Issue(where=place, what=what, remedy=remedy)


def _criterion_issues(one: CriterionSpec, where: str) -> Iterator[Issue]:
    def issue(what: str, remedy: str) -> Issue:
        return Issue(where=where, what=what, remedy=remedy)

    limits = [one.at_most, one.at_least]
    if one.check is None:
        if not one.statement:
            yield issue("it has neither a check nor a statement", 'state check = "max_r_hat"')
        if limits != [None, None] or one.parameters or one.output:
            remedy = "name a check: " + ", ".join(CRITERIA)
            yield issue("it has limits, parameters or an output, and no check", remedy)
        if one.outcome is None:
            remedy = 'state outcome = "met", "not met" or "open"'
            yield issue("a criterion without a check has no outcome", remedy)
        if one.outcome in ("met", "not met") and not one.evidence.strip():
            remedy = 'state evidence = "...", or outcome = "open"'
            yield issue(f"the outcome is {one.outcome!r}, without evidence", remedy)
        return
    if limits.count(None) != 1:
        yield issue("a check needs one limit", "state at_most or at_least, and not both")
    elif (one.at_most is not None) != (one.check in _UPPER):
        given, needed = ("at_least", "at_most") if one.check in _UPPER else ("at_most", "at_least")
        yield issue(f"{one.check} has {given}, so that a bad fit meets it", f"state {needed}")
    if one.outcome is not None:
        yield issue("the outcome of a check is judged from the fit", "remove outcome")
    if one.parameters and one.check not in _OF_PARAMETERS:
        remedy = "remove parameters; they are for " + ", ".join(_OF_PARAMETERS)
        yield issue(f"the check {one.check} is not of parameters", remedy)
    if one.output and one.check not in _OF_OUTPUTS:
        remedy = "remove output; it is for " + ", ".join(_OF_OUTPUTS)
        yield issue(f"the check {one.check} is not of an output", remedy)
