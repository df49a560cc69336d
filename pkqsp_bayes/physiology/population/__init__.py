"""Virtual populations: subjects with the variability of the sources and consistent bodies."""

from pkqsp_bayes.physiology.population.settings import Gene, PopulationSettings, hardy_weinberg
from pkqsp_bayes.physiology.population.virtual import virtual_population

__all__ = ["Gene", "PopulationSettings", "hardy_weinberg", "virtual_population"]
