r"""Binding in plasma and in red cells, from which ``fup`` and ``BP`` are computed.

The ratio of bound to unbound drug is ``r = n P / (Kd + Cu)``, with P the concentration of the
protein. Far from saturation it is ``n P / Kd``, or, from a measurement at ``P_ref``, ``share (1 -
fup) / fup P / P_ref``. All proteins together give ``fup = 1 / (1 + r_1 + r_2 + ...)``. If one
protein is saturable, the total drug ``C = Cu (a + n P / (Kd + Cu))``, with a the sum of 1 and the
other ratios, is a quadratic equation in Cu. Its solution is written in a form that is valid for ``C
= 0`` too.
"""

from dataclasses import dataclass

import sympy as sp

from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.ode.components.draft import Draft
from pkqsp_bayes.ode.components.links import drive
from pkqsp_bayes.ode.components.numbers import amount_conversion
from pkqsp_bayes.ode.components.partition import red_cell_affinity
from pkqsp_bayes.ode.expressions.grammar import parse_expression
from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.physiology.binding import bound_ratio
from pkqsp_bayes.physiology.blood import blood_to_plasma
from pkqsp_bayes.spec.drug import BindingSpec, BloodSpec
from pkqsp_bayes.spec.quantity import Quantity
from pkqsp_bayes.units import UnitError, same_dimension

__all__ = ["add_binding", "add_blood"]

_MOLAR = "umol/L"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bound:
    """Ratio of the drug bound to one protein to unbound drug, and Kd if it is saturable."""

    ratio: sp.Expr
    Kd: sp.Expr | None = None


def add_binding(draft: Draft) -> None:
    """Define ``fup`` by the proteins of ``[binding]``."""
    if not draft.spec.binding:
        return
    by_reference = [n for n, b in draft.spec.binding.items() if b.Kd is None]
    if not _agree(draft, by_reference):
        return
    bound = [_protein(draft, name, b, by_reference) for name, b in draft.spec.binding.items()]
    others = _others(draft, by_reference)
    filled = [b for b in bound if b.Kd is not None]
    fixed = sp.Add(1, others, *(b.ratio for b in bound if b.Kd is None))
    value = _saturable(draft, fixed, filled[0]) if filled else 1 / fixed
    if draft.knows("fup"):
        drive(draft, "fup", lambda _: value, where="binding")
    else:
        draft.define("fup", value, unit="dimensionless", where="binding")
    names = ", ".join(draft.spec.binding)
    draft.notes.append(f"fup is computed from the binding to {names} in all equations")


def _agree(draft: Draft, by_reference: list[str]) -> bool:
    before = len(draft.issues)
    if by_reference and not draft.knows("fup"):
        what = "the unbound fraction at the reference concentration is not known"
        draft.problem(f"binding.{by_reference[0]}", what, "state drug.fup, or Kd of each protein")
    if draft.knows("fup") and not by_reference:
        what = "fup is stated, and it is also computed from Kd"
        draft.problem("drug.fup", what, "remove it, or state reference in place of Kd")
    silent = [n for n in by_reference if draft.spec.binding[n].share is None]
    if len(by_reference) > 1 and silent:
        what = f"two proteins bind the drug, and the share of {silent[0]} is not stated"
        draft.problem(f"binding.{silent[0]}.share", what, "state the share of the bound drug")
    filled = [n for n, b in draft.spec.binding.items() if b.saturable]
    if len(filled) > 1:
        what = f"{filled[0]} and {filled[1]} are both saturable"
        draft.problem(f"binding.{filled[1]}.saturable", what, "keep it for one of them")
    return len(draft.issues) == before


def _protein(draft: Draft, name: str, spec: BindingSpec, by_reference: list[str]) -> _Bound:
    where = f"binding.{name}"
    unit = _unit(draft, spec.concentration)
    draft.quantity(f"{name}.P", spec.concentration, unit or None, where=f"{where}.concentration")
    if name in by_reference:
        draft.refuse_keys(spec, ["MW"], where, "MW is used with Kd only")
        if spec.saturable:
            draft.problem(f"{where}.saturable", f"{name} states no Kd", "state it")
        ratio = _by_reference(draft, name, spec, unit)
        return _Bound(ratio=draft.define(f"{name}.bound", ratio, where=where))
    draft.refuse_keys(spec, ["reference", "share"], where, "Kd determines how much is bound")
    kd = _dissociation(draft, name, spec)
    ratio = draft.define(f"{name}.bound", _sites(draft, name, spec, unit) / kd, where=where)
    return _Bound(ratio=ratio, Kd=kd if spec.saturable else None)


def _unit(draft: Draft, q: Quantity) -> str:
    """Return the unit of a protein's concentration; empty if the file does not state it."""
    if q.unit is not None:
        return q.unit
    name = _bare(q)
    return "" if name is None else draft.unit_of(symbol(name))


def _bare(q: Quantity) -> str | None:
    """Return the name of a quantity that is a bare name, else None."""
    if not isinstance(q.value, str):
        return None
    try:
        expr = parse_expression(q.value, where="")
    except CheckError:
        return None  # reported when it is read
    return expr.name if expr.is_Symbol else None


def _by_reference(draft: Draft, name: str, spec: BindingSpec, unit: str) -> sp.Expr:
    where = f"binding.{name}"
    reference = spec.reference or _covariate_reference(draft, spec.concentration)
    if reference is None:
        what = f"the concentration of {name} at which drug.fup holds is not known"
        draft.problem(f"{where}.reference", what, "state it")
        reference = Quantity(value=1)
    share = spec.share if spec.share is not None else Quantity(value=1)
    draft.quantity(f"{name}.share", share, "", where=f"{where}.share")
    draft.quantity(f"{name}.Pref", reference, unit or None, where=f"{where}.reference")
    fup = draft.base_of("fup")
    relative = symbol(f"{name}.P") / symbol(f"{name}.Pref")
    return symbol(f"{name}.share") * bound_ratio(fup) * relative


def _covariate_reference(draft: Draft, q: Quantity) -> Quantity | None:
    covariate = draft.spec.covariates.get(_bare(q) or "")
    if covariate is None or covariate.reference is None:
        return None
    return Quantity(value=covariate.reference, unit=covariate.unit)


def _others(draft: Draft, by_reference: list[str]) -> sp.Expr:
    """Return the ratio of the remaining binding, of no stated protein, which is constant."""
    if all(draft.spec.binding[n].share is None for n in by_reference):
        return sp.Integer(0)
    rest = 1 - sp.Add(*(symbol(f"{n}.share") for n in by_reference))
    fup = draft.base_of("fup")
    return draft.define("binding.others", rest * bound_ratio(fup), where="binding")


def _dissociation(draft: Draft, name: str, spec: BindingSpec) -> sp.Symbol:
    assert spec.Kd is not None  # noqa: S101 - the caller checked it
    where = f"binding.{name}.Kd"
    kd = draft.read(spec.Kd, None, where=where)
    unit = _unit(draft, spec.Kd) or draft.concentration_unit
    factor = amount_conversion(draft, unit, _MOLAR, where=where)
    return draft.define(f"{name}.Kd", kd * factor, unit=_MOLAR, where=where)


def _sites(draft: Draft, name: str, spec: BindingSpec, unit: str) -> sp.Expr:
    """Return the concentration of binding sites, umol/L."""
    where = f"binding.{name}"
    n = draft.quantity(f"{name}.n", spec.n, "", where=f"{where}.n")
    scale: sp.Expr = sp.Integer(1)
    stated = unit or draft.concentration_unit
    if _is_mass(stated):
        if spec.MW is None:
            what = f"{name} is stated as a mass, and Kd is molar"
            draft.problem(f"{where}.MW", what, "state the protein's molar mass")
            return symbol(f"{name}.P")
        mw = draft.quantity(f"{name}.MW", spec.MW, "g/mol", where=f"{where}.MW")
        stated, scale = f"({stated})*mol/g", 1 / mw
    factor = amount_conversion(draft, stated, _MOLAR, where=f"{where}.concentration")
    value = n * symbol(f"{name}.P") * scale * factor
    return draft.define(f"{name}.sites", value, unit=_MOLAR, where=where)


def _is_mass(unit: str) -> bool:
    try:
        return same_dimension(unit, "g/L")
    except UnitError:
        return False  # reported with the units


def _saturable(draft: Draft, fixed: sp.Expr, filled: _Bound) -> sp.Expr:
    """Return ``fup`` with saturable binding: unbound drug solves a quadratic mass balance.

    It is the balance of plasma, or of blood if drug in red cells is computed from unbound drug.
    """
    assert filled.Kd is not None  # noqa: S101 - the caller checked it
    pools = draft.spec.pools
    pool = "venous" if "venous" in pools else next(iter(pools), None)
    if pool is None:
        what = "saturable binding needs a plasma concentration, and there is no blood pool"
        draft.problem("binding", what, "state pools, or drive fup by a link")
        return sp.Integer(1)
    sites = draft.define("binding.capacity", filled.ratio * filled.Kd, unit=_MOLAR, where="binding")
    seen, plasma, held = symbol(f"{pool}.Cp"), sp.Integer(1), sp.Integer(0)
    if _cells_follow(draft):
        seen, plasma = symbol(f"{pool}.C"), 1 - symbol("Hct")
        held = symbol("Hct") * symbol("red_cells.Kpu")
    factor = amount_conversion(draft, draft.concentration_unit, _MOLAR, where="binding")
    total = draft.define("binding.C", seen * factor, unit=_MOLAR, where="binding")
    linear = draft.define("binding.linear", plasma * fixed + held, unit="dimensionless",
                          where="binding")  # fmt: skip
    rest = draft.define("binding.rest", linear * filled.Kd + plasma * sites - total, unit=_MOLAR,
                        where="binding")  # fmt: skip
    root = sp.sqrt(rest**2 + 4 * linear * filled.Kd * total)
    free = draft.define("binding.free", 2 * filled.Kd * total / (rest + root), unit=_MOLAR,
                        where="binding")  # fmt: skip
    return 1 / (fixed + sites / (filled.Kd + free))


def _cells_follow(draft: Draft) -> bool:
    """Return whether the drug in red cells is computed from unbound drug."""
    stated = draft.spec.blood
    return stated is not None and stated.red_cells is not None and draft.knows("Hct")


def add_blood(draft: Draft) -> None:
    """Define ``BP`` from haematocrit and ``fup``: ``1 + Hct (Kpu fup - 1)``."""
    stated = draft.spec.blood
    if stated is None and not _implied(draft):
        return
    spec = stated or BloodSpec()
    if _may_follow(draft, spec):
        _follow(draft, spec)


def _implied(draft: Draft) -> bool:
    known = draft.knows("BP") and draft.knows("Hct") and draft.knows("fup")
    return bool(draft.spec.binding) and known and not _from_affinity(draft)


def _from_affinity(draft: Draft) -> bool:
    """Return whether fup is computed from Kd alone, not measured together with BP."""
    fup = draft.helpers.get("fup")
    return fup is not None and fup.where == "binding"


def _may_follow(draft: Draft, spec: BloodSpec) -> bool:
    before = len(draft.issues)
    if not draft.knows("Hct"):
        what = "the blood-to-plasma ratio needs the haematocrit, which is not known"
        draft.problem("blood", what, "state body.haematocrit")
    if not draft.knows("fup"):
        draft.problem("blood", "binding in red cells needs the unbound fraction", "state drug.fup")
    if spec.red_cells is None and not draft.knows("BP"):
        draft.problem("blood", "neither drug.BP nor red_cells is stated", "state one of them")
    if spec.red_cells is not None and draft.knows("BP"):
        draft.problem("drug.BP", "BP is stated, and it is also computed from blood.red_cells",
                      "remove one of the two")  # fmt: skip
    if spec.red_cells is None and _from_affinity(draft):
        what = "the red cell affinity cannot be computed from BP if fup is computed from Kd"
        draft.problem("blood.red_cells", what, "state it in place of drug.BP")
    return len(draft.issues) == before


def _follow(draft: Draft, spec: BloodSpec) -> None:
    if spec.red_cells is not None:
        cells = draft.quantity("red_cells.Kpu", spec.red_cells, "", where="blood.red_cells")
    else:
        cells = red_cell_affinity(draft)
    ratio = blood_to_plasma(symbol("Hct"), symbol("fup"), cells)
    if draft.knows("BP"):
        drive(draft, "BP", lambda _: ratio, where="blood")
    else:
        draft.define("BP", ratio, unit="dimensionless", where="blood")
    draft.notes.append("BP is computed from Hct and fup with a constant affinity of the red cells")
