"""Priors as Stan text: a statement, and the bounds that a variable gets from its prior."""

import math
from collections.abc import Mapping

from pkqsp_bayes.program.text import StanProgram
from pkqsp_bayes.spec.prior import PriorSpec

__all__ = ["bounds_text", "prior_bounds", "prior_program"]

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


def prior_program(variable: str, prior: PriorSpec, note: str = "") -> StanProgram:
    """State a prior in the model block, and add its log density to ``lprior``.

    Parameters
    ----------
    variable : str
        A scalar, as Stan text.
    prior : PriorSpec
        Its prior.
    note : str
        Comment on the statement.

    Examples
    --------
    >>> from pkqsp_bayes.spec.prior_grammar import parse_prior
    >>> program = prior_program("sigma", parse_prior("half_normal(0.5)"))
    >>> program.model, program.generated_quantities
    (('sigma ~ normal(0, 0.5);',), ('lprior += normal_lpdf(sigma | 0, 0.5);',))
    """
    name = _STAN_NAME.get(prior.family, prior.family)
    values = (*_LEADING_ARGUMENTS.get(prior.family, ()), *prior.args)
    arguments = ", ".join(_number(value) for value in values)
    comment = f" // {note}" if note else ""
    if prior.family == "logit_normal":
        jacobian = f"- log({variable}) - log1m({variable})"
        return StanProgram(
            model=(
                f"logit({variable}) ~ normal({arguments});{comment}",
                f"target += {jacobian};",
            ),
            generated_quantities=(
                f"lprior += normal_lpdf(logit({variable}) | {arguments}) {jacobian};",
            ),
        )
    return StanProgram(
        model=(f"{variable} ~ {name}({arguments});{comment}",),
        generated_quantities=(f"lprior += {name}_lpdf({variable} | {arguments});",),
    )


def _number(value: float) -> str:
    return f"{value:.17g}" if float(f"{value:.15g}") != value else f"{value:.15g}"
