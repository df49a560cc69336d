"""Partition coefficients of tissue to plasma, to blood and to unbound drug in plasma.

By convention, an organ exchanges with the fluid that `BodySpec.basis` names. With blood, its
emergent concentration is ``C / Kb`` with ``Kb = Kp / BP``; with plasma it is ``C / Kp``.
"""

import sympy as sp

from pkqsp_bayes.ode.components.body import carries_plasma, unbound_per_plasma
from pkqsp_bayes.ode.components.chemistry import ion_trapping, method_kp
from pkqsp_bayes.ode.components.draft import Draft
from pkqsp_bayes.ode.components.links import drive
from pkqsp_bayes.ode.expressions.symbols import symbol
from pkqsp_bayes.spec.body import LumpSpec, OrganSpec

__all__ = ["add_partition", "derive_counterpart", "exchange_name"]


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
