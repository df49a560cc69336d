"""`prior_posterior`: comparison of prior and posterior, with contraction and sensitivity."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pkqsp_bayes.analysis.analysis_arguments import NUMBERS
from pkqsp_bayes.analysis.identifiability.bayesian import prior_posterior_table, truth_issues
from pkqsp_bayes.analysis.uncertainty.prior_correlations import compare_correlations
from pkqsp_bayes.arguments import checked
from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.fitting.results.approximation_labels import labelled
from pkqsp_bayes.fitting.results.fit_argument import FIT, FitLike, open_fit
from pkqsp_bayes.likelihood.stated_priors import stated_priors
from pkqsp_bayes.program.bind import prior_places
from pkqsp_bayes.program.bind_data import bind_data
from pkqsp_bayes.program.bound_data import BoundData
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.priors.distribution import Distribution, distribution
from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.study_argument import STUDY, StudyLike

__all__ = ["model_priors", "prior_posterior", "priors_of"]

_LEVELS = (0.05, 0.5, 0.95)


def model_priors(model: ModelSpec, study: Study) -> dict[str, Distribution]:
    """Return the prior of each parameter, including defaults and marginals of joint priors.

    Parameters
    ----------
    model, study
        Model and study of the fit; default priors of residual errors depend on the study.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> model, study = pq.load_model("one-compartment"), pq.load_dataset("theophylline")
    >>> str(model_priors(model, study)["omega[CL]"].prior)
    'half_normal(0.5)'
    """
    return priors_of(bind_data(model, study, blq="M3", centred={}))


def priors_of(bound: BoundData) -> dict[str, Distribution]:
    """Return the prior of each parameter of a bound model, by label."""
    places = prior_places(bound)
    return {
        label: distribution(prior, places[label].low, places[label].high)
        for label, prior in stated_priors(bound).items()
        if isinstance(prior, PriorSpec)
    }


@checked(
    fit=FIT,
    study=STUDY,
    truth=NUMBERS,
)
@labelled
def prior_posterior(
    fit: FitLike,
    study: StudyLike | None = None,
    *,
    truth: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Return the prior and the posterior of each parameter, with contraction and sensitivity.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        Result of `pkqsp_bayes.fit`, or its folder.
    study : Study, str, Path or DataFrame, optional
        Study of the fit (the default): a study, its name or its file.
    truth : mapping of str to float, optional
        Values with which the data were simulated, by label.

    Returns
    -------
    DataFrame
        By parameter: ``prior`` as stated, or the default of the package, its median and 90 %
        interval (``prior_q5``, ``prior_q50``, ``prior_q95``), median and interval of the posterior
        (``q5``, ``q50``, ``q95``), ``contraction``, ``shift``, ``z`` and the sensitivities to the
        power of the prior and of the likelihood, with their ``diagnosis``, as in
        `pkqsp_bayes.analysis.identifiability.bayesian.prior_posterior_table`. The prior of a
        correlation is its marginal distribution under the LKJ prior; it has no sensitivity.

    Raises
    ------
    CheckError
        All problems of the study with the model; or if it is not the study of the fit.

    Notes
    -----
    Power scaling: Kallioinen, Paananen, Bürkner & Vehtari 2024, Stat Comput 34:57.
    """
    fitted = open_fit(fit)
    study = fitted.resolve_study(study, own=True)
    bound = fitted.bind_data(study)
    dists = priors_of(bound)
    draws = fitted.draws
    if issues := truth_issues(truth, draws):
        raise CheckError(issues)
    known = {label: dist for label, dist in dists.items() if label in draws}
    rows = {
        label: [str(dist.prior), *dist.quantile(_LEVELS), *np.quantile(draws[label], _LEVELS)]
        for label, dist in known.items()
    }
    columns = ["prior", "prior_q5", "prior_q50", "prior_q95", "q5", "q50", "q95"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    table.index.name = "parameter"
    compared = prior_posterior_table(
        fitted, {k: dist.prior for k, dist in known.items()}, truth=truth
    )
    table = table.join(compared)
    correlations = compare_correlations(bound, draws, _LEVELS, truth=truth)
    for label, row in correlations.iterrows():
        table.loc[label] = row.reindex(table.columns)
    return table
