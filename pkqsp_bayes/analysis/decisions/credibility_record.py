"""`credibility_record`: what makes a model credible for a decision (ICH M15, ASME V&V 40)."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from pkqsp_bayes.analysis.decisions.credibility_figures import FitFigures
from pkqsp_bayes.arguments import SEED, checked, count, instance
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.fitting.diagnostics.fit_quality import judge_fit
from pkqsp_bayes.fitting.results.approximation_labels import labelled
from pkqsp_bayes.fitting.results.fit_argument import RESULT, FitLike, open_fit
from pkqsp_bayes.spec.causal_claim import CausalSpec
from pkqsp_bayes.spec.credibility_claim import CRITERIA, CredibilitySpec, CriterionSpec
from pkqsp_bayes.study.study_argument import STUDY, StudyLike

__all__ = ["Activity", "CredibilityRecord", "Criterion", "credibility_record"]

_SUSPECT = 0.05
_BY_SIMULATION = ("vpc_p_value", "npde_p_value")
_OUTCOMES = {"good": "passed", "look": "with reservations", "bad": "failed"}
_CLAIM = instance(CausalSpec, wanted="give a CausalSpec, as from pkqsp_bayes.read_causal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """An acceptance criterion with its outcome.

    Parameters
    ----------
    statement : str
        The criterion.
    limit, found : str
        The limit of the figure and its value; empty for a criterion that is stated as text.
    outcome : {"met", "not met", "open"}
        The outcome; ``open`` if the fit does not have the figure.
    evidence : str
        Where it is shown.
    """

    statement: str
    limit: str
    found: str
    outcome: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """A verification or validation activity with its outcome.

    Parameters
    ----------
    kind : str
        Verification, validation, calibration or applicability.
    what, outcome, evidence : str
        What was done; passed, failed, open, or with reservations; what it showed.
    """

    kind: str
    what: str
    outcome: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CredibilityRecord:
    """Record of the credibility of a fit for a context of use.

    Parameters
    ----------
    stated : CredibilitySpec
        Question of interest, context of use, influence, consequence, risk.
    criteria : tuple of Criterion
        Acceptance criteria with their outcomes.
    activities : tuple of Activity
        Activities of this package, and those that were stated.
    label : str
        Label of the draws if they come from a poor approximation.
    """

    stated: CredibilitySpec
    criteria: tuple[Criterion, ...]
    activities: tuple[Activity, ...]
    label: str = ""

    @property
    def table(self) -> pd.DataFrame:
        """Table with one row per criterion."""
        columns = ["statement", "limit", "found", "outcome", "evidence"]
        rows = [[getattr(one, name) for name in columns] for one in self.criteria]
        return pd.DataFrame(rows, columns=columns)

    @property
    def outcome(self) -> str:
        """Sentence on all criteria."""
        if not self.criteria:
            return "no acceptance criterion was stated"
        count = {name: sum(c.outcome == name for c in self.criteria)
                 for name in ("met", "not met", "open")}  # fmt: skip
        parts = [f"{number} {name}" for name, number in count.items() if number]
        return f"of {len(self.criteria)} acceptance criteria {', '.join(parts)}"

    @property
    def text(self) -> str:
        """The record as text."""
        s = self.stated
        lines = [f"Draws of {self.label}"] if self.label else []
        lines += [
            f"Question of interest: {s.question}",
            f"Context of use: {s.context_of_use}",
            f"Model influence: {s.influence}. {s.influence_reason}".strip(),
            f"Consequence of a wrong decision: {s.consequence}. {s.consequence_reason}".strip(),
            f"Model risk: {s.risk}",
            f"Outcome: {self.outcome}",
        ]
        lines += [_criterion_text(one) for one in self.criteria]
        lines += [f"{a.kind}, {a.outcome}: {a.what}. {a.evidence}".strip() for a in self.activities]
        return "\n\n".join(lines)


def _criterion_text(one: Criterion) -> str:
    figure = f" ({one.limit}; found {one.found or 'nothing'})" if one.limit else ""
    return f"Criterion, {one.outcome}: {one.statement}{figure}. {one.evidence}".strip()


@checked(fit=RESULT, claim=_CLAIM, study=STUDY, draws=count(25), seed=SEED)
@labelled
def credibility_record(
    fit: FitLike,
    claim: CausalSpec,
    *,
    study: StudyLike | None = None,
    draws: int = 500,
    seed: int = 1,
) -> CredibilityRecord:
    """Record the credibility of a fit for its context of use.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        Result of `pkqsp_bayes.fit`, or its folder.
    claim : CausalSpec
        A claim with ``[credibility]``, as `pkqsp_bayes.read_causal` reads it.
    study : Study, str, Path or DataFrame, optional
        Study of the fit, by default the one in its folder. Without a study, criteria on predictions
        are open.
    draws, seed : int
        Draws of the posterior for predictive checks, 25 at least; seed of all random numbers. The
        p-value of D draws is never below 1 / (D + 1): a criterion with a smaller limit is open.

    Returns
    -------
    CredibilityRecord
        Record with ``criteria``, ``activities``, a ``table`` and a ``text``. Criteria with a check
        are judged from the fit; a figure that the fit does not have leaves them open.

    Raises
    ------
    CheckError
        If the claim has no ``[credibility]``; or if a criterion names a parameter or an output that
        the fit does not have.

    Notes
    -----
    Model risk is low, medium or high by this matrix of influence (rows) and consequence (columns):
    low: low, low, medium; medium: low, medium, high; high: medium, high, high.
    """
    if claim.credibility is None:
        remedy = "state [credibility] with question, context_of_use, influence and consequence"
        raise CheckError([Issue(where="claim", what="it has no [credibility]", remedy=remedy)])
    fitted = open_fit(fit)
    own = "posterior" in fitted.groups
    known = fitted.own_study if study is None else fitted.resolve_study(study, own=own)
    figures = FitFigures(fitted=fitted, study=known, draws=draws, seed=seed)
    stated = tuple(
        Activity(kind=a.kind, what=a.what, outcome=a.outcome, evidence=a.evidence)
        for a in claim.credibility.activity
    )
    return CredibilityRecord(
        stated=claim.credibility,
        criteria=tuple(_judge(figures, one) for one in claim.credibility.criterion),
        activities=(*_own_activities(figures), *stated),
    )


def _judge(figures: FitFigures, one: CriterionSpec) -> Criterion:
    if one.check is None:
        return Criterion(
            statement=one.statement, limit="", found="", outcome=one.outcome or "open",
            evidence=one.evidence,
        )  # fmt: skip
    value = figures.find(one)
    limit = one.at_most if one.at_most is not None else one.at_least
    assert limit is not None  # noqa: S101 - the file was checked
    met = value <= limit if one.at_most is not None else value >= limit
    outcome = ("met" if met else "not met") if math.isfinite(value) else "open"
    evidence, least = one.evidence, 1 / (figures.draws + 1)
    if one.check in _BY_SIMULATION and met and limit <= least:
        outcome = "open"
        few = f"A p-value from {figures.draws} draws is never below {least:.2g}: use more draws."
        evidence = f"{evidence} {few}".strip()
    of = ", ".join(one.parameters) or one.output or ""
    statement = one.statement or CRITERIA[one.check] + (f" ({of})" if of else "")
    return Criterion(
        statement=statement, found=f"{value:.4g}" if math.isfinite(value) else "",
        limit=f"{one.check} {'at most' if one.at_most is not None else 'at least'} {limit:g}",
        outcome=outcome, evidence=evidence,
    )  # fmt: skip


def _own_activities(figures: FitFigures) -> Iterator[Activity]:
    """Yield the activities of this package."""
    outcomes = figures.fitted.compiled.outcomes
    failed = [name for name, found in outcomes.items() if found]
    evidence = f"{len(outcomes) - len(failed)} of {len(outcomes)} checks passed"
    yield Activity(
        kind="verification", what="Checks of the equations: units, mass balance, flows",
        outcome="passed" if not failed else "failed", evidence=evidence,
    )  # fmt: skip
    accuracy = figures.solver_accuracy()
    if accuracy is not None:
        text = f"change of the log density {accuracy.spread:.2g}, k-hat {accuracy.pareto_k:.2g}"
        yield Activity(
            kind="verification", what="Solutions with hundredfold tighter solver tolerances",
            outcome="failed" if accuracy.issues else "passed", evidence=text,
        )  # fmt: skip
    quality = judge_fit(figures.fitted)
    yield Activity(
        kind="calibration", what="Diagnostics of the sampler", evidence=quality.text,
        outcome=_OUTCOMES[quality.level],
    )  # fmt: skip
    yield from _predictive_activities(figures)


def _predictive_activities(figures: FitFigures) -> Iterator[Activity]:
    errors = figures.prediction_errors()
    for name in figures.endpoints:
        check = figures.visual_check(name)
        if check is None or errors is None:
            continue
        tests = {
            f"Visual predictive check of {name}": float(check["p_value"].min()),
            f"NPDE of {name}": float(errors["p_value"].sel(endpoint=name, test="all")),
        }
        for what, p in tests.items():
            yield Activity(
                kind="validation", what=f"{what}, with the data of the fit",
                evidence=f"p = {p:.2g}",
                outcome="passed" if p >= _SUSPECT else "failed",
            )  # fmt: skip
