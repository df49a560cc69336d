"""The first screen: did it converge, does it predict, and what is the answer."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pkqsp_bayes.fitting.results.approximation import approximation_label
from pkqsp_bayes.reporting.report_context import ReportContext
from pkqsp_bayes.reporting.section import Section, Table, number, plural, span
from pkqsp_bayes.reporting.sections.diagnostics import worst_figures
from pkqsp_bayes.reporting.sections.identifiability import told_parameters

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
        How it is.
    head, text : str
        What is judged, and why so.
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
        What is counted, by what it is.
    answers : Table
        The parameters of the population.
    more : int
        Parameters that are not among them.
    """

    lines: Sequence[Line]
    numbers: Sequence[tuple[str, str]]
    answers: Table
    more: int


def judge(context: ReportContext, sections: Sequence[Section]) -> Verdict:
    """Sum a report up.

    Parameters
    ----------
    context : ReportContext
        What is known.
    sections : sequence of Section
        What was made of it.
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
    told = told_parameters(context.identifiability)
    lost = [name for name, fine in told.items() if not fine]
    if not lost:
        text = f"the study tells all {len(told)} parameters of the population."
        return Line(mark="good", head="Identifiable", text=text)
    named = ", ".join(lost[:_NAMED]) + (" and others" if len(lost) > _NAMED else "")
    text = f"of {len(told)} parameters {len(lost)} are not told well by this study: {named}."
    return Line(mark="look", head="Identifiability", text=text)


def _sampling(context: ReportContext) -> Line:
    label = approximation_label(context.fitted.attrs)
    if label:
        remedy = "The numbers of this page are of these draws; draw with pkqsp_bayes.fit."
        return Line(mark="bad", head="Approximated", text=f"the draws are of {label}. {remedy}")
    figures, issues = worst_figures(context.fitted), context.fitted.diagnostics
    said = (
        f"R-hat at most {figures['r_hat']:.3f}, at least "
        f"{min(figures['ess_bulk'], figures['ess_tail']):,.0f} effective draws"
    )
    if math.isfinite(figures["diverging"]):
        said += f", {plural(round(figures['diverging']), 'divergence')}"
    if not issues:
        return Line(mark="good", head="Converged", text=f"{said}; nothing is wrong with sampling.")
    remarks = f"{said}; {plural(len(issues), 'remark')} under Diagnostics."
    if figures["r_hat"] > _LARGEST_RHAT or figures["diverging"] > 0:
        return Line(mark="bad", head="Not to be trusted yet", text=remarks)
    return Line(mark="look", head="Converged, with remarks", text=remarks)


def _prediction(section: Section) -> Line:
    if section.missing:
        text = f"not checked. {section.missing}"
        return Line(mark="open", head="Prediction", text=text)
    found = ", ".join(f"{n} p = {number(p, 2)}" for n, p in section.content["p_values"].items())
    failed, odd = section.content["failed"], section.content["odd"]
    if failed:
        text = f"replicated studies differ from the observed one in {', '.join(failed)} ({found})."
        return Line(mark="bad", head="Does not predict", text=text)
    text = f"replicated studies look like the observed one ({found})"
    if odd:
        said = "; but the errors of single predictions are not what they should be (NPDE) in "
        return Line(mark="look", head="Predicts in part", text=f"{text}{said}{', '.join(odd)}.")
    text += "."
    return Line(mark="good", head="Predicts", text=text)


def _checks(section: Section) -> Line:
    if section.missing:
        return Line(mark="open", head="Checks", text="they could not be run.")
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
