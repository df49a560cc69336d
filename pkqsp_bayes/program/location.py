"""Where centred random effects are centred: the typical value, on the scale on which eta adds.

With many observations a subject's own value is known far better than the typical one, so that
eta and the typical value are tied; the sum of the two is what the sampler should see.
Papaspiliopoulos, Roberts & Sköld 2007, Statistical Science 22:59-73.
"""

import math

from pkqsp_bayes.ode.components.typical import typical_value
from pkqsp_bayes.program.frame import Effect, Frame
from pkqsp_bayes.program.priors import prior_bounds
from pkqsp_bayes.spec.population import PopulationParameterSpec
from pkqsp_bayes.spec.prior import PriorSpec

__all__ = ["location_text", "location_value", "logit_bounds", "logit_text"]


def logit_text(value: str, parameter: PopulationParameterSpec) -> str:
    """Return the logit of a value between the bounds of a logit-normal parameter.

    Examples
    --------
    >>> logit_text("F", PopulationParameterSpec(typical=0.5, lower=0.0, upper=2.0))
    'logit((F - 0.0) / 2.0)'
    """
    low, high = logit_bounds(parameter)
    if (low, high) == (0.0, 1.0):
        return f"logit({value})"
    return f"logit(({value} - {low!r}) / {high - low!r})"


def logit_bounds(parameter: PopulationParameterSpec) -> tuple[float, float]:
    """Return between what a logit-normal parameter lies: 0 and 1 unless stated.

    Examples
    --------
    >>> logit_bounds(PopulationParameterSpec(typical=0.5, upper=2.0))
    (0.0, 2.0)
    """
    low = 0.0 if parameter.lower is None else float(parameter.lower)
    high = 1.0 if parameter.upper is None else float(parameter.upper)
    return low, high


def location_text(frame: Frame, effect: Effect) -> str:
    """Return the location of a centred effect as Stan text.

    It is 0 for a log-normal effect of which the typical value may be negative.
    """
    parameter, name = frame.population[effect.parameter], frame.identifiers[effect.parameter]
    if not isinstance(parameter.typical, PriorSpec):
        name = repr(float(parameter.typical or 0.0))
    match effect.form:
        case "lognormal":
            return f"log({name})" if _least(parameter) >= 0 else "0"
        case "logitnormal":
            return logit_text(name, parameter)
        case _:
            return name


def location_value(frame: Frame, effect: Effect) -> float:
    """Return where a centred effect begins: its location at the typical value's own start."""
    parameter = frame.population[effect.parameter]
    value = typical_value(parameter)
    if value is None:
        return 0.0
    low, high = logit_bounds(parameter)
    match effect.form:
        case "lognormal":
            return math.log(value) if _least(parameter) >= 0 and value > 0 else 0.0
        case "logitnormal":
            return math.log((value - low) / (high - value)) if low < value < high else 0.0
        case _:
            return value


def _least(parameter: PopulationParameterSpec) -> float:
    """Return a lower bound of the typical value; that of a known one is itself, if positive."""
    stated = -math.inf if parameter.lower is None else parameter.lower
    if isinstance(parameter.typical, PriorSpec):
        return max(stated, prior_bounds(parameter.typical)[0])
    return float(parameter.typical or 0.0) or -math.inf
