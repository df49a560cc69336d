"""Forms of covariate effects, one file each: what ``covariates`` of a parameter may be."""

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
"""By name."""

UNLIMITED_EFFECTS = " or ".join(
    f"{name}(...)"
    for name, form in COVARIATE_EFFECTS.items()
    if form.lowest == -math.inf and not form.has_levels
)
"""What remedies suggest where a covariate has values that a form does not take."""

if TYPE_CHECKING:
    CovariateEffectName = str
else:  # what is read from files is held against the names
    CovariateEffectName = Literal[tuple(COVARIATE_EFFECTS)]
