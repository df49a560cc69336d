"""Check of a study's subjects against the ranges in which the formulas of a model hold."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.engine.compiled_model import CompiledModel
from pkqsp_bayes.errors import Issue
from pkqsp_bayes.ode.formulas import Formula, FormulaLimit, sign_issues
from pkqsp_bayes.physiology.formula_ranges import describe_range
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.statistics import COVARIATE_EFFECTS
from pkqsp_bayes.statistics.covariate_effects import UNLIMITED_EFFECTS
from pkqsp_bayes.study.timeline import Timeline

__all__ = ["domain_issues"]

type FloatArray = NDArray[np.float64]
type BoolArray = NDArray[np.bool_]

_MOST_SUBJECTS = 5
_CHUNK = 4096
_REMEDY = "correct the covariates of this subject, or the formula of the model"


def domain_issues(model: CompiledModel, lines: Sequence[Timeline], *, source: str) -> list[Issue]:
    """Return the subjects for which a formula of the body is not valid, with the value.

    Parameters
    ----------
    model : CompiledModel
        Its volumes, flows and fractions are evaluated at each subject's covariates and the typical
        values of the parameters, and compared with the ranges of the formulas of its body.
    lines : sequence of Timeline
        The subjects.
    source : str
        Name of the study, for the location.
    """
    spec, limited = model.spec, _limited(model.spec)
    if not (limited or model.formulas.limits or spec.body or spec.pools or spec.organs):
        return []
    rows = _Rows.of(model, lines)
    wrong: dict[int, tuple[Issue, str]] = {}
    for first in range(0, rows.subject.size, _CHUNK):
        for row, issue in _chunk(model, limited, rows, slice(first, first + _CHUNK)):
            wrong.setdefault(
                int(rows.subject[first + row]), (issue, rows.describe_row(first + row))
            )
    return _issues(wrong, lines, source)


def _issues(
    wrong: Mapping[int, tuple[Issue, str]], lines: Sequence[Timeline], source: str
) -> list[Issue]:
    """Return one issue per subject for the first subjects, and the number of the others."""
    issues = [
        Issue(
            where=f"{source}, subject {lines[subject].subject}",
            what=f"{issue.where}: {issue.what}{at}",
            remedy=issue.remedy or _REMEDY,
        )
        for subject, (issue, at) in list(wrong.items())[:_MOST_SUBJECTS]
    ]
    if len(wrong) > _MOST_SUBJECTS:
        what = f"{len(wrong) - _MOST_SUBJECTS} more subjects have the same or a similar problem"
        issues.append(Issue(where=source, what=what, remedy=_REMEDY))
    return issues


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Covariates (rows, covariates) of each record or of each subject, with the subject's index."""

    names: tuple[str, ...]
    values: FloatArray
    subject: NDArray[np.int64]

    @classmethod
    def of(cls, model: CompiledModel, lines: Sequence[Timeline]) -> "_Rows":
        ode = model.ode
        varying = tuple(c.name for c in ode.varying_covariates)
        if not varying:
            values = np.array([line.fixed for line in lines]).reshape(len(lines), -1)
            return cls(names=ode.fixed_covariates, values=values, subject=np.arange(len(lines)))
        counts = [line.time.size for line in lines]
        subject = np.repeat(np.arange(len(lines)), counts)
        fixed = np.array([line.fixed for line in lines]).reshape(len(lines), -1)[subject]
        values = np.hstack([fixed, np.vstack([line.own for line in lines])])
        return cls(names=(*ode.fixed_covariates, *varying), values=values, subject=subject)

    def describe_row(self, row: int) -> str:
        """Return the covariates of a row as text."""
        pairs = zip(self.names, self.values[row], strict=True)
        values_text = ", ".join(f"{name} = {value:g}" for name, value in pairs)
        return f" (at {values_text})" if values_text else ""


def _limited(spec: ModelSpec) -> dict[str, tuple[str, str]]:
    """Return the covariates of which an effect has no value everywhere: the place, the form."""
    return {
        covariate: (f"population.{parameter}.covariates.{covariate}", effect.form)
        for parameter, stated in spec.population.parameters.items()
        for covariate, effect in stated.covariates.items()
        if COVARIATE_EFFECTS[effect.form].lowest > -math.inf
    }


def _chunk(
    model: CompiledModel, limited: Mapping[str, tuple[str, str]], rows: _Rows, part: slice
) -> Iterator[tuple[int, Issue]]:
    """Yield the rows with a problem, with the first problem of each."""
    covariates, formulas = rows.values[part], model.formulas
    known = {name: covariates[:, i] for i, name in enumerate(rows.names)}
    known |= {
        p.name: np.asarray(float(p.value)) for p in model.ode.quantities if p.value is not None
    }
    values = formulas.evaluate(known)
    open_rows = np.ones(covariates.shape[0], dtype=bool)
    for name, effect in limited.items():
        if name in known:
            yield from _no_effect(name, effect, known[name], open_rows)
    for limit in formulas.limits:
        yield from _outside(limit, values, open_rows)
    for helper in formulas.helpers:
        found = values[helper.node]
        if found is not None:
            yield from _wrong_sign(helper, found, open_rows)


def _no_effect(
    name: str, effect: tuple[str, str], values: FloatArray, open_rows: BoolArray
) -> Iterator[tuple[int, Issue]]:
    where, form = effect
    bad = np.flatnonzero(~(values > COVARIATE_EFFECTS[form].lowest))
    for row in bad:
        what = f"{name} is {values[row]:g}, and a {form} of it is not defined"
        remedy = f"correct the value, or write {UNLIMITED_EFFECTS}"
        yield int(row), Issue(where=where, what=what, remedy=remedy)
    open_rows[bad] = False


def _outside(
    limit: FormulaLimit, values: Sequence[FloatArray | None], open_rows: BoolArray
) -> Iterator[tuple[int, Issue]]:
    parts = [values[node] for node in (limit.value, limit.low, limit.high)]
    whole = [np.broadcast_to(part, open_rows.shape) for part in parts if part is not None]
    if len(whole) < len(parts):
        raise KeyError(limit.name)
    value, low, high = whole
    bad = np.flatnonzero(~((value >= low) & (value <= high)))
    for row in bad:
        what = f"{limit.name} is {value[row]:g}, {describe_range(low[row], high[row])}"
        yield int(row), Issue(where=limit.where, what=what, remedy=limit.remedy)
    open_rows[bad] = False


def _wrong_sign(
    a: Formula, values: FloatArray, open_rows: BoolArray
) -> Iterator[tuple[int, Issue]]:
    """Check the extremes first; the sign of a value outside its range is not checked."""
    whole = np.broadcast_to(values, open_rows.shape)
    extremes = {float(np.min(whole)), float(np.max(whole))} if whole.size else set()
    if not any(True for value in extremes for _ in sign_issues(a.name, a.where, value)):
        return
    for row in np.flatnonzero(open_rows):
        for issue in sign_issues(a.name, a.where, float(whole[row])):
            yield int(row), issue
            open_rows[row] = False
