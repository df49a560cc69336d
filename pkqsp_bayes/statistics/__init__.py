"""The statistical model, each form once: random effects, covariate effects, residual errors.

A form is one file: its formula over `pkqsp_bayes.statistics.ops.StatisticalOps` is at once a
number, an array, a SymPy expression of the ODE system and text of the Stan program. Beside it stand
its domain, its default priors, its name for people and what analyses ask of it. Other modules ask
the registries `RANDOM_EFFECTS`, `COVARIATE_EFFECTS` and `RESIDUAL_ERRORS`, which are made of the
files that are there: to add a form is to add a file.
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
