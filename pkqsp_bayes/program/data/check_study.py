"""Checks of a model together with a study."""

from collections.abc import Callable, Sequence
from typing import Any

from pkqsp_bayes.arguments import checked
from pkqsp_bayes.engine.compiled_model import CompiledModel, examine_model
from pkqsp_bayes.engine.subjects import subject_timelines
from pkqsp_bayes.errors import CheckError, Issue, Issues
from pkqsp_bayes.program.bind_data import bind_data
from pkqsp_bayes.program.data.check_table import (
    baseline_issues,
    level_issues,
    limit_issues,
    sentinel_issues,
    unread_issues,
)
from pkqsp_bayes.program.data.observations import examine_observations
from pkqsp_bayes.spec.library import MODEL, ModelLike, as_model
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.priors.check_priors import check_priors
from pkqsp_bayes.spec.unfold import unfold_trajectories
from pkqsp_bayes.study.columns.codes import code_issues
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.study_argument import EXAMINED, StudyLike, as_examined

__all__ = ["check", "steady_issues"]


def steady_issues(model: CompiledModel, study: Study) -> list[Issue]:
    """Return warnings of states with unexpected values at SS records.

    Parameters
    ----------
    model : CompiledModel
        The model.
    study : Study
        The study.
    """
    kinds = set(study.table["SS"])
    issues = _accumulators(model) if kinds & {1, 2} else []
    return issues + (_counted_twice(model) if 2 in kinds else [])


def _accumulators(model: CompiledModel) -> list[Issue]:
    """Warn of states that no equation reads."""
    names = model.unread_states
    what = f"{', '.join(names)} only fills: SS records do not change its value"
    return _warning(what, "add an elimination, or interpret its increase since the record", names)


def _counted_twice(model: CompiledModel) -> list[Issue]:
    """Warn of endogenous inputs, which SS = 2 adds a second time."""
    names = model.own_inputs
    what = f"{', '.join(names)} has an endogenous input, which SS = 2 adds a second time"
    return _warning(what, "use SS = 1, or a dose record with ADDL for the second regimen", names)


def _warning(what: str, remedy: str, names: Sequence[str]) -> list[Issue]:
    issue = Issue(severity="warning", where="equations", what=what, remedy=remedy)
    return [issue] if names else []


@checked(model=MODEL, study=EXAMINED)
def check(model: ModelLike, study: StudyLike | None = None) -> Issues:
    """Return all problems of a model, and of a study with this model.

    Parameters
    ----------
    model : ModelSpec, str or Path
        The stated model, its name, or its file.
    study : Study, str, Path or DataFrame, optional
        A study, its name or file, or a table; the errors of a study that was only examined
        (`examine_study`) are included.

    Returns
    -------
    Issues
        A list of errors and warnings; empty if there are none.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> pq.check(pq.load_model("one-compartment"))
    []
    """
    return Issues(dict.fromkeys(_issues(as_model(model), study)))


def _issues(stated: ModelSpec, study: StudyLike | None) -> list[Issue]:
    model = unfold_trajectories(stated)
    compiled, found = examine_model(model)
    issues = [*found, *check_priors(model, waiting=True)]
    if study is None:
        return issues
    study = as_examined(study, stated)
    broken = any(issue.severity == "error" for issue in issues)
    issues += _without_used_codes(model, study)
    if compiled is None or broken:
        return issues  # without a system the study cannot be checked
    issues += _collected(subject_timelines, compiled, study)
    issues += [*level_issues(model, study), *sentinel_issues(model, study)]
    issues += steady_issues(compiled, study)
    if any(observed.error is not None for observed in model.observe.values()):
        seen, odd = examine_observations(compiled, study)
        issues += [*odd, *baseline_issues(compiled, study, seen)]
        issues += limit_issues(compiled, study, seen)
        if not any(issue.severity == "error" for issue in issues):
            issues += _collected(bind_data, model, study, blq="M3", centred={})
    else:
        issues += unread_issues(model, study)
    return issues


def _without_used_codes(model: ModelSpec, study: Study) -> list[Issue]:
    """Return the warnings of the study without those of columns that the model reads."""
    names = [*model.covariates]
    needless = set(code_issues(study)) - set(code_issues(study, used=names))
    return [issue for issue in study.warnings if issue not in needless]


def _collected(call: Callable[..., Any], *arguments: object, **named: object) -> list[Issue]:
    try:
        call(*arguments, **named)
    except CheckError as error:
        return list(error.issues)
    return []
