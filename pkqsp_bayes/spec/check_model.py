"""Checks of a model that need only its names and units: a list of small functions."""

import dataclasses
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.spec.check_values import SCIENCE_CHECKS, VALUE_CHECKS
from pkqsp_bayes.spec.identifiers import check_name, suggest
from pkqsp_bayes.spec.labels import kappa_label
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.quantity import Quantity
from pkqsp_bayes.spec.reading.shorthand import OMEGA_KEYS
from pkqsp_bayes.spec.unfold import unfold_trajectories
from pkqsp_bayes.statistics.random_effects import USUAL_RANDOM_EFFECT
from pkqsp_bayes.units import UnitError, check_unit, same_dimension, split_log

__all__ = ["check_spec", "check_table_names"]

_Found = Iterator[tuple[str, str, str]]
_Named = Mapping[str, Iterable[str]]

_NAMED = ("covariates", "parameters", "pools", "organs", "lump", "absorption", "elimination",
          "dose", "qsp", "observe", "binding", "trajectory")  # fmt: skip
_PLACES = ("pools", "organs", "lump", "absorption", "qsp", "binding")
_BODY_NAMES = {"cardiac_output": "CO", "haematocrit": "Hct"}
_DRUG_NAMES = ("fup", "BP", "MW", "logP", "logMA")


def check_spec(spec: ModelSpec, *, where: str = "model") -> list[Issue]:
    """Return all problems of names, units and references inside the population layer.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    where : str
        Name of the file, for messages.

    Examples
    --------
    >>> from pkqsp_bayes.spec.body import CovariateSpec
    >>> spec = ModelSpec(title="demo", covariates={"exp": CovariateSpec()})
    >>> [issue.what for issue in check_spec(spec)]
    ["'exp' is reserved in the equation grammar"]
    """
    named = {section: tuple(getattr(spec, section)) for section in _NAMED}
    named["population"] = tuple(spec.population.parameters)
    named["drug"] = _stated(spec.drug, _DRUG_NAMES)
    named["body"] = _stated(spec.body, _BODY_NAMES)
    whole = unfold_trajectories(spec)
    found = [problem for check in _CHECKS for problem in check(spec)]
    found += [problem for check in _POPULATION_CHECKS for problem in check(whole)]
    return _issues([*_check_names(named), *_check_clashes(named), *found], where)


def check_table_names(table: Mapping[str, Any], *, where: str = "model") -> list[Issue]:
    """Return the problems of names in the raw table of a file that is not yet a model."""
    tables = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    named = {section: tuple(tables.get(section, ())) for section in _NAMED}
    named["population"] = tuple(name for name in tables.get("population", ()) if name != "omega")
    named["drug"] = tuple(key for key in _DRUG_NAMES if key in tables.get("drug", ()))
    named["body"] = tuple(key for key in _BODY_NAMES if key in tables.get("body", ()))
    return _issues([*_check_names(named), *_check_clashes(named)], where)


def _stated(record: Any, fields: Iterable[str]) -> tuple[str, ...]:
    return tuple(field for field in fields if getattr(record, field, None) is not None)


def _issues(found: Iterable[tuple[str, str, str]], where: str) -> list[Issue]:
    return [Issue(where=f"{where}: {place}", what=what, remedy=how) for place, what, how in found]


def _check_names(named: _Named) -> _Found:
    for section in (*_NAMED, "population"):
        for name in named[section]:
            complaint = check_name(name)
            if complaint:
                yield f"{section}.{name[:80]}", complaint, "choose another name"
    for name in OMEGA_KEYS:
        if name in named["population"]:
            yield f"population.{name}", f"{name!r} is a key of omega", "choose another name"


def _check_clashes(named: _Named) -> _Found:
    known = [("drug", named["drug"]), ("body", [_BODY_NAMES[field] for field in named["body"]])]
    names = ("covariates", "parameters", "population", "trajectory")
    free = [(section, named[section]) for section in names]
    yield from _twice([*known, *free])
    yield from _twice((section, named[section]) for section in _PLACES)


def _twice(tables: Iterable[tuple[str, Iterable[str]]]) -> _Found:
    first: dict[str, str] = {}
    for section, names in tables:
        for name in names:
            if name in first:
                what = f"{first[name]}.{name} has the same name"
                yield f"{section}.{name}", what, "rename one of the two"
            first.setdefault(name, section)


def _check_units(spec: ModelSpec) -> _Found:
    for place, unit in _units(spec, ""):
        # A column of a study may be a logarithm, quantities of a model are not.
        stated = split_log(unit)[1] if place.startswith("study.units.") else unit
        try:
            check_unit(stated)
        except UnitError as error:
            yield place, str(error), "write a unit such as mg/L, 1/h or nM"


def _units(record: Any, place: str) -> Iterator[tuple[str, str]]:
    """Yield every unit text below a record, with its path."""
    for field in dataclasses.fields(record):
        value, path = getattr(record, field.name), f"{place}{field.name}"
        if field.name == "unit" or field.name.endswith("_unit"):
            if isinstance(value, str):
                yield path, value
        elif field.name == "units":
            yield from ((f"{path}.{name}", unit) for name, unit in value.items())
        else:
            yield from _units_below(value, path)


def _units_below(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Quantity):
        if value.unit is not None:
            yield f"{path}.unit", value.unit
    elif dataclasses.is_dataclass(value):
        yield from _units(value, f"{path}.")
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _units_below(inner, f"{path}.{name}".replace("population.parameters.",
                                                                     "population."))  # fmt: skip
    elif isinstance(value, tuple):
        for index, inner in enumerate(value):
            yield from _units_below(inner, f"{path}[{index}]")


def _check_base_units(spec: ModelSpec) -> _Found:
    try:
        is_time = same_dimension(spec.time_unit, "h")
    except UnitError:
        return  # reported with the other units
    if not is_time:
        yield "time_unit", f"{spec.time_unit!r} is not a unit of time", "write h, min or day"


def _check_omega(spec: ModelSpec) -> _Found:
    omega, parameters = spec.population.omega, spec.population.parameters
    blocks = [(f"correlate[{i}]", block) for i, block in enumerate(omega.correlate)]
    for kind, names, form in (
        ("", omega.scales, "iiv"),
        ("occasion.", omega.occasion, "iov"),
        *((place, block, "iiv") for place, block in blocks),
    ):
        for name in names:
            place = f"population.omega.{kind}" + ("" if kind.startswith("corr") else name)
            if name not in parameters:
                what = f"there is no population parameter {name!r}"
                yield place, what, _suggest(name, parameters)
            elif getattr(parameters[name], form) is None:
                yield (
                    place,
                    f"{name} does not state {form}",
                    f'add {form} = "{USUAL_RANDOM_EFFECT}" to {name}',
                )
    if omega.lkj <= 0:
        yield (
            "population.omega.lkj",
            f"the shape of the LKJ prior is {omega.lkj:g}",
            "it must be positive",
        )


def _check_blocks(spec: ModelSpec) -> _Found:
    seen: set[str] = set()
    for index, block in enumerate(spec.population.omega.correlate):
        place = f"population.omega.correlate[{index}]"
        if len(block) < 2:
            yield place, "a single effect has no correlation", "name two or more effects"
        for name in block:
            if name in seen:
                yield place, f"{name!r} is in correlate twice", "keep one of the two"
            seen.add(name)


def _check_centred(spec: ModelSpec) -> _Found:
    omega, parameters = spec.population.omega, spec.population.parameters
    known = [name for name, p in parameters.items() if p.iiv is not None]
    known += [kappa_label(name) for name, p in parameters.items() if p.iov is not None]
    for key, names in (("centred", omega.centred), ("non_centred", omega.non_centred)):
        for name in names:
            if name not in known:
                what = f"there is no random effect {name!r}"
                yield f"population.omega.{key}", what, _suggest(name, known)
    for name in sorted(set(omega.centred) & set(omega.non_centred)):
        what = f"{name} is in centred and in non_centred"
        yield "population.omega.centred", what, "keep one of the two"


def _check_effects(spec: ModelSpec) -> _Found:
    for name, parameter in spec.population.parameters.items():
        for covariate, effect in parameter.covariates.items():
            place = f"population.{name}.covariates.{covariate}"
            stated = spec.covariates.get(covariate)
            if stated is None:
                what = f"there is no covariate {covariate!r}"
                yield place, what, _suggest(covariate, spec.covariates)
                continue
            for level in effect.levels if stated.levels else ():
                if level not in stated.levels:
                    what = f"{covariate} has no level {level!r}"
                    yield place, what, _suggest(level, stated.levels)


def _suggest(name: str, valid: Collection[str]) -> str:
    return suggest(name, valid, None if valid else "state it, or remove this")


_CHECKS: tuple[Callable[[ModelSpec], _Found], ...] = (
    _check_units,
    _check_base_units,
    *VALUE_CHECKS,
    *SCIENCE_CHECKS,
)

# These checks also see the parts that trajectories add.
_POPULATION_CHECKS: tuple[Callable[[ModelSpec], _Found], ...] = (
    _check_omega,
    _check_blocks,
    _check_centred,
    _check_effects,
)
