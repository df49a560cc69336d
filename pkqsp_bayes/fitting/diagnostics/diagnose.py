"""Diagnostics of a fit in plain words, each with what to do about it.

| what | tolerated | why |
|---|---|---|
| R-hat (rank-normalised, split) | 1.01 | Vehtari et al. 2021 |
| ESS, bulk and tail | 100 a chain | Vehtari et al. 2021: below, R-hat itself is not to be trusted |
| divergent transitions | none | Betancourt 2017, arXiv 1701.02434 |
| transitions at the greatest tree depth | none | they cost time, not validity |
| E-BFMI of each chain | 0.3 | Betancourt 2016, arXiv 1604.00695 |
| failed solves | none, warm-up included | each refuses a proposal: where it matters is told |

Vehtari, Gelman, Simpson, Carpenter & Bürkner, Bayesian Analysis 2021;16:667-718.
"""

from collections.abc import Callable, Iterator

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
from pkqsp_bayes.fitting.results.metadata import FitAccount, read_account
from pkqsp_bayes.fitting.sampling.library_warnings import quiet_dependencies
from pkqsp_bayes.remedies import setting
from pkqsp_bayes.spec.labels import CORRELATIONS, parse_label

__all__ = ["diagnose", "find_faults"]

_RHAT = 1.01
_SPREADS = ("omega", "omega_iov")
_ESS_A_CHAIN = 100
_EBFMI = 0.3
_LONGER = 5
"""Times the draws that are still advised."""
_DELTAS = (0.95, 0.99)

_Found = Iterator[Issue]


@checked(fit=FIT)
def diagnose(fit: FitLike) -> list[Issue]:
    """Return what is wrong with a fit, and what to do about it; empty if nothing is.

    R-hat above 1.01; bulk or tail ESS below 100 a chain; divergent transitions; transitions at the
    greatest tree depth; E-BFMI below 0.3; failed solves of the ODE system; of an approximation, a
    Pareto k-hat above 0.5. Of each variable the worst element is named.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        What `pkqsp_bayes.fit` or `read_fit` returns; or the folder of the fit.

    Returns
    -------
    Issues
        A list; all of severity ``warning``.
    """
    return Issues(open_fit(fit).diagnostics)


def find_faults(tree: xr.DataTree) -> list[Issue]:
    """Return what `diagnose` returns of a result."""
    if "approximation" in {**tree.attrs, **tree["posterior"].attrs}:  # no chain, nothing to mix
        return list(approximation_issues({**tree["posterior"].attrs, **tree.attrs}))
    return _of_sampling(tree)


def _of_sampling(tree: xr.DataTree) -> list[Issue]:
    account = read_account(tree)
    return [issue for check in _CHECKS for issue in check(tree, account)]


def _warning(where: str, what: str, remedy: str) -> Issue:
    return Issue(severity="warning", where=where, what=what, remedy=remedy)


def _check_rhat(tree: xr.DataTree, account: FitAccount) -> _Found:
    posterior = tree["posterior"].to_dataset()
    if posterior.sizes["chain"] < 2:
        return
    with quiet_dependencies():  # what is known is constant: no R-hat
        found = az.rhat(posterior)
    for name, place, value, bad in _worst(found, lambda v: v > _RHAT, largest=True):
        what = f"R-hat is {value:.3f}: the chains do not agree (at most {_RHAT}){_others(bad)}"
        yield _warning(place, what, _remedy(name, place, tree, account, factor=2))


def _check_ess(tree: xr.DataTree, account: FitAccount) -> _Found:
    posterior = tree["posterior"].to_dataset()
    least = _ESS_A_CHAIN * posterior.sizes["chain"]
    for kind in ("bulk", "tail"):
        with quiet_dependencies():
            found = az.ess(posterior, method=kind)
        # a constant has as many as there are draws, or none: either way it is no trouble
        constant = posterior.std(("chain", "draw")) == 0
        found = found.where(~constant)
        for name, place, value, bad in _worst(found, lambda v: v < least, largest=False):
            what = f"{kind} ESS is {value:.0f}: few independent draws (at least {least})"
            remedy = _remedy(name, place, tree, account, factor=least / max(value, 1))
            yield _warning(place, what + _others(bad), remedy)


def _worst(
    found: xr.Dataset, is_bad: Callable[[xr.DataArray], xr.DataArray], *, largest: bool
) -> Iterator[tuple[str, str, float, int]]:
    """Yield name, labelled worst element, its value, and how many are bad, of each variable."""
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
    return f"; so {bad - 1} more of its elements" if bad > 1 else ""


def _remedy(name: str, place: str, tree: xr.DataTree, account: FitAccount, *, factor: float) -> str:
    """Say what to do about a variable that mixes badly: longer, and by what it is."""
    wanted = int(np.ceil(factor * account.draws / 100) * 100)
    few = factor <= _LONGER
    longer = f"run longer: {setting('draws', wanted)}" if few else "a longer run is not enough"
    if name in ("eta", "omega", "kappa", "omega_iov"):
        return f"{longer}; {other_centring(place, account)}"
    if name == CORRELATIONS:
        return f"{longer}; few subjects tell little of a correlation: raise lkj, or drop correlate"
    if name == "sigma":
        return f"{longer}; a tighter prior of sigma, or another form of the residual error"
    twin = most_correlated(place, tree)
    if twin is not None:
        other, tie = twin
        return (
            f"{longer}; the data tell it hardly apart from {other} (their correlation is "
            f"{tie:.2f}): state what is known of either as a tighter prior, or as a number"
        )
    return f"{longer}; a tighter prior, if more is known of it"


def _check_divergences(tree: xr.DataTree, account: FitAccount) -> _Found:
    if "sample_stats" not in tree.children:
        return
    diverging = tree["sample_stats"]["diverging"].to_numpy().astype(bool)
    count = int(diverging.sum())
    if not count:
        return
    delta = next((d for d in _DELTAS if d > account.adapt_delta), None)
    first = (
        f"raise the target acceptance from {account.adapt_delta:g}: {setting('adapt_delta', delta)}"
        if delta
        else "smaller steps will not help any more"
    )
    shifted = strongest_shift(tree, diverging)
    gather = ""
    if shifted is not None:
        place, direction = shifted
        gather = f"; they gather at {direction} {place}"
        if parse_label(place).kind in _SPREADS:
            first += f"; {other_centring(place, account)}"
        else:
            first += f"; a tighter prior of {place}"
    what = f"{count} of {diverging.size} transitions diverged: part of the posterior was missed"
    yield _warning("sampler", what + gather, first)


def _check_tree_depth(tree: xr.DataTree, account: FitAccount) -> _Found:
    if "sample_stats" not in tree.children or "tree_depth" not in tree["sample_stats"]:
        return
    depth = tree["sample_stats"]["tree_depth"].to_numpy()
    deep = int((depth >= account.max_treedepth).sum())
    if deep:
        what = (
            f"{deep} of {depth.size} transitions reached the greatest tree depth: slow, not wrong"
        )
        deeper = setting("max_treedepth", account.max_treedepth + 2)
        remedy = (
            f"raise the greatest depth from {account.max_treedepth}: {deeper}; "
            "if it is most of them, parameters are strongly tied or very differently scaled: "
            "tighter priors shorten the way"
        )
        yield _warning("sampler", what, remedy)


def _check_energy(tree: xr.DataTree, account: FitAccount) -> _Found:
    if "sample_stats" not in tree.children or "energy" not in tree["sample_stats"]:
        return
    energy = tree["sample_stats"]["energy"].to_numpy()
    for chain, values in enumerate(energy):
        spread = float(np.var(values))
        ratio = float(np.mean(np.diff(values) ** 2) / spread) if spread > 0 else np.nan
        if ratio < _EBFMI:
            tied = energy_correlate(tree, chain)
            what = f"E-BFMI is {ratio:.2f}: energy moves slowly (at least {_EBFMI})"
            remedy = "run longer; tighter priors of what has long tails"
            if tied is not None:
                what += f"; it moves with {tied}"
                centring = (
                    other_centring(tied, account) if parse_label(tied).kind in _SPREADS else ""
                )
                remedy = centring or f"a tighter prior of {tied}, or run longer"
            yield _warning(f"chain {tree['posterior']['chain'].to_numpy()[chain]}", what, remedy)


def _check_solves(tree: xr.DataTree, account: FitAccount) -> _Found:
    del tree
    yield from solver_issues(account.solver)


_CHECKS: tuple[Callable[[xr.DataTree, FitAccount], _Found], ...] = (
    _check_rhat,
    _check_ess,
    _check_divergences,
    _check_tree_depth,
    _check_energy,
    _check_solves,
)
