"""Description of a model: the contents of its file as short sentences."""

from collections.abc import Iterator

from pkqsp_bayes.engine.compiled_model import CompiledModel
from pkqsp_bayes.ode.interface import OdeInterface
from pkqsp_bayes.reporting.section import number, plural
from pkqsp_bayes.spec.kinetics import AbsorptionSpec, EliminationSpec
from pkqsp_bayes.spec.mechanism import QspSpec
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.population import (
    CovariateEffectSpec,
    ErrorSpec,
    ObservationSpec,
)
from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.spec.quantity import Quantity
from pkqsp_bayes.statistics import RANDOM_EFFECTS, RESIDUAL_ERRORS

__all__ = ["describe_model"]

_DRIVING = {
    "tissue": "the total concentration",
    "unbound": "the unbound concentration",
    "emergent": "the concentration in blood that leaves",
}


def describe_model(compiled: CompiledModel) -> list[tuple[str, str]]:
    """Describe the components of a model in short sentences.

    Parameters
    ----------
    compiled : CompiledModel
        The model.

    Returns
    -------
    list of (str, str)
        Topics, each with its description.

    Examples
    --------
    >>> from pkqsp_bayes.library import load_model
    >>> from pkqsp_bayes.engine.compiled_model import compile_model
    >>> dict(describe_model(compile_model(load_model("one-compartment"))))["Residual error"]
    'cp: additive and proportional'
    """
    spec = compiled.spec
    parts = (
        ("Drug", _drug(spec)),
        ("Body", _body(spec)),
        ("Absorption", (f"{n}: {_absorption(a)}" for n, a in spec.absorption.items())),
        ("Elimination", (_elimination(n, e) for n, e in spec.elimination.items())),
        ("Mechanism", (_module(n, q) for n, q in spec.qsp.items())),
        ("Links", (f"{link.target} follows {link.value.value}" for link in spec.link)),
        ("Doses", _doses(compiled.ode)),
        ("Random effects", _varying(spec)),
        ("Covariates", _covariates(spec)),
        ("Outputs", (_output(n, o) for n, o in spec.observe.items())),
        ("Residual error", (f"{n}: {_error(o.error)}" for n, o in spec.observe.items() if o.error)),
        ("Size", _size(compiled)),
        ("Notes of the compiler", iter(compiled.ode.notes)),
    )
    described = ((topic, "; ".join(sentences)) for topic, sentences in parts)
    return [(topic, text) for topic, text in described if text]


def _q(quantity: Quantity | None) -> str:
    if quantity is None:
        return "?"
    value = quantity.value
    text = value if isinstance(value, str) else number(value)
    return f"{text} {quantity.unit}" if quantity.unit else text


def _drug(spec: ModelSpec) -> Iterator[str]:
    if spec.drug is None:
        return
    yield spec.drug.name
    properties = (("fup", "unbound fraction in plasma"), ("BP", "blood-to-plasma ratio"),
             ("MW", "molar mass"), ("logP", "log P"))  # fmt: skip
    for key, label in properties:
        if getattr(spec.drug, key) is not None:
            yield f"{label} {_q(getattr(spec.drug, key))}"
    for key, label in (("pKa_acid", "acidic"), ("pKa_base", "basic")):
        if getattr(spec.drug, key):
            yield f"{label} pKa {', '.join(number(v) for v in getattr(spec.drug, key))}"


def _body(spec: ModelSpec) -> Iterator[str]:
    if spec.antibody is not None:
        yield "minimal PBPK of an antibody: plasma, tight and leaky tissue, lymph"
    if spec.body is None:
        return
    yield spec.body.species
    if spec.body.source:
        yield f"physiology {spec.body.source}"
    if spec.organs:
        yield f"{plural(len(spec.organs), 'organ')}: {', '.join(spec.organs)}"
    if spec.pools:
        yield f"blood pools: {', '.join(spec.pools)}"
    for lump, merged in spec.lump.items():
        yield f"{lump} stands for {', '.join(merged.organs)}"


def _absorption(spec: AbsorptionSpec) -> str:
    keys = ("ka", "duration", "n", "MTT", "PS", "k_transit", "bioavailability", "lag")
    stated = []
    for key in keys:
        value = getattr(spec, key)
        if value is not None:
            stated.append(f"{key} = {value if isinstance(value, int) else _q(value)}")
    return f"{spec.kind}, into {spec.into} ({', '.join(stated)})"


def _elimination(name: str, spec: EliminationSpec) -> str:
    organ = spec.organ or name
    ways = []
    if spec.CLint is not None:
        ways.append(f"linear, {_q(spec.CLint)} times {_DRIVING[spec.driving]}")
    if spec.Vmax is not None:
        ways.append(f"saturable, Vmax {_q(spec.Vmax)}, Km {_q(spec.Km)}")
    if spec.GFR is not None:
        ways.append(f"filtration, GFR {_q(spec.GFR)}")
    where = organ if organ == name else f"{name}, in {organ}"
    return f"{where}: {' and '.join(ways)}"


def _module(name: str, spec: QspSpec) -> str:
    kind = f"{spec.template} ({spec.variant})" if spec.variant else spec.template
    where = f", within {spec.organ}" if spec.organ else ""
    return f"{name}: {kind or 'equations of the model file'}{where}"


def _varying(spec: ModelSpec) -> Iterator[str]:
    for name, p in spec.population.parameters.items():
        ways = []
        if p.iiv is not None:
            ways.append(f"between subjects, {RANDOM_EFFECTS[p.iiv].description}")
        if p.iov is not None:
            ways.append(f"between occasions, {RANDOM_EFFECTS[p.iov].description}")
        if ways:
            yield f"{name} ({' and '.join(ways)})"
    for block in spec.population.omega.correlate:
        yield f"correlated: {', '.join(block)}"


def _covariates(spec: ModelSpec) -> Iterator[str]:
    modelled = {c for p in spec.population.parameters.values() for c in p.covariates}
    for name, p in spec.population.parameters.items():
        yield from (f"{name} by {_effect(c, e)}" for c, e in p.covariates.items())
    others = [name for name in spec.covariates if name not in modelled]
    if others:
        yield f"in the equations: {', '.join(others)}"


def _effect(covariate: str, spec: CovariateEffectSpec) -> str:
    if spec.levels:
        levels = ", ".join(f"{n}: {_value(v)}" for n, v in spec.levels.items())
        return f"{covariate} (category; {levels})"
    centre = "" if spec.reference is None else f", centred at {number(spec.reference)}"
    return f"{covariate} ({spec.form}, {_value(spec.coefficient)}{centre})"


def _value(value: PriorSpec | float | None) -> str:
    return number(value) if isinstance(value, int | float) else str(value)


def _output(name: str, spec: ObservationSpec) -> str:
    unit = f" ({spec.value.unit})" if spec.value.unit else ""
    return f"{name}{unit}, {'observed' if spec.error else 'derived'}"


def _error(spec: ErrorSpec) -> str:
    return RESIDUAL_ERRORS[spec.form].description


def _doses(ode: OdeInterface) -> Iterator[str]:
    for name, state in zip(ode.dose_names, ode.dose_states, strict=True):
        yield f"{name} (into {ode.states[state]})"


def _size(compiled: CompiledModel) -> Iterator[str]:
    lowered = compiled.lowered
    yield plural(len(lowered.states), "differential equation")
    yield plural(len(lowered.parameters), "individual parameter")
    yield "linear in its states" if lowered.linear else "nonlinear in its states"
