"""Comparison of the prior and the posterior of each correlation of random effects."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from pkqsp_bayes.program.bound_data import BoundData
from pkqsp_bayes.spec.labels import corr_label

__all__ = ["compare_correlations"]

FloatArray = NDArray[np.float64]


def compare_correlations(
    bound: BoundData,
    draws: Mapping[str, FloatArray],
    levels: Sequence[float],
    *,
    truth: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Return the columns of `pkqsp_bayes.prior_posterior` for each correlation.

    Parameters
    ----------
    bound : BoundData
        Model bound to its study.
    draws : mapping of str to (draws,) array
        Posterior draws by label.
    levels : sequence of float
        Probabilities of the quantiles: lower, median, upper.
    truth : mapping of str to float, optional
        True values by label.

    Returns
    -------
    DataFrame
        By label, without the sensitivities, as power scaling has one of all correlations together.

    Notes
    -----
    Under an LKJ prior with shape s each correlation of K effects is distributed as 2 B - 1 with
    B ~ Beta(s + K/2 - 1, s + K/2 - 1): Lewandowski, Kurowicka & Joe 2009, J Multivar Anal 100:1989.
    """
    rows = {
        label: _compare(draws[label], shape, bound, levels, (truth or {}).get(label))
        for label, shape in _marginals(bound)
        if label in draws
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def _marginals(bound: BoundData) -> Iterator[tuple[str, float]]:
    """Yield the label of each correlation with the shape of its Beta distribution."""
    names = [effect.parameter for effect in bound.effects]
    for block in bound.blocks:
        for i, first in enumerate(block):
            for second in block[i + 1 :]:
                shape = bound.spec.population.omega.lkj + len(block) / 2 - 1
                yield corr_label(names[first], names[second]), shape


def _compare(
    values: FloatArray,
    shape: float,
    bound: BoundData,
    levels: Sequence[float],
    truth: float | None,
) -> dict[str, object]:
    prior = stats.beta(shape, shape, loc=-1.0, scale=2.0)
    low, middle, high = prior.ppf(levels)
    found = dict(zip(("q5", "q50", "q95"), np.quantile(values, levels), strict=True))
    z = np.nan if truth is None else (values.mean() - truth) / values.std()
    return {
        "prior": f"lkj({bound.spec.population.omega.lkj:g})",
        "prior_q5": low,
        "prior_q50": middle,
        "prior_q95": high,
        **found,
        "contraction": 1 - values.var() / prior.var(),
        "shift": values.mean() / prior.std(),
        "z": z,
        "diagnosis": "",
    }
