"""Organs as the circulation needs them: plans and built organs."""

from dataclasses import dataclass

import sympy as sp

from pkqsp_bayes.ode.components.draft import Place
from pkqsp_bayes.spec.body import OrganSpec

__all__ = ["Organ", "OrganPlan"]


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
