"""Steady states that a study asks for and a system has not."""

import sympy as sp

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.ode.ready import ReadyModel
from pkqsp_bayes.ode.symbols import symbol
from pkqsp_bayes.study.study import Study

__all__ = ["steady_issues"]


def steady_issues(model: ReadyModel, study: Study) -> list[Issue]:
    """Return warnings of the states whose value at SS records may surprise.

    Parameters
    ----------
    model : ReadyModel
        The lowered model.
    study : Study
        The table.
    """
    kinds = set(study.table["SS"])
    issues = _accumulators(model) if kinds & {1, 2} else []
    return issues + (_counted_twice(model) if 2 in kinds else [])


def _accumulators(model: ReadyModel) -> list[Issue]:
    """Warn of states that no equation reads."""
    read = {entry.col for entry in model.lowered.rhs.by_state}
    names = [name for i, name in enumerate(model.lowered.states) if i not in read]
    what = f"{', '.join(names)} only fills: SS records leave its value as it is"
    return _warning(what, "give it an elimination, or read its gain since the record", names)


def _counted_twice(model: ReadyModel) -> list[Issue]:
    """Warn of inputs of the system's own where SS = 2 adds a whole steady state."""
    lowered = model.lowered
    empty: dict[sp.Symbol, sp.Expr] = {symbol(name): sp.Integer(0) for name in lowered.states}
    for link, expr in lowered.links.items():
        value = expr.xreplace(empty)
        if not value.free_symbols:
            empty[link] = value
    rows = dict(zip(lowered.states, lowered.rhs.values, strict=True))
    names = [name for name, row in rows.items() if row.xreplace(empty) not in (0, sp.nan, sp.zoo)]
    what = f"{', '.join(names)} has an input of its own, which SS = 2 adds a second time"
    return _warning(what, "use SS = 1, or a dose record with ADDL for the second regimen", names)


def _warning(what: str, remedy: str, names: list[str]) -> list[Issue]:
    issue = Issue(severity="warning", where="equations", what=what, remedy=remedy)
    return [issue] if names else []
