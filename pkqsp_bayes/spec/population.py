"""Typical values, variability, covariate effects and observations."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.spec.quantity import Quantity
from pkqsp_bayes.statistics.covariate_effects import CovariateEffectName
from pkqsp_bayes.statistics.random_effects import RandomEffectName
from pkqsp_bayes.statistics.residual_errors import ResidualErrorName

__all__ = [
    "CovariateEffectSpec",
    "ErrorSpec",
    "ObservationSpec",
    "OmegaSpec",
    "PopulationParameterSpec",
    "PopulationSpec",
    "is_known",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class CovariateEffectSpec:
    """A covariate effect on a parameter, ``power(0.75, 70)`` in a model file.

    Parameters
    ----------
    form : str
        A name of `pkqsp_bayes.statistics.COVARIATE_EFFECTS`. A fixed covariate multiplies the
        typical value. A covariate that changes over time multiplies the individual parameter at
        each time, as part of the equations.
    coefficient : float or PriorSpec or None
        A fixed number, or a prior if it is estimated (``power(normal(0.75, 0.1), 70)``); None for
        categories.
    reference : float or None
        Centre of the covariate; by default the reference of the covariate.
    levels : mapping of str to (float or PriorSpec)
        ``categorical(poor = normal(0, 1))``: effect by level; other levels have no effect.
    """

    form: CovariateEffectName
    coefficient: float | PriorSpec | None = None
    reference: float | None = None
    levels: Mapping[str, float | PriorSpec] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationParameterSpec:
    """One individual parameter, ``[population] CLint = { ... }``.

    Parameters
    ----------
    typical : PriorSpec or float [unit]
        Prior of the typical value, or a known number.
    unit : str
        Pint unit text; ``""`` is dimensionless.
    iiv, iov : str or None
        Form of the between-subject and between-occasion variability, a name of
        `pkqsp_bayes.statistics.RANDOM_EFFECTS`; None: there is none.
        Occasions are those in the OCC column of the study. An occasion begins at its first record
        and applies to all records at that time, including earlier ones in the table.
    covariates : mapping of str to CovariateEffectSpec
        Effects by covariate.
    value : float or None [unit]
        Typical value for simulation; by default the median of the prior.
    lower, upper : float or None [unit]
        Bounds of the typical value; of a form that is bounded, of the individual values too.
    shape : PriorSpec or float or None
        Shape of the random effects, where their form has one; None takes the form's default prior.
        Those of subjects and of occasions share it.
    """

    typical: PriorSpec | float
    unit: str = ""
    iiv: RandomEffectName | None = None
    iov: RandomEffectName | None = None
    covariates: Mapping[str, CovariateEffectSpec] = field(default_factory=dict)
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    shape: PriorSpec | float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OmegaSpec:
    """Standard deviations and correlations of the random effects, ``[population] omega``.

    In TOML ``omega = { CLint = "half_normal(0.5)", correlate = ["CLint", "V"], lkj = 2 }``.

    Parameters
    ----------
    scales : mapping of str to (PriorSpec or float)
        Standard deviation of each between-subject effect; ``from_qsp`` requires a prior table.
    occasion : mapping of str to (PriorSpec or float)
        Standard deviation of each between-occasion effect.
    correlate : tuple of tuples of str
        Blocks of correlated effects.
    lkj : float
        Shape of the LKJ prior of the correlations in each block.
    centred, non_centred : tuple of str
        Random effects that are sampled centred or non-centred: ``CL``, or ``kappa[CL]`` for those
        of occasions. The others are centred if the data are informative about each value. It
        changes how well the sampler works, and not the model; options of a fit override it.
    """

    scales: Mapping[str, PriorSpec | float] = field(default_factory=dict)
    occasion: Mapping[str, PriorSpec | float] = field(default_factory=dict)
    correlate: tuple[tuple[str, ...], ...] = ()
    lkj: float = 2.0
    centred: tuple[str, ...] = ()
    non_centred: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationSpec:
    """The population layer: individual parameters and the distribution of their random effects.

    Parameters
    ----------
    parameters : mapping of str to PopulationParameterSpec
        Individual parameters; in TOML each is a key of ``[population]``.
    omega : OmegaSpec
        Standard deviations and correlations of the random effects.
    """

    parameters: Mapping[str, PopulationParameterSpec] = field(default_factory=dict)
    omega: OmegaSpec = field(default_factory=OmegaSpec)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorSpec:
    """Residual error of an observation; ``error = "<form>"`` alone uses default priors.

    Parameters
    ----------
    form : str
        A name of `pkqsp_bayes.statistics.RESIDUAL_ERRORS`, which decides what it takes of the rest.
    sigma : PriorSpec or float or None
        Scale of all forms except ``combined``.
    additive, proportional : PriorSpec or float or None
        Scales of ``combined``.
    exponent : PriorSpec or float or None
        Exponent of ``power``.
    df : PriorSpec or float or None
        Degrees of freedom of ``student_t``.
    """

    form: ResidualErrorName
    sigma: PriorSpec | float | None = None
    additive: PriorSpec | float | None = None
    proportional: PriorSpec | float | None = None
    exponent: PriorSpec | float | None = None
    df: PriorSpec | float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationSpec:
    """An observed quantity, ``[observe.<name>]``.

    Parameters
    ----------
    value : Quantity [unit]
        Expression; in TOML ``value`` and ``unit`` are keys of one table.
    error : ErrorSpec or None
        Residual error; None for an output without observations.
    dvid : str or None
        Value of the study's DVID column; by default the name of the output.
    cmt : tuple of str
        Values of CMT in the observation records; in TOML ``cmt = 2`` or ``cmt = [2, 3]``.
    """

    value: Quantity
    error: ErrorSpec | None = None
    dvid: str | None = None
    cmt: tuple[str, ...] = ()


def is_known(parameter: PopulationParameterSpec) -> bool:
    """Return whether a population parameter is one fixed number for all subjects.

    Examples
    --------
    >>> is_known(PopulationParameterSpec(typical=1.0))
    True
    >>> is_known(PopulationParameterSpec(typical=1.0, iiv="lognormal"))
    False
    """
    varies = parameter.iiv is not None or parameter.iov is not None or bool(parameter.covariates)
    sampled = isinstance(parameter.typical, PriorSpec)
    return not (varies or sampled) and parameter.value in (None, parameter.typical)
