"""Priors at work: what they predict, what data add to them, what others would have said."""

from pkqsp_bayes.analysis.priors.check import PRIOR_STATISTICS, prior_check
from pkqsp_bayes.analysis.priors.compare import compare_priors
from pkqsp_bayes.analysis.priors.learnt import prior_posterior, priors_in_force

__all__ = [
    "PRIOR_STATISTICS",
    "compare_priors",
    "prior_check",
    "prior_posterior",
    "priors_in_force",
]
