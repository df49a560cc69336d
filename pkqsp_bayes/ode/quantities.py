"""Parameters and covariates of a system: names, units and kinds, without any expression."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

__all__ = ["Covariate", "Parameter", "ParameterKind"]


class ParameterKind(StrEnum):
    """The kind of a parameter: individual or constant."""

    INDIVIDUAL = "individual"
    """A parameter that varies between solves and has sensitivities."""
    CONSTANT = "constant"
    """A number in the model file, which is part of the generated code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A named quantity that is neither a state nor a covariate.

    Parameters
    ----------
    name : str
        Name in the model file.
    unit : str
        Pint unit text; ``""`` is dimensionless.
    kind : ParameterKind
        Individual parameters have sensitivities, constants have a value.
    value : float or None
        The number of a constant, or the stated typical value of an individual parameter, which is
        the default in simulations.
    where : str
        Its path in the model file, for messages.
    """

    name: str
    unit: str = ""
    kind: ParameterKind = ParameterKind.INDIVIDUAL
    value: float | None = None
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Covariate:
    """A column of the study, constant within a subject or changing over time.

    Parameters
    ----------
    name, unit : str
        Name in the model and Pint unit text.
    interpolation : {"fixed", "locf", "nocb", "linear"}
        ``fixed``: one value per subject (subject stage). ``locf``/``nocb``: a step function
        (segment stage). ``linear``: piecewise linear, so that time enters the right-hand side.
    reference : float or None
        Value in simulations without a study.
    """

    name: str
    unit: str = ""
    interpolation: Literal["fixed", "locf", "nocb", "linear"] = "fixed"
    reference: float | None = None
    where: str = ""
