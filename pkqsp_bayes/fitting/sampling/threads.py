"""Numbers of chains that run at the same time, and of threads of each of them."""

import dataclasses

from pkqsp_bayes.fitting.sampling.settings import FitSettings
from pkqsp_bayes.processors import count_processors

__all__ = ["Shares", "share_processors"]


_SUBJECTS = 8  # a thread with fewer subjects waits as long as it works


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Use of the processors.

    Parameters
    ----------
    chains : int
        Number of chains that run at the same time.
    threads : int
        Number of threads of each chain.
    """

    chains: int
    threads: int


def share_processors(settings: FitSettings, subjects: int, cores: int | None) -> Shares:
    """Share the processors among the chains of a fit, and among the threads of each chain.

    Parameters
    ----------
    settings : FitSettings
        Number of chains, and of threads if it is stated.
    subjects : int
        Number of subjects of the study.
    cores : int, optional
        Number of chains that run at the same time; by default as many as the threads permit.

    Examples
    --------
    >>> share_processors(FitSettings(chains=4, threads_per_chain=2), subjects=100, cores=3)
    Shares(chains=3, threads=2)
    """
    processors = count_processors()
    if settings.threads_per_chain is not None:
        threads = settings.threads_per_chain
    else:
        at_once = min(settings.chains, cores or processors)
        threads = max(1, min(processors // at_once, subjects // _SUBJECTS))
    return Shares(chains=cores or max(1, processors // threads), threads=threads)
