"""A system with conditions on time, and its solution in closed form.

Production stops in a window whose edges are parameters; elimination doubles while a covariate that
is a straight line over time lies above a threshold that is a parameter.
"""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import sympy as sp

from pkqsp_bayes.ode.expressions.symbols import TIME, symbol
from pkqsp_bayes.ode.interface import Covariate, Parameter
from pkqsp_bayes.ode.system import DoseTarget, OdeSystem, Output, State

__all__ = ["WINDOW", "exact_gradient", "exact_values", "windows"]

WINDOW = {"kin": 10.0, "kout": 0.1, "tau": 24.0, "d": 2.5, "q": 40.0, "lag": 0.5}


def windows() -> OdeSystem:
    """Turnover with a window, a threshold of a covariate, and a lagged dose."""
    kin, kout, tau, d, q = (symbol(n) for n in ("kin", "kout", "tau", "d", "q"))
    x, alb = symbol("x"), symbol("ALB")
    inside = sp.And(tau < TIME, tau + d > TIME, evaluate=False)
    off = sp.Piecewise((1, inside), (0, True))
    more = sp.Piecewise((2, alb >= q), (1, True))
    return OdeSystem(
        title="windows",
        states=(State(name="x", rhs=kin * (1 - off) - kout * more * x, initial=kin / kout),),
        parameters=tuple(Parameter(name=n) for n in WINDOW),
        covariates=(Covariate(name="ALB", interpolation="linear"),),
        outputs=(Output(name="x", expr=x), Output(name="off", expr=off)),
        doses=(DoseTarget(name="x", state="x", lag=symbol("lag")),),
    )


def exact_values(
    p: Mapping[str, float],
    times: Sequence[float],
    *,
    doses: Sequence[tuple[float, float]] = (),
    albumin: Sequence[tuple[float, float, float]] = ((-1e9, 0.0, 0.0),),
) -> np.ndarray:
    """x at each time, from the first on. `albumin` has start, intercept and slope of each line."""
    given = {t + p["lag"]: amount for t, amount in doses}
    cuts = {p["tau"], p["tau"] + p["d"], *given, *times, *(start for start, _, _ in albumin)}
    cuts |= {(p["q"] - a) / b for _, a, b in albumin if b}
    x, found = p["kin"] / p["kout"], {times[0]: p["kin"] / p["kout"]}
    inner = sorted(c for c in cuts if times[0] <= c <= times[-1])
    for start, end in itertools.pairwise(inner):
        x += given.get(start, 0.0)
        x = _relaxed(p, x, start, end, albumin)
        found[end] = x
    return np.array([found[t] for t in times])


def _relaxed(
    p: Mapping[str, float],
    x: float,
    start: float,
    end: float,
    albumin: Sequence[tuple[float, float, float]],
) -> float:
    middle = (start + end) / 2
    _, a, b = next(line for line in reversed(albumin) if line[0] <= middle)
    k = p["kout"] * (2 if a + b * middle >= p["q"] else 1)
    kin = 0.0 if p["tau"] < middle < p["tau"] + p["d"] else p["kin"]
    return float(kin / k + (x - kin / k) * np.exp(-k * (end - start)))


def exact_gradient(p: Mapping[str, float], times: Sequence[float], **given: object) -> np.ndarray:
    """Derivatives (time, parameter) of `exact_values`, by differences of the closed form."""
    columns = []
    for name, value in p.items():
        step = 1e-4 * max(abs(value), 0.1)
        parts = [
            exact_values({**p, name: value + h}, times, **given) / h  # type: ignore[arg-type]
            for h in (step, -step, step / 2, -step / 2)
        ]
        columns.append((4 * (parts[2] + parts[3]) - (parts[0] + parts[1])) / 6)
    return np.stack(columns, axis=-1)
