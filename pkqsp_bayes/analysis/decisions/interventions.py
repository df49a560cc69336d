"""Interventions: parameters, covariates and doses that are set or scaled, and their checks."""

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pkqsp_bayes.arguments import number
from pkqsp_bayes.arguments.rule import shown
from pkqsp_bayes.engine.compiled_model import CompiledModel
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.spec.body import CovariateSpec, level_code
from pkqsp_bayes.spec.effects import value_bounds
from pkqsp_bayes.spec.identifiers import suggest
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.population import PopulationParameterSpec, is_known
from pkqsp_bayes.study.simulated import DOSES, Dose

__all__ = ["Change", "Changes", "Scaled", "read_changes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaled:
    """Factor of a quantity: for an inhibitor ``Scaled(factor=0.2)``, for a knock-out 0.

    A scaled parameter keeps its random effects, deviations of occasions and covariates; a parameter
    that is set to a number loses them.

    Parameters
    ----------
    factor : float
        Factor, not negative.
    """

    factor: float


Change = float | str | Scaled | Dose | Sequence[Dose]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """An intervention, sorted by the kind of its causes.

    Parameters
    ----------
    constants : mapping of str to float
        Constants and population parameters that are one number, with their new values.
    parameters : mapping of str to (float or Scaled)
        Individual parameters.
    covariates : mapping of str to float
        Covariates with their new values.
    doses : Dose or sequence of Dose
        Doses.
    """

    constants: Mapping[str, float] = field(default_factory=dict)
    parameters: Mapping[str, float | Scaled] = field(default_factory=dict)
    covariates: Mapping[str, float] = field(default_factory=dict)
    doses: Dose | Sequence[Dose]


def read_changes(
    compiled: CompiledModel,
    do: Mapping[str, Change],
    doses: Dose | Sequence[Dose],
    covariates: Mapping[str, float],
) -> Changes:
    """Sort an intervention by the kind of its causes.

    Parameters
    ----------
    compiled : CompiledModel
        The model.
    do : mapping of str to Change
        Changes by the name of a parameter, constant or covariate; ``dose`` for the doses.
    doses, covariates
        Doses and covariates of the factual arm.

    Raises
    ------
    CheckError
        All names that are not causes in the model, and all values that are not possible.
    """
    spec = compiled.spec
    issues = [issue for name, change in do.items() for issue in _issues(compiled, name, change)]
    if not do:
        issues = [Issue(where="do", what="it is empty", remedy="name a cause")]
    if issues:
        raise CheckError(issues)
    moved = {n: c for n, c in do.items() if n in compiled.ode.parameters}
    return Changes(
        constants={
            n: _number(c, _constant(spec, n))
            for n, c in do.items()
            if n not in moved and _constant(spec, n) is not None
        },
        parameters={n: c if isinstance(c, Scaled) else _number(c, None) for n, c in moved.items()},
        covariates={
            n: _covariate(spec.covariates[n], c, covariates.get(n, spec.covariates[n].reference))
            for n, c in do.items()
            if n in spec.covariates
        },
        doses=_doses(do.get("dose", doses), doses),
    )


def _constant(spec: ModelSpec, name: str) -> float | str | None:
    """Return the value or expression of a constant; None if the name is not a constant."""
    if name in spec.parameters:
        return spec.parameters[name].value
    stated = spec.population.parameters.get(name)
    return stated.typical if stated and isinstance(stated.typical, float | int) else None


def _issues(compiled: CompiledModel, name: str, change: Change) -> Iterator[Issue]:
    where = f"do.{name}"
    complaint = _no_cause(compiled, name) or _no_change(compiled.spec, name, change)
    if complaint is not None:
        yield Issue(where=where, what=complaint[0], remedy=complaint[1])


def _no_cause(compiled: CompiledModel, name: str) -> tuple[str, str] | None:
    """Return the reason why a name is not a cause, and a remedy."""
    spec = compiled.spec
    causes = {**spec.population.parameters, **spec.parameters, **spec.covariates, "dose": None}
    if name in spec.observe:
        what = "an output is an effect in the model and cannot be set; only its causes can"
        return what, "intervene on a parameter, a covariate or the dose"
    if name in causes:
        stated = spec.population.parameters.get(name)
        if stated and not is_known(stated) and name not in compiled.ode.parameters:
            return "the model does not depend on it", "intervene on a cause of the output"
        return None
    if name in compiled.ode.states:
        what = "a state follows from its equation at every time and cannot be set"
        return what, "dose into it, or change the parameters of its equation"
    remedy = suggest(name, causes, "its causes are " + ", ".join(causes))
    return "it is not a cause in the model", remedy


def _no_change(spec: ModelSpec, name: str, change: Change) -> tuple[str, str] | None:
    if isinstance(change, Scaled):
        if not _is_finite(change.factor) or change.factor < 0:
            return f"the factor is {shown(change.factor)}", "give a finite one that is not negative"
        if isinstance(_constant(spec, name), str):
            return "it is an expression", "set it to a number, or scale its terms"
        return None
    if name == "dose":
        wrong = next(iter(DOSES.issues("dose", change)), None)
        other = "give doses, or Scaled(factor=...)"
        if wrong is None:
            return None
        return f"it is not a regimen: {wrong.where}: {wrong.what}", other
    if isinstance(change, str):
        levels = spec.covariates[name].levels if name in spec.covariates else {}
        return None if change in levels else (f"it has no level {change!r}", "give a number")
    if not _is_finite(change):
        return f"it cannot be set to {shown(change)}", "give a finite number, or Scaled(factor=...)"
    stated = spec.population.parameters.get(name)
    return None if stated is None else _out_of_bounds(stated, float(change))  # type: ignore[arg-type]


def _is_finite(value: object) -> bool:
    """Return whether a value is a finite number; a bool is not a number."""
    return not list(number().issues("", value))


def _out_of_bounds(stated: PopulationParameterSpec, value: float) -> tuple[str, str] | None:
    """Return the reason why an individual parameter cannot have a value, and a remedy."""
    least, most = value_bounds(stated)
    if least <= value <= most:
        return None
    allowed = f"{least:g} or more" if most == math.inf else f"{least:g} to {most:g}"
    return f"it cannot be set to {value:g}: that is out of its bounds", f"give {allowed}"


def _number(change: Change, present: float | str | None) -> float:
    if isinstance(change, Scaled):
        return change.factor * float(present or 0.0)
    return float(change)  # type: ignore[arg-type]  # checked by _no_change


def _covariate(stated: CovariateSpec, change: Change, present: float | None) -> float:
    if isinstance(change, str):
        return float(level_code(stated, change))
    return _number(change, present)


def _doses(change: Change, present: Dose | Sequence[Dose]) -> Dose | Sequence[Dose]:
    if isinstance(change, Scaled):
        given = [present] if isinstance(present, Dose) else present
        return [_scaled(dose, change.factor) for dose in given]
    return change  # type: ignore[return-value]  # checked by _no_change


def _scaled(dose: Dose, factor: float) -> Dose:
    return dataclasses.replace(dose, amount=np.asarray(dose.amount) * factor)
