"""The ODE solver of a program: Stan code, or the kernel as an external C++ function."""

from typing import Literal

from pkqsp_bayes.engine.compiled_model import PREFIX, CompiledModel
from pkqsp_bayes.program.fragment import Fragment
from pkqsp_bayes.program.text import StanProgram

__all__ = ["PREFIX", "Backend", "solver_fragment", "solver_header"]

Backend = Literal["native", "stan"]

_ARGUMENTS = (
    "vector p, data vector x, data array[] real time, array[] int evid, data array[] real amt, "
    "data array[] real rate, data array[] real ii, array[] int addl, array[] int ss, "
    "array[] int cmt, data array[] real breaks, data matrix segments, data matrix own, "
    "data real rtol, data real atol, int max_steps"
)


def solver_fragment(model: CompiledModel, *, backend: Backend, method: str = "bdf") -> Fragment:
    """Print the functions of the solver.

    Parameters
    ----------
    model : CompiledModel
        The compiled model.
    backend : {"native", "stan"}
        ``native``: the function is declared, and `solver_header` defines it. ``stan``: the function
        is printed and calls one of Stan's own solvers.
    method : str
        Name of the Stan solver: ``bdf``, ``rk45``, ``ckrk``, ``adams``.
    """
    if backend == "native":
        text = (
            "// All outputs (columns) of one subject after each of its records (rows), with\n"
            "// analytic sensitivities to p: the kernel of stan/cpp/kernel.\n"
            f"matrix {PREFIX}_solve({_ARGUMENTS});"
        )
    else:
        text = model.stan_functions(method)
    return Fragment(program=StanProgram(functions=(text,)))


def solver_header(model: CompiledModel) -> str:
    """Return the C++ header that defines the native solver.

    Parameters
    ----------
    model : CompiledModel
        The compiled model.
    """
    return model.header + '\n#include "kernel/stan_external.hpp"\n'
