"""Forms of the statistical model: random effects, covariate effects, residual errors.

A form is one file. Its formula over `pkqsp_bayes.statistics.ops.StatisticalOps` gives numbers,
arrays, SymPy expressions of the ODE system and text of the Stan program. The file also has the
domain of the form, its default priors, its description, and the properties that analyses need.
Other modules use the registries `RANDOM_EFFECTS`, `COVARIATE_EFFECTS` and `RESIDUAL_ERRORS`, which
are built from the existing files: to add a form, add a file.
"""

from pkqsp_bayes.statistics.covariate_effects import COVARIATE_EFFECTS, CovariateEffectForm
from pkqsp_bayes.statistics.random_effects import RANDOM_EFFECTS, RandomEffectForm
from pkqsp_bayes.statistics.residual_errors import RESIDUAL_ERRORS, ResidualErrorForm

__all__ = [
    "COVARIATE_EFFECTS",
    "RANDOM_EFFECTS",
    "RESIDUAL_ERRORS",
    "CovariateEffectForm",
    "RandomEffectForm",
    "ResidualErrorForm",
]
