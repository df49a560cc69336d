"""Organs, perfusion-limited (well-stirred) and permeability-limited.

``dC/dt = Q/V (C_art - C/K) - CL_int/V C`` with K the partition coefficient relative to the fluid
that flows: Kb = Kp / BP for blood, Kp for plasma. The state is the amount ``A = V C``.

Unbound drug crosses the capillary wall (``PS_capillary``) and the cell membrane (``PS``) along its
gradient. Binding in vascular and interstitial fluid is the same as in plasma. The unbound fraction
in the cells is ``fu``, or ``fup / Kp``, so that at equilibrium ``C_cell = Kp C_plasma``: ``Kp`` is
that of the cells. Without ``PS_capillary`` vascular and interstitial space are one space,
``extracellular``.
"""

from dataclasses import dataclass

import sympy as sp

from pkqsp_bayes.ode.components.body import blood_per_plasma, unbound_per_plasma
from pkqsp_bayes.ode.components.draft import Draft, Place
from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.spec.body import OrganSpec
from pkqsp_bayes.spec.quantity import Quantity

__all__ = ["Organ", "OrganPlan", "add_perfusion_organ", "add_permeability_organ"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganPlan:
    """An organ that will be built, after lumping.

    Parameters
    ----------
    name, where : str
        Name and path in the model file.
    volume : sympy expression
        Volume, L.
    flow : sympy expression or None
        The stated flow; None for the organ that takes the rest and for organs in series.
    balance, series, arterial : bool
        Whether it takes the rest of the cardiac output; is in series; states arterial flow only.
    exchange : sympy expression
        Partition coefficient relative to the fluid that flows.
    drains_to : str or None
        Name of another plan.
    spec : OrganSpec or None
        The stated organ; None for a lump.
    """

    name: str
    where: str
    volume: sp.Expr
    exchange: sp.Expr
    flow: sp.Expr | None = None
    balance: bool = False
    series: bool = False
    arterial: bool = False
    drains_to: str | None = None
    spec: OrganSpec | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Organ:
    """A built organ, with the places where blood enters, drug acts and blood leaves.

    ``outlet`` is the place from which blood leaves, at concentration ``emergent``. In a
    perfusion-limited organ, inlet, outlet and site are the same place.
    """

    plan: OrganPlan
    vascular: Place
    site: Place
    emergent: sp.Expr


_BARRIER = ("PS", "PS_capillary", "fraction_vascular", "fraction_interstitial")


def add_perfusion_organ(draft: Draft, plan: OrganPlan) -> Organ:
    """Add the state ``<organ>.A`` and the helpers ``.C``, ``.Cu`` and ``.Cout``."""
    name, where = plan.name, plan.where
    if plan.spec is not None:
        draft.refuse_keys(plan.spec, _BARRIER, where, "a well-stirred organ has no barrier")
    amount = draft.state(f"{name}.A", unit=draft.amount_unit, drug=sp.Integer(1), where=where)
    unit = draft.concentration_unit
    total = draft.define(f"{name}.C", amount / plan.volume, unit=unit, where=where)
    emergent = draft.define(f"{name}.Cout", total / plan.exchange, unit=unit, where=where)
    place = Place(
        name=name,
        state=f"{name}.A",
        total=total,
        unbound=_unbound(draft, plan, total),
        emergent=emergent,
        volume=plan.volume,
    )
    return Organ(plan=plan, vascular=place, site=place, emergent=emergent)


def _unbound(draft: Draft, plan: OrganPlan, total: sp.Expr) -> sp.Expr | None:
    fraction = tissue_unbound_fraction(draft, plan)
    if fraction is None:
        return None
    where, unit = plan.where, draft.concentration_unit
    return draft.define(f"{plan.name}.Cu", total * fraction, unit=unit, where=where)


def tissue_unbound_fraction(draft: Draft, plan: OrganPlan) -> sp.Expr | None:
    """Define ``<organ>.fu``: the stated value, or ``fup / Kp``; None if neither is known."""
    name, where = plan.name, f"{plan.where}.fu"
    if plan.spec is not None and plan.spec.fu is not None:
        return draft.quantity(f"{name}.fu", plan.spec.fu, "", where=where)
    fup = unbound_per_plasma(draft)
    if fup is None or not draft.knows(f"{name}.Kp"):
        return None
    return draft.define(f"{name}.fu", fup / symbol(f"{name}.Kp"), where=where)


def add_permeability_organ(draft: Draft, plan: OrganPlan, spec: OrganSpec) -> Organ:
    """Add two or three states ``<organ>.<space>.A``, and ``.A``, ``.C``, ``.Cu`` of the organ."""
    fluid, cells = _fractions(draft, plan, spec)
    in_plasma = _unbound_in_fluid(draft, plan)
    outer = {space: _space(draft, plan, space, share, in_plasma) for space, share in fluid.items()}
    in_cells = tissue_unbound_fraction(draft, plan)
    cellular = _space(draft, plan, "cellular", cells, in_cells or sp.Integer(1))
    chain = [*outer.values(), cellular]
    for i, key in enumerate(_barriers(spec)):
        _exchange(draft, plan, key, getattr(spec, key), chain[i], chain[i + 1])
    _whole(draft, plan, chain)
    vascular = chain[0]
    assert vascular.total is not None  # noqa: S101 - every space has one
    site = _site(plan, cellular, vascular)
    return Organ(plan=plan, vascular=vascular, site=site, emergent=vascular.total)


def _barriers(spec: OrganSpec) -> tuple[str, ...]:
    return ("PS",) if spec.PS_capillary is None else ("PS_capillary", "PS")


def _fractions(
    draft: Draft, plan: OrganPlan, spec: OrganSpec
) -> tuple[dict[str, sp.Expr], sp.Expr]:
    parts: dict[str, sp.Expr] = {}
    for space in ("vascular", "interstitial"):
        key, where = f"fraction_{space}", f"{plan.where}.fraction_{space}"
        q: Quantity | None = getattr(spec, key)
        if q is None:
            draft.problem(where, f"{plan.name} needs {key}", "state the fraction of its volume")
            q = Quantity(value=0.1)
        parts[space] = draft.quantity(f"{plan.name}.{key}", q, "", where=where)
    cells = 1 - parts["vascular"] - parts["interstitial"]
    if spec.PS_capillary is None:
        return {"extracellular": parts["vascular"] + parts["interstitial"]}, cells
    return parts, cells


def _unbound_in_fluid(draft: Draft, plan: OrganPlan) -> sp.Expr:
    fup, ratio = unbound_per_plasma(draft), blood_per_plasma(draft)
    if fup is None or ratio is None:
        what = f"exchange in {plan.name} needs the unbound fraction and the blood-to-plasma ratio"
        draft.problem(plan.where, what, "state drug.fup and drug.BP")
        return sp.Integer(1)
    return fup / ratio


def _space(draft: Draft, plan: OrganPlan, space: str, share: sp.Expr, unbound: sp.Expr) -> Place:
    name, where = f"{plan.name}.{space}", plan.where
    amount = draft.state(f"{name}.A", unit=draft.amount_unit, drug=sp.Integer(1), where=where)
    volume = draft.define(f"{name}.V", plan.volume * share, unit="L", where=where)
    unit = draft.concentration_unit
    total = draft.define(f"{name}.C", amount / volume, unit=unit, where=where)
    free = draft.define(f"{name}.Cu", total * unbound, unit=unit, where=where)
    place = Place(
        name=name, state=f"{name}.A", total=total, unbound=free, emergent=total, volume=volume
    )
    draft.places[name] = place
    return place


def _exchange(
    draft: Draft, plan: OrganPlan, key: str, q: Quantity | None, outer: Place, inner: Place
) -> None:
    where = f"{plan.where}.{key}"
    if q is None:
        draft.problem(where, f"{plan.name} needs {key}", "state permeability times surface area")
        return
    product = draft.quantity(f"{plan.name}.{key}", q, draft.flow_unit, where=where)
    assert outer.unbound is not None and inner.unbound is not None  # noqa: S101, PT018
    draft.move(outer, inner, product * (outer.unbound - inner.unbound))


def _whole(draft: Draft, plan: OrganPlan, chain: list[Place]) -> None:
    amount = sp.Add(*(symbol(p.state) for p in chain))
    whole = draft.define(f"{plan.name}.A", amount, unit=draft.amount_unit, where=plan.where)
    unit = draft.concentration_unit
    draft.define(f"{plan.name}.C", whole / plan.volume, unit=unit, where=plan.where)
    draft.define(f"{plan.name}.Cu", chain[-1].unbound, unit=unit, where=plan.where)
    draft.define(f"{plan.name}.Cout", chain[0].total, unit=unit, where=plan.where)


def _site(plan: OrganPlan, cellular: Place, vascular: Place) -> Place:
    """Return the cells, where drug acts and is metabolised, with ``emergent`` that of the organ."""
    return Place(
        name=plan.name,
        state=cellular.state,
        total=cellular.total,
        unbound=cellular.unbound,
        emergent=vascular.total,
        volume=cellular.volume,
    )
