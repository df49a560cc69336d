"""`LoweredOde`: the system sorted into stages, with all derivatives that the solvers need.

All functions depend on time ``t``, states ``y`` and *coefficients* ``q``. Coefficients do not
depend on states or time: they are computed once per solve (theta stage) or once per segment
(segment stage), with their derivatives with respect to the individual parameters.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import sympy as sp

from pkqsp_bayes.ode.interface import OdeInterface
from pkqsp_bayes.ode.lowering.switches import Switch

__all__ = ["Coefficient", "Elimination", "Entry", "LoweredOde", "SparseMap", "Stage"]


class Stage(StrEnum):
    """The stage at which a coefficient is evaluated."""

    SUBJECT = "subject"
    """For coefficients that depend on fixed covariates alone."""
    THETA = "theta"
    """For coefficients that depend on individual parameters (and fixed covariates)."""
    SEGMENT = "segment"
    """For coefficients that depend on time-varying covariates or switches, at each break point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coefficient:
    """One entry of ``q``.

    Parameters
    ----------
    symbol : sympy.Symbol
        Its symbol in the maps.
    label : str
        A readable name, such as ``k(liver.A <- gut.A)``.
    expr : sympy expression
        Expression of individual parameters, fixed covariates and (segment stage) covariate values.
    stage : Stage
        Stage at which it is evaluated.
    gradient : tuple of (int, sympy expression)
        Non-zero derivatives with respect to individual parameters: (index, expression).
    """

    symbol: sp.Symbol
    label: str
    expr: sp.Expr
    stage: Stage
    gradient: tuple[tuple[int, sp.Expr], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A structural non-zero of a Jacobian."""

    row: int
    col: int
    expr: sp.Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class SparseMap:
    """A vector function of (t, y, q) with its sparse Jacobians.

    Entries by coefficients that depend on no individual parameter are left out, because their
    derivative is never needed.
    """

    values: tuple[sp.Expr, ...]
    by_state: tuple[Entry, ...] = ()
    by_coefficient: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Elimination:
    """Symbolic LU of ``a I - J`` with diagonal pivots.

    Parameters
    ----------
    order : tuple of int
        States in the order in which they are eliminated.
    filled : tuple of (int, int)
        Non-zeros of L + U (original indices), the diagonal included.
    fill_in : int
        The number of them that are not in ``a I - J``.
    """

    order: tuple[int, ...]
    filled: tuple[tuple[int, int], ...]
    fill_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoweredOde(OdeInterface):
    """All expressions that emission prints. The text of the module defines t, y, q.

    ``directions`` are the symbols of the vector ``k`` in ``contraction``: entries of the Jacobians
    of ``J(t, y, q) k`` (the second-order contractions). ``time`` is df/dt. ``doses`` has five rows
    per target: factor, bioavailability, lag, rate, duration. ``edges`` has two rows per switch, its
    slope and intercept over time: see `pkqsp_bayes.ode.lowering.switches`. ``links`` are symbols of
    expressions, each of earlier links (`pkqsp_bayes.ode.lowering.chain`); coefficients and maps may
    read them.
    """

    coefficients: tuple[Coefficient, ...]
    rhs: SparseMap
    contraction: SparseMap
    time: SparseMap
    initial: SparseMap
    outputs: SparseMap
    doses: SparseMap
    switches: tuple[Switch, ...]
    edges: SparseMap
    directions: tuple[sp.Symbol, ...]
    elimination: Elimination
    linear: bool
    autonomous: bool
    links: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
