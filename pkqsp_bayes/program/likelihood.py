"""The ODE solver of a program, and the likelihood, summed over subjects.

`reduce_sum_static` evaluates the subjects in slices of fixed size, each with its own reverse pass,
so that the memory of the gradient depends on a slice, not on the study. The individual parameters
are what is sliced: Stan copies the other arguments for each slice, and they do not grow with the
study. With several threads slices run in parallel; the sum does not depend on how many there are.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

from pkqsp_bayes.engine.compiled_model import PREFIX, CompiledModel
from pkqsp_bayes.program.bound_data import BoundData
from pkqsp_bayes.program.data.study_data import COLUMNS, table_arguments
from pkqsp_bayes.program.fragment import Fragment, StanProgram
from pkqsp_bayes.program.individual_parameters import individual_call

__all__ = [
    "PREFIX",
    "Backend",
    "likelihood_fragment",
    "predictive_statements",
    "solver_fragment",
    "solver_header",
]

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


def likelihood_fragment(bound: BoundData, *, prefix: str) -> Fragment:
    """Print the sum over subjects, and the quantities computed once per draw.

    Parameters
    ----------
    bound : BoundData
        The model and its study.
    prefix : str
        Prefix of the solver: ``<prefix>_solve`` is called.
    """
    names = (name for _, name in table_arguments(intervals=bound.observations.has_intervals))
    shared = ", ".join(["sigma", *names])
    return Fragment(
        program=StanProgram(
            functions=tuple(_function(bound, prefix)),
            model=(
                _theta(bound),
                f"target += reduce_sum_static(log_lik_of, theta, slice_size, {shared});",
            ),
            generated_quantities=tuple(_generated(bound, prefix)),
        ),
        dims=dict.fromkeys(("log_lik", "prediction", "replicate"), ("observation",)),
    )


def _theta(bound: BoundData) -> str:
    size = len(bound.ode.parameters)
    return f"array[subjects] vector[{size}] theta = {individual_call(bound)};"


def _solution(bound: BoundData, prefix: str, parameters: str) -> str:
    """Declare ``f``: the outputs (columns) of subject s at its records (rows)."""
    records, pieces = "begin[s] : begin[s + 1] - 1", "piece[s] : piece[s + 1] - 1"
    columns = [f"{name}[{records}]" for name, *_ in COLUMNS]
    covariates = [f"breaks[{pieces}]", f"segments[{pieces}]", f"own[{records}]"]
    call = ", ".join([parameters, "x[s]'", *columns, *covariates, "rtol", "atol", "max_steps"])
    size = f"begin[s + 1] - begin[s], {len(bound.ode.output_names)}"
    return f"matrix[{size}] f = {prefix}_solve({call});"


def _function(bound: BoundData, prefix: str) -> Iterator[str]:
    intervals = bound.observations.has_intervals
    table = table_arguments(intervals=intervals)
    arguments = ", ".join(f"{kind} {name}" for kind, name in table)
    function = "interval_lpdf(y[i] | limit[i], " if intervals else "residual_lpdf(y[i] | "
    yield "// Log likelihood of a slice of the subjects."
    yield "real log_lik_of(array[] vector theta, int first, int last, vector sigma, "
    yield f"                {arguments}) {{"
    yield "  real total = 0;"
    yield "  for (s in first : last) {"
    yield f"    {_solution(bound, prefix, 'theta[s - first + 1]')}"
    yield "    for (i in observed[s] : observed[s + 1] - 1) {"
    yield f"      total += {function}f[record[i], output[i]], output[i], censored[i],"
    yield "                             sigma);"
    yield "    }"
    yield "  }"
    yield "  return total;"
    yield "}"


def _generated(bound: BoundData, prefix: str) -> Iterator[str]:
    intervals = bound.observations.has_intervals
    function = "interval_lpdf(y[i] | limit[i], " if intervals else "residual_lpdf(y[i] | "
    density = f"{function}prediction[i], output[i], censored[i], sigma)"
    yield "vector[observations] log_lik;"
    likelihood = f"log_lik[i] = possible ? {density} : negative_infinity();"
    yield from predictive_statements(bound, prefix=prefix, more=(likelihood,))


def predictive_statements(
    bound: BoundData, *, prefix: str, more: Sequence[str] = ()
) -> Iterator[str]:
    """Yield statements that predict and draw every observation, given all parameters.

    If the solver fails, or if the residual error is impossible at the prediction (a lognormal one
    at 0), the replicate is NaN. The rest of the draw is kept.

    Parameters
    ----------
    bound : BoundData
        The model and its study.
    prefix : str
        Prefix of the solver.
    more : sequence of str
        Further statements for each observation ``i``; ``possible`` is whether it can be drawn.
    """
    yield "vector[observations] prediction; // of the individual, without residual error"
    yield "vector[observations] replicate; // with residual error"
    yield "{"
    yield f"  {_theta(bound)}"
    yield "  for (s in 1 : subjects) {"
    yield f"    {_solution(bound, prefix, 'theta[s]')}"
    yield "    for (i in observed[s] : observed[s + 1] - 1) {"
    yield "      prediction[i] = f[record[i], output[i]];"
    yield "      int possible = residual_is_possible(prediction[i], output[i], sigma);"
    yield from (f"      {line}" for line in more)
    draw = "residual_draw_rng(prediction[i], output[i], sigma)"
    yield f"      replicate[i] = possible ? {draw} : not_a_number();"
    yield "    }"
    yield "  }"
    yield "}"
