"""Priors as Stan text: log density, draw, bounds; and a central value to start from."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from scipy import stats

from pkqsp_bayes.spec.prior import PriorSpec

__all__ = [
    "bounds_text",
    "is_density",
    "prior_bounds",
    "prior_centre",
    "prior_draw",
    "prior_note",
    "prior_term",
]

_INFINITY = math.inf
_UNBOUNDED = (-_INFINITY, _INFINITY)
_POSITIVE = (0.0, _INFINITY)
_BOUNDS: Mapping[str, tuple[float, float]] = {
    "normal": _UNBOUNDED,
    "cauchy": _UNBOUNDED,
    "student_t": _UNBOUNDED,
    "lognormal": _POSITIVE,
    "half_normal": _POSITIVE,
    "half_cauchy": _POSITIVE,
    "gamma": _POSITIVE,
    "inv_gamma": _POSITIVE,
    "exponential": _POSITIVE,
    "beta": (0.0, 1.0),
    "logit_normal": (0.0, 1.0),
}
# The density that Stan knows; a half family is the whole one on a bounded variable, whose constant
# plays no part.
_STAN_NAME = {"half_normal": "normal", "half_cauchy": "cauchy"}
_LEADING_ARGUMENTS: Mapping[str, tuple[float, ...]] = {"half_normal": (0.0,)}
_FROZEN: Mapping[str, Callable[..., Any]] = {
    "normal": stats.norm,
    "half_normal": lambda sd: stats.norm(0, sd),
    "cauchy": stats.cauchy,
    "half_cauchy": stats.cauchy,
    "student_t": stats.t,
    "lognormal": lambda m, s: stats.lognorm(s, scale=math.exp(m)),
    "gamma": lambda a, rate: stats.gamma(a, scale=1 / rate),
    "inv_gamma": lambda a, b: stats.invgamma(a, scale=b),
    "exponential": lambda rate: stats.expon(scale=1 / rate),
    "beta": stats.beta,
    "uniform": lambda low, high: stats.uniform(low, high - low),
}


def is_density(prior: PriorSpec) -> bool:
    """Whether a family is a distribution of a number (``from_qsp`` and ``lkj`` are not).

    Examples
    --------
    >>> is_density(PriorSpec(family="normal", args=(0.0, 1.0))), is_density(PriorSpec(family="lkj"))
    (True, False)
    """
    return prior.family == "uniform" or prior.family in _BOUNDS


def prior_bounds(prior: PriorSpec) -> tuple[float, float]:
    """Return the support of a prior.

    Examples
    --------
    >>> from pkqsp_bayes.spec.prior_grammar import parse_prior
    >>> prior_bounds(parse_prior("lognormal(0, 1)"))
    (0.0, inf)
    """
    if prior.family == "uniform":
        return (prior.args[0], prior.args[1])
    return _BOUNDS[prior.family]


def bounds_text(low: float, high: float) -> str:
    """Return the constraint of a declaration, ``<lower=0>``.

    Examples
    --------
    >>> bounds_text(0.0, math.inf), bounds_text(-math.inf, math.inf), bounds_text(0.0, 1.0)
    ('<lower=0>', '', '<lower=0, upper=1>')
    """
    parts = []
    if low > -_INFINITY:
        parts.append(f"lower={_number(low)}")
    if high < _INFINITY:
        parts.append(f"upper={_number(high)}")
    return f"<{', '.join(parts)}>" if parts else ""


def prior_term(variable: str, prior: PriorSpec) -> str:
    """Return the log density of a prior, up to a constant where the variable is bounded.

    Parameters
    ----------
    variable : str
        A scalar, as Stan text.
    prior : PriorSpec
        Its prior.

    Examples
    --------
    >>> from pkqsp_bayes.spec.prior_grammar import parse_prior
    >>> prior_term("sigma", parse_prior("half_normal(0.5)"))
    'normal_lpdf(sigma | 0, 0.5)'
    """
    if prior.family == "logit_normal":
        jacobian = f"- log({variable}) - log1m({variable})"
        return f"normal_lpdf(logit({variable}) | {_arguments(prior)}) {jacobian}"
    return f"{_stan_name(prior)}_lpdf({variable} | {_arguments(prior)})"


def prior_draw(variable: str, prior: PriorSpec, low: float, high: float) -> Iterator[str]:
    """Yield statements that draw a variable from its prior within its bounds.

    Examples
    --------
    >>> from pkqsp_bayes.spec.prior_grammar import parse_prior
    >>> list(prior_draw("CL", parse_prior("lognormal(0, 1)"), 0.0, math.inf))
    ['CL = lognormal_rng(0, 1);']
    >>> list(prior_draw("s", parse_prior("half_normal(2)"), 0.0, math.inf))
    ['s = normal_rng(0, 2);', 'while (s <= 0) s = normal_rng(0, 2);']
    """
    call = f"{_stan_name(prior)}_rng({_arguments(prior)})"
    if prior.family == "logit_normal":
        call = f"inv_logit(normal_rng({_arguments(prior)}))"
    yield f"{variable} = {call};"
    natural = _UNBOUNDED if prior.family in _STAN_NAME else prior_bounds(prior)
    tests = [f"{variable} <= {_number(low)}"] if low > natural[0] else []
    tests += [f"{variable} >= {_number(high)}"] if high < natural[1] else []
    if tests:
        yield f"while ({' || '.join(tests)}) {variable} = {call};"


def prior_note(prior: PriorSpec) -> str:
    """Return the prior as the user wrote it, where that is not what is printed; else nothing.

    Examples
    --------
    >>> from pkqsp_bayes.spec.prior_grammar import parse_prior
    >>> prior_note(parse_prior("lognormal(log(20), 0.5)")), prior_note(parse_prior("normal(0, 1)"))
    ('lognormal(log(20), 0.5)', '')
    """
    plain = f"{_stan_name(prior)}({_arguments(prior)})"
    return "" if str(prior).replace(" ", "") == plain.replace(" ", "") else str(prior)


def prior_centre(prior: PriorSpec, low: float = -_INFINITY, high: float = _INFINITY) -> float:
    """Return the median of a prior within bounds.

    Examples
    --------
    >>> from pkqsp_bayes.spec.prior_grammar import parse_prior
    >>> round(prior_centre(parse_prior("half_normal(1)")), 3)
    0.674
    """
    support = prior_bounds(prior)
    low, high = max(low, support[0]), min(high, support[1])
    if prior.family == "logit_normal":
        ends = [_logit(x) for x in (low, high)]
        frozen = stats.norm(*prior.args)
        return float(1 / (1 + math.exp(-_middle(frozen, *ends))))
    return float(_middle(_FROZEN[prior.family](*prior.args), low, high))


def _middle(frozen: Any, low: float, high: float) -> float:
    return float(frozen.ppf((frozen.cdf(low) + frozen.cdf(high)) / 2))


def _logit(x: float) -> float:
    if x <= 0:
        return -_INFINITY
    return _INFINITY if x >= 1 else math.log(x / (1 - x))


def _stan_name(prior: PriorSpec) -> str:
    return _STAN_NAME.get(prior.family, prior.family)


def _arguments(prior: PriorSpec) -> str:
    values = (*_LEADING_ARGUMENTS.get(prior.family, ()), *prior.args)
    return ", ".join(_number(value) for value in values)


def _number(value: float) -> str:
    """Print the shortest text that is the same number, without a point where it is whole."""
    text = repr(float(value))
    return text.removesuffix(".0")
