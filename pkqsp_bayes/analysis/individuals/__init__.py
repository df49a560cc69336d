"""New subjects: what sparse data say about one, and what would happen to them."""

from pkqsp_bayes.analysis.individuals.individualise import individualise
from pkqsp_bayes.analysis.individuals.result import Individuals

__all__ = ["Individuals", "individualise"]
