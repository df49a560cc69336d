"""What would happen if something were done: the same subjects in two worlds."""

from pkqsp_bayes.analysis.interventions.change import Scaled
from pkqsp_bayes.analysis.interventions.intervene import intervene

__all__ = ["Scaled", "intervene"]
