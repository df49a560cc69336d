"""The body of the library in a model; each key that the model states takes precedence."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sympy as sp

from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.ode.components.draft import Draft
from pkqsp_bayes.ode.components.numbers import conversion, exact
from pkqsp_bayes.ode.components.ops import SYMPY
from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.ode.lowering.subexpressions import share_subexpressions
from pkqsp_bayes.ode.system import Assignment
from pkqsp_bayes.physiology.body import Body, Organ
from pkqsp_bayes.physiology.organ_names import canonical_organ
from pkqsp_bayes.physiology.species import (
    body_covariates,
    body_limits,
    reference_body,
    species_names,
)
from pkqsp_bayes.spec.body import BodySpec, CovariateSpec, OrganSpec, PoolSpec
from pkqsp_bayes.spec.identifiers import suggest
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.quantity import Quantity
from pkqsp_bayes.units import UnitError

__all__ = ["SHARED_PART", "SOURCES", "add_anatomy", "expand_model"]

SOURCES: Mapping[str, str] = {"human": "icrp89", "rat": "brown1997", "mouse": "brown1997"}
"""The body of each species by name; that of all other species is ``davies-morris1993``."""

_OTHERS = "davies-morris1993"
SHARED_PART = "body.part"
"""First part of the names of sub-expressions that formulas of a body share."""

_REST = "rest"
_OUTPUT = "body.CO"


def expand_model(spec: ModelSpec) -> ModelSpec:
    """Return a model with the organs and pools of its body; each key is a name defined later.

    Parameters
    ----------
    spec : ModelSpec
        The stated model. Without a body of the library it is returned as it is.

    Examples
    --------
    >>> from pkqsp_bayes.spec import BodySpec
    >>> model = ModelSpec(title="demo", body=BodySpec(source="icrp89"))
    >>> expand_model(model).organs["liver"].volume
    Quantity(value='liver.V', unit=None)
    """
    if spec.body is None or not _is_known(spec.body):
        return spec
    known = reference_body(spec.body.species)
    organs = {name: _merged(name, organ, spec) for name, organ in known.organs.items()}
    own = {name: organ for name, organ in spec.organs.items() if name not in organs}
    pools = spec.pools or {n: PoolSpec(volume=_name(f"{n}.V")) for n in ("arterial", "venous")}
    # The organ that takes the rest comes last, as in a file.
    rest = {_REST: organs.pop(_REST)} if _REST in organs else {}
    return replace(spec, organs={**organs, **own, **rest}, pools=pools)


def _name(text: str) -> Quantity:
    return Quantity(value=text)


def _label(spec: ModelSpec, name: str) -> str:
    """Return the first part of the names of an organ's quantities, with its lump if any."""
    for lump, members in spec.lump.items():
        if name in members.organs:
            return f"{lump}.{name}"
    subset = spec.body.subset if spec.body is not None else ()
    return f"{_REST}.{name}" if subset and (name == _REST or name not in subset) else name


def _merged(name: str, known: Organ, spec: ModelSpec) -> OrganSpec:
    label = _label(spec, name)
    stated = spec.organs.get(name, OrganSpec())
    series = known.position == "series"
    # The rest of the body takes the rest of the flow, so that a stated flow changes no other.
    flow = _name("balance" if name == _REST else f"{label}.Q")
    filled = {"volume": _name(f"{label}.V"), "flow": None if series else flow}
    if stated.model == "permeability":
        for key in ("fraction_vascular", "fraction_interstitial"):
            if getattr(known, key) is not None:
                filled[key] = _name(f"{label}.{key}")
    missing: dict[str, Any] = {
        k: q for k, q in filled.items() if q is not None and getattr(stated, k) is None
    }
    return replace(
        stated,
        **missing,
        position=known.position,
        drains_to=stated.drains_to or known.drains_to,
    )


def _is_known(body: BodySpec) -> bool:
    source = SOURCES.get(body.species, _OTHERS)
    return body.species in species_names() and body.source == source


def add_anatomy(draft: Draft) -> None:
    """Define the quantities of the library's body that the model does not state itself."""
    body = draft.spec.body
    if body is None or body.source is None:
        return
    if not _is_known(body):
        _report_source(draft, body)
        return
    covariates = _covariates(draft, body)
    try:
        known = reference_body(body.species, **covariates, ops=SYMPY)
    except CheckError as error:
        draft.issues.extend(error.issues)
        return
    draft.limits += body_limits(body.species, **covariates, ops=SYMPY)
    _define(draft, [*_whole(draft, known), *_organs(draft, known)])
    _report_aliases(draft, known)
    draft.notes.append(f"body of {body.species} ({body.source}): {'; '.join(known.sources)}")


def _report_source(draft: Draft, body: BodySpec) -> None:
    if body.species not in species_names():
        remedy = suggest(body.species, species_names(), "known: " + ", ".join(species_names()))
        draft.problem("body.species", f"there is no body of {body.species!r}", remedy)
        return
    source = SOURCES.get(body.species, _OTHERS)
    what = f"there is no body {body.source!r} of {body.species}"
    draft.problem("body.source", what, f'write source = "{source}"')


def _covariates(draft: Draft, body: BodySpec) -> dict[str, sp.Expr]:
    """Return the covariates of the model in the units of the formulas."""
    found: dict[str, sp.Expr] = {}
    for name, unit in body_covariates(body.species).items():
        stated = draft.spec.covariates.get(name)
        if stated is not None and name == "SEX":
            found[name] = _is_male(draft, stated)
        elif draft.knows(name):
            found[name] = symbol(name) * _factor(draft, name, unit)
    missing = [name for name in body_covariates(body.species) if name not in found]
    if missing:
        draft.notes.append(f"the body is that of the reference person for {', '.join(missing)}")
    return found


def _factor(draft: Draft, name: str, unit: str) -> sp.Expr:
    where = f"covariates.{name}.unit"
    try:
        return conversion(draft.stated_unit(name) or unit, unit)
    except UnitError as error:
        draft.problem(where, str(error), f"state it in a unit that converts to {unit}")
        return sp.Integer(1)


def _is_male(draft: Draft, sex: CovariateSpec) -> sp.Expr:
    """Return 1 for male and 0 for female, for any codes of the study."""
    levels = {label.lower(): code for label, code in sex.levels.items()}
    known = {"female": 0.0, "male": 1.0}
    codes = {label: levels.get(label, levels.get(label[0])) for label in known}
    if sex.levels and None in codes.values():
        draft.problem("covariates.SEX.levels", "the body needs the codes of female and male",
                      "levels = { female = 0, male = 1 }")  # fmt: skip
        return sp.Integer(1)
    if not sex.levels or codes == known:
        return symbol("SEX")
    low, high = exact(codes["female"] or 0.0), exact(codes["male"] or 0.0)
    return (symbol("SEX") - low) / (high - low)


def _carried(draft: Draft) -> sp.Expr:
    """Return the part of blood that flows carry and pools hold (`BodySpec.basis`)."""
    body = draft.spec.body
    plasma = body is not None and body.basis == "plasma"
    return 1 - symbol("Hct") if plasma else sp.Integer(1)


type _Wanted = Iterator[Assignment]


def _whole(draft: Draft, known: Body) -> _Wanted:
    """Yield cardiac output, haematocrit, filtration and pools."""
    where, flow = "body.source", draft.flow_unit
    part, per_hour = _carried(draft), conversion("L/h", flow)
    output = sp.sympify(known.cardiac_output) * per_hour * part
    yield Assignment(name=_OUTPUT, expr=output, unit=flow, where=where)
    for name, expr, unit in (
        ("CO", symbol(_OUTPUT), flow),
        ("Hct", sp.sympify(known.haematocrit), "dimensionless"),
        ("GFR", sp.sympify(known.gfr) * per_hour, flow),
    ):
        if not draft.knows(name):
            yield Assignment(name=name, expr=expr, unit=unit, where=where)
    pools = {"arterial": known.arterial_volume, "venous": known.venous_volume}
    # The blood of organs with a vascular space is not in the pools.
    held = sum((_own_blood(draft, *item) for item in known.organs.items()), sp.Integer(0))
    left = 1 - held / sp.sympify(known.blood_volume)
    for pool, volume in pools.items():
        stated = draft.spec.pools.get(pool)
        if stated is not None and _is_ours(stated.volume, f"{pool}.V"):
            value = sp.sympify(volume) * left * part
            yield Assignment(name=f"{pool}.V", expr=value, unit="L", where=where)


def _own_blood(draft: Draft, name: str, organ: Organ) -> sp.Expr:
    """Return the blood in an organ with a vascular space, L; other blood is in the pools."""
    spec, label = draft.spec.organs[name], _label(draft.spec, name)
    ours = _is_ours(spec.volume, f"{label}.V") and _is_ours(
        spec.fraction_vascular, f"{label}.fraction_vascular"
    )
    if organ.fraction_vascular is None or not ours:
        return sp.Integer(0)
    share = exact(organ.fraction_vascular)
    return sp.sympify(organ.volume) * share / (1 - share)


def _organs(draft: Draft, known: Body) -> _Wanted:
    """Yield volumes, flows and spaces of the organs."""
    per_hour = conversion("L/h", draft.flow_unit)
    for name, organ in known.organs.items():
        spec, where = draft.spec.organs[name], f"organs.{name}"
        label = _label(draft.spec, name)
        blood = _own_blood(draft, name, organ)
        whole = sp.sympify(organ.volume) + blood * _carried(draft)
        if _is_ours(spec.volume, f"{label}.V"):
            yield Assignment(name=f"{label}.V", expr=whole, unit="L", where=f"{where}.volume")
        if _is_ours(spec.flow, f"{label}.Q"):
            # A fraction of the cardiac output, so that it follows a stated or driven one.
            share = sp.sympify(organ.flow) * per_hour * _carried(draft) / symbol(_OUTPUT)
            yield Assignment(name=f"{label}.Q", expr=share * symbol("CO"), unit=draft.flow_unit,
                             where=f"{where}.flow")  # fmt: skip
        spaces = {"vascular": blood * _carried(draft), "interstitial": _interstitial(organ, blood)}
        for space, volume in spaces.items():
            key = f"fraction_{space}"
            if _is_ours(getattr(spec, key), f"{label}.{key}"):
                yield Assignment(name=f"{label}.{key}", expr=volume / whole, unit="dimensionless",
                                 where=f"{where}.{key}")  # fmt: skip


def _interstitial(organ: Organ, blood: sp.Expr) -> sp.Expr:
    """Return the interstitial volume, L; the fraction is of the organ with its blood."""
    return exact(organ.fraction_interstitial or 0.0) * (sp.sympify(organ.volume) + blood)


def _define(draft: Draft, wanted: Sequence[Assignment]) -> None:
    """Define quantities; sub-expressions that several share get a name of their own."""
    shared = share_subexpressions([a.expr for a in wanted], SHARED_PART)
    for part, expr in shared.temporaries:
        draft.define(part.name, expr, where="body.source")
    covariates = {symbol(name) for name in draft.covariates}
    for a, expr in zip(wanted, shared.results, strict=True):
        if covariates.isdisjoint(expr.free_symbols):
            value = expr
        else:
            # The unit check takes a formula in stated units as a number; its result has a unit.
            value = draft.define(f"{SHARED_PART}.{a.name}", expr, where="body.source")
        draft.define(a.name, value, unit=a.unit, where=a.where)


def _is_ours(q: Quantity | None, name: str) -> bool:
    return q is not None and q.value == name


def _report_aliases(draft: Draft, known: Body) -> None:
    """Report an organ that the body has under another name, so that none occurs twice."""
    for name in draft.spec.organs:
        usual = canonical_organ(name)
        if name not in known.organs and usual in known.organs:
            what = f"the body has {usual}, and {name} would be the same organ a second time"
            draft.problem(f"organs.{name}", what, f"write organs.{usual}")
