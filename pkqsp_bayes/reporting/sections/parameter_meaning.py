"""Groups of population parameters, and the meaning of each."""

from pkqsp_bayes.spec.labels import parse_label
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.statistics import COVARIATE_EFFECTS, RANDOM_EFFECTS, RESIDUAL_ERRORS

__all__ = ["GROUPS", "describe_parameter", "group_of"]

GROUPS = {
    "typical": "Typical values",
    "beta": "Covariate effects",
    "shape": "Shapes of random effects",
    "omega": "Between-subject variability: SD of eta",
    "corr": "Correlations of random effects",
    "omega_iov": "Between-occasion variability: SD of kappa",
    "sigma": "Residual error",
}
"""Headings of the table of parameters, by the kind of a label."""


def group_of(name: str) -> str:
    """Return the kind of a label; by default that of a typical value."""
    try:
        kind = parse_label(name).kind
    except ValueError:
        return "typical"
    return kind if kind in GROUPS else "typical"


def describe_parameter(model: ModelSpec, name: str) -> str:
    """Return the meaning of a population parameter.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> model = pq.load_model("one-compartment")
    >>> [describe_parameter(model, n) for n in ("CL", "omega[CL]", "sigma[cp.additive]")]
    ['', 'log scale', 'cp: additive SD']
    """
    kind = group_of(name)
    if kind in ("omega", "omega_iov"):
        return f"{_scale(model, name)} scale"
    if kind == "beta":
        parameter, covariate = parse_label(name).parts[:2]
        stated = model.population.parameters[parameter].covariates.get(covariate)
        return COVARIATE_EFFECTS[stated.form].meaning.format(covariate) if stated else ""
    if kind == "sigma":
        output, _, which = parse_label(name).parts[0].partition(".")
        error = model.observe[output].error if output in model.observe else None
        return f"{output}: {_meaning_of_scale(error.form, which)}" if error else ""
    return ""


def _meaning_of_scale(form: str, key: str) -> str:
    scales = RESIDUAL_ERRORS[form].scales
    return next(s.meaning for s in scales if s.key == key or len(scales) == 1)


def _scale(model: ModelSpec, name: str) -> str:
    label = parse_label(name)
    stated = model.population.parameters[label.parts[0]]
    form = stated.iiv if label.kind == "omega" else stated.iov
    return RANDOM_EFFECTS[form].effect_scale if form else "natural"
