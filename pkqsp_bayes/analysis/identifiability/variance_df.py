"""Degrees of freedom of each element of Omega in a study, level three of identifiability."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pkqsp_bayes.analysis.identifiability.fisher_information import ExpectedInformation
from pkqsp_bayes.spec.labels import omega_iov_label, omega_label, parse_label

__all__ = ["variance_df"]

_INFORMATIVE = 0.5
_ENOUGH = 5
_COLUMNS = ["parameter", "subjects", "informative", "shrinkage", "df", "enough"]


def variance_df(information: ExpectedInformation) -> pd.DataFrame:
    """Return the degrees of freedom of each standard deviation of random effects in a design.

    Parameters
    ----------
    information : ExpectedInformation
        Information of the design.

    Returns
    -------
    DataFrame
        By label (``omega[CL]``, ``omega_iov[CL]``): ``subjects``; ``informative``: number of
        subjects (or occasions) whose data leave less than half of the variance of the random
        effect; ``shrinkage``: mean of this share; ``df``: number of informative subjects minus the
        number of fixed effects that are estimated from them, or of informative occasions beyond
        each subject's first;
        ``enough``: whether there are at least 5 degrees of freedom. A standard deviation from df
        degrees of freedom has a relative error of about 1/sqrt(2 df): 32% for 5.
    """
    rows = [*_between(information), *_within(information)]
    return pd.DataFrame(rows, columns=_COLUMNS).set_index("parameter")


def _between(information: ExpectedInformation) -> Iterator[tuple[object, ...]]:
    draws, subjects = information.draws, information.subjects
    left = np.array([s.shrinkage(draws)[0] for s in subjects]).reshape(len(subjects), -1)
    fixed = [parse_label(k) for k in draws.sampled]
    for r, name in enumerate(draws.effects):
        informative = int((left[:, r] < _INFORMATIVE).sum())
        paid = sum(k.parts[0] == name for k in fixed if k.kind in ("typical", "beta"))
        df = max(informative - paid, 0)
        shrinkage = float(left[:, r].mean())
        yield omega_label(name), len(subjects), informative, shrinkage, df, df >= _ENOUGH


def _within(information: ExpectedInformation) -> Iterator[tuple[object, ...]]:
    draws, subjects = information.draws, information.subjects
    left = [s.shrinkage(draws)[1] for s in subjects]
    for q, name in enumerate(draws.occasion_effects):
        seen = [moments[:, q][(s.kappa[:, :, q] != 0).any(axis=0)]
                for s, moments in zip(subjects, left, strict=True)]  # fmt: skip
        repeated = [int((x < _INFORMATIVE).sum()) for x in seen]
        df = sum(max(n - 1, 0) for n in repeated)
        every = np.concatenate(seen) if seen else np.ones(1)
        shrinkage = float(every.mean()) if every.size else 1.0
        yield omega_iov_label(name), len(subjects), sum(repeated), shrinkage, df, df >= _ENOUGH
