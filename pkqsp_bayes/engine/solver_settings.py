"""Settings of the ODE solver: tolerances and limits, for simulations and fits."""

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
    """Instruction sets; one that the machine lacks is replaced by an available one."""

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
        relative to the size of each state, its largest value so far, and so does not depend on
        units.
    max_steps : int
        Maximum number of tried steps per subject, steady states included.
    min_step, max_step : float
        Limits of a step in time units of the model; 0 for no limit. In simulations only.
    method : Method
        Integration method. In simulations only.
    instructions : Instructions
        Instruction set (for tests; the default is the best one). In simulations only.

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
"""Valid values in a simulation."""


def _unused(default: object) -> Rule:
    """Return the rule of a field that a fit does not use."""

    def problem(value: object) -> str | None:
        return None if value is default or value == default else "a fit does not use it"

    return simple("leave it out; it is for simulations", problem)


FIT_SOLVER_SETTINGS = record(
    SolverSettings, **_TOLERANCES, min_step=_unused(0.0), max_step=_unused(0.0),
    method=_unused(Method.AUTOMATIC), instructions=_unused(Instructions.BEST),
)  # fmt: skip
"""Valid values in a fit, whose program has only tolerances and the number of steps."""
