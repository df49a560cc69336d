"""Checks of records that need a steady state which the system does not have."""

from collections.abc import Sequence

from pkqsp_bayes.engine.compiled_model import CompiledModel
from pkqsp_bayes.errors import Issue
from pkqsp_bayes.study.study import Study

__all__ = ["steady_issues"]


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
