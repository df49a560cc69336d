"""Partition coefficients of tissue to plasma, to blood and to unbound drug, stated or by method.

The formulas are those of `pkqsp_bayes.physiology.kp`, over symbols. Their ``fup`` and ``logP`` are
those of the system, so a coefficient follows every change of these.

By convention, an organ exchanges with the fluid that `BodySpec.basis` names. With blood, its
emergent concentration is ``C / Kb`` with ``Kb = Kp / BP``; with plasma it is ``C / Kp``.
"""

from dataclasses import replace

import sympy as sp

from pkqsp_bayes.ode.components.body import carries_plasma, unbound_per_plasma
from pkqsp_bayes.ode.components.draft import Draft
from pkqsp_bayes.ode.components.links import drive
from pkqsp_bayes.ode.components.ops import SYMPY
from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.ops import Value
from pkqsp_bayes.physiology.blood import cell_partition
from pkqsp_bayes.physiology.ionisation import ion_trapping as trapped
from pkqsp_bayes.physiology.kp import DrugChemistry, default_composition, kp_function
from pkqsp_bayes.physiology.kp.rodgers_rowland import CELL_PH, is_strong_base
from pkqsp_bayes.spec.body import LumpSpec, OrganSpec
from pkqsp_bayes.spec.quantity import Quantity

__all__ = [
    "add_chemistry",
    "add_partition",
    "derive_counterpart",
    "exchange_name",
    "ion_trapping",
    "method_kp",
    "red_cell_affinity",
]

_RED_CELLS = "red_cells.Kpu"
_KNOW_PH = ("rodgers-rowland", "schmitt")


def add_chemistry(draft: Draft) -> None:
    """Define the inputs of the method of ``[partition]`` and report those that are missing."""
    spec = draft.spec.partition
    if spec is None:
        return
    where, drug = "partition", draft.spec.drug
    if drug is None or (drug.logP is None and not (drug.logMA and spec.method == "pksim")):
        draft.problem(where, "partition coefficients need the lipophilicity", "state drug.logP")
    if not draft.knows("fup"):
        draft.problem(where, "partition coefficients need the unbound fraction", "state drug.fup")
    if spec.scale is not None:
        draft.quantity("partition.scale", spec.scale, "", where="partition.scale")
    if _binds_like_red_cells(draft) and not draft.knows(_RED_CELLS):
        if not draft.knows("BP"):
            what = "the binding of a strong base in tissue is computed from that in red cells"
            draft.problem(where, what, "state drug.BP")
        elif draft.knows("fup"):
            red_cell_affinity(draft)


def red_cell_affinity(draft: Draft) -> sp.Symbol:
    """Define the red cell affinity that follows from ``BP`` and ``fup``."""
    reference = draft.spec.blood.reference_haematocrit if draft.spec.blood else Quantity(value=0.45)
    at = "blood.reference_haematocrit"
    hct = draft.quantity("red_cells.Hct", reference, "", where=at)
    measured = cell_partition(draft.base_of("BP"), draft.base_of("fup"), hct)
    return draft.define(_RED_CELLS, measured, where="drug.BP")


def _binds_like_red_cells(draft: Draft) -> bool:
    spec, drug = draft.spec.partition, draft.spec.drug
    if spec is None or drug is None or spec.method != "rodgers-rowland":
        return False
    return is_strong_base(DrugChemistry(logP=0.0, fup=1.0, pKa_acid=drug.pKa_acid,
                                        pKa_base=drug.pKa_base))  # fmt: skip


def method_kp(draft: Draft, name: str, spec: OrganSpec, where: str) -> sp.Expr:
    """Return the coefficient of an organ by the method of ``[partition]``.

    Parameters
    ----------
    draft : Draft
        A draft with the quantities that `add_chemistry` defines.
    name : str
        Full name of the organ; its last part is the tissue, unless the organ states another.
    spec : OrganSpec
        The organ.
    where : str
        Its path in the model file.
    """
    partition, drug = draft.spec.partition, _chemistry(draft)
    if partition is None or drug is None:
        return sp.Integer(1)  # reported once, by add_chemistry
    try:
        value = sp.sympify(_by_method(draft, name, spec, partition.method, drug))
    except ValueError as error:
        draft.problem(f"{where}.tissue", str(error), "state tissue = one of these, or Kp")
        return sp.Integer(1)
    if spec.pH is not None and partition.method not in _KNOW_PH:
        value *= ion_trapping(draft, name, spec.pH, where)
    return value * symbol("partition.scale") if partition.scale is not None else value


def _by_method(draft: Draft, name: str, spec: OrganSpec, method: str, drug: DrugChemistry) -> Value:
    tissue = spec.tissue or name.rpartition(".")[2]
    figures = default_composition(method, drug)
    if spec.pH is not None and method in _KNOW_PH:
        source = figures.source_tissue(tissue)
        pH = _cell_ph(draft, name, spec.pH, f"organs.{tissue}")
        row = replace(figures.rows[source], pH=pH, cell_pH=pH)
        figures = replace(figures, rows={**figures.rows, source: row})
    return kp_function(method)(tissue, drug, composition=figures, ops=SYMPY)


def _chemistry(draft: Draft) -> DrugChemistry | None:
    """Return the drug, with symbols of the system as its properties."""
    drug = draft.spec.drug
    if drug is None or not draft.knows("fup"):
        return None
    fup = symbol("fup")
    # The affinity of red cells does not depend on haematocrit or plasma binding. In blood of red
    # cells alone, the blood-to-plasma ratio is this affinity times fup.
    known = draft.knows(_RED_CELLS)
    return DrugChemistry(
        logP=symbol("logP") if draft.knows("logP") else sp.Integer(0),
        fup=fup,
        BP=symbol(_RED_CELLS) * fup if known else sp.Integer(1),
        haematocrit=sp.Integer(1),
        pKa_acid=drug.pKa_acid,
        pKa_base=drug.pKa_base,
        logMA=symbol("logMA") if draft.knows("logMA") else None,
    )


def _cell_ph(draft: Draft, name: str, q: Quantity, where: str) -> sp.Expr:
    return draft.quantity(f"{name}.pH", q, "", where=f"{where}.pH")


def ion_trapping(draft: Draft, name: str, pH: Quantity, where: str) -> sp.Expr:
    """Return the ratio of drug in the water of an organ at a pH to that at 7.0, the pH of cells."""
    drug = draft.spec.drug
    if drug is None or not (drug.pKa_acid or drug.pKa_base):
        what = f"the pH of {name} affects ionised drug only, and no pKa is stated"
        draft.problem(f"{where}.pH", what, "state drug.pKa_acid or drug.pKa_base")
        return sp.Integer(1)
    here = _cell_ph(draft, name, pH, where)
    ratio: sp.Expr = trapped(here, plasma_pH=CELL_PH, acid=drug.pKa_acid, base=drug.pKa_base)
    return ratio


def exchange_name(draft: Draft) -> str:
    """Return the name, ``Kp`` or ``Kb``, of the coefficient of the exchange with organs."""
    return "Kp" if carries_plasma(draft) else "Kb"


def add_partition(draft: Draft, name: str, spec: OrganSpec | LumpSpec, *, where: str) -> sp.Expr:
    """Define the stated coefficient and those derived from it; return the one in use."""
    stated = [k for k in ("Kp", "Kb", "Kpu") if getattr(spec, k, None) is not None]
    if not stated and isinstance(spec, OrganSpec) and draft.spec.partition is not None:
        draft.define(f"{name}.Kp", method_kp(draft, name, spec, where), where=where)
        return derive_counterpart(draft, name, "Kp", where=where)
    if len(stated) != 1:
        what = "states no partition coefficient" if not stated else "states " + " and ".join(stated)
        draft.problem(where, f"{name} {what}", "state one of Kp, Kb, Kpu, or [partition]")
        return sp.Integer(1)
    kind = stated[0]
    draft.quantity(f"{name}.{kind}", getattr(spec, kind), "", where=f"{where}.{kind}")
    if isinstance(spec, OrganSpec) and spec.pH is not None:
        ratio = ion_trapping(draft, name, spec.pH, where)
        drive(draft, f"{name}.{kind}", lambda base: base * ratio, where=f"{where}.pH")
    if kind == "Kpu":
        _from_unbound(draft, name, where)
        kind = "Kp"
    return derive_counterpart(draft, name, kind, where=where)


def _from_unbound(draft: Draft, name: str, where: str) -> None:
    fup = unbound_per_plasma(draft)
    if fup is None:
        draft.problem(where, f"Kpu of {name} needs the unbound fraction", "state drug.fup")
        fup = sp.Integer(1)
    draft.define(f"{name}.Kp", symbol(f"{name}.Kpu") * fup, where=where)
    draft.derived[f"{name}.Kp"] = f"{name}.Kpu"


def derive_counterpart(draft: Draft, name: str, known: str, *, where: str) -> sp.Expr:
    """Define Kb from Kp, or Kp from Kb, if BP is known; return the one in use."""
    used = exchange_name(draft)
    ratio = symbol("BP") if draft.knows("BP") else None
    other = "Kb" if known == "Kp" else "Kp"
    draft.derived[f"{name}.{other}"] = draft.derived.get(f"{name}.{known}", f"{name}.{known}")
    if ratio is not None and known == "Kp":
        draft.define(f"{name}.Kb", symbol(f"{name}.Kp") / ratio, where=where)
    elif ratio is not None:
        draft.define(f"{name}.Kp", symbol(f"{name}.Kb") * ratio, where=where)
    elif known != used:
        what = f"{name} has {known}, and its exchange needs {used}"
        draft.problem(where, what, "state the blood-to-plasma ratio, drug.BP")
        return symbol(f"{name}.{known}")
    return symbol(f"{name}.{used}")
