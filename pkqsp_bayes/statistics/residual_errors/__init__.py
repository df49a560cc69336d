"""Forms of residual errors, one file each: what ``error`` of an output may be."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pkqsp_bayes.statistics.registry import find_forms
from pkqsp_bayes.statistics.residual_error import ResidualErrorForm

__all__ = [
    "LOGARITHMIC_ERROR",
    "ONE_SD_ERROR",
    "RESIDUAL_ERRORS",
    "USUAL_RESIDUAL_ERROR",
    "ResidualErrorForm",
    "ResidualErrorName",
]

RESIDUAL_ERRORS: Mapping[str, ResidualErrorForm] = find_forms(__name__, __path__, ResidualErrorForm)
"""By name."""

USUAL_RESIDUAL_ERROR = "proportional"
ONE_SD_ERROR = "additive"
LOGARITHMIC_ERROR = "lognormal"
"""What remedies suggest: in general, for logarithms of data, for data themselves."""

if TYPE_CHECKING:
    ResidualErrorName = str
else:  # what is read from files is held against the names
    ResidualErrorName = Literal[tuple(RESIDUAL_ERRORS)]
