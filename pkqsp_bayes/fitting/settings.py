"""How a fit is sampled."""

from collections.abc import Iterator
from dataclasses import dataclass

from pkqsp_bayes.errors import CheckError, Issue

__all__ = ["FitSettings", "check_settings"]


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
    """

    chains: int = 4
    warmup: int = 1000
    draws: int = 1000
    seed: int = 1
    adapt_delta: float = 0.8
    max_treedepth: int = 10


def check_settings(settings: FitSettings) -> None:
    """Refuse settings that mean nothing, all at once.

    Raises
    ------
    CheckError
        With each of them.

    Examples
    --------
    >>> check_settings(FitSettings(chains=2))
    """
    issues = list(_issues(settings))
    if issues:
        raise CheckError(issues)


def _issues(settings: FitSettings) -> Iterator[Issue]:
    for name in ("chains", "warmup", "draws", "max_treedepth"):
        value = getattr(settings, name)
        if value < 1:
            yield Issue(where=name, what=f"it is {value}", remedy="it must be 1 or more")
    if not 0 < settings.adapt_delta < 1:
        what = f"it is {settings.adapt_delta:g}"
        yield Issue(where="adapt_delta", what=what, remedy="it must lie between 0 and 1")
    if not 0 <= settings.seed < 2**32:
        yield Issue(where="seed", what=f"it is {settings.seed}", remedy="from 0 to 4294967295")
