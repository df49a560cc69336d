"""Labels of implied quantities; users cannot write them, which prevents name clashes."""

from pkqsp_bayes.spec.population import PopulationParameterSpec
from pkqsp_bayes.spec.prior import PriorSpec

__all__ = [
    "coefficient_label",
    "is_coefficient",
    "is_known",
    "kappa_label",
    "occasion_label",
    "shape_label",
]


def coefficient_label(parameter: str, covariate: str, level: str = "") -> str:
    """Return the label of the coefficient of a covariate effect.

    Examples
    --------
    >>> coefficient_label("CL", "WT"), coefficient_label("CL", "SEX", "male")
    ('beta[CL,WT]', 'beta[CL,SEX,male]')
    """
    return f"beta[{','.join(part for part in (parameter, covariate, level) if part)}]"


def kappa_label(parameter: str, occasion: str) -> str:
    """Return the label of a parameter's random effect at an occasion.

    Examples
    --------
    >>> kappa_label("CL", "2")
    'kappa[CL,2]'
    """
    return f"kappa[{parameter},{occasion}]"


def occasion_label(occasion: str) -> str:
    """Return the label of the covariate that is 1 during an occasion, and 0 at other times.

    Examples
    --------
    >>> occasion_label("2")
    'occasion[2]'
    """
    return f"occasion[{occasion}]"


def shape_label(parameter: str) -> str:
    """Return the name of the shape of a parameter's random effects.

    Examples
    --------
    >>> shape_label("CL")
    'shape[CL]'
    """
    return f"shape[{parameter}]"


def is_coefficient(label: str) -> bool:
    """Whether a name is that of a coefficient of a covariate, or of a shape: of any real number.

    Examples
    --------
    >>> [is_coefficient(label) for label in ("beta[CL,WT]", "shape[CL]", "omega[CL]", "CL")]
    [True, True, False, False]
    """
    return label.startswith(("beta[", "shape["))


def is_known(parameter: PopulationParameterSpec) -> bool:
    """Return whether a population parameter is a known number, the same for all subjects.

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
