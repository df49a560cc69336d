"""A model and a study, checked together."""

from collections.abc import Callable
from typing import Any

import sympy as sp

from pkqsp_bayes.engine.subjects import subject_timelines
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.ode.checks import check_model
from pkqsp_bayes.ode.ready import ReadyModel, ready_model
from pkqsp_bayes.ode.symbols import symbol
from pkqsp_bayes.program.framing import build_frame
from pkqsp_bayes.program.observe import collect_observations
from pkqsp_bayes.spec.check_priors import check_priors
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.unfold import unfold_trajectories
from pkqsp_bayes.study.study import Study

__all__ = ["check"]


def check(model: ModelSpec, study: Study | None = None) -> list[Issue]:
    """Report every problem of a model, and of a study with it.

    Parameters
    ----------
    model : ModelSpec
        As stated.
    study : Study, optional
        A table that was read; or one that was only examined (`examine_study`), whose errors are
        reported with the rest.

    Returns
    -------
    list of Issue
        Errors and warnings; empty if all is well.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> pq.check(pq.load_model("one-compartment"))
    []
    """
    model = unfold_trajectories(model)
    issues = [*check_model(model), *check_priors(model, waiting=True)]
    if study is None:
        return issues
    broken = any(issue.severity == "error" for issue in issues)
    issues += study.warnings
    if broken:
        return issues  # without a system there is nothing to hold the study against
    ready = ready_model(model)
    issues += _collected(subject_timelines, ready, study)
    issues += [*_accumulators(ready, study), *_counted_twice(ready, study)]
    if any(observed.error is not None for observed in model.observe.values()):
        issues += _collected(collect_observations, model, ready.lowered, study)
        if not any(issue.severity == "error" for issue in issues):
            issues += _collected(build_frame, model, study, blq="M3", centred={})
    return list(dict.fromkeys(issues))


def _accumulators(ready: ReadyModel, study: Study) -> list[Issue]:
    """Warn of states that no equation reads where the study asks for a steady state."""
    lowered = ready.lowered
    read = {entry.col for entry in lowered.rhs.by_state}
    names = [name for i, name in enumerate(lowered.states) if i not in read]
    if not names or not (study.table["SS"] > 0).any():
        return []
    what = (
        f"{', '.join(names)} only fills and has no steady state: it keeps its value at SS records"
    )
    remedy = "give it an elimination, or read it as what it has gained since the record"
    return [Issue(severity="warning", where="equations", what=what, remedy=remedy)]


def _counted_twice(ready: ReadyModel, study: Study) -> list[Issue]:
    """Warn of inputs of the system's own where SS = 2 adds a whole steady state."""
    if not (study.table["SS"] == 2).any():
        return []
    lowered = ready.lowered
    empty = {symbol(name): sp.Integer(0) for name in lowered.states}
    rows = dict(zip(lowered.states, lowered.rhs.values, strict=True))
    names = [name for name, row in rows.items() if row.xreplace(empty) not in (0, sp.nan, sp.zoo)]
    if not names:
        return []
    what = f"{', '.join(names)} has an input of its own, which SS = 2 adds a second time"
    remedy = "use SS = 1, or a dose record for each of the two regimens with ADDL"
    return [Issue(severity="warning", where="equations", what=what, remedy=remedy)]


def _collected(call: Callable[..., Any], *arguments: object, **named: object) -> list[Issue]:
    try:
        call(*arguments, **named)
    except CheckError as error:
        return list(error.issues)
    return []
