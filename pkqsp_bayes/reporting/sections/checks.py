"""The section with the checks of model and study, and their outcomes."""

from collections.abc import Sequence

from pkqsp_bayes.engine.subjects import subject_timelines
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.reporting.report_context import ReportContext
from pkqsp_bayes.reporting.section import Section, Table, plural
from pkqsp_bayes.spec.priors.check_priors import check_priors

__all__ = ["checks_section"]

_SHOWN = 3
_DESCRIPTIONS = {
    "check_units": "The units of every equation are consistent",
    "check_balance": "Mass balance: drug is formed and lost only where the model states it",
    "check_constants": "Constant parts of equations are finite",
    "check_limits": "Reference values of covariates are valid for the formulas of the body",
    "check_conditions": "Conditions on time have break points for the solver",
    "check_flows": "Blood flows add up",
    "check_positive": "Volumes, flows and constants are positive",
    "check_sub_volumes": "The volumes of the parts of an organ do not exceed its volume",
    "check_duplication": "No process is modelled twice",
    "check_initial_values": "Initial values do not depend on later values",
    "check_parameters_used": "Every parameter is used",
    "check_states_read": "Every state affects an output or another state",
}


def checks_section(context: ReportContext) -> Section:
    """Return each check with its outcome."""
    rows = []
    for name, found in context.compiled.outcomes.items():
        text = _DESCRIPTIONS.get(name, name.removeprefix("check_").replace("_", " "))
        rows.append([text, _outcome(found)])
    rows.append(
        ["Priors have their mass at possible values", _outcome(check_priors(context.model))]
    )
    note = ""
    if context.study is None:
        note = "The study is not available. Its table was checked when the model was fitted."
    else:
        rows.append(["The records of the study are consistent with the model", _of_study(context)])
    return Section(
        anchor="checks",
        title="Checks",
        content={"table": Table(caption="Checks and their outcomes.", head=["Check", "Outcome"],
                                rows=rows, note=note),
                 "passed": sum(row[1] == "passed" for row in rows), "all": len(rows)},
    )  # fmt: skip


def _outcome(issues: Sequence[Issue]) -> str:
    shown = "; ".join(map(str, issues[:_SHOWN]))
    left = len(issues) - _SHOWN
    return (f"{shown}; and {plural(left, 'more issue')}" if left > 0 else shown) or "passed"


def _of_study(context: ReportContext) -> str:
    assert context.study is not None  # noqa: S101 - the caller checked it
    try:
        subject_timelines(context.compiled, context.study)
    except CheckError as error:
        return _outcome(error.issues)
    return _outcome(context.study.warnings)
