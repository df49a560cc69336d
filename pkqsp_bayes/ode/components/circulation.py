"""Circulation: pools, organs in parallel and in series, portal flow, cardiac output.

Every flux is added to one state and subtracted from another, so amounts are conserved for all
parameter values. The checks compare the sum of the flows with the cardiac output.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import sympy as sp

from pkqsp_bayes.ode.components.body import blood_per_plasma, unbound_per_plasma
from pkqsp_bayes.ode.components.draft import Draft, Place
from pkqsp_bayes.ode.components.organ import (
    Organ,
    OrganPlan,
    add_perfusion_organ,
    add_permeability_organ,
)
from pkqsp_bayes.ode.components.plans import plan_organs
from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.spec.identifiers import suggest

__all__ = ["add_circulation"]


def add_circulation(draft: Draft) -> None:
    """Add pools, organs and the flows between them."""
    pools = {name: _pool(draft, name) for name in draft.spec.pools}
    plans = plan_organs(draft)
    if not plans:
        return
    ends = _ends(draft, pools)
    organs = {name: _build(draft, plan) for name, plan in plans.items()}
    if not _drains_exist(draft, plans) or ends is None:
        # The organs stay defined, so that what refers to them is not reported too.
        draft.places.update({name: organ.site for name, organ in organs.items()})
        return
    parallel = {n: o for n, o in organs.items() if not o.plan.series}
    leaving = _leaving_flows(draft, {n: o.plan for n, o in parallel.items()})
    arterial = _series(draft, ends, [o for o in organs.values() if o.plan.series])
    for name in parallel:
        _connect(draft, name, parallel, leaving, arterial, ends[0])
    _register(draft, organs, arterial)
    _add_vss(draft, organs)


def _pool(draft: Draft, name: str) -> Place:
    where = f"pools.{name}"
    volume = draft.quantity(
        f"{name}.V", draft.spec.pools[name].volume, "L", where=f"{where}.volume"
    )
    unit = draft.concentration_unit
    amount = draft.state(f"{name}.A", unit=draft.amount_unit, drug=sp.Integer(1), where=where)
    total = draft.define(f"{name}.C", amount / volume, unit=unit, where=where)
    ratio, fup = blood_per_plasma(draft), unbound_per_plasma(draft)
    plasma = unbound = None
    if ratio is not None:
        plasma = draft.define(f"{name}.Cp", total / ratio, unit=unit, where=where)
    if plasma is not None and fup is not None:
        unbound = draft.define(f"{name}.Cu", plasma * fup, unit=unit, where=where)
    place = Place(
        name=name,
        state=f"{name}.A",
        total=total,
        unbound=unbound,
        emergent=total,
        entering=plasma,
        volume=volume,
    )
    draft.places[name] = place
    return place


def _ends(draft: Draft, pools: Mapping[str, Place]) -> tuple[Place, Place] | None:
    """Return the pool that veins drain into and the pool that supplies the arteries."""
    if set(pools) == {"arterial", "venous"}:
        return pools["venous"], pools["arterial"]
    if len(pools) == 1:
        only = next(iter(pools.values()))
        return only, only
    what = f"the organs need blood pools, and there are {len(pools)}"
    draft.problem("pools", what, "state [pools.arterial] and [pools.venous], or one [pools.blood]")
    return None


def _drains_exist(draft: Draft, plans: Mapping[str, OrganPlan]) -> bool:
    before = len(draft.issues)
    for name, plan in plans.items():
        seen, at = {name}, plan.drains_to
        while at is not None:
            where = f"{plan.where}.drains_to"
            if at not in plans or plans[at].series:
                remedy = suggest(at, [n for n in plans if n != name], "")
                draft.problem(where, f"there is no organ {at!r} to drain to", remedy)
                break
            if at in seen:
                draft.problem(where, f"the outflow of {name} returns to it", "break the circle")
                break
            seen.add(at)
            at = plans[at].drains_to
    return len(draft.issues) == before


def _build(draft: Draft, plan: OrganPlan) -> Organ:
    if plan.spec is not None and plan.spec.model == "permeability":
        return add_permeability_organ(draft, plan, plan.spec)
    return add_perfusion_organ(draft, plan)


def _leaving_flows(draft: Draft, plans: Mapping[str, OrganPlan]) -> dict[str, sp.Expr]:
    """Return the flow that leaves each organ; define CO or the flow that balances it."""
    leaving: dict[str, sp.Expr] = {}

    def settle(name: str) -> sp.Expr:
        if name not in leaving:
            plan = plans[name]
            feeders = [settle(n) for n, p in plans.items() if p.drains_to == name]
            leaving[name] = _leaving(draft, plan, feeders)
        return leaving[name]

    for name, plan in plans.items():
        if not plan.balance:
            settle(name)
    back = [leaving[n] for n, p in plans.items() if p.drains_to is None and not p.balance]
    _balance(draft, plans, leaving, sp.Add(*back))
    return leaving


def _leaving(draft: Draft, plan: OrganPlan, feeders: Sequence[sp.Expr]) -> sp.Expr:
    flow = plan.flow if plan.flow is not None else sp.Integer(0)
    if not plan.arterial or not feeders:
        return flow
    name, unit = f"{plan.name}.Qout", draft.flow_unit
    return draft.define(name, sp.Add(flow, *feeders), unit=unit, where=f"{plan.where}.flow")


def _balance(
    draft: Draft, plans: Mapping[str, OrganPlan], leaving: dict[str, sp.Expr], back: sp.Expr
) -> None:
    rest = [plan for plan in plans.values() if plan.balance]
    if len(rest) > 1:
        names = " and ".join(p.name for p in rest)
        draft.problem("organs", f"{names} both take the balance of flow", "keep it for one of them")
    if rest and not draft.knows("CO"):
        what = f"{rest[0].name} takes the balance of a cardiac output that is not stated"
        draft.problem(f"{rest[0].where}.flow", what, "state body.cardiac_output")
    for plan in rest:
        where, unit = f"{plan.where}.flow", draft.flow_unit
        leaving[plan.name] = draft.define(
            f"{plan.name}.Q", symbol("CO") - back, unit=unit, where=where
        )
    if not rest and not draft.knows("CO"):
        draft.define("CO", back, unit=draft.flow_unit, where="organs")


def _series(draft: Draft, ends: tuple[Place, Place], series: Sequence[Organ]) -> Place:
    """Connect the organs in series to the cardiac output; return the place of arterial blood."""
    at, arterial = ends
    output = symbol("CO")
    for organ in series:
        draft.define(f"{organ.plan.name}.Q", output, unit=draft.flow_unit, where=organ.plan.where)
        draft.move(at, organ.vascular, output * at.emergent)
        at = replace(organ.vascular, emergent=organ.emergent)
    if arterial is ends[0]:
        return at
    draft.move(at, arterial, output * at.emergent)
    return arterial


def _connect(
    draft: Draft,
    name: str,
    organs: Mapping[str, Organ],
    leaving: Mapping[str, sp.Expr],
    arterial: Place,
    veins: Place,
) -> None:
    organ = organs[name]
    plan = organ.plan
    feeders = [leaving[n] for n, o in organs.items() if o.plan.drains_to == name]
    artery = plan.flow if plan.arterial and plan.flow is not None else leaving[name] - sum(feeders)
    if feeders:
        where, unit = f"{plan.where}.flow", draft.flow_unit
        artery = draft.define(f"{name}.Qart", artery, unit=unit, where=where)
    draft.move(arterial, organ.vascular, artery * arterial.emergent)
    target = veins if plan.drains_to is None else organs[plan.drains_to].vascular
    draft.move(organ.vascular, target, leaving[name] * organ.emergent)


def _register(draft: Draft, organs: Mapping[str, Organ], arterial: Place) -> None:
    ratio = blood_per_plasma(draft)
    entering = None if ratio is None or arterial.emergent is None else arterial.emergent / ratio
    for name, organ in organs.items():
        draft.places[name] = replace(organ.site, entering=entering)


def _add_vss(draft: Draft, organs: Mapping[str, Organ]) -> None:
    """Define ``Vss``, the steady-state volume by plasma: ``V_blood BP + sum(V_tissue Kp)``.

    With whole blood in the pools that is V_plasma + V_cells E:P + sum(V Kp). The Kp is that of
    organs that do not eliminate.
    """
    ratio = blood_per_plasma(draft)
    kept = draft.spec.partition is not None and not draft.knows("Vss")
    if not kept or ratio is None:
        return
    spaces = [symbol(f"{pool}.V") * ratio for pool in draft.spec.pools]
    for name, organ in organs.items():
        cells, plan = organ.site.volume, organ.plan
        assert cells is not None  # noqa: S101 - every organ has one
        spaces += [cells * symbol(f"{name}.Kp"), (plan.volume - cells) * ratio]
    draft.define("Vss", sp.Add(*spaces), unit="L", where="partition")
