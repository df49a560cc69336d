"""Hypothesis strategies of whole model specs, made from the types of the records."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from pkqsp_bayes.spec import (
    CovariateEffectSpec,
    CovariateSpec,
    ErrorSpec,
    ModelSpec,
    OmegaSpec,
    PopulationParameterSpec,
    PopulationSpec,
    PriorSpec,
    Quantity,
    TrajectorySpec,
)
from pkqsp_bayes.spec.priors.prior_grammar import FAMILIES
from pkqsp_bayes.statistics import COVARIATE_EFFECTS, RESIDUAL_ERRORS

UNITS = ("", "mg/L", "1/h", "L/h/kg^0.75", "nM", "%", "mL/min", "kg", "µg")

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
numbers = st.one_of(
    st.integers(-(10**20), 10**20), st.floats(allow_nan=False, allow_infinity=False)
)
positive = st.floats(1e-6, 1e6)
names = st.from_regex(r"\A[A-Za-z][A-Za-z0-9]{0,5}\Z").map(lambda name: f"n{name}")
quantities = st.builds(
    Quantity,
    value=numbers | texts.filter(str.strip),
    unit=st.none() | st.sampled_from(UNITS),
)


@st.composite
def priors(draw: st.DrawFn) -> PriorSpec:
    name = draw(st.sampled_from(sorted(FAMILIES)))
    family = FAMILIES[name]
    if name == "uniform":
        lower = draw(st.floats(-1e6, 1e6))
        return PriorSpec(family=name, args=(lower, lower + draw(st.floats(0.5, 1e3))))
    args = (draw(positive if a in family.positive else positive.map(float.__neg__))
            for a in family.arguments)  # fmt: skip
    return PriorSpec(family=name, args=tuple(args))


@st.composite
def effects(draw: st.DrawFn) -> CovariateEffectSpec:
    form = draw(st.sampled_from(sorted(COVARIATE_EFFECTS)))
    value = positive | priors()
    if COVARIATE_EFFECTS[form].has_levels:
        labels = texts.filter(bool) | names | st.just("lambda")
        levels = draw(st.dictionaries(labels, value, min_size=1, max_size=3))
        return CovariateEffectSpec(form=form, levels=levels)
    return CovariateEffectSpec(
        form=form, coefficient=draw(value), reference=draw(st.none() | positive)
    )


@st.composite
def errors(draw: st.DrawFn) -> ErrorSpec:
    form = draw(st.sampled_from(sorted(RESIDUAL_ERRORS)))
    given = {key: draw(st.none() | positive | priors()) for key in RESIDUAL_ERRORS[form].keys}
    return ErrorSpec(form=form, **given)  # type: ignore[arg-type]


@st.composite
def covariates(draw: st.DrawFn) -> CovariateSpec:
    levels = draw(st.dictionaries(texts, st.integers(0, 9), max_size=2))
    codes = list(levels.values())
    is_category = bool(codes) or draw(st.booleans())
    kinds = ("fixed", "locf", "nocb") if is_category else ("fixed", "locf", "nocb", "linear")
    return CovariateSpec(
        unit=draw(st.sampled_from(UNITS)),
        interpolation=draw(st.sampled_from(kinds)),
        category=is_category,
        levels=levels if len(set(codes)) == len(codes) else {},
        reference=draw(st.none() | (st.sampled_from(codes) if codes else numbers)),
    )


@st.composite
def trajectories(draw: st.DrawFn) -> TrajectorySpec:
    unit = draw(st.sampled_from(UNITS))
    if draw(st.booleans()):
        return TrajectorySpec(mode="joint", unit=unit, value=draw(quantities))
    kinds = st.sampled_from(("linear", "locf", "nocb"))
    if draw(st.booleans()):
        knots = tuple(sorted(draw(st.sets(st.integers(0, 99), min_size=1, max_size=3))))
        return TrajectorySpec(mode="uncertain", knots=knots, typical=draw(positive | priors()))
    reference = draw(st.none() | numbers)
    return TrajectorySpec(mode="fixed", unit=unit, interpolation=draw(kinds), reference=reference)


SPECIAL: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    bool: st.booleans(),
    int: st.integers(-(10**6), 10**6),
    float: numbers,
    Quantity: quantities,
    PriorSpec: priors(),
    CovariateEffectSpec: effects(),
    CovariateSpec: covariates(),
    ErrorSpec: errors(),
    TrajectorySpec: trajectories(),
}
# What the checks of the file refuse outside its range.
BOUNDED: dict[str, st.SearchStrategy[Any]] = {
    "pKa_acid": st.lists(st.integers(-5, 20), max_size=2).map(tuple),
    "pKa_base": st.lists(st.integers(-5, 20), max_size=2).map(tuple),
    "share": st.none() | st.just(Quantity(value=0.5)),
}


def of_type(kind: Any) -> st.SearchStrategy[Any]:
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if kind in SPECIAL:
        return SPECIAL[kind]
    if kind is type(None):
        return st.none()
    if origin is typing.Literal:
        return st.sampled_from(args)
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*(of_type(inner) for inner in args))
    if origin is tuple:
        return st.lists(of_type(args[0]), max_size=2).map(tuple)
    if origin is Mapping:
        return st.dictionaries(names, of_type(args[1]), max_size=2)
    return record(kind)


def record(kind: Any, **fixed: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Any record of a dataclass, its units valid, some of its fields given."""
    hints = typing.get_type_hints(kind)
    parts: dict[str, st.SearchStrategy[Any]] = {}
    for field in dataclasses.fields(kind):
        if field.name in BOUNDED:
            parts[field.name] = BOUNDED[field.name]
        elif field.name == "units":
            parts[field.name] = st.dictionaries(names, st.sampled_from(UNITS), max_size=2)
        elif field.name == "unit" or field.name.endswith("_unit"):
            optional = st.none() if hints[field.name] is not str else st.nothing()
            parts[field.name] = optional | st.sampled_from(UNITS)
        else:
            parts[field.name] = of_type(hints[field.name])
    return st.builds(kind, **(parts | fixed))


@st.composite
def populations(draw: st.DrawFn, covariates: list[str]) -> PopulationSpec:
    effect = st.dictionaries(st.sampled_from(covariates), effects(), max_size=2)
    parameter = record(
        PopulationParameterSpec,
        covariates=effect if covariates else st.just({}),
        iiv=st.just("boxcox"),
        iov=st.just("normal"),
        typical=priors() | positive,
        value=st.none() | positive,
        lower=st.none() | positive.map(float.__neg__),
        upper=st.none() | st.floats(1e6, 1e9),
    )
    parameters = draw(st.dictionaries(names.map(lambda n: f"P{n}"), parameter, max_size=3))
    scale = positive | priors()
    known = sorted(parameters)
    scales = {n: draw(scale) for n in known if draw(st.booleans())}
    occasion = {n: draw(scale) for n in known if draw(st.booleans())}
    correlate = (tuple(known),) if len(known) > 1 and draw(st.booleans()) else ()
    omega = OmegaSpec(scales=scales, occasion=occasion, correlate=correlate, lkj=draw(positive))
    return PopulationSpec(parameters=parameters, omega=omega)


def _prefixed(section: str) -> st.SearchStrategy[Any]:
    """A mapping section whose names cannot clash with those of another."""
    inner = typing.get_args(typing.get_type_hints(ModelSpec)[section])[1]
    return st.dictionaries(names.map(lambda n: f"{section}{n}"), of_type(inner), max_size=2)


@st.composite
def models(draw: st.DrawFn) -> ModelSpec:
    sections = {
        field.name: _prefixed(field.name)
        for field in dataclasses.fields(ModelSpec)
        if typing.get_origin(typing.get_type_hints(ModelSpec)[field.name]) is Mapping
    }
    covariates = draw(sections.pop("covariates"))
    # Nothing below the covariates may name a level that they do not have.
    # A power of a covariate over a reference of 0 has no value.
    plain = {
        name: dataclasses.replace(
            c, levels={}, reference=None if c.reference is None else abs(c.reference) or 1
        )
        for name, c in covariates.items()
    }
    return draw(
        record(
            ModelSpec,
            time_unit=st.sampled_from(("h", "min", "day")),
            covariates=st.just(plain),
            population=populations(sorted(plain)),
            **sections,
        )
    )
