"""Priors as Stan text: log density, draw and bounds; and their medians as initial values."""

import math
from collections.abc import Iterator, Mapping

from pkqsp_bayes.spec.priors.distribution import distribution
from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.spec.priors.prior_grammar import MIXTURE, prior_support

__all__ = [
    "bounds_text",
    "prior_bounds",
    "prior_centre",
    "prior_draw",
    "prior_note",
    "prior_term",
]

# The density in Stan; a half family is the full one on a bounded variable, up to a constant.
_STAN_NAME = {"half_normal": "normal", "half_cauchy": "cauchy"}
_LEADING_ARGUMENTS: Mapping[str, tuple[float, ...]] = {"half_normal": (0.0,)}


def prior_bounds(prior: PriorSpec) -> tuple[float, float]:
    """Return the support of the prior of a scalar.

    Raises
    ------
    ValueError
        If it is not a prior of a scalar.

    Examples
    --------
    >>> from pkqsp_bayes.spec.priors.prior_grammar import parse_prior
    >>> prior_bounds(parse_prior("lognormal(0, 1)"))
    (0.0, inf)
    """
    support = prior_support(prior)
    if support is None:
        raise ValueError(f"{prior} is not a distribution of a scalar")
    return support


def bounds_text(low: float, high: float) -> str:
    """Return the constraint of a declaration, ``<lower=0>``.

    Examples
    --------
    >>> bounds_text(0.0, math.inf), bounds_text(-math.inf, math.inf), bounds_text(0.0, 1.0)
    ('<lower=0>', '', '<lower=0, upper=1>')
    """
    parts = []
    if low > -math.inf:
        parts.append(f"lower={_number(low)}")
    if high < math.inf:
        parts.append(f"upper={_number(high)}")
    return f"<{', '.join(parts)}>" if parts else ""


def prior_term(variable: str, prior: PriorSpec) -> str:
    """Return the log density of a prior, up to a constant if the variable is bounded.

    Parameters
    ----------
    variable : str
        A scalar, as Stan text.
    prior : PriorSpec
        Its prior.

    Examples
    --------
    >>> from pkqsp_bayes.spec.priors.prior_grammar import parse_prior
    >>> prior_term("sigma", parse_prior("half_normal(0.5)"))
    'normal_lpdf(sigma | 0, 0.5)'
    >>> prior_term("x", parse_prior("mixture(0.8, half_normal(0.5), exponential(1))"))
    'log_mix(0.8, normal_lpdf(x | 0, 0.5) + log2(), exponential_lpdf(x | 1))'
    """
    if prior.family == MIXTURE:
        one, other = (_normalised(variable, part) for part in prior.parts)
        return f"log_mix({_number(prior.args[0])}, {one}, {other})"
    if prior.family == "logit_normal":
        jacobian = f"- log({variable}) - log1m({variable})"
        return f"normal_lpdf(logit({variable}) | {_arguments(prior)}) {jacobian}"
    return f"{_stan_name(prior)}_lpdf({variable} | {_arguments(prior)})"


def prior_draw(variable: str, prior: PriorSpec, low: float, high: float) -> Iterator[str]:
    """Yield statements that draw a variable from its prior within its bounds.

    Examples
    --------
    >>> from pkqsp_bayes.spec.priors.prior_grammar import parse_prior
    >>> list(prior_draw("CL", parse_prior("lognormal(0, 1)"), 0.0, math.inf))
    ['CL = lognormal_rng(0, 1);']
    >>> list(prior_draw("s", parse_prior("half_normal(2)"), 0.0, math.inf))
    ['s = normal_rng(0, 2);', 'while (s <= 0) s = normal_rng(0, 2);']
    """
    call = _rng(prior)
    yield f"{variable} = {call};"
    # A half family is drawn as the full one, except as a part of a mixture.
    natural = (-math.inf, math.inf) if prior.family in _STAN_NAME else prior_bounds(prior)
    tests = [f"{variable} <= {_number(low)}"] if low > natural[0] else []
    tests += [f"{variable} >= {_number(high)}"] if high < natural[1] else []
    if tests:
        yield f"while ({' || '.join(tests)}) {variable} = {call};"


def _rng(prior: PriorSpec) -> str:
    if prior.family == MIXTURE:
        one, other = (f"abs({_rng(p)})" if p.family in _STAN_NAME else _rng(p)
                      for p in prior.parts)  # fmt: skip
        return f"bernoulli_rng({_number(prior.args[0])}) ? {one} : {other}"
    if prior.family == "logit_normal":
        return f"inv_logit(normal_rng({_arguments(prior)}))"
    return f"{_stan_name(prior)}_rng({_arguments(prior)})"


def _normalised(variable: str, part: PriorSpec) -> str:
    """Return the log density of a part of a mixture, with its constant."""
    term = prior_term(variable, part)
    return f"{term} + log2()" if part.family in _STAN_NAME else term


def prior_note(prior: PriorSpec) -> str:
    """Return the prior as the user wrote it if the printed form differs, else an empty text.

    Examples
    --------
    >>> from pkqsp_bayes.spec.priors.prior_grammar import parse_prior
    >>> prior_note(parse_prior("lognormal(log(20), 0.5)")), prior_note(parse_prior("normal(0, 1)"))
    ('lognormal(log(20), 0.5)', '')
    """
    if prior.family == MIXTURE:
        return str(prior)
    plain = f"{_stan_name(prior)}({_arguments(prior)})"
    return "" if str(prior).replace(" ", "") == plain.replace(" ", "") else str(prior)


def prior_centre(prior: PriorSpec, low: float = -math.inf, high: float = math.inf) -> float:
    """Return the median of a prior within bounds.

    Examples
    --------
    >>> from pkqsp_bayes.spec.priors.prior_grammar import parse_prior
    >>> round(prior_centre(parse_prior("half_normal(1)")), 3)
    0.674
    """
    return float(distribution(prior, low, high).quantile(0.5))


def _stan_name(prior: PriorSpec) -> str:
    return _STAN_NAME.get(prior.family, prior.family)


def _arguments(prior: PriorSpec) -> str:
    values = (*_LEADING_ARGUMENTS.get(prior.family, ()), *prior.args)
    return ", ".join(_number(value) for value in values)


def _number(value: float) -> str:
    """Return the shortest text of a number, without a decimal point if it is an integer."""
    text = repr(float(value))
    return text.removesuffix(".0")
