"""Units of labelled quantities."""

from typing import Literal

from pkqsp_bayes.spec.labels import parse_label
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.statistics import COVARIATE_EFFECTS, RANDOM_EFFECTS, RESIDUAL_ERRORS

__all__ = ["label_unit"]


def label_unit(model: ModelSpec, name: str) -> str:
    """Return the unit of a quantity; "" if it is dimensionless.

    Parameters
    ----------
    model : ModelSpec
        The model.
    name : str
        Label of the quantity: ``CL``, ``omega[CL]``, ``sigma[cp.additive]``, ...

    Examples
    --------
    >>> from pkqsp_bayes.library import load_model
    >>> model = load_model("one-compartment")
    >>> [label_unit(model, name) for name in ("CL", "omega[CL]", "sigma[cp.additive]")]
    ['L/h', '', 'mg/L']
    """
    if name in model.population.parameters:
        return model.population.parameters[name].unit
    try:
        label = parse_label(name)
    except ValueError:
        return ""
    if label.kind == "sigma":
        return _residual_unit(model, label.parts[0])
    if label.kind == "beta":
        return _coefficient_unit(model, label.parts)
    if label.kind in ("omega", "eta"):
        return _effect_unit(model, label.parts[0], of="iiv")
    if label.kind in ("omega_iov", "kappa"):
        return _effect_unit(model, label.parts[0], of="iov")
    return ""


def _effect_unit(model: ModelSpec, name: str, *, of: Literal["iiv", "iov"]) -> str:
    parameter = model.population.parameters.get(name)
    if parameter is None:
        return ""
    form = parameter.iiv if of == "iiv" else parameter.iov
    return RANDOM_EFFECTS[form].effect_unit(parameter.unit) if form else ""


def _coefficient_unit(model: ModelSpec, parts: tuple[str, ...]) -> str:
    """Return the unit of a coefficient; that of a level of a category is dimensionless."""
    parameter, covariate = model.population.parameters.get(parts[0]), parts[1]
    if len(parts) > 2 or parameter is None or covariate not in parameter.covariates:
        return ""
    stated = model.covariates.get(covariate)
    unit = (stated.unit or "") if stated else ""
    return COVARIATE_EFFECTS[parameter.covariates[covariate].form].coefficient_unit(unit)


def _residual_unit(model: ModelSpec, residual: str) -> str:
    """Return the unit of a residual parameter: that of the output, if it is an additive SD."""
    output, _, which = residual.partition(".")
    observed = model.observe.get(output)
    if observed is None or observed.error is None:
        return ""
    scales = RESIDUAL_ERRORS[observed.error.form].scales
    has_unit = any(s.has_output_unit for s in scales if which in ("", s.key))
    return (observed.value.unit or "") if has_unit else ""
