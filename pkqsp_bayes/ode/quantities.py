"""Parameters and covariates of a system: names, units and kinds, without any expression."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

__all__ = ["Covariate", "Parameter", "ParameterKind"]


class ParameterKind(StrEnum):
    """How a parameter gets its value."""

    INDIVIDUAL = "individual"
    """Varies between solves; the kernel gives sensitivities to it."""
    CONSTANT = "constant"
    """A number in the model file; folded into the generated code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A named quantity that is neither state nor covariate.

    Parameters
    ----------
    name : str
        The user's name.
    unit : str
        Pint unit text; ``""`` is dimensionless.
    kind : ParameterKind
        Individual parameters have sensitivities, constants have a value.
    value : float or None
        The number of a constant; the typical value of an individual parameter if the model
        states one (used where a simulation is given none).
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
    """A column of the study: fixed in a subject, or changing over time.

    Parameters
    ----------
    name, unit : str
        Name in the model and Pint unit text.
    interpolation : {"fixed", "locf", "nocb", "linear"}
        ``fixed``: one value a subject (subject stage). ``locf``/``nocb``: a step function
        (segment stage). ``linear``: piecewise linear, so that time enters the right-hand side.
    reference : float or None
        Value for simulations without a study.
    """

    name: str
    unit: str = ""
    interpolation: Literal["fixed", "locf", "nocb", "linear"] = "fixed"
    reference: float | None = None
    where: str = ""
