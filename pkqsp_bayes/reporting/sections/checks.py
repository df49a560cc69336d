"""The checks that were run on model and study, and what came of them."""

from collections.abc import Sequence

from pkqsp_bayes.engine.subjects import subject_timelines
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.reporting.report_context import ReportContext
from pkqsp_bayes.reporting.section import Section, Table, plural
from pkqsp_bayes.spec.check_priors import check_priors

__all__ = ["checks_section"]

_SHOWN = 3
_WORDS = {
    "check_units": "Every equation has the units that it must have",
    "check_balance": "Drug is neither made nor lost but where the model says so",
    "check_flows": "Blood flows add up",
    "check_positive": "Volumes, flows and constants are positive",
    "check_sub_volumes": "Parts of organs fit into them",
    "check_duplication": "No process is there twice",
    "check_initial_values": "Initial values do not depend on what comes later",
    "check_parameters_used": "Every parameter is used",
    "check_states_read": "Every state has a consequence",
}


def checks_section(context: ReportContext) -> Section:
    """Return each check with its outcome."""
    rows = []
    for name, found in context.compiled.outcomes.items():
        words = _WORDS.get(name, name.removeprefix("check_").replace("_", " "))
        rows.append([words, _outcome(found)])
    rows.append(
        ["Priors have their mass where values are possible", _outcome(check_priors(context.model))]
    )
    note = ""
    if context.study is None:
        note = "The study is not at hand: its table was checked when it was fitted, not again."
    else:
        rows.append(["The table of the study means something to the model", _of_study(context)])
    return Section(
        anchor="checks",
        title="Checks",
        content={"table": Table(head=["Check", "Outcome"], rows=rows, note=note),
                 "passed": sum(row[1] == "passed" for row in rows), "all": len(rows)},
    )  # fmt: skip


def _outcome(issues: Sequence[Issue]) -> str:
    shown = "; ".join(map(str, issues[:_SHOWN]))
    left = len(issues) - _SHOWN
    return (f"{shown}; and {plural(left, 'more remark')}" if left > 0 else shown) or "passed"


def _of_study(context: ReportContext) -> str:
    assert context.study is not None  # noqa: S101 - the caller asked
    try:
        subject_timelines(context.compiled, context.study)
    except CheckError as error:
        return _outcome(error.issues)
    return _outcome(context.study.warnings)
