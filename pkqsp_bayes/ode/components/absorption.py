"""Absorption models: first-order, zero-order, transit chain, gut lumen with permeability."""

import itertools
from collections.abc import Callable

import sympy as sp

from pkqsp_bayes.ode.components.draft import Draft, Place
from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.spec.kinetics import AbsorptionSpec
from pkqsp_bayes.spec.quantity import Quantity

__all__ = ["add_absorption"]

_MOST_COMPARTMENTS = 50
_KEYS = ("ka", "duration", "n", "MTT", "volume", "PS", "k_transit")
_KEYS_OF = {
    "first-order": ("ka",),
    "zero-order": ("duration",),
    "transit": ("n", "MTT", "ka"),
    "gut-lumen": ("volume", "PS", "k_transit"),
}


def add_absorption(draft: Draft) -> None:
    """Add every route and register it as the place that its doses enter."""
    kinds: dict[str, Callable[[Draft, str, AbsorptionSpec, Place], Place | None]] = {
        "first-order": _first_order,
        "zero-order": _zero_order,
        "transit": _transit,
        "gut-lumen": _gut_lumen,
    }
    for route, spec in draft.spec.absorption.items():
        idle = [key for key in _KEYS if key not in _KEYS_OF[spec.kind]]
        why = f"absorption of kind {spec.kind} has none"
        draft.refuse_keys(spec, idle, f"absorption.{route}", why)
        target = draft.place(spec.into, where=f"absorption.{route}.into")
        if target is None:
            continue
        if route in draft.places:
            what = f"{route!r} is also the name of an organ or pool"
            draft.problem(f"absorption.{route}", what, "choose another name for the route")
            continue
        entry = kinds[spec.kind](draft, route, spec, target)
        if entry is not None:
            draft.places[route] = entry


def _depot(draft: Draft, name: str, where: str) -> Place:
    draft.state(f"{name}.A", unit=draft.amount_unit, drug=sp.Integer(1), where=where)
    return Place(name=name, state=f"{name}.A")


def _needed(draft: Draft, route: str, spec: AbsorptionSpec, key: str, unit: str) -> sp.Expr:
    q: Quantity | None = getattr(spec, key)
    where = f"absorption.{route}.{key}"
    if q is None:
        draft.problem(where, f"{spec.kind} absorption needs {key}", "state it")
        return sp.Integer(1)
    return draft.quantity(f"{route}.{key}", q, unit, where=where)


def _first_order(draft: Draft, route: str, spec: AbsorptionSpec, target: Place) -> Place:
    depot = _depot(draft, route, f"absorption.{route}")
    ka = _needed(draft, route, spec, "ka", draft.rate_unit)
    draft.move(depot, target, ka * symbol(depot.state))
    return depot


def _zero_order(draft: Draft, route: str, spec: AbsorptionSpec, target: Place) -> Place:
    """Dose the target directly; the dosing compartment has a modelled duration."""
    _needed(draft, route, spec, "duration", draft.spec.time_unit)
    draft.notes.append(f"doses of route {route} are given with RATE = -2 (a modelled duration)")
    return target


def _transit(draft: Draft, route: str, spec: AbsorptionSpec, target: Place) -> Place | None:
    """Add n + 1 steps at ktr = (n + 1) / MTT, then ka if it is stated (Savic et al. 2007)."""
    where = f"absorption.{route}"
    if spec.n is None or not 0 <= spec.n <= _MOST_COMPARTMENTS:
        what = f"a transit chain needs n, 0 to {_MOST_COMPARTMENTS}"
        draft.problem(f"{where}.n", what, "state the number of compartments")
        return None
    mtt = _needed(draft, route, spec, "MTT", draft.spec.time_unit)
    ktr = draft.define(f"{route}.ktr", (spec.n + 1) / mtt, unit=draft.rate_unit, where=where)
    chain = [_depot(draft, f"{route}.transit{i}", where) for i in range(spec.n + 1)]
    last = target
    if spec.ka is not None:
        last = _first_order(draft, route, spec, target)
    for source, sink in zip(chain, [*chain[1:], last], strict=True):
        draft.move(source, sink, ktr * symbol(source.state))
    return chain[0]


def _gut_lumen(draft: Draft, route: str, spec: AbsorptionSpec, target: Place) -> Place | None:
    """Add segments in series: ``PS A/V`` crosses each wall, ``k_transit A`` enters the next."""
    where = f"absorption.{route}"
    if not 1 <= spec.segments <= _MOST_COMPARTMENTS:
        what = f"{spec.segments} segments (1 to {_MOST_COMPARTMENTS})"
        draft.problem(f"{where}.segments", what, "state a number in this range")
        return None
    if spec.segments > 1 and spec.k_transit is None:
        draft.problem(
            f"{where}.k_transit", "the transit between the segments has no rate", "state it"
        )
    volume = _needed(draft, route, spec, "volume", "L")
    product = _needed(draft, route, spec, "PS", draft.flow_unit)
    single = spec.segments == 1
    names = [f"{route}.lumen" if single else f"{route}.lumen{i + 1}" for i in range(spec.segments)]
    chain = [_depot(draft, name, where) for name in names]
    for depot in chain:
        inside = draft.define(
            f"{depot.name}.C",
            symbol(depot.state) / volume,
            unit=draft.concentration_unit,
            where=where,
        )
        draft.move(depot, target, product * inside)
    if spec.k_transit is not None:
        _pass_on(draft, route, spec, chain)
    return chain[0]


def _pass_on(draft: Draft, route: str, spec: AbsorptionSpec, chain: list[Place]) -> None:
    rate = _needed(draft, route, spec, "k_transit", draft.rate_unit)
    for source, sink in itertools.pairwise(chain):
        draft.move(source, sink, rate * symbol(source.state))
    draft.eliminate(chain[-1], rate * symbol(chain[-1].state))
