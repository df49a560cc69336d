"""Properties of drug and body, which every expression may use."""

import sympy as sp

from pkqsp_bayes.ode.components.draft import Draft
from pkqsp_bayes.ode.expressions.symbols import symbol

__all__ = ["add_body", "add_drug", "blood_per_plasma", "unbound_per_plasma"]

_DRUG_UNITS = {"fup": "", "BP": "", "MW": "g/mol", "logP": "", "logMA": ""}


def add_drug(draft: Draft) -> None:
    """Define those of ``fup``, ``BP``, ``MW``, ``logP`` and ``logMA`` that are stated."""
    drug = draft.spec.drug
    if drug is None:
        return
    for name, unit in _DRUG_UNITS.items():
        q = getattr(drug, name)
        if q is not None:
            draft.quantity(name, q, unit, where=f"drug.{name}")


def add_body(draft: Draft) -> None:
    """Define ``CO`` and ``Hct`` if they are stated."""
    body = draft.spec.body
    if body is None:
        return
    if body.cardiac_output is not None:
        where = "body.cardiac_output"
        draft.quantity("CO", body.cardiac_output, draft.flow_unit, where=where)
    if body.haematocrit is not None:
        draft.quantity("Hct", body.haematocrit, "", where="body.haematocrit")


def carries_plasma(draft: Draft) -> bool:
    """Return whether flows and pools are those of plasma (`BodySpec.basis`)."""
    return draft.spec.body is not None and draft.spec.body.basis == "plasma"


def blood_per_plasma(draft: Draft) -> sp.Expr | None:
    """Return the ratio of the concentration in the pools to that in plasma; None if not known."""
    if carries_plasma(draft):
        return sp.Integer(1)
    return _known(draft, "BP")


def unbound_per_plasma(draft: Draft) -> sp.Expr | None:
    """Return the unbound fraction in plasma; None if the model does not state it."""
    return _known(draft, "fup")


def _known(draft: Draft, name: str) -> sp.Symbol | None:
    return symbol(name) if draft.knows(name) else None
