"""Bounds and defaults of parameters that follow from the statistical forms of a model."""

import math
from collections.abc import Iterable

from pkqsp_bayes.spec.population import PopulationParameterSpec
from pkqsp_bayes.spec.prior import PriorSpec
from pkqsp_bayes.spec.prior_grammar import parse_prior
from pkqsp_bayes.statistics import RANDOM_EFFECTS, RandomEffectForm

__all__ = ["default_omega", "effect_forms", "sampled_bounds", "stated_shape", "value_bounds"]


def effect_forms(parameter: PopulationParameterSpec) -> list[RandomEffectForm]:
    """Return the forms of the random effects of a parameter, of subjects and of occasions.

    Examples
    --------
    >>> parameter = PopulationParameterSpec(typical=0.5, iov="logitnormal")
    >>> [form.description for form in effect_forms(parameter)]
    ['logit-normal']
    """
    return [RANDOM_EFFECTS[name] for name in (parameter.iiv, parameter.iov) if name is not None]


def value_bounds(parameter: PopulationParameterSpec) -> tuple[float, float]:
    """Return the bounds of the values of a parameter: the stated ones, else those of its forms.

    Examples
    --------
    >>> value_bounds(PopulationParameterSpec(typical=1.0, iiv="lognormal", upper=2.0))
    (0.0, 2.0)
    """
    return _bounds(parameter, effect_forms(parameter))


def sampled_bounds(parameter: PopulationParameterSpec) -> tuple[float, float]:
    """Return the bounds within which a typical value is sampled.

    A form that is a factor does not bound it: a parameter with log-normal variability may be
    negative.

    Examples
    --------
    >>> sampled_bounds(PopulationParameterSpec(typical=1.0, iiv="lognormal", upper=2.0))
    (-inf, 2.0)
    """
    return _bounds(parameter, [form for form in effect_forms(parameter) if form.is_bounded])


def default_omega(form: str) -> PriorSpec:
    """Return the default prior of the standard deviation of random effects with a form.

    Examples
    --------
    >>> print(default_omega("normal"))
    half_normal(0.5)
    """
    return parse_prior(RANDOM_EFFECTS[form].omega)


def stated_shape(parameter: PopulationParameterSpec) -> PriorSpec | float | None:
    """Return the prior, or the fixed number, of the shape of the random effects of a parameter.

    It is None if no form of the parameter has a shape.

    Examples
    --------
    >>> print(stated_shape(PopulationParameterSpec(typical=1.0, iiv="lognormal")))
    None
    """
    defaults = [form.shape for form in effect_forms(parameter) if form.shape is not None]
    if not defaults:
        return None
    return parse_prior(defaults[0]) if parameter.shape is None else parameter.shape


def _bounds(
    parameter: PopulationParameterSpec, forms: Iterable[RandomEffectForm]
) -> tuple[float, float]:
    domains = [(-math.inf, math.inf), *(form.domain for form in forms)]
    low = max(low for low, _ in domains) if parameter.lower is None else float(parameter.lower)
    high = min(high for _, high in domains) if parameter.upper is None else float(parameter.upper)
    return low, high
