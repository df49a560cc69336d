"""Prior sensitivity, level four of identifiability: contraction and power-scaling sensitivity."""

from collections.abc import Iterable, Mapping
from typing import Any

import arviz_stats
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.fitting.results.fit_argument import FitLike, open_fit
from pkqsp_bayes.fitting.results.fitted_model import FittedModel
from pkqsp_bayes.fitting.results.quantities import OF_INDIVIDUALS, labelled_draws
from pkqsp_bayes.fitting.sampling.library_warnings import quiet_dependencies
from pkqsp_bayes.likelihood.psis import LEAST_DRAWS
from pkqsp_bayes.spec.identifiers import suggest
from pkqsp_bayes.spec.labels import CORRELATIONS
from pkqsp_bayes.spec.priors.distribution import Distribution, distribution
from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.spec.priors.prior_grammar import prior_support

__all__ = ["prior_posterior_table", "truth_issues"]

FloatArray = NDArray[np.float64]

_GRID = (np.arange(4000) + 0.5) / 4000
_SENSITIVE = 0.05


def prior_posterior_table(
    fit: FitLike,
    priors: Mapping[str, PriorSpec | float],
    *,
    truth: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Compare the posterior of each parameter with its prior.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        A fit with ``posterior``; sensitivities need ``log_prior`` and ``log_likelihood``.
    priors : mapping of str to PriorSpec or float
        Priors by label; numbers and priors without a distribution are omitted.
    truth : mapping of str to float, optional
        Values with which the data were simulated.

    Returns
    -------
    DataFrame
        By label: ``contraction``, 1 - Var(posterior) / Var(prior), on the log scale for positive
        parameters, on the log-odds scale for parameters between 0 and 1; ``shift``, the distance of
        their means in prior standard deviations; ``z``, that of the posterior mean from the truth
        in posterior standard deviations (NaN without a truth); ``prior_sensitivity`` and
        ``likelihood_sensitivity`` by power scaling (above 0.05 is high); ``diagnosis``.

    Notes
    -----
    Contraction and z: Schad, Betancourt & Vasishth 2021, Psychol Methods 26:103-126. Power
    scaling: Kallioinen et al. 2024, Stat Comput 34:57, by ArviZ.

    Examples
    --------
    >>> import xarray as xr
    >>> rng = np.random.default_rng(1)
    >>> drawn = np.exp(0.1 * rng.normal(size=(1, 4000)))
    >>> posterior = xr.Dataset({"CL": (("chain", "draw"), drawn)})
    >>> prior = PriorSpec(family="lognormal", args=(0.0, 1.0))
    >>> tree = xr.DataTree.from_dict({"posterior": posterior})
    >>> table = prior_posterior_table(tree, {"CL": prior})
    >>> round(float(table.contraction["CL"]), 2)
    0.99
    """
    fitted = open_fit(fit)
    draws = fitted.draws
    rows = {
        label: _compare_moments(draws[label], prior, (truth or {}).get(label))
        for label, prior in priors.items()
        if label in draws and isinstance(prior, PriorSpec) and prior_support(prior) is not None
    }
    columns = ["contraction", "shift", "z"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    table.index.name = "parameter"
    for group, column in (("prior", "prior_sensitivity"), ("likelihood", "likelihood_sensitivity")):
        table[column] = pd.Series(_sensitivities(fitted, group), dtype=float).reindex(table.index)
    table["diagnosis"] = [
        _diagnosis(p, d)
        for p, d in zip(table.prior_sensitivity, table.likelihood_sensitivity, strict=True)
    ]
    return table


def truth_issues(truth: Mapping[str, float] | None, known: Iterable[str]) -> list[Issue]:
    """Return an issue for each label of a truth that is not a parameter.

    Parameters
    ----------
    truth : mapping of str to float, optional
        True values by label.
    known : iterable of str
        Labels of the parameters.

    Examples
    --------
    >>> [issue.remedy for issue in truth_issues({"CLL": 3.0}, ["CL", "omega[CL]"])]
    ['did you mean CL?']
    """
    labels = list(known)
    return [
        Issue(
            where=f"truth.{name}",
            what="there is no such parameter",
            remedy=suggest(name, labels, "its parameters are " + ", ".join(labels)),
        )
        for name in map(str, truth or {})
        if name not in labels
    ]


def _compare_moments(
    values: FloatArray, prior: PriorSpec, truth: float | None
) -> tuple[float, ...]:
    dist = distribution(prior)
    before, after = _unbounded(dist.quantile(_GRID), dist), _unbounded(values, dist)
    contraction = 1 - after.var() / before.var()
    shift = (after.mean() - before.mean()) / before.std()
    z = np.nan
    if truth is not None:
        z = (after.mean() - _unbounded(np.array([truth]), dist)[0]) / after.std()
    return float(contraction), float(shift), float(z)


def _unbounded(values: FloatArray, dist: Distribution) -> FloatArray:
    """Return values on the unbounded scale of a prior."""
    if dist.low == 0 and dist.high == np.inf:
        return np.log(values)
    if dist.low == 0 and dist.high == 1:
        return np.log(values) - np.log1p(-values)
    return values


def _sensitivities(fitted: FittedModel, group: str) -> dict[str, float]:
    return fitted.once(("power sensitivity", group), lambda: _power_sensitivity(fitted, group))


def _power_sensitivity(fitted: FittedModel, group: str) -> dict[str, float]:
    posterior = fitted.posterior
    few = posterior.sizes["chain"] * posterior.sizes["draw"] < LEAST_DRAWS  # too few for weights
    if few or f"log_{group}" not in fitted.groups:
        return {}
    left_out = (*OF_INDIVIDUALS, CORRELATIONS)
    names = [
        str(n) for n, v in posterior.data_vars.items()
        if n not in left_out and "subject" not in v.dims
    ]  # fmt: skip
    library: Any = arviz_stats
    # One number for each element of each variable, as a chain of one draw.
    with quiet_dependencies():
        one = library.psense(fitted.tree, var_names=names, group=group)
    one = one.expand_dims(chain=[0], draw=[0])
    return {label: float(values[0]) for label, values in labelled_draws(one).items()}


def _diagnosis(prior: float, likelihood: float) -> str:
    if np.isnan(prior) or np.isnan(likelihood):
        return ""
    if prior < _SENSITIVE:
        return "ok"
    if likelihood < _SENSITIVE:
        return "strong prior or weak data"
    return "possible prior-data conflict"
