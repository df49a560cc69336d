"""Shares of the parameters in the variance between draws.

Parameters of a posterior are correlated, so that shares have more than one definition:

* ``first``: the variance that would be removed on average if only this parameter were known,
Var(E(g | phi_k)). It is estimated from the draws by a cubic of the parameter's normal score, with
adjusted
  R2 (given-data first-order index; Plischke, Borgonovo & Smith 2013, Eur J Oper Res 226:536). The
  common share of two correlated parameters counts for both.
* ``weight``: relative weights of a linear model of all parameters (Genizi 1993, Stat Sinica
  3:407), whose sum is its R2.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from pkqsp_bayes.likelihood.population_draws import PopulationDraws
from pkqsp_bayes.spec.labels import corr_label, omega_iov_label, omega_label, sigma_label

__all__ = ["ParameterShares", "parameter_shares", "uncertain_quantities"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ParameterShares:
    """Shares of the variance of a quantity that depends on uncertain parameters.

    Parameters
    ----------
    names : tuple of str
        Uncertain parameters.
    first, weight : (Q, K) array
        Shares of the variance as defined above in the module.
    r2 : (K,) array
        R2 of the linear model, the sum of the weights.
    """

    names: tuple[str, ...]
    first: FloatArray
    weight: FloatArray
    r2: FloatArray


def uncertain_quantities(draws: PopulationDraws) -> dict[str, FloatArray]:
    """Return each population parameter that differs between draws, (D,) each."""
    found = {name: draws.shared[name] for name in draws.sampled}
    for labelled, names, values in (
        (omega_label, draws.effects, draws.omega),
        (omega_iov_label, draws.occasion_effects, draws.omega_iov),
        (sigma_label, draws.residuals, draws.sigma),
    ):
        found |= {labelled(name): values[:, k] for k, name in enumerate(names)}
    for i, first in enumerate(draws.effects):
        for j, second in enumerate(draws.effects[:i]):
            found[corr_label(second, first)] = draws.correlation[:, i, j]
    return {name: v for name, v in found.items() if np.ptp(v) > 1e-12 * np.abs(v).max(initial=1)}


def parameter_shares(
    draws: PopulationDraws, g: FloatArray, sampling_variance: FloatArray | float = 0.0
) -> ParameterShares:
    """Return the shares of each uncertain parameter in the variance of g.

    Parameters
    ----------
    draws : PopulationDraws
        D draws.
    g : (D, K) array
        Quantity of each draw.
    sampling_variance : (K,) array, optional
        Monte Carlo variance of g, which is subtracted before shares are computed (NaN if nothing
        remains).
    """
    columns = uncertain_quantities(draws)
    x = np.column_stack(list(columns.values())) if columns else np.empty((len(g), 0))
    scores = _normal_scores(x)
    response = _standardised(g)
    spread = g.var(axis=0, ddof=1)
    left = np.where(spread > sampling_variance, spread - sampling_variance, np.nan) / np.where(
        spread > 0, spread, 1.0
    )
    first = [_adjusted_r2(np.vander(score, 4), response) / left for score in scores.T]
    weight = _genizi(_standardised(scores), response) / left
    return ParameterShares(
        names=tuple(columns),
        first=np.array(first).reshape(len(columns), g.shape[1]),
        weight=weight,
        r2=weight.sum(axis=0),
    )


def _normal_scores(x: FloatArray) -> FloatArray:
    if x.shape[1] == 0:
        return x
    ranks = stats.rankdata(x, axis=0)
    scores: FloatArray = stats.norm.ppf((ranks - 0.375) / (len(x) + 0.25))
    return scores


def _standardised(x: FloatArray) -> FloatArray:
    spread = x.std(axis=0)
    scaled: FloatArray = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return scaled


def _adjusted_r2(basis: FloatArray, response: FloatArray) -> FloatArray:
    """Return the adjusted R2 of each standardised response on a basis with a constant."""
    q, _ = np.linalg.qr(basis)
    residual = response - q @ (q.T @ response)
    size, rank = basis.shape
    unexplained = (residual**2).sum(axis=0) / (size - rank)
    r2: FloatArray = 1 - unexplained * (size - 1) / np.maximum((response**2).sum(axis=0), 1e-300)
    return r2


def _genizi(x: FloatArray, response: FloatArray) -> FloatArray:
    """Return relative weights by means of the orthogonal variables nearest to x.

    With the correlation matrix C = V diag(e) V' the nearest orthonormal variables are z = x
    C^(-1/2). The squared correlations of the response with z are distributed over the parameters by
    x = z C^(1/2).
    """
    size, width = x.shape
    if width == 0:
        return np.empty((0, response.shape[1]))
    correlation = x.T @ x / size
    values, vectors = np.linalg.eigh(correlation)
    values = np.maximum(values, 1e-10)
    root = (vectors * np.sqrt(values)) @ vectors.T
    inverse = (vectors / np.sqrt(values)) @ vectors.T
    beta = inverse @ (x.T @ response / size)
    weights: FloatArray = root**2 @ beta**2
    return weights
