"""Metabolism in a QSP module, which can replace the phenomenological clearance of the organ.

``rate = k_met K V' C`` in a sub-volume V' of the organ, with K its partition coefficient relative
to the organ. With calibration, ``k_met = CL / (K V')`` reproduces a known clearance.
"""

from collections.abc import Iterator

import sympy as sp

from pkqsp_bayes.ode.components.draft import Draft, Place
from pkqsp_bayes.ode.components.elimination import driving_concentration, elimination_organ
from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.ode.qsp.module import Module
from pkqsp_bayes.spec.identifiers import suggest
from pkqsp_bayes.spec.kinetics import EliminationSpec
from pkqsp_bayes.spec.mechanism import MetabolismSpec
from pkqsp_bayes.spec.model import ModelSpec

__all__ = ["add_metabolism", "linear_pathways", "replaced_organs"]


def linear_pathways(spec: ModelSpec, organ: str) -> Iterator[tuple[str, EliminationSpec]]:
    """Yield the pathways with a phenomenological linear clearance in an organ."""
    for name, pathway in spec.elimination.items():
        if pathway.CLint is not None and elimination_organ(name, pathway) == organ:
            yield name, pathway


def replaced_organs(spec: ModelSpec) -> set[str]:
    """Return the organs whose linear clearance a module's metabolism replaces."""
    return {
        m.organ
        for m in spec.qsp.values()
        if m.organ is not None and m.metabolism is not None and m.metabolism.replaces_clint
    }


def add_metabolism(module: Module) -> None:
    """Add the metabolism that the module states, if any."""
    spec = module.spec.metabolism
    if spec is None:
        return
    place, where = module.organ(), f"{module.where}.metabolism"
    if place is None:
        module.draft.problem(where, "metabolism needs an organ", "state organ")
        return
    if spec.volume not in module.spec.volumes:
        remedy = suggest(spec.volume, module.spec.volumes, f"state volumes.{spec.volume}")
        module.draft.problem(f"{where}.volume", f"there is no volume {spec.volume!r}", remedy)
        return
    _eliminate(module, spec, place, where)


def _eliminate(module: Module, spec: MetabolismSpec, place: Place, where: str) -> None:
    draft = module.draft
    k = draft.quantity(f"{module.name}.K", spec.K, "", where=f"{where}.K", scope=module.scope)
    space = k * module.scope[spec.volume]
    rate = _rate_constant(module, spec, space, where)
    driving = _driving(draft, module, spec, place)
    if spec.replaces_clint:
        draft.notes.append(f"metabolism in {module.name} replaces the CLint of {place.name}")
    per_time = f"{draft.amount_unit}/{draft.spec.time_unit}"
    draft.eliminate(place, module.helper("metabolised", rate * space * driving, per_time))


def _rate_constant(module: Module, spec: MetabolismSpec, space: sp.Expr, where: str) -> sp.Expr:
    name, unit = f"{module.name}.k_met", module.draft.rate_unit
    if not spec.calibrate:
        if spec.k_met is None:
            module.draft.problem(where, "k_met is not stated", "state it, or calibrate = true")
            return sp.Integer(0)
        at = f"{where}.k_met"
        return module.draft.quantity(name, spec.k_met, unit, where=at, scope=module.scope)
    clearance = _clearance(module, spec, where)
    module.draft.notes.append(f"{name} = CL / (K V') is calibrated to the clearance of its organ")
    return module.draft.define(name, clearance / space, unit=unit, where=where)


def _clearance(module: Module, spec: MetabolismSpec, where: str) -> sp.Expr:
    draft = module.draft
    if spec.clearance is not None:
        name, unit = f"{module.name}.clearance", draft.flow_unit
        return draft.quantity(name, spec.clearance, unit, where=f"{where}.clearance")
    replaced = [n for n, _ in linear_pathways(draft.spec, module.spec.organ or "")]
    if not replaced:
        draft.problem(where, "there is no clearance to calibrate to", "state clearance")
        return sp.Integer(1)
    return sp.Add(*(symbol(f"{n}.CLint") for n in replaced))


def _driving(draft: Draft, module: Module, spec: MetabolismSpec, place: Place) -> sp.Expr:
    """Return the concentration that drove the replaced clearance, or that of the tissue."""
    pathways = dict(linear_pathways(draft.spec, module.spec.organ or ""))
    kinds = {p.driving for p in pathways.values()} if spec.replaces_clint else set()
    if len(kinds) > 1:
        what = "the replaced clearances are driven by different concentrations"
        draft.problem(f"{module.where}.metabolism", what, "drive them by the same concentration")
    if not kinds:
        return place.total if place.total is not None else sp.Integer(0)
    name, pathway = next(iter(pathways.items()))
    return driving_concentration(draft, pathway, place, f"elimination.{name}")
