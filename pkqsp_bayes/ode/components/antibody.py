"""Minimal PBPK of an antibody (Cao, Balthasar & Jusko, J Pharmacokinet Pharmacodyn 2013;40:597).

Plasma, tight and leaky tissue, lymph. States are concentrations; convection through the
capillary wall is reduced by the vascular reflection coefficients, drainage by the lymphatic one.
"""

import sympy as sp

from pkqsp_bayes.ode.components.draft import Draft, Place
from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.spec.kinetics import AntibodySpec

__all__ = ["add_antibody"]

_SHARES = ("sigma_tight", "sigma_leaky", "sigma_lymph", "available")
_MORE_SHARES = ("fraction_tight", "lymph_fraction_tight")


def add_antibody(draft: Draft) -> None:
    """Add ``plasma.C``, ``tight.C``, ``leaky.C`` and ``lymph.C``, if the model has an antibody."""
    spec = draft.spec.antibody
    if spec is None:
        return
    q = _quantities(draft, spec)
    interstitial = q["interstitial_volume"] * q["available"]
    volumes = {
        "plasma": q["plasma_volume"],
        "tight": q["fraction_tight"] * interstitial,
        "leaky": (1 - q["fraction_tight"]) * interstitial,
        "lymph": q["lymph_volume"],
    }
    places = {name: _space(draft, name, volume) for name, volume in volumes.items()}
    _circulate(draft, places, q)
    _clear(draft, places, spec)


def _quantities(draft: Draft, spec: AntibodySpec) -> dict[str, sp.Expr]:
    units = {"plasma_volume": "L", "interstitial_volume": "L", "lymph_volume": "L"}
    units |= {"lymph_flow": draft.flow_unit}
    units |= dict.fromkeys((*_SHARES, *_MORE_SHARES), "")
    return {
        key: draft.quantity(f"antibody.{key}", getattr(spec, key), unit, where=f"antibody.{key}")
        for key, unit in units.items()
    }


def _space(draft: Draft, name: str, volume: sp.Expr) -> Place:
    where, unit = "antibody", draft.concentration_unit
    v = draft.define(f"{name}.V", volume, unit="L", where=where)
    total = draft.state(f"{name}.C", unit=unit, drug=v, where=where)
    place = Place(
        name=name,
        state=f"{name}.C",
        per_amount=1 / v,
        total=total,
        unbound=total,
        emergent=total,
        volume=v,
    )
    draft.places[name] = place
    return place


def _circulate(draft: Draft, places: dict[str, Place], q: dict[str, sp.Expr]) -> None:
    flows = {
        "tight": q["lymph_fraction_tight"] * q["lymph_flow"],
        "leaky": (1 - q["lymph_fraction_tight"]) * q["lymph_flow"],
    }
    plasma, lymph = places["plasma"], places["lymph"]
    for tissue, flow in flows.items():
        part = draft.define(f"{tissue}.L", flow, unit=draft.flow_unit, where="antibody.lymph_flow")
        place = places[tissue]
        draft.move(plasma, place, part * (1 - q[f"sigma_{tissue}"]) * plasma.total)
        draft.move(place, lymph, part * (1 - q["sigma_lymph"]) * place.total)
    draft.move(lymph, plasma, q["lymph_flow"] * lymph.total)


def _clear(draft: Draft, places: dict[str, Place], spec: AntibodySpec) -> None:
    for key, names in (("CL_plasma", ("plasma",)), ("CL_tissue", ("tight", "leaky"))):
        q = getattr(spec, key)
        if q is None:
            continue
        draft.quantity(f"antibody.{key}", q, draft.flow_unit, where=f"antibody.{key}")
        for name in names:
            draft.eliminate(places[name], symbol(f"antibody.{key}") * places[name].total)
