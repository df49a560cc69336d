"""Tolerances and limits of the ODE solver: one record for simulations and fits."""

from dataclasses import dataclass
from enum import IntEnum

from pkqsp_bayes.arguments import count, instance, number, record
from pkqsp_bayes.arguments.rule import Rule, simple

__all__ = ["FIT_SOLVER_SETTINGS", "SOLVER_SETTINGS", "Instructions", "Method", "SolverSettings"]


class Method(IntEnum):
    """One-step methods of the kernel (``stan/cpp/kernel/methods.hpp``)."""

    AUTOMATIC = 0
    RODAS4 = 1
    RODAS5P = 2
    DOPRI5 = 3
    LINEAR = 4
    """Rational approximation of the matrix exponential, of order 8 (linear systems only)."""


class Instructions(IntEnum):
    """Instruction sets; one that the machine lacks falls back to what it has."""

    BEST = -1
    BASELINE = 1
    AVX2 = 3
    AVX512 = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SolverSettings:
    """Tolerances and limits of the ODE solver, in simulations and in fits.

    Parameters
    ----------
    rtol, atol : float
        Local error of states, and of sensitivities weighted by their parameter (p dy/dp). `atol` is
        relative to the size of each state, the largest value that it has had: no unit of a dose or
        a state matters.
    max_steps : int
        Steps tried for one subject, the search for its steady states included.
    min_step, max_step : float
        In time units of the model; 0 for none. In simulations only.
    method : Method
        Integration method. In simulations only.
    instructions : Instructions
        Instruction set (for tests; the best one otherwise). In simulations only.

    Examples
    --------
    >>> SolverSettings(rtol=1e-8).method.name
    'AUTOMATIC'
    """

    rtol: float = 1e-6
    atol: float = 1e-8
    max_steps: int = 20_000
    min_step: float = 0.0
    max_step: float = 0.0
    method: Method = Method.AUTOMATIC
    instructions: Instructions = Instructions.BEST


_TOLERANCES = {
    "rtol": number(least=1e-15, most=0.1),
    "atol": number(above=0.0, most=0.1),
    "max_steps": count(1, 2**31 - 1),
}

SOLVER_SETTINGS = record(
    SolverSettings, **_TOLERANCES, min_step=number(least=0.0), max_step=number(least=0.0),
    method=instance(Method, wanted="a member of Method"),
    instructions=instance(Instructions, wanted="a member of Instructions"),
)  # fmt: skip
"""What they may be in a simulation."""


def _unused(default: object) -> Rule:
    """Return the rule of a field that a fit does not use."""

    def problem(value: object) -> str | None:
        return None if value is default or value == default else "a fit does not use it"

    return simple("leave it out; it is for simulations", problem)


FIT_SOLVER_SETTINGS = record(
    SolverSettings, **_TOLERANCES, min_step=_unused(0.0), max_step=_unused(0.0),
    method=_unused(Method.AUTOMATIC), instructions=_unused(Instructions.BEST),
)  # fmt: skip
"""What they may be in a fit, whose program has tolerances and the number of steps."""
