"""`individual_effects`: random effects of the subjects of a fit, with their covariates."""

import numpy as np
import pandas as pd
import xarray as xr

from pkqsp_bayes.arguments import checked
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.fitting.results.approximation_labels import labelled
from pkqsp_bayes.fitting.results.fit_argument import FIT, FitLike, open_fit
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.study_argument import STUDY, StudyLike

__all__ = ["individual_effects"]


@checked(fit=FIT, study=STUDY)
@labelled
def individual_effects(fit: FitLike, study: StudyLike | None = None) -> xr.Dataset:
    """Return the random effects of each subject, their omega, and the covariates.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        Result of `pkqsp_bayes.fit`, or its folder.
    study : Study, str, Path or DataFrame, optional
        Study of the fit (the default).

    Returns
    -------
    xarray.Dataset
        ``eta`` (subject, effect), the posterior mean; ``eta_sd``, its posterior SD; ``omega``
        (effect), the posterior mean of the SD of the random effects; ``shrinkage`` (effect), 1 -
        SD(eta) / omega. For between-occasion variability ``kappa`` (subject, occasion, effect_iov),
        NaN if a subject does not have the occasion, ``omega_iov``, and ``shrinkage_iov``
        (effect_iov), 1 - SD(kappa) / omega_iov over the occasions of all subjects.
        Each covariate of the study is a variable over ``subject``, with its ``unit`` and its value
        in the first record.

    Raises
    ------
    CheckError
        All problems of the study; or if it is not the study of the fit, or if the fit has no
        random effects.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> pq.individual_effects(fit, study)["eta"].sizes["subject"]
    12
    """
    fitted = open_fit(fit)
    found, posterior = fitted.resolve_study(study, own=True), fitted.posterior
    if "eta" not in posterior:
        what, remedy = "it has no random effects", "give a fit of a model with iiv"
        raise CheckError([Issue(where="fit", what=what, remedy=remedy)])
    mean = posterior.mean(("chain", "draw"))
    omega = mean["omega"].sel(effect=mean["eta"]["effect"])
    spread = mean["eta"].std("subject", ddof=1)
    parts = {
        "eta": mean["eta"].transpose("subject", "effect"),
        "eta_sd": posterior["eta"].std(("chain", "draw"), ddof=1).transpose("subject", "effect"),
        "omega": omega,
        "shrinkage": 1 - spread / omega.where(omega > 0),
        **_occasions(mean, found),
        **_covariates(found),
    }
    return xr.Dataset(parts).assign_attrs(
        model=fitted.spec.title, covariates=list(found.covariates)
    )


def _occasions(mean: xr.Dataset, study: Study) -> dict[str, xr.DataArray]:
    """Return kappa of the occasions of each subject; NaN for others, where it has only a prior."""
    if "kappa" not in mean:
        return {}
    kappa = mean["kappa"].transpose("subject", "occasion", "effect_iov")
    pairs = set(zip(study.table["ID"].astype(str), study.table["OCC"].astype(str), strict=True))
    has = [[(str(s), str(o)) in pairs for o in kappa["occasion"].to_numpy()]
           for s in kappa["subject"].to_numpy()]  # fmt: skip
    there = xr.DataArray(np.array(has), dims=("subject", "occasion"))
    known, omega = kappa.where(there), mean["omega_iov"].sel(effect_iov=kappa["effect_iov"])
    spread = known.std(("subject", "occasion"), ddof=1)
    shrinkage = 1 - spread / omega.where(omega > 0)
    return {"kappa": known, "omega_iov": omega, "shrinkage_iov": shrinkage}


def _covariates(study: Study) -> dict[str, xr.DataArray]:
    first = study.table.drop_duplicates("ID").set_index("ID")
    subjects = first.index.to_numpy(dtype=str)
    return {
        name: xr.DataArray(
            _plain(first[name]), dims="subject", coords={"subject": subjects},
            attrs={"unit": study.units.get(name, "")},
        )
        for name in study.covariates
    }  # fmt: skip


def _plain(values: pd.Series) -> np.ndarray:
    """Return numbers as numbers, and levels as text."""
    numeric = pd.api.types.is_numeric_dtype(values)
    return values.to_numpy(dtype=float if numeric else str)
