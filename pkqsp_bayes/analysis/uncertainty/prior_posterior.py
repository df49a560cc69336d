"""`prior_posterior`: what a fit has learnt beyond its priors, and how far it leans on them."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pkqsp_bayes.analysis.analysis_arguments import NUMBERS
from pkqsp_bayes.analysis.identifiability.bayesian import learning_table, truth_issues
from pkqsp_bayes.analysis.stated_priors import stated_priors
from pkqsp_bayes.arguments import checked
from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.fitting.results.approximation_labels import labelled
from pkqsp_bayes.fitting.results.fit_argument import FIT, FitLike, open_fit
from pkqsp_bayes.program.bind import prior_places
from pkqsp_bayes.program.bind_data import bind_data
from pkqsp_bayes.program.bound_data import BoundData
from pkqsp_bayes.spec.distribution import Distribution, distribution
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.prior import PriorSpec
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.study_argument import STUDY, StudyLike

__all__ = ["prior_posterior", "priors_in_force", "priors_of"]

_LEVELS = (0.05, 0.5, 0.95)


def priors_in_force(model: ModelSpec, study: Study) -> dict[str, Distribution]:
    """Return the prior of each parameter, defaults and marginals of joint ones among them.

    Parameters
    ----------
    model, study
        As they are fitted; default priors of residual errors look at the study.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> model, study = pq.load_model("one-compartment"), pq.load_dataset("theophylline")
    >>> str(priors_in_force(model, study)["omega[CL]"].prior)
    'half_normal(0.5)'
    """
    return priors_of(bind_data(model, study, blq="M3", centred={}))


def priors_of(frame: BoundData) -> dict[str, Distribution]:
    """Return the prior of each parameter of a model that is bound to its data, by label."""
    places = prior_places(frame)
    return {
        label: distribution(prior, places[label].low, places[label].high)
        for label, prior in stated_priors(frame).items()
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
    """Return prior beside posterior, parameter by parameter, and what the data added.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        What `pkqsp_bayes.fit` returns; or its folder.
    study : Study, str, Path or DataFrame, optional
        A study, its name or its file: that of the fit, which is the default.
    truth : mapping of str to float, optional
        Values that the data were simulated with.

    Returns
    -------
    DataFrame
        By parameter: ``prior`` as stated (the package's default where none is), its median and
        90 % interval (``prior_q5``, ``prior_q50``, ``prior_q95``), those of the posterior
        (``q5``, ``q50``, ``q95``), ``contraction``, ``shift``, ``z`` and the sensitivities to the
        power of the prior and of the likelihood, with their ``diagnosis``, as in
        `pkqsp_bayes.analysis.identifiability.bayesian.learning_table`.

    Raises
    ------
    CheckError
        With every problem of the study with the model; if it is not the one that was fitted.

    Notes
    -----
    Power scaling: Kallioinen, Paananen, Bürkner & Vehtari 2024, Stat Comput 34:57.
    """
    fitted = open_fit(fit)
    study = fitted.resolve_study(study, own=True)
    laws = priors_of(fitted.bind_data(study))
    draws = fitted.draws
    if issues := truth_issues(truth, draws):
        raise CheckError(issues)
    known = {label: law for label, law in laws.items() if label in draws}
    rows = {
        label: [str(law.prior), *law.quantile(_LEVELS), *np.quantile(draws[label], _LEVELS)]
        for label, law in known.items()
    }
    columns = ["prior", "prior_q5", "prior_q50", "prior_q95", "q5", "q50", "q95"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    table.index.name = "parameter"
    learnt = learning_table(fitted, {k: law.prior for k, law in known.items()}, truth=truth)
    return table.join(learnt)
