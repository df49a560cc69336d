"""Diagnostics of a fit, each with a remedy.

| diagnostic | limit | reason |
|---|---|---|
| R-hat (rank-normalised, split) | 1.01 | Vehtari et al. 2021 |
| ESS, bulk and tail | 100 per chain | Vehtari et al. 2021: R-hat is not reliable below |
| divergent transitions | none | Betancourt 2017, arXiv 1701.02434 |
| transitions at the greatest tree depth | none | they take time; the draws are valid |
| E-BFMI of each chain | 0.3 | Betancourt 2016, arXiv 1604.00695 |
| failed solves | at most 1 in 50,000, warm-up included | each rejects a proposal |

Vehtari, Gelman, Simpson, Carpenter & Bürkner, Bayesian Analysis 2021;16:667-718.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import arviz as az
import numpy as np
import xarray as xr

from pkqsp_bayes.arguments import checked
from pkqsp_bayes.errors import Issue, Issues
from pkqsp_bayes.fitting.diagnostics.correlates import (
    energy_correlate,
    most_correlated,
    other_centring,
    strongest_shift,
)
from pkqsp_bayes.fitting.diagnostics.diagnose_solver import solver_issues
from pkqsp_bayes.fitting.results.approximation import approximation_issues
from pkqsp_bayes.fitting.results.fit_argument import FIT, FitLike, open_fit
from pkqsp_bayes.fitting.results.metadata import FitMetadata, read_metadata
from pkqsp_bayes.fitting.sampling.library_warnings import quiet_dependencies
from pkqsp_bayes.remedies import setting
from pkqsp_bayes.spec.labels import CORRELATIONS, parse_label

__all__ = ["diagnose", "find_faults"]

_RHAT = 1.01
_SPREADS = ("omega", "omega_iov")
_ESS_A_CHAIN = 100
_EBFMI = 0.3
_LONGER = 5
"""Greatest factor by which a longer run is advised."""
_DELTAS = (0.95, 0.99)

_Found = Iterator[Issue]


@checked(fit=FIT)
def diagnose(fit: FitLike) -> list[Issue]:
    """Return the problems of a fit, each with a remedy; an empty list if there are none.

    Problems are: R-hat above 1.01; bulk or tail ESS below 100 per chain; divergent transitions;
    transitions at the greatest tree depth; E-BFMI below 0.3; failed solves of the ODE system; for
    an approximation, a Pareto k-hat above 0.5. The worst element of each variable is named.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        The result of `pkqsp_bayes.fit` or `read_fit`; or the folder of the fit.

    Returns
    -------
    Issues
        A list of issues of severity ``warning``; so few failed solves that they do not affect the
        result are a ``note``.
    """
    return Issues(open_fit(fit).diagnostics)


def find_faults(tree: xr.DataTree) -> list[Issue]:
    """Return the problems of a result, as `diagnose` does."""
    if "approximation" in {**tree.attrs, **tree["posterior"].attrs}:  # there are no chains
        return list(approximation_issues({**tree["posterior"].attrs, **tree.attrs}))
    return _of_sampling(tree)


def _of_sampling(tree: xr.DataTree) -> list[Issue]:
    metadata = read_metadata(tree)
    return [issue for check in _CHECKS for issue in check(tree, metadata)]


def _warning(where: str, what: str, remedy: str) -> Issue:
    return Issue(severity="warning", where=where, what=what, remedy=remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slow:
    """An element of a variable that mixes badly, and the factor of draws that it needs."""

    name: str
    place: str
    what: str
    factor: float


def _check_mixing(tree: xr.DataTree, metadata: FitMetadata) -> _Found:
    """Check R-hat and ESS; the remedies name one number of draws, which is enough for all."""
    slow = [*_check_rhat(tree), *_check_ess(tree)]
    factor = max((s.factor for s in slow if s.factor <= _LONGER), default=0)
    draws = int(np.ceil(factor * metadata.draws / 100) * 100)
    for s in slow:
        wanted = draws if s.factor <= _LONGER else 0
        yield _warning(s.place, s.what, _remedy(s.name, s.place, tree, metadata, draws=wanted))


def _check_rhat(tree: xr.DataTree) -> Iterator[_Slow]:
    posterior = tree["posterior"].to_dataset()
    if posterior.sizes["chain"] < 2:
        return
    with quiet_dependencies():  # a fixed parameter is constant and has no R-hat
        found = az.rhat(posterior)
    for name, place, value, bad in _worst(found, lambda v: v > _RHAT, largest=True):
        what = f"R-hat is {value:.4f}: the chains do not agree (at most {_RHAT}){_others(bad)}"
        yield _Slow(name=name, place=place, what=what, factor=2)


def _check_ess(tree: xr.DataTree) -> Iterator[_Slow]:
    posterior = tree["posterior"].to_dataset()
    least = _ESS_A_CHAIN * posterior.sizes["chain"]
    for kind in ("bulk", "tail"):
        with quiet_dependencies():
            found = az.ess(posterior, method=kind)
        # the ESS of a constant is the number of draws, or none: neither is a problem
        constant = posterior.std(("chain", "draw")) == 0
        found = found.where(~constant)
        for name, place, value, bad in _worst(found, lambda v: v < least, largest=False):
            what = f"{kind} ESS is {value:.0f}: there are few independent draws (at least {least})"
            factor = least / max(value, 1)
            yield _Slow(name=name, place=place, what=what + _others(bad), factor=factor)


def _worst(
    found: xr.Dataset, is_bad: Callable[[xr.DataArray], xr.DataArray], *, largest: bool
) -> Iterator[tuple[str, str, float, int]]:
    """Yield of each variable its name, label and value of the worst element, number of bad ones."""
    for name, values in found.data_vars.items():
        bad = int(is_bad(values).sum())
        if not bad:
            continue
        flat = values.to_numpy().ravel()
        index = int(np.nanargmax(flat) if largest else np.nanargmin(flat))
        at = np.unravel_index(index, values.shape)
        labels = [str(values[dim].to_numpy()[i]) for dim, i in zip(values.dims, at, strict=True)]
        place = f"{name}[{','.join(labels)}]" if labels else str(name)
        yield str(name), place, float(flat[index]), bad


def _others(bad: int) -> str:
    return f"; the same applies to {bad - 1} more of its elements" if bad > 1 else ""


def _remedy(name: str, place: str, tree: xr.DataTree, metadata: FitMetadata, *, draws: int) -> str:
    """Return the remedy for a variable that mixes badly; 0 draws: no longer run is advised."""
    longer = f"run longer: {setting('draws', draws)}" if draws else "a longer run is not enough"
    if name in ("eta", "omega", "kappa", "omega_iov"):
        return f"{longer}; {other_centring(place, metadata)}"
    if name == CORRELATIONS:
        return (
            f"{longer}; few subjects have little information on a correlation: raise lkj, or "
            "remove correlate"
        )
    if name == "sigma":
        return f"{longer}; state a tighter prior for sigma, or another form of the residual error"
    found = most_correlated(place, tree)
    if found is not None:
        other, correlation = found
        return (
            f"{longer}; the data hardly distinguish it from {other} (their correlation is "
            f"{correlation:.2f}): state a tighter prior for one of the two, or a number"
        )
    return f"{longer}; state a tighter prior if there is prior knowledge"


def _check_divergences(tree: xr.DataTree, metadata: FitMetadata) -> _Found:
    if "sample_stats" not in tree.children:
        return
    diverging = tree["sample_stats"]["diverging"].to_numpy().astype(bool)
    count = int(diverging.sum())
    if not count:
        return
    delta = next((d for d in _DELTAS if d > metadata.adapt_delta), None)
    first = (
        f"raise the target acceptance from {metadata.adapt_delta:g}: "
        f"{setting('adapt_delta', delta)}"
        if delta
        else "a larger adapt_delta does not help"
    )
    shifted = strongest_shift(tree, diverging)
    gather = ""
    if shifted is not None:
        place, direction = shifted
        gather = f"; they occur mostly at {direction} values of {place}"
        if parse_label(place).kind in _SPREADS:
            first += f"; {other_centring(place, metadata)}"
        else:
            first += f"; state a tighter prior for {place}"
    what = (
        f"{count} of {diverging.size} transitions diverged: a part of the posterior is not explored"
    )
    yield _warning("sampler", what + gather, first)


def _check_tree_depth(tree: xr.DataTree, metadata: FitMetadata) -> _Found:
    if "sample_stats" not in tree.children or "tree_depth" not in tree["sample_stats"]:
        return
    depth = tree["sample_stats"]["tree_depth"].to_numpy()
    deep = int((depth >= metadata.max_treedepth).sum())
    if deep:
        what = (
            f"{deep} of {depth.size} transitions reached the greatest tree depth: sampling is slow "
            "but valid"
        )
        deeper = setting("max_treedepth", metadata.max_treedepth + 2)
        remedy = (
            f"raise the greatest depth from {metadata.max_treedepth}: {deeper}; "
            "if most transitions do, parameters are strongly correlated or have very different "
            "scales: state tighter priors"
        )
        yield _warning("sampler", what, remedy)


def _check_energy(tree: xr.DataTree, metadata: FitMetadata) -> _Found:
    if "sample_stats" not in tree.children or "energy" not in tree["sample_stats"]:
        return
    energy = tree["sample_stats"]["energy"].to_numpy()
    for chain, values in enumerate(energy):
        spread = float(np.var(values))
        ratio = float(np.mean(np.diff(values) ** 2) / spread) if spread > 0 else np.nan
        if ratio < _EBFMI:
            related = energy_correlate(tree, chain)
            what = f"E-BFMI is {ratio:.2f}: the energy changes slowly (at least {_EBFMI})"
            remedy = "run longer; state tighter priors for parameters with long tails"
            if related is not None:
                what += f"; it is correlated with {related}"
                centring = (
                    other_centring(related, metadata)
                    if parse_label(related).kind in _SPREADS
                    else ""
                )
                remedy = centring or f"state a tighter prior for {related}, or run longer"
            yield _warning(f"chain {tree['posterior']['chain'].to_numpy()[chain]}", what, remedy)


def _check_solves(tree: xr.DataTree, metadata: FitMetadata) -> _Found:
    del tree
    yield from solver_issues(metadata.solver)


_CHECKS: tuple[Callable[[xr.DataTree, FitMetadata], _Found], ...] = (
    _check_mixing,
    _check_divergences,
    _check_tree_depth,
    _check_energy,
    _check_solves,
)
