"""Covariate effects and random effects of a model: bounds, defaults and formulas of its forms."""

import math
from collections.abc import Callable, Iterable, Mapping

from pkqsp_bayes.ops import NUMPY, Value
from pkqsp_bayes.spec.body import level_code
from pkqsp_bayes.spec.labels import coefficient_label
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.population import CovariateEffectSpec, PopulationParameterSpec
from pkqsp_bayes.spec.priors.distribution import prior_median
from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.spec.priors.prior_grammar import parse_prior
from pkqsp_bayes.statistics import COVARIATE_EFFECTS, RANDOM_EFFECTS, RandomEffectForm
from pkqsp_bayes.statistics.covariate_effect import Coefficients
from pkqsp_bayes.statistics.ops import StatisticalOps
from pkqsp_bayes.statistics.random_effect import Setting

__all__ = [
    "apply_effect",
    "coefficients_of",
    "default_omega",
    "effect_factor",
    "effect_forms",
    "effect_logarithm",
    "sampled_bounds",
    "stated_shape",
    "typical_value",
    "value_bounds",
]


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


def typical_value(spec: PopulationParameterSpec) -> float | None:
    """Return the typical value for simulation: ``value``, the fixed number, or the prior median."""
    if spec.value is not None:
        return spec.value
    if isinstance(spec.typical, PriorSpec):
        return prior_median(spec.typical)
    return spec.typical


def coefficients_of(parameter: str, covariate: str, effect: CovariateEffectSpec) -> dict[str, str]:
    """Return the label of each coefficient of an effect, by level (``""`` where it has none).

    Examples
    --------
    >>> coefficients_of("CL", "WT", CovariateEffectSpec(form="power", coefficient=0.75))
    {'': 'beta[CL,WT]'}
    """
    levels = effect.levels if COVARIATE_EFFECTS[effect.form].has_levels else [""]
    return {level: coefficient_label(parameter, covariate, level) for level in levels}


def effect_factor(
    spec: ModelSpec,
    covariate: str,
    effect: CovariateEffectSpec,
    x: Value,
    coefficients: Mapping[str, Value],
    *,
    ops: StatisticalOps = NUMPY,
    number: Callable[[float], Value] = float,
) -> Value:
    r"""Return the factor of an effect.

    Parameters
    ----------
    spec : ModelSpec
        Gives the covariate's levels, and its reference where the effect has none.
    covariate : str
        Its name.
    effect : CovariateEffectSpec
        The form.
    x : value
        Values of the covariate, in its unit.
    coefficients : mapping of str to value
        By level; arrays broadcast against ``x``.
    ops : StatisticalOps
        Of numbers, symbols or Stan text.
    number : callable
        Makes a number of the model one of its values.

    Examples
    --------
    >>> import numpy as np
    >>> from pkqsp_bayes.spec.reading.toml import parse_model
    >>> spec = parse_model('title = "t"\n[covariates]\nWT = { unit = "kg", reference = 70 }')
    >>> effect = CovariateEffectSpec(form="power", coefficient=0.75)
    >>> effect_factor(spec, "WT", effect, np.array([70.0, 140.0]), {"": 1.0}).tolist()
    [1.0, 2.0]
    """
    stated = _stated(spec, covariate, effect, coefficients, number)
    return COVARIATE_EFFECTS[effect.form].factor(ops, x, *stated)


def effect_logarithm(
    spec: ModelSpec,
    covariate: str,
    effect: CovariateEffectSpec,
    x: Value,
    coefficients: Mapping[str, Value],
    *,
    ops: StatisticalOps = NUMPY,
) -> Value:
    """Return the logarithm of the size of an effect's factor.

    Parameters
    ----------
    spec, covariate, effect, x, coefficients, ops
        As `effect_factor` takes them.
    """
    stated = _stated(spec, covariate, effect, coefficients, float)
    return COVARIATE_EFFECTS[effect.form].logarithm(ops, x, *stated)


def _stated(
    spec: ModelSpec,
    covariate: str,
    effect: CovariateEffectSpec,
    coefficients: Mapping[str, Value],
    number: Callable[[float], Value],
) -> tuple[Value, Coefficients]:
    """Return the reference, and the coefficients by code."""
    stated, form = spec.covariates[covariate], COVARIATE_EFFECTS[effect.form]
    references = (effect.reference, stated.reference, form.reference)
    reference = number(next(value for value in references if value is not None))
    codes = {
        level: number(level_code(stated, level)) if form.has_levels else None
        for level in coefficients
    }
    return reference, {codes[level]: value for level, value in coefficients.items()}


def apply_effect(
    parameter: PopulationParameterSpec,
    mean: Value,
    eta: Value,
    *,
    shape: Value = 0.0,
    ops: StatisticalOps = NUMPY,
) -> Value:
    """Return individual values: the mean moved by a random effect in the parameter's form.

    Parameters
    ----------
    parameter : PopulationParameterSpec
        States form and bounds.
    mean, eta : value
        Typical value times the factors of covariates; random effect of the subject.
    shape : value
        Of the random effects, where their form has one.
    ops : StatisticalOps
        Of numbers, symbols or Stan text.

    Examples
    --------
    >>> share = PopulationParameterSpec(typical=0.5, iiv="logitnormal")
    >>> float(apply_effect(share, 0.5, 0.0))
    0.5
    """
    if parameter.iiv is None:
        return mean
    form = RANDOM_EFFECTS[parameter.iiv]
    low, high = form.bounds(parameter.lower, parameter.upper)
    return form.individual(ops, mean, eta, Setting(low=low, high=high, shape=shape))
