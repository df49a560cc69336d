"""Check of positivity: overlap of the covariates of the study and of the target population."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

__all__ = ["covariate_overlap"]

FloatArray = NDArray[np.float64]
_INSIDE = 0.975
_TOGETHER = "all numeric covariates"


def covariate_overlap(
    study: pd.DataFrame, target: pd.DataFrame, covariates: Sequence[str]
) -> pd.DataFrame:
    """Compare the covariates of a study with those of a target population.

    Parameters
    ----------
    study, target : DataFrame
        One row per subject, one column per covariate: numbers or labels.
    covariates : sequence of str
        Columns that are compared.

    Returns
    -------
    DataFrame
        One row for each covariate, and one for all numeric covariates: ``studied`` and ``target``,
        their ranges or levels; ``coverage``, the share of the target within the range or levels of
        the study, or, for all numeric covariates, within the Mahalanobis distance that includes
        97.5 % of normally distributed subjects; ``difference`` of means in standard deviations of
        the study.

    Examples
    --------
    >>> study = pd.DataFrame({"WT": [50.0, 60, 70, 80], "SEX": ["m", "m", "f", "m"]})
    >>> target = pd.DataFrame({"WT": [60.0, 90.0], "SEX": ["f", "f"]})
    >>> covariate_overlap(study, target, ["WT", "SEX"]).coverage.tolist()
    [0.5, 1.0]
    """
    rows = {name: _single(study[name].dropna(), target[name].dropna()) for name in covariates}
    numbers = [n for n in covariates if pd.api.types.is_numeric_dtype(study[n])]
    together = _together(study[numbers].dropna(), target[numbers].dropna())
    if together is not None:
        rows[_TOGETHER] = together
    columns = ["studied", "target", "coverage", "difference"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def _single(studied: pd.Series, target: pd.Series) -> tuple[str, str, float, float]:
    if not pd.api.types.is_numeric_dtype(studied):
        share = float(target.isin(studied.unique()).mean())
        return _levels(studied), _levels(target), share, float("nan")
    share = float(target.between(studied.min(), studied.max()).mean())
    spread = float(studied.std())
    gap = float(target.mean() - studied.mean())
    difference = gap / spread if spread > 0 else float("nan")
    return _range(studied), _range(target), share, difference


def _range(values: pd.Series) -> str:
    if not len(values):
        return "nothing"
    low, high = f"{values.min():g}", f"{values.max():g}"
    return low if low == high else f"{low} to {high}"


def _levels(values: pd.Series) -> str:
    return ", ".join(sorted(str(v) for v in values.unique()))


def _together(studied: pd.DataFrame, target: pd.DataFrame) -> tuple[str, str, float, float] | None:
    """Return the row of all numeric covariates; None for one covariate or too few subjects."""
    width = studied.shape[1]
    if width < 2 or len(studied) <= 2 * width or not len(target):
        return None
    centre = studied.mean().to_numpy()
    inverse = np.linalg.pinv(np.cov(studied.to_numpy(dtype=float).T))
    limit = float(stats.chi2.ppf(_INSIDE, width))
    inside = [_distance(f.to_numpy(dtype=float), centre, inverse) <= limit
              for f in (studied, target)]  # fmt: skip
    middle = _distance(target.mean().to_numpy()[None], centre, inverse)
    first, second = (f"{i.mean():.0%} within" for i in inside)
    return first, second, float(inside[1].mean()), float(np.sqrt(middle[0]))


def _distance(x: FloatArray, centre: FloatArray, inverse: FloatArray) -> FloatArray:
    gap = x - centre
    squared: FloatArray = np.einsum("ni,ij,nj->n", gap, inverse, gap)
    return squared
