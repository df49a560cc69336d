"""Forms of covariate effects for ``covariates`` of a parameter, one file each."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pkqsp_bayes.statistics.covariate_effect import CovariateEffectForm
from pkqsp_bayes.statistics.registry import find_forms

__all__ = [
    "COVARIATE_EFFECTS",
    "UNLIMITED_EFFECTS",
    "CovariateEffectForm",
    "CovariateEffectName",
]

COVARIATE_EFFECTS: Mapping[str, CovariateEffectForm] = find_forms(
    __name__, __path__, CovariateEffectForm
)
"""Forms by name."""

UNLIMITED_EFFECTS = " or ".join(
    f"{name}(...)"
    for name, form in COVARIATE_EFFECTS.items()
    if form.lowest == -math.inf and not form.has_levels
)
"""Suggestion in remedies for a covariate with values outside the range of a form."""

if TYPE_CHECKING:
    CovariateEffectName = str
else:  # texts from files are compared with these names
    CovariateEffectName = Literal[tuple(COVARIATE_EFFECTS)]
