r"""The perfusion-limited (well-stirred) organ.

``dC/dt = Q/V (C_art - C/K) - CL_int/V C`` with K the partition coefficient relative to the fluid
that flows: Kb = Kp / BP for blood, Kp for plasma. The state is the amount ``A = V C``.
"""

import sympy as sp

from pkqsp_bayes.ode.components.body import unbound_per_plasma
from pkqsp_bayes.ode.components.draft import Draft, Place
from pkqsp_bayes.ode.components.organ import Organ, OrganPlan
from pkqsp_bayes.ode.expressions.symbols import symbol

__all__ = ["add_perfusion_organ"]

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
