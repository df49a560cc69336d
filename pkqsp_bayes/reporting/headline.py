"""The first screen of the report: convergence, prediction, identifiability and the estimates."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pkqsp_bayes.fitting.results.approximation import approximation_label
from pkqsp_bayes.reporting.report_context import ReportContext
from pkqsp_bayes.reporting.section import Section, Table, number, plural, span
from pkqsp_bayes.reporting.sections.diagnostics import worst_figures
from pkqsp_bayes.reporting.sections.identifiability import identified_parameters

__all__ = ["Line", "Verdict", "judge"]

_MOST = 8
_NAMED = 5
_LARGEST_RHAT = 1.01


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
    lines : sequence of Line
        Judgements.
    numbers : sequence of (str, str)
        Counts, each with its name.
    answers : Table
        Estimates of the typical values.
    more : int
        Parameters that are not among them.
    """

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
    lines = [_sampling(context), _prediction(by_anchor["predictive"]), _checks(by_anchor["checks"])]
    budget = by_anchor["budget"].content.get("sentences", {})
    lines += [Line(mark="answer", head="Variance", text=f"{text}.") for text in budget.values()]
    lines.append(_identifiability(context))
    rows = _answers(context)
    return Verdict(
        lines=lines,
        numbers=_numbers(context),
        answers=Table(head=["Typical value", "Mean", "90 % interval", "Unit"], rows=rows[:_MOST]),
        more=max(0, len(rows) - _MOST),
    )


def _identifiability(context: ReportContext) -> Line:
    if context.identifiability is None:
        return Line(mark="open", head="Identifiability", text="not analysed.")
    identified = identified_parameters(context.identifiability)
    lost = [name for name, fine in identified.items() if not fine]
    if not lost:
        text = f"the study identifies all {len(identified)} population parameters."
        return Line(mark="good", head="Identifiable", text=text)
    named = ", ".join(lost[:_NAMED]) + (" and others" if len(lost) > _NAMED else "")
    text = (
        f"{len(lost)} of {len(identified)} population parameters are not identifiable from this "
        f"study or are estimated with low precision: {named}."
    )
    return Line(mark="look", head="Identifiability", text=text)


def _sampling(context: ReportContext) -> Line:
    label = approximation_label(context.fitted.attrs)
    if label:
        remedy = "All numbers of this page are from these draws; sample with pkqsp_bayes.fit."
        return Line(mark="bad", head="Approximated", text=f"the draws are of {label}. {remedy}")
    figures, issues = worst_figures(context.fitted), context.fitted.diagnostics
    found = (
        f"R-hat at most {figures['r_hat']:.3f}, at least "
        f"{min(figures['ess_bulk'], figures['ess_tail']):,.0f} effective draws"
    )
    if math.isfinite(figures["diverging"]):
        found += f", {plural(round(figures['diverging']), 'divergence')}"
    if not issues:
        return Line(mark="good", head="Converged", text=f"{found}; no problem was found.")
    remarks = f"{found}; {plural(len(issues), 'warning')} under Diagnostics."
    if figures["r_hat"] > _LARGEST_RHAT or figures["diverging"] > 0:
        return Line(mark="bad", head="Not reliable", text=remarks)
    return Line(mark="look", head="Converged, with warnings", text=remarks)


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
            mark="good", head="Checked", text=f"all {total} checks of model and data passed."
        )
    return Line(mark="look", head="Checked", text=f"{passed} of {total} checks passed.")


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
    return [
        [str(name), number(one["mean"]), span(one["q5"], one["q95"]), stated[str(name)].unit]
        for name, one in table.iterrows()
    ]
