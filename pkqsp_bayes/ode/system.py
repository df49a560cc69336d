"""The flat ODE system, the result of composition and the input of checks and lowering."""

from dataclasses import dataclass, field

import sympy as sp

from pkqsp_bayes.ode.interface import Covariate, Parameter
from pkqsp_bayes.physiology.formula_ranges import Limit

__all__ = [
    "Assignment",
    "DoseTarget",
    "MassBalance",
    "OdeSystem",
    "Output",
    "State",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A differential equation ``d(name)/dt = rhs``, ``name(0) = initial``.

    ``initial`` must not depend on states or time. ``unit`` is the unit of the state; ``drug`` is
    the drug mass in one unit of it (1 for a drug amount, a molar-mass factor for a drug-target
    complex, 0 for a state without drug), for the proof of mass balance.
    """

    name: str
    rhs: sp.Expr
    initial: sp.Expr = sp.Integer(0)
    unit: str = ""
    drug: sp.Expr = sp.Integer(0)
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A named helper expression of states, parameters, covariates, time and other helpers."""

    name: str
    expr: sp.Expr
    unit: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """An observed or reported quantity."""

    name: str
    expr: sp.Expr
    unit: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseTarget:
    """A dosing compartment, which receives AMT and RATE of the event table.

    Parameters
    ----------
    name : str
        The name used in CMT (its 1-based position in `OdeSystem.doses` is its number).
    state : str
        The state that receives the dose.
    factor : sympy expression
        Amount-to-state factor: 1 for a state in the dose's mass unit, ``1/V`` for a
        concentration state.
    bioavailability, lag : sympy expression
        ``F`` and ``ALAG``; no states. Default 1 and 0.
    rate, duration : sympy expression or None
        Modelled infusion rate (RATE = -1) and duration (RATE = -2).
    """

    name: str
    state: str
    factor: sp.Expr = sp.Integer(1)
    bioavailability: sp.Expr = sp.Integer(1)
    lag: sp.Expr = sp.Integer(0)
    rate: sp.Expr | None = None
    duration: sp.Expr | None = None
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MassBalance:
    """The mass balance of drug as composition states it; the checks prove it.

    ``eliminated`` is the sum of all rates at which drug leaves the system irreversibly, and
    ``produced`` the sum of the rates at which it appears other than by doses (from a prodrug):
    d(sum of drug)/dt = produced - eliminated.
    """

    eliminated: sp.Expr = sp.Integer(0)
    produced: sp.Expr = sp.Integer(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class OdeSystem:
    """A flat system of ordinary differential equations with full names.

    All expressions are over `pkqsp_bayes.ode.expressions.symbols.symbol` of the names of states,
    parameters, covariates, assignments, and `pkqsp_bayes.ode.expressions.symbols.TIME`.
    Assignments are in an order in which each uses only earlier ones.
    """

    title: str
    states: tuple[State, ...]
    parameters: tuple[Parameter, ...]
    covariates: tuple[Covariate, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    outputs: tuple[Output, ...] = ()
    doses: tuple[DoseTarget, ...] = ()
    balance: MassBalance | None = None
    time_unit: str = "h"
    limits: tuple[Limit, ...] = ()
    """Ranges of covariates in which the formulas of the body hold, over their symbols."""
    notes: tuple[str, ...] = field(default=())
    """Decisions of composition for the user (a rescaling, a calibration), as text."""
