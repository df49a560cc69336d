"""Settings of the sampler of a fit."""

from dataclasses import dataclass
from typing import Literal

from pkqsp_bayes.arguments import CORES, SEED, count, one_of, probability, record

__all__ = ["SETTINGS", "Begin", "FitSettings"]

Begin = Literal["priors", "estimate", "mode"]
"""Initial values of the chains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FitSettings:
    """Chains, iterations and tuning of a fit.

    Parameters
    ----------
    chains : int
        Number of chains.
    warmup, draws : int
        Iterations of each chain.
    seed : int
        Seed of the sampler; chain k uses it with ``id = k``.
    adapt_delta : float
        Target acceptance statistic.
    max_treedepth : int
        Greatest tree depth.
    threads_per_chain : int, optional
        Threads that share the subjects of a chain; the draws do not depend on it. By default the
        processors that the chains leave idle, if the study is large enough.
    begin : {"priors", "estimate", "mode"}
        Initial values. ``"priors"``: dispersed points around the centre of the priors; warm-up
        begins with the widths of the density there as its metric, and adapts it. ``"estimate"``:
        draws around the population estimates (`pkqsp_bayes.estimate`), with random effects around
        the highest mode of each subject and the metric from the curvature there, which warm-up
        adapts. Use it if a chain remains at a false mode, or if warm-up is slow. ``"mode"``: draws
        of the normal distribution around the mode (`pkqsp_bayes.find_mode`), with the metric from
        the curvature there, which is fixed. Warm-up then adapts the step size only, and fifty
        iterations are sufficient. Use it for studies of very many subjects, and for short fits.
        With the last two R-hat is less informative: chains that start at one mode may not find
        another.
    """

    chains: int = 4
    warmup: int = 1000
    draws: int = 1000
    seed: int = 1
    adapt_delta: float = 0.8
    max_treedepth: int = 10
    threads_per_chain: int | None = None
    begin: Begin = "priors"


SETTINGS = record(
    FitSettings, chains=count(1, 1000), warmup=count(), draws=count(), seed=SEED,
    adapt_delta=probability(), max_treedepth=count(1, 30),
    begin=one_of("priors", "estimate", "mode"), threads_per_chain=CORES,
)  # fmt: skip
"""Permitted values of the settings."""
