"""Dosing compartments, and absorption: first-order, zero-order, transit chain, gut lumen."""

import itertools
from collections.abc import Callable, Mapping

import sympy as sp

from pkqsp_bayes.ode.components.draft import Draft, Place
from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.ode.system import DoseTarget
from pkqsp_bayes.spec.kinetics import AbsorptionSpec, DoseSpec
from pkqsp_bayes.spec.model import dose_numbers
from pkqsp_bayes.spec.quantity import Quantity

__all__ = ["add_absorption", "add_doses"]


def add_doses(draft: Draft) -> None:
    """Add the dosing compartments in the order of their numbers."""
    numbers = dose_numbers(draft.spec)
    seen: dict[int, str] = {}
    for name, number in numbers.items():
        if number in seen:
            what = f"{name} and {seen[number]} both have the number {number}"
            draft.problem(f"dose.{name}.cmt", what, "choose another number")
        seen[number] = name
        _add_target(draft, name)


def _add_target(draft: Draft, name: str) -> None:
    spec = draft.spec.dose.get(name)
    where = f"dose.{name}" if spec else f"absorption.{name}"
    spec = spec or DoseSpec(to=name)
    if spec.to in draft.spec.absorption and spec.to not in draft.places:
        return  # a problem of the route itself is already reported
    place = draft.place(spec.to, where=f"{where}.to")
    if place is not None:
        route = draft.spec.absorption.get(spec.to)
        draft.doses.append(_target(draft, name, spec, route, place, where))


def _target(
    draft: Draft, name: str, spec: DoseSpec, route: AbsorptionSpec | None, place: Place, where: str
) -> DoseTarget:
    time = draft.spec.time_unit
    unit = spec.unit if spec.unit is not None else draft.amount_unit
    amount_rate = f"{unit}/{time}"
    duration = _stated(draft, name, spec, route, "duration", time, where)
    if duration is None and route is not None and route.kind == "zero-order":
        duration = symbol(f"{spec.to}.duration")
    return DoseTarget(
        name=name,
        state=place.state,
        factor=draft.per_amount(place, unit, where=f"{where}.unit"),
        bioavailability=_or(_stated(draft, name, spec, route, "bioavailability", "", where), 1),
        lag=_or(_stated(draft, name, spec, route, "lag", time, where), 0),
        rate=_stated(draft, name, spec, None, "rate", amount_rate, where),
        duration=duration,
        where=where,
    )


def _or(expr: sp.Expr | None, default: int) -> sp.Expr:
    return sp.Integer(default) if expr is None else expr


def _stated(
    draft: Draft,
    name: str,
    spec: DoseSpec,
    route: AbsorptionSpec | None,
    key: str,
    unit: str,
    where: str,
) -> sp.Expr | None:
    """Return the quantity that the dose states, or else that of its route."""
    q: Quantity | None = getattr(spec, key)
    at = where
    if q is None and route is not None and key != "duration":
        q, at = getattr(route, key), f"absorption.{spec.to}"
    if q is None:
        return None
    return draft.quantity(f"{name}.{_SHORT[key]}", q, unit, where=f"{at}.{key}")


_SHORT: Mapping[str, str] = {
    "bioavailability": "F",
    "lag": "lag",
    "rate": "rate",
    "duration": "D",
}


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
