"""Virtual populations: persons who vary as the sources say, and whose bodies add up."""

from pkqsp_bayes.physiology.population.settings import Gene, PopulationSettings, hardy_weinberg
from pkqsp_bayes.physiology.population.virtual import virtual_population

__all__ = ["Gene", "PopulationSettings", "hardy_weinberg", "virtual_population"]
