"""What each form is, written down a second time: closed forms and SciPy's distributions."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from scipy import stats

__all__ = ["COVARIATES", "EFFECTS", "ERRORS", "ERROR_SCALES"]


def _logit(p: float) -> float:
    return math.log(p / (1 - p))


# typical, eta, low, high, shape -> individual value
EFFECTS: Mapping[str, Callable[[float, float, float, float, float], float]] = {
    "boxcox": lambda tv, eta, _, __, shape: (
        tv * math.exp(math.expm1(shape * eta) / shape if shape else eta)
    ),
    "lognormal": lambda tv, eta, *_: tv * math.exp(eta),
    "normal": lambda tv, eta, *_: tv + eta,
    "logitnormal": lambda tv, eta, low, high, _: (
        low + (high - low) / (1 + math.exp(-_logit((tv - low) / (high - low)) - eta))
    ),
}

# x, reference, coefficient (of level 1, of level 2) -> factor
COVARIATES: Mapping[str, Callable[[float, float, float, float], float]] = {
    "power": lambda x, ref, a, _: math.exp(a * math.log(x / ref)),
    "linear": lambda x, ref, a, _: 1 + a * x - a * ref,
    "exponential": lambda x, ref, a, _: math.exp(a * x) / math.exp(a * ref),
    "categorical": lambda x, _, a, b: {1.0: math.exp(a), 2.0: math.exp(b)}.get(x, 1.0),
}

ERROR_SCALES: Mapping[str, Mapping[str, float]] = {
    "additive": {"sigma": 0.5},
    "proportional": {"sigma": 0.3},
    "combined": {"additive": 0.3, "proportional": 0.2},
    "power": {"sigma": 0.3, "exponent": 0.7},
    "lognormal": {"sigma": 0.4},
    "student_t": {"sigma": 0.5, "df": 5.0},
    "laplace": {"sigma": 0.4},
}

# prediction, scales -> distribution of the observation
ERRORS: Mapping[str, Callable[[float, Mapping[str, float]], Any]] = {
    "additive": lambda f, s: stats.norm(f, s["sigma"]),
    "proportional": lambda f, s: stats.norm(f, s["sigma"] * abs(f)),
    "combined": lambda f, s: stats.norm(
        f, math.sqrt(s["additive"] ** 2 + (s["proportional"] * f) ** 2)
    ),
    "power": lambda f, s: stats.norm(f, s["sigma"] * abs(f) ** s["exponent"]),
    "lognormal": lambda f, s: stats.lognorm(s["sigma"], scale=f),
    "student_t": lambda f, s: stats.t(s["df"], f, s["sigma"]),
    "laplace": lambda f, s: stats.laplace(f, s["sigma"]),
}
