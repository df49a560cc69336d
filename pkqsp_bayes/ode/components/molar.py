"""Between mass and moles: the molar mass where units need it."""

import sympy as sp

from pkqsp_bayes.ode.components.draft import Draft
from pkqsp_bayes.ode.components.numbers import conversion
from pkqsp_bayes.ode.symbols import symbol
from pkqsp_bayes.units import UnitError, same_dimension

__all__ = ["amount_conversion"]


def amount_conversion(draft: Draft, source: str, target: str, *, where: str) -> sp.Expr:
    """Return the factor from one amount (or concentration) unit to another.

    Parameters
    ----------
    draft : Draft
        Gives the symbol ``MW`` (g/mol) if the drug has one.
    source, target : str
        Units of mass or of substance, or the same per volume.
    where : str
        Path in the model file.
    """
    try:
        if same_dimension(source, target):
            return conversion(source, target)
        if same_dimension(f"({source})*g/mol", target):
            return _molar_mass(draft, where) * conversion(f"({source})*g/mol", target)
        if same_dimension(source, f"({target})*g/mol"):
            return conversion(source, f"({target})*g/mol") / _molar_mass(draft, where)
    except UnitError as error:
        draft.problem(where, str(error), "write a unit such as mg or nmol")
        return sp.Integer(1)
    draft.problem(where, f"no way leads from {source} to {target}", "use a mass or a molar unit")
    return sp.Integer(1)


def _molar_mass(draft: Draft, where: str) -> sp.Expr:
    if not draft.knows("MW"):
        what = "a conversion between mass and moles needs the molar mass"
        draft.problem(where, what, 'state drug.MW, with unit "g/mol"')
        return sp.Integer(1)
    return symbol("MW")
