"""How a fit is sampled."""

from dataclasses import dataclass
from typing import Literal

from pkqsp_bayes.arguments import SEED, count, one_of, probability, record

__all__ = ["SETTINGS", "Begin", "FitSettings"]

Begin = Literal["priors", "mode"]
"""Where chains begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FitSettings:
    """Chains, iterations and tuning of a fit.

    Parameters
    ----------
    chains : int
        Number of chains.
    warmup, draws : int
        Iterations of each.
    seed : int
        Of the sampler; chain k uses it with ``id = k``.
    adapt_delta : float
        Target acceptance statistic.
    max_treedepth : int
        Greatest tree depth.
    begin : {"priors", "mode"}
        ``"priors"``: around the centre of the priors, spread, with a metric that warm-up learns.
        ``"mode"``: at draws of the normal distribution around the mode (`pkqsp_bayes.find_mode`),
        with the metric of the curvature there, which stays; warm-up adapts the step size only, so
        that fifty iterations do. For studies of very many subjects, and for short fits. R-hat then
        says less: chains that begin at one mode cannot tell of another.
    """

    chains: int = 4
    warmup: int = 1000
    draws: int = 1000
    seed: int = 1
    adapt_delta: float = 0.8
    max_treedepth: int = 10
    begin: Begin = "priors"


SETTINGS = record(
    FitSettings, chains=count(1, 1000), warmup=count(), draws=count(), seed=SEED,
    adapt_delta=probability(), max_treedepth=count(1, 30), begin=one_of("priors", "mode"),
)  # fmt: skip
"""What they may be."""
