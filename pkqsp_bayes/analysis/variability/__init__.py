"""How much is biology between people, how much is not known, how much is noise."""

from pkqsp_bayes.analysis.variability.budget import variance_budget
from pkqsp_bayes.analysis.variability.endpoints import Endpoint

__all__ = ["Endpoint", "variance_budget"]
