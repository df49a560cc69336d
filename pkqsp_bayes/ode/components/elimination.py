"""Elimination pathways: linear clearance, Michaelis-Menten, glomerular filtration."""

from collections.abc import Collection

import sympy as sp

from pkqsp_bayes.ode.components.body import unbound_per_plasma
from pkqsp_bayes.ode.components.draft import Draft, Place
from pkqsp_bayes.spec.kinetics import EliminationSpec

__all__ = ["add_elimination", "driving_concentration", "elimination_organ"]


def elimination_organ(name: str, spec: EliminationSpec) -> str:
    """Return the organ of a pathway: the stated one, or the name of the table."""
    return spec.organ if spec.organ is not None else name


def add_elimination(draft: Draft, replaced: Collection[str]) -> None:
    """Add every pathway; leave out linear clearances in the ``replaced`` organs of modules."""
    for name, spec in draft.spec.elimination.items():
        where = f"elimination.{name}"
        organ = elimination_organ(name, spec)
        place = draft.place(organ, where=where)
        if place is not None:
            _add_pathway(draft, name, spec, place, linear=organ not in replaced)


def _add_pathway(
    draft: Draft, name: str, spec: EliminationSpec, place: Place, *, linear: bool
) -> None:
    where = f"elimination.{name}"
    if spec.CLint is None and spec.Vmax is None and spec.GFR is None:
        draft.problem(where, "this pathway has no elimination", "state CLint, Vmax and Km, or GFR")
    if spec.GFR is None:
        draft.refuse_keys(spec, ["fu"], where, "fu is used with GFR only")
    if spec.CLint is not None:
        clearance = draft.quantity(
            f"{name}.CLint", spec.CLint, draft.flow_unit, where=f"{where}.CLint"
        )
        if linear:
            draft.eliminate(place, clearance * driving_concentration(draft, spec, place, where))
    if spec.Vmax is not None or spec.Km is not None:
        _add_saturable(draft, name, spec, place)
    if spec.GFR is not None:
        _add_filtration(draft, name, spec, place)


def driving_concentration(draft: Draft, spec: EliminationSpec, place: Place, where: str) -> sp.Expr:
    """Return the concentration that drives a pathway."""
    by_kind = {"tissue": place.total, "unbound": place.unbound, "emergent": place.emergent}
    found = by_kind[spec.driving]
    if found is None and place.volume is None:
        what = f"{place.name} is a state, and its volume and concentration are not known"
        draft.problem(where, what, "write its elimination in the equations")
        return sp.Integer(1)
    if found is None:
        remedy = "state drug.fup, drug.BP and the partition coefficient"
        what = f"the {spec.driving} concentration in {place.name} is not known"
        draft.problem(f"{where}.driving", what, remedy)
        return sp.Integer(1)
    return found


def _add_saturable(draft: Draft, name: str, spec: EliminationSpec, place: Place) -> None:
    where = f"elimination.{name}"
    if spec.Vmax is None or spec.Km is None:
        draft.problem(where, "saturable elimination needs both Vmax and Km", "state the other")
        return
    rate_unit = f"{draft.amount_unit}/{draft.spec.time_unit}"
    vmax = draft.quantity(f"{name}.Vmax", spec.Vmax, rate_unit, where=f"{where}.Vmax")
    km = draft.quantity(f"{name}.Km", spec.Km, draft.concentration_unit, where=f"{where}.Km")
    c = driving_concentration(draft, spec, place, where)
    draft.eliminate(place, vmax * c / (km + c))


def _add_filtration(draft: Draft, name: str, spec: EliminationSpec, place: Place) -> None:
    """Add filtration of unbound drug in the plasma that enters: fu GFR C_plasma."""
    where = f"elimination.{name}"
    assert spec.GFR is not None  # noqa: S101 - the caller checked it
    gfr = draft.quantity(f"{name}.GFR", spec.GFR, draft.flow_unit, where=f"{where}.GFR")
    if spec.fu is not None:
        fu: sp.Expr | None = draft.quantity(f"{name}.fu", spec.fu, "", where=f"{where}.fu")
    else:
        fu = unbound_per_plasma(draft)
    if fu is None or place.entering is None:
        what = "filtration needs the unbound fraction and the plasma concentration"
        draft.problem(where, what, "state drug.fup and drug.BP")
        return
    draft.eliminate(place, fu * gfr * place.entering)
