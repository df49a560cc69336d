"""Organ impairment: multipliers of the figures of a body, with flows that still add up."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pkqsp_bayes.arguments import checked, instance, mapping
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.ops import VALUE, Value, is_number
from pkqsp_bayes.physiology.body import Body, Organ
from pkqsp_bayes.spec.identifiers import suggest

__all__ = ["impair_body", "multiplier_names"]

_WHOLE = ("gfr", "haematocrit", "albumin", "aag")


def multiplier_names(body: Body) -> tuple[str, ...]:
    """Return the names of the figures that can be multiplied.

    Examples
    --------
    >>> from pkqsp_bayes.physiology.species import reference_body
    >>> "liver.arterial" in multiplier_names(reference_body("rat"))
    True
    """
    names = [*_WHOLE]
    for organ, figures in body.organs.items():
        names += [f"{organ}.volume", f"{organ}.functional"]
        if figures.flow is not None and organ != "rest":
            names.append(f"{organ}.flow")
    return (*names, "liver.arterial")


_BODY = instance(Body, wanted="give a Body, such as pkqsp_bayes.reference_body returns")
_MULTIPLIERS = mapping(
    VALUE, wanted='give a mapping of names to factors, such as {"liver.flow": 0.5}'
)


@checked(body=_BODY, multipliers=_MULTIPLIERS)
def impair_body(body: Body, multipliers: Mapping[str, Value]) -> Body:
    """Return the body with multiplied figures.

    Parameters
    ----------
    body : Body
        Body of a healthy individual.
    multipliers : mapping of str to Value
        ``gfr``, ``haematocrit``, ``albumin``, ``aag``; of an organ ``volume``, ``flow`` (of the
        liver including its portal inflow), ``functional`` (the functional share of its tissue);
        ``liver.arterial``. The rest of the body compensates a changed flow, so that the cardiac
        output is constant.

    Raises
    ------
    CheckError
        With every unknown name and negative multiplier.

    Examples
    --------
    >>> from pkqsp_bayes.physiology.species import reference_body
    >>> sick = impair_body(reference_body("human"), {"gfr": 0.4, "liver.flow": 0.8})
    >>> round(sick.gfr / reference_body("human").gfr, 3)
    0.4
    """
    _check(body, multipliers)
    for name, factor in multipliers.items():
        if name in _WHOLE:
            body = _whole(body, name, factor)
        else:
            organ, _, what = name.partition(".")
            body = replace(body, organs=_STEPS[what](body.organs, organ, factor))
    return body


def _whole(body: Body, name: str, factor: Value) -> Body:
    value = getattr(body, name)
    changes: dict[str, Any] = {} if value is None else {name: value * factor}
    return replace(body, **changes)


def _check(body: Body, multipliers: Mapping[str, Value]) -> None:
    known = multiplier_names(body)
    issues = [
        Issue(
            where=f"body.multipliers.{n}",
            what="it cannot be multiplied",
            remedy=suggest(n, sorted(known)),
        )
        for n in multipliers
        if n not in known
    ]
    issues += [
        Issue(where=f"body.multipliers.{n}", what=f"it is {m:g}", remedy="it must be above 0")
        for n, m in multipliers.items()
        if is_number(m) and not m > 0.0
    ]
    if issues:
        raise CheckError(issues)


type _Organs = Mapping[str, Organ]


def _times(organs: _Organs, name: str, factor: Value) -> _Organs:
    organ = organs[name]
    larger = replace(organ, volume=organ.volume * factor, mass=organ.mass * factor)
    return {**organs, name: larger}


def _functional(organs: _Organs, name: str, factor: Value) -> _Organs:
    organ = organs[name]
    return {**organs, name: replace(organ, functional=organ.functional * factor)}


def _flow(organs: _Organs, name: str, factor: Value) -> _Organs:
    portal = [n for n, organ in organs.items() if organ.drains_to == name]
    changed = {n: (factor - 1.0) * organs[n].flow for n in [name, *portal]}
    if (receiver := organs[name].drains_to) is not None:
        changed[receiver] = changed[name]
    return _moved(organs, changed, veins=changed.get("liver", changed[name]))


def _arterial(organs: _Organs, name: str, factor: Value) -> _Organs:
    arterial: Value = organs[name].flow
    for organ in organs.values():
        if organ.drains_to == name:
            arterial = arterial - organ.flow
    change = (factor - 1.0) * arterial
    return _moved(organs, {name: change}, veins=change)


def _moved(organs: _Organs, changed: Mapping[str, Value], *, veins: Value) -> _Organs:
    flows = {**changed, "rest": -veins}
    moved = {n: replace(organs[n], flow=organs[n].flow + more) for n, more in flows.items()}
    return {**organs, **moved}


_STEPS: Mapping[str, Callable[[_Organs, str, Value], _Organs]] = {
    "volume": _times,
    "functional": _functional,
    "flow": _flow,
    "arterial": _arterial,
}
