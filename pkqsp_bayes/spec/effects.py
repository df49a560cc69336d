"""Covariate effects and random effects of a model: what it states, in its forms' formulas."""

from collections.abc import Callable, Mapping

from pkqsp_bayes.ops import NUMPY, Value
from pkqsp_bayes.spec.body import level_code
from pkqsp_bayes.spec.labels import coefficient_label
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.population import CovariateEffectSpec, PopulationParameterSpec
from pkqsp_bayes.statistics import COVARIATE_EFFECTS, RANDOM_EFFECTS
from pkqsp_bayes.statistics.covariate_effect import Coefficients
from pkqsp_bayes.statistics.ops import StatisticalOps
from pkqsp_bayes.statistics.random_effect import Setting

__all__ = ["apply_effect", "coefficients_of", "effect_factor", "effect_logarithm"]


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
    >>> from pkqsp_bayes.spec.toml import parse_model
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
