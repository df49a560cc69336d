"""The first screen of the report: convergence, prediction, identifiability and the estimates."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pkqsp_bayes.analysis.identifiability.fisher_information import POOR
from pkqsp_bayes.fitting.diagnostics.fit_quality import FitQuality, judge_fit
from pkqsp_bayes.reporting.report_context import ReportContext
from pkqsp_bayes.reporting.section import Section, Table, number, span
from pkqsp_bayes.reporting.sections.identifiability import (
    identified_parameters,
    sensitive_parameters,
)

__all__ = ["Line", "Verdict", "judge"]

_MOST = 8
_NAMED = 5
_UNMET = "Criteria not met"
_CHECKED = "Checked"
_TOPICS = ("Prediction", "Precision", "Identifiability", "Checks", "Criteria")
"""What is judged, in the order of the lines; a line of a failed fit has this name."""
_UNKNOWN = "not known, since the fit is not reliable. Of its draws: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One judgement.

    Parameters
    ----------
    mark : {"good", "look", "bad", "open"}
        The result.
    head, text : str
        A short result, and the reason for it.
    """

    mark: str
    head: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The first screen.

    Parameters
    ----------
    overall : Line
        The verdict on the whole.
    lines : sequence of Line
        Judgements.
    numbers : sequence of (str, str)
        Counts, each with its name.
    answers : Table
        Estimates of the typical values.
    more : int
        Parameters that are not among them.
    """

    overall: Line
    lines: Sequence[Line]
    numbers: Sequence[tuple[str, str]]
    answers: Table
    more: int


def judge(context: ReportContext, sections: Sequence[Section]) -> Verdict:
    """Summarise a report.

    Parameters
    ----------
    context : ReportContext
        The fit and its study.
    sections : sequence of Section
        The sections of the report.
    """
    by_anchor = {section.anchor: section for section in sections}
    quality = judge_fit(context.fitted)
    judged = [
        _prediction(by_anchor["predictive"]),
        _precision(context),
        _identifiability(context),
        _checks(by_anchor["checks"]),
        *_criteria(by_anchor["credibility"], context.criteria),
    ]
    budget = by_anchor["budget"].content.get("sentences", {})
    answers = [Line(mark="answer", head="Variance", text=f"{t}.") for t in budget.values()]
    lines = [*judged, *answers]
    if quality.level == "bad":
        lines = [*_unknown(judged), *(_not_known("Variance", line) for line in answers)]
    first = Line(mark=quality.level, head=quality.head, text=f"{quality.text}.")
    rows = _answers(context)
    return Verdict(
        overall=_overall(quality, judged),
        lines=[first, *lines],
        numbers=_numbers(context),
        answers=Table(
            caption="Typical values" + (", of a fit that is not reliable." if quality.warning else
                                        "."),
            head=["Typical value", "Median", "90 % interval", "RSE (%)", "Unit"],
            rows=rows[:_MOST],
        ),
        more=max(0, len(rows) - _MOST),
    )  # fmt: skip


def _unknown(judged: Sequence[Line]) -> list[Line]:
    """Return the lines of a failed fit: what follows from its draws is neither good nor bad.

    The checks of model and data do not depend on the draws.
    """
    return [
        line if line.head == _CHECKED else _not_known(topic, line)
        for topic, line in zip(_TOPICS, judged, strict=False)
    ]


def _not_known(topic: str, line: Line) -> Line:
    return Line(mark="open", head=topic, text=f"{_UNKNOWN}{line.text}")


def _overall(quality: FitQuality, judged: Sequence[Line]) -> Line:
    """Return the verdict: the worst of all judgements, with its reasons."""
    if quality.level == "bad":
        text = "the posterior of this fit must not be used for a decision. Repair the fit first."
        return Line(mark="bad", head="Not usable", text=text)
    bad = [line.head for line in judged if line.mark == "bad"]
    doubts = [quality.head] if quality.level == "look" else []
    doubts += [line.head for line in judged if line.mark == "look"]
    unknown = [line.head for line in judged if line.mark == "open"]
    reasons = "; ".join([*bad, *doubts, *(f"{head} not known" for head in unknown)])
    if bad or doubts or unknown:
        text = f"read these lines before you rely on a result: {reasons}."
        if bad:
            head = "Does not meet its acceptance criteria" if _UNMET in bad else bad[0]
            return Line(mark="bad", head=head, text=text)
        return Line(mark="look", head="Usable with reservations", text=text)
    text = "sampling, predictions, precision, identifiability and checks have no problem."
    return Line(mark="good", head="Usable", text=text)


def _precision(context: ReportContext) -> Line:
    """Judge the RSE of the typical values and the contraction of their priors."""
    table, stated = context.fitted.summary, context.model.population.parameters
    table = table[(table["sd"] > 0) & table.index.isin(list(stated)) & (table["mean"] != 0)]
    if table.empty:
        return Line(mark="open", head="Precision", text="no typical value was estimated.")
    rse = 100 * table["sd"] / table["mean"].abs()
    poor = [str(name) for name in rse.index[rse > POOR]]
    if poor:
        named = ", ".join(f"{name} ({number(float(rse[name]), 2)} %)" for name in poor[:_NAMED])
        text = f"typical values with an RSE above {POOR:.0f} %: {named}."
        return Line(mark="look", head="Imprecise", text=text)
    worst = str(rse.idxmax())
    text = f"the RSE of all typical values is at most {number(float(rse.max()), 2)} % ({worst})."
    return Line(mark="good", head="Precise", text=text)


def _identifiability(context: ReportContext) -> Line:
    if context.identifiability is None:
        return Line(mark="open", head="Identifiability", text="not analysed.")
    identified = identified_parameters(context.identifiability)
    lost = [name for name, fine in identified.items() if not fine]
    sensitive = sensitive_parameters(context.identifiability)
    note = (
        f" The priors of {', '.join(sensitive[:_NAMED])} have a small effect on the estimates."
        if sensitive
        else ""
    )
    if not lost:
        text = f"the study identifies all {len(identified)} population parameters.{note}"
        return Line(mark="good", head="Identifiable", text=text)
    named = ", ".join(lost[:_NAMED]) + (" and others" if len(lost) > _NAMED else "")
    text = (
        f"{len(lost)} of {len(identified)} population parameters are not identifiable from this "
        f"study or are estimated with low precision: {named}.{note}"
    )
    return Line(mark="look", head="Not all identifiable", text=text)


def _criteria(section: Section, stated: int) -> list[Line]:
    """Judge the acceptance criteria, if there are any."""
    if section.missing and stated:
        text = f"{stated} stated, none of them judged. {section.missing}"
        return [Line(mark="look", head="Criteria not judged", text=text)]
    record = section.content.get("record")
    if record is None or not record.criteria:
        return []
    outcomes = {criterion.outcome for criterion in record.criteria}
    text = f"{record.outcome}; model risk {record.stated.risk}."
    if "not met" in outcomes:
        return [Line(mark="bad", head=_UNMET, text=text)]
    if "open" in outcomes:
        return [Line(mark="look", head="Criteria open", text=text)]
    return [Line(mark="good", head="Criteria met", text=text)]


def _prediction(section: Section) -> Line:
    if section.missing:
        text = f"not checked. {section.missing}"
        return Line(mark="open", head="Prediction", text=text)
    found = ", ".join(f"{n} p = {number(p, 2)}" for n, p in section.content["p_values"].items())
    failed, odd = section.content["failed"], section.content["odd"]
    if failed:
        text = f"replicated studies differ from the observed one in {', '.join(failed)} ({found})."
        return Line(mark="bad", head="Does not predict", text=text)
    text = f"replicated studies are similar to the observed one ({found})"
    if odd:
        but = "; but the NPDE are not standard normal for "
        return Line(mark="look", head="Predicts in part", text=f"{text}{but}{', '.join(odd)}.")
    return Line(mark="good", head="Predicts", text=f"{text}.")


def _checks(section: Section) -> Line:
    if section.missing:
        return Line(mark="open", head="Checks", text="the checks could not be run.")
    passed, total = section.content["passed"], section.content["all"]
    if passed == total:
        return Line(
            mark="good", head=_CHECKED, text=f"all {total} checks of model and data passed."
        )
    return Line(mark="look", head=_CHECKED, text=f"{passed} of {total} checks passed.")


def _numbers(context: ReportContext) -> list[tuple[str, str]]:
    posterior, observed = context.fitted.posterior, context.observed
    draws = posterior.sizes["chain"] * posterior.sizes["draw"]
    return [
        (f"{len(set(observed['ID'].to_numpy().tolist())):,}", "subjects"),
        (f"{observed.sizes['observation']:,}", "observations"),
        (f"{len(context.compiled.ode.states):,}", "equations"),
        (f"{draws:,}", "draws"),
    ]


def _answers(context: ReportContext) -> list[list[str]]:
    table, stated = context.fitted.summary, context.model.population.parameters
    table = table[(table["sd"] > 0) & table.index.isin(list(stated))]
    return [_answer(context, str(name), one) for name, one in table.iterrows()]


def _answer(context: ReportContext, name: str, one: pd.Series) -> list[str]:
    median = number(float(np.median(context.fitted.draws[name])))
    rse = number(100 * one["sd"] / abs(one["mean"]), 2) if one["mean"] else ""
    unit = context.model.population.parameters[name].unit
    return [name, median, span(one["q5"], one["q95"]), rse, unit]
