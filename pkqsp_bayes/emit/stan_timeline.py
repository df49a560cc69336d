"""The pure-Stan solver of one subject's timeline, around the functions that `emit_stan` prints.

Stan functions cannot take functions as arguments (its own ODE solvers apart), so that this text
is printed anew for each model, with the model's prefix. It is the reference: steady states are
reached by repeating the dose, nothing is cached, and every event restarts the solver.
"""

from pkqsp_bayes.emit.names import mangle
from pkqsp_bayes.ode.lowered import LoweredOde

__all__ = ["emit_stan_timeline", "solver_call"]

_SHARED = "vector p, data vector s, data vector c"
_TOLERANCES = "data real rtol, data real atol, int max_steps"


def solver_call(prefix: str, solver: str) -> str:
    """Name of the advance function for a solver (``bdf``, ``rk45``, ``adjoint`` ...)."""
    return f"ode_{solver}_tol({prefix}_rhs"


def emit_stan_timeline(ode: LoweredOde, *, prefix: str, solver: str = "bdf") -> str:
    """Print the functions ``<prefix>_advance``, ``_steady`` and ``_solve``.

    Parameters
    ----------
    ode : LoweredOde
        The lowered system.
    prefix : str
        As in `emit_stan`.
    solver : {"bdf", "rk45", "ckrk", "adams"}
        Which of Stan's solvers.

    Returns
    -------
    str
        To stand after the text of `emit_stan` in the ``functions`` block.

    Notes
    -----
    Infusion rates stay data wherever the table states them: as parameters they would cost one
    more sensitivity system for each state.
    """
    name = mangle(prefix)
    fixed = _rates_are_data(ode)
    parts = (
        _rates(name) if fixed else "",
        _advance(name, solver, len(ode.states), fixed=fixed),
        _steady(name, len(ode.states), fixed=fixed),
        _solve(name, ode, fixed=fixed),
    )
    return "\n".join(part for part in parts if part)


def _rates_are_data(ode: LoweredOde) -> bool:
    """Whether every infusion rate comes from the table, unscaled."""
    factors = [ode.doses.values[5 * i] == 1 for i in range(len(ode.dose_names))]
    return all(factors) and not any((*ode.dose_has_rate, *ode.dose_has_duration))


def _rates(name: str) -> str:
    return f"""\
// Sum of the infusion rates in force: data, because the table states them.
vector {name}_rates(array[] int running, array[] int state, data array[] real rate, int n) {{
  vector[n] total = rep_vector(0, n);
  for (i in running) {{
    total[state[i]] += rate[i];
  }}
  return total;
}}
"""


def _advance(name: str, solver: str, states: int, *, fixed: bool) -> str:
    rate = "data vector rate" if fixed else "vector rate"
    return f"""\
// State at time t1, from y at t0.
vector {name}_advance(real t0, vector y, real t1, {_SHARED}, {rate}, {_TOLERANCES}) {{
  if (t1 <= t0) {{
    return y;
  }}
  array[1] vector[{states}] out = ode_{solver}_tol({name}_rhs, y, t0, {{t1}}, rtol, atol,
                                             max_steps, p, s, c, rate);
  return out[1];
}}
"""
