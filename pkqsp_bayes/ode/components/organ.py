"""What the circulation needs to know of an organ."""

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
        As stated; None for the organ that takes the rest, and for organs in series.
    balance, series, arterial : bool
        Takes what is left of the cardiac output; in series; its flow is its artery's alone.
    exchange : sympy expression
        Partition coefficient against the fluid that flows.
    drains_to : str or None
        Another plan's name.
    spec : OrganSpec or None
        As stated; None for a lump.
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
    """A built organ: where blood enters, where drug acts, and what leaves.

    ``outlet`` is the place from which blood leaves, at concentration ``emergent``. In a
    perfusion-limited organ inlet, outlet and site are one place.
    """

    plan: OrganPlan
    vascular: Place
    site: Place
    emergent: sp.Expr
