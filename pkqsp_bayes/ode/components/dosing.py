"""Dosing compartments: their states, bioavailability, lag, rate and duration."""

from collections.abc import Mapping

import sympy as sp

from pkqsp_bayes.ode.components.draft import Draft, Place
from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.ode.system import DoseTarget
from pkqsp_bayes.spec.kinetics import AbsorptionSpec, DoseSpec
from pkqsp_bayes.spec.model import dose_numbers
from pkqsp_bayes.spec.quantity import Quantity

__all__ = ["add_doses"]


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
