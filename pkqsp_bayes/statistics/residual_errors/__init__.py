"""Forms of residual errors for ``error`` of an output, one file each."""

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
"""Forms by name."""

USUAL_RESIDUAL_ERROR = "proportional"
ONE_SD_ERROR = "additive"
LOGARITHMIC_ERROR = "lognormal"
"""Usual forms in remedies: in general, for log-transformed data, for untransformed data."""

if TYPE_CHECKING:
    ResidualErrorName = str
else:  # texts from files are compared with these names
    ResidualErrorName = Literal[tuple(RESIDUAL_ERRORS)]
