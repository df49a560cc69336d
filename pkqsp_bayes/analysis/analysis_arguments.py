"""The arguments that analyses have in common: a fit and its study, statistics, values by name."""

from collections.abc import Callable

import xarray as xr

from pkqsp_bayes.analysis.population_draws import model_of
from pkqsp_bayes.analysis.study_match import require_fitted
from pkqsp_bayes.arguments import (
    count,
    either,
    increasing,
    instance,
    mapping,
    number,
    probability,
    sequence,
)
from pkqsp_bayes.fitting.results.fit_argument import FitLike, as_fit
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.study_argument import StudyLike, as_study

__all__ = [
    "BINS",
    "NUMBERS",
    "PROBABILITIES",
    "STATISTICS_RULE",
    "fit_and_its_study",
    "fit_and_study",
    "study_for",
]

BINS = either(increasing(2), count(1, 1000))
PROBABILITIES = sequence(probability(), least=1, wanted="give numbers between 0 and 1")
NUMBERS = mapping(number(), wanted='give a mapping of names to numbers, such as {"CL": 3.0}')
STATISTICS_RULE = mapping(
    instance(Callable, wanted="give a function of a table"),  # type: ignore[arg-type]
    wanted="give a mapping of names to functions of a table",
)


def fit_and_study(fit: FitLike, study: StudyLike) -> tuple[xr.DataTree, Study]:
    """Return the fit and the study that arguments mean; a table is read as its model says.

    Raises
    ------
    CheckError
        As `pkqsp_bayes.read_fit` and `pkqsp_bayes.read_study`.
    """
    tree = as_fit(fit)
    return tree, study_for(tree, study)


def fit_and_its_study(fit: FitLike, study: StudyLike) -> tuple[xr.DataTree, Study]:
    """Return the fit and the study that arguments mean, for analyses that mean the fitted study.

    Raises
    ------
    CheckError
        As `fit_and_study`; if the study is not the one that was fitted.
    """
    tree, found = fit_and_study(fit, study)
    require_fitted(tree, found)
    return tree, found


def study_for(tree: xr.DataTree, study: StudyLike) -> Study:
    """Return the study that an argument means, read as the model of a result says."""
    return study if isinstance(study, Study) else as_study(study, model_of(tree))
