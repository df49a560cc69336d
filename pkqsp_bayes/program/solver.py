"""The ODE solver of a program: printed in Stan, or our kernel as an external C++ function."""

from typing import Literal

from pkqsp_bayes.emit.cpp import emit_cpp
from pkqsp_bayes.emit.stan import emit_stan
from pkqsp_bayes.emit.stan_timeline import emit_stan_timeline
from pkqsp_bayes.ode.lowered import LoweredOde
from pkqsp_bayes.program.fragment import Fragment
from pkqsp_bayes.program.text import StanProgram

__all__ = ["PREFIX", "Backend", "solver_fragment", "solver_header"]

Backend = Literal["native", "stan"]

PREFIX = "ode"
"""The solver is ``ode_solve``, whatever the backend."""

_ARGUMENTS = (
    "vector p, data vector x, data array[] real time, array[] int evid, data array[] real amt, "
    "data array[] real rate, data array[] real ii, array[] int addl, array[] int ss, "
    "array[] int cmt, data array[] real breaks, data matrix segments, data matrix own, "
    "data real rtol, data real atol, int max_steps"
)


def solver_fragment(ode: LoweredOde, *, backend: Backend, method: str = "bdf") -> Fragment:
    """Print the solver's functions.

    Parameters
    ----------
    ode : LoweredOde
        The lowered system.
    backend : {"native", "stan"}
        ``native``: the function is declared, and defined by `solver_header`. ``stan``: it is
        printed, around one of Stan's own solvers, and needs nothing else.
    method : str
        Stan's solver: ``bdf``, ``rk45``, ``ckrk``, ``adams``.
    """
    if backend == "native":
        text = (
            "// All outputs (columns) of one subject after each of its records (rows), with\n"
            "// analytic sensitivities to p: the kernel of stan/cpp/kernel.\n"
            f"matrix {PREFIX}_solve({_ARGUMENTS});"
        )
    else:
        timeline = emit_stan_timeline(ode, prefix=PREFIX, solver=method)
        text = emit_stan(ode, prefix=PREFIX) + timeline
    return Fragment(program=StanProgram(functions=(text,)))


def solver_header(ode: LoweredOde) -> str:
    """Return the C++ header that defines the native solver.

    Parameters
    ----------
    ode : LoweredOde
        The lowered system.
    """
    return emit_cpp(ode) + '\n#include "kernel/stan_external.hpp"\n'
