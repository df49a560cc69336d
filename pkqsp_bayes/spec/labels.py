"""Labels of the quantities of a population model: creation, parsing, and units.

A quantity has the same label in every table, file and plot. Labels never equal the name of a user,
because names have neither brackets nor commas.
"""

import re
from dataclasses import dataclass
from typing import Literal

from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.statistics import COVARIATE_EFFECTS, RANDOM_EFFECTS, RESIDUAL_ERRORS

__all__ = [
    "CORRELATIONS",
    "PARAMETER_DIM",
    "Kind",
    "Label",
    "coefficient_label",
    "corr_label",
    "current_label",
    "eta_label",
    "has_rse",
    "is_coefficient",
    "kappa_label",
    "label_unit",
    "misfit_label",
    "occasion_label",
    "omega_iov_label",
    "omega_label",
    "parameter_of",
    "parse_label",
    "residual_name",
    "shape_label",
    "sigma_label",
]

Kind = Literal[
    "typical",
    "beta",
    "shape",
    "omega",
    "omega_iov",
    "corr",
    "sigma",
    "eta",
    "kappa",
    "occasion",
    "misfit",
]
"""What a label can be of."""

PARAMETER_DIM = "parameter"
"""Dimension of the population parameters in every Dataset, and name of the index in every table."""

CORRELATIONS = "corr"
"""Address of the prior of all correlations; the variable of a fit that holds them."""

# How many parts of a label hold neither comma nor bracket; the last part may be any text.
_PARTS = {
    "beta": 3,
    "shape": 1,
    "omega": 1,
    "omega_iov": 1,
    "corr": 2,
    "sigma": 1,
    "eta": 1,
    "kappa": 2,
    "occasion": 1,
    "misfit": 1,
}
_SHAPE = re.compile(r"([a-z_]+)\[(.+)\]", re.DOTALL)
_OLD_PAIR = re.compile(r"correlation(?:_(\d+))?\[([^,\]]+),\s*([^,\]]+)\]")


@dataclass(frozen=True, slots=True)
class Label:
    """A label, split into its kind and its parts.

    Parameters
    ----------
    kind : Kind
        Kind of the quantity: ``typical`` for ``CL``, else the text before the bracket.
    parts : tuple of str
        The parts in brackets; for a typical value, its name.

    Examples
    --------
    >>> str(Label("corr", ("CL", "V")))
    'corr[CL,V]'
    """

    kind: Kind
    parts: tuple[str, ...]

    def __str__(self) -> str:
        """Return the label."""
        inside = ",".join(self.parts)
        return inside if self.kind == "typical" else f"{self.kind}[{inside}]"


def parse_label(text: str) -> Label:
    """Return the kind and the parts of a label.

    Parameters
    ----------
    text : str
        A label of this version; `current_label` converts an older label.

    Raises
    ------
    ValueError
        If the text is not a label.

    Examples
    --------
    >>> parse_label("beta[CL,CYP2D6,*1/*3]")
    Label(kind='beta', parts=('CL', 'CYP2D6', '*1/*3'))
    >>> parse_label("CL").kind
    'typical'
    """
    if text and not set(text) & set("[],"):
        return Label("typical", (text,))
    found = _SHAPE.fullmatch(text)
    most = _PARTS.get(found[1], 0) if found else 0
    parts = tuple(found[2].split(",", maxsplit=most - 1)) if found and most else ()
    if not found or not all(parts) or len(parts) < _least(found[1]):
        raise ValueError(f"{text!r} is not a label of a quantity")
    return Label(found[1], parts)  # type: ignore[arg-type]


def _least(kind: str) -> int:
    return 2 if kind in ("beta", "corr") else 1


def parameter_of(label: str) -> str:
    """Return the parameter that a label is of; "" where it is of none, or of several.

    Examples
    --------
    >>> [parameter_of(x) for x in ("CL", "omega[CL]", "beta[CL,WT]", "sigma[cp]", "corr[CL,V]")]
    ['CL', 'CL', 'CL', '', '']
    """
    read = parse_label(label)
    return "" if read.kind in ("sigma", "corr", "occasion", "misfit") else read.parts[0]


def omega_label(parameter: str) -> str:
    """Return the label of the standard deviation between subjects, ``omega[CL]``."""
    return f"omega[{parameter}]"


def omega_iov_label(parameter: str) -> str:
    """Return the label of the standard deviation between occasions, ``omega_iov[CL]``."""
    return f"omega_iov[{parameter}]"


def corr_label(first: str, second: str) -> str:
    """Return the label of the correlation of two random effects, in the model's order.

    Examples
    --------
    >>> corr_label("CL", "V")
    'corr[CL,V]'
    """
    return f"{CORRELATIONS}[{first},{second}]"


def coefficient_label(parameter: str, covariate: str, level: str = "") -> str:
    """Return the label of a covariate effect's coefficient.

    Examples
    --------
    >>> coefficient_label("CL", "WT"), coefficient_label("CL", "SEX", "male")
    ('beta[CL,WT]', 'beta[CL,SEX,male]')
    """
    return f"beta[{','.join(part for part in (parameter, covariate, level) if part)}]"


def shape_label(parameter: str) -> str:
    """Return the label of the shape of a parameter's random effects, ``shape[CL]``."""
    return f"shape[{parameter}]"


def is_coefficient(label: str) -> bool:
    """Whether a label is of a coefficient of a covariate, or of a shape: of any real number.

    Examples
    --------
    >>> [is_coefficient(label) for label in ("beta[CL,WT]", "shape[CL]", "omega[CL]", "CL")]
    [True, True, False, False]
    """
    return parse_label(label).kind in ("beta", "shape")


def has_rse(label: str) -> bool:
    """Whether the RSE of a quantity is given: not if its mean may be near 0.

    Examples
    --------
    >>> [has_rse(x) for x in ("CL", "omega[CL]", "beta[CL,WT]", "corr[CL,V]", "shape[CL]")]
    [True, True, False, False, False]
    """
    try:
        return parse_label(label).kind not in ("beta", "corr", "shape")
    except ValueError:
        return True


def residual_name(endpoint: str, scale: str = "") -> str:
    """Return the name of a residual parameter, of which an endpoint may have several.

    Examples
    --------
    >>> residual_name("cp"), residual_name("cp", "additive")
    ('cp', 'cp.additive')
    """
    return f"{endpoint}.{scale}" if scale else endpoint


def sigma_label(residual: str) -> str:
    """Return the label of a residual parameter.

    Examples
    --------
    >>> sigma_label("cp"), sigma_label(residual_name("cp", "additive"))
    ('sigma[cp]', 'sigma[cp.additive]')
    """
    return f"sigma[{residual}]"


def eta_label(parameter: str) -> str:
    """Return the label of a random effect of the subject, ``eta[CL]``."""
    return f"eta[{parameter}]"


def kappa_label(parameter: str, occasion: str = "") -> str:
    """Return the label of a random effect of the occasion, or of its value at one.

    Examples
    --------
    >>> kappa_label("CL"), kappa_label("CL", "2")
    ('kappa[CL]', 'kappa[CL,2]')
    """
    return f"kappa[{','.join(part for part in (parameter, occasion) if part)}]"


def occasion_label(occasion: str) -> str:
    """Return the label of the covariate that is 1 during an occasion, and 0 at other times.

    Examples
    --------
    >>> occasion_label("2")
    'occasion[2]'
    """
    return f"occasion[{occasion}]"


def misfit_label(endpoint: str) -> str:
    """Return the label of the root mean square of value minus prediction, ``misfit[cp]``."""
    return f"misfit[{endpoint}]"


def current_label(text: str) -> str:
    """Return the label that a quantity has now; files of earlier versions have other ones.

    Examples
    --------
    >>> [current_label(x) for x in ("correlation", "correlation[CL,V]", "correlation_1[V,CL]")]
    ['corr', 'corr[CL,V]', 'corr[CL,V]']
    >>> current_label("omega[CL]")
    'omega[CL]'
    """
    if text == "correlation":
        return CORRELATIONS
    found = _OLD_PAIR.fullmatch(text)
    if not found:
        return text
    # With the number of a block the lower triangle was named: row first, the later effect.
    pair = (found[3], found[2]) if found[1] else (found[2], found[3])
    return corr_label(*pair)


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
