"""Diagnostics of a fit in plain words, each with what to do about it.

R-hat and ESS: Vehtari, Gelman, Simpson, Carpenter & Bürkner, Bayesian Analysis 2021;16:667-718.
E-BFMI: Betancourt 2016, arXiv 1604.00695.
"""

from collections.abc import Iterator

import arviz as az
import numpy as np
import xarray as xr

from pkqsp_bayes.errors import Issue

__all__ = ["diagnose"]

_RHAT = 1.01
_ESS_A_CHAIN = 100
_EBFMI = 0.3


def diagnose(tree: xr.DataTree) -> list[Issue]:
    """Return what is wrong with a fit; empty if nothing is.

    Parameters
    ----------
    tree : xarray.DataTree
        What `pkqsp_bayes.fit` returns.
    """
    return [*_convergence(tree), *_hamiltonian(tree)]


def _convergence(tree: xr.DataTree) -> Iterator[Issue]:
    chains = tree["posterior"].sizes["chain"]
    least = _ESS_A_CHAIN * chains
    with np.errstate(invalid="ignore"):  # what is known is constant, and has no R-hat
        table = az.summary(tree, kind="diagnostics", round_to="none")
    longer = "run longer; if that does not help, some parameters cannot be told apart by the data"
    if chains > 1:
        for name, value in table["r_hat"].items():
            if value > _RHAT:
                what = f"R-hat is {value:.3f}: the chains do not agree (at most {_RHAT})"
                yield Issue(severity="warning", where=str(name), what=what, remedy=longer)
    for kind in ("ess_bulk", "ess_tail"):
        for name, value in table[kind].items():
            if value < least:
                what = f"{kind} is {value:.0f}: few independent draws (at least {least})"
                yield Issue(severity="warning", where=str(name), what=what, remedy=longer)


def _hamiltonian(tree: xr.DataTree) -> Iterator[Issue]:
    stats = tree["sample_stats"]
    divergent = int(stats["diverging"].sum())
    if divergent:
        what = f"{divergent} divergent transitions: the sampler missed part of the posterior"
        remedy = "raise adapt_delta to 0.95 or 0.99; sample the weakest random effect the other way"
        yield Issue(severity="warning", where="sampler", what=what, remedy=remedy)
    if "reached_max_treedepth" in stats:
        deep = int(stats["reached_max_treedepth"].sum())
        if deep:
            what = f"{deep} transitions reached the greatest tree depth: slow, not wrong"
            yield Issue(
                severity="warning", where="sampler", what=what, remedy="raise max_treedepth"
            )
    energy = stats["energy"].to_numpy()
    for chain, values in enumerate(energy, start=1):
        ratio = float(np.mean(np.diff(values) ** 2) / np.var(values))
        if ratio < _EBFMI:
            what = f"E-BFMI is {ratio:.2f}: energy moves slowly (at least {_EBFMI})"
            remedy = "reparameterise, or give the widest parameters tighter priors"
            yield Issue(severity="warning", where=f"chain {chain}", what=what, remedy=remedy)
