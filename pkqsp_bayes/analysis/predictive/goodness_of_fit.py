"""`goodness_of_fit`: predictions and residuals of each observation, for goodness-of-fit plots."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from pkqsp_bayes.analysis.observed_study import predicted_study
from pkqsp_bayes.analysis.predictive.npde import npde
from pkqsp_bayes.arguments import SEED, checked, count
from pkqsp_bayes.fitting.results.approximation_labels import labelled
from pkqsp_bayes.fitting.results.fit_argument import FIT, FitLike, open_fit
from pkqsp_bayes.fitting.sampling.library_warnings import quiet_dependencies
from pkqsp_bayes.likelihood.observed_study import ObservedStudy
from pkqsp_bayes.study.study_argument import STUDY, StudyLike

__all__ = ["goodness_of_fit"]

FloatArray = NDArray[np.float64]


@checked(fit=FIT, study=STUDY, draws=count(), seed=SEED)
@labelled
def goodness_of_fit(
    fit: FitLike, study: StudyLike | None = None, *, draws: int = 1000, seed: int = 1
) -> xr.Dataset:
    """Return predictions and residuals of each observation.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        Result of `pkqsp_bayes.fit`, or its folder.
    study : Study, str, Path or DataFrame, optional
        Study of the fit (the default).
    draws : int
        Largest number of posterior draws; NPDE are those of `pkqsp_bayes.npde` with as many.
    seed : int
        Seed of their choice, and of the replicates for NPDE.

    Returns
    -------
    xarray.Dataset
        For each observation: ``DV``, the limit where ``censored`` is not 0; ``PRED``, the posterior
        median of the population prediction (all random effects 0); ``IPRED``, the posterior median
        of the individual prediction; ``SD``, the posterior median of the scale of the residual
        error at the individual prediction; ``IWRES``; ``NPDE``, as in `pkqsp_bayes.npde`.
        Coordinates ``ID``, ``TIME``, ``TAD`` (time after dose), ``endpoint_of``, ``censored``;
        ``unit`` of each ``endpoint``.

    Raises
    ------
    CheckError
        All problems of the study; or if it is not the study of the fit.

    Notes
    -----
    IWRES = (DV - IPRED) / SD. If the residual error is log-normal, IWRES = (log DV - log IPRED) /
    sigma, and SD is sigma. For Student's t, SD is the scale. IWRES of a censored observation is
    that of its limit, which is a bound. IWRES is NaN if SD is 0.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> found = pq.goodness_of_fit(fit, study, draws=50)
    >>> bool(abs(found["IWRES"].mean()) < 0.5)
    True
    """
    fitted = open_fit(fit)
    study = fitted.resolve_study(study, own=True)
    typical, own = (
        predicted_study(fitted, study, kind, draws=draws, seed=seed)
        for kind in ("typical", "conditional")
    )
    errors, seen = npde(fitted, study, draws=draws, seed=seed), own.seen
    table, pred, ipred = seen.table, _median(typical.values), own.values
    sd, iwres = _residuals(seen, ipred)
    columns = {"DV": table["DV"].to_numpy(dtype=float), "PRED": pred, "IPRED": _median(ipred),
               "SD": sd, "IWRES": iwres, "NPDE": errors["npde"].to_numpy()}  # fmt: skip
    labels = ("ID", "TIME", "TAD", "censored")
    coords = {name: ("observation", table[name].to_numpy()) for name in labels}
    return xr.Dataset(
        {name: ("observation", values) for name, values in columns.items()},
        coords={
            **coords,
            "endpoint_of": ("observation", table["endpoint"].to_numpy()),
            "observation": table["row"].to_numpy(),
            "endpoint": errors["endpoint"],
            "unit": errors["unit"],
        },
        attrs={"model": seen.model.title, "time_unit": seen.model.time_unit,
               "draws": seen.draws.size, "seed": seed},
    )  # fmt: skip


def _residuals(seen: ObservedStudy, predictions: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return SD and IWRES of each observation, given individual predictions (D, N)."""
    sd, iwres = np.empty(predictions.shape[1]), np.empty(predictions.shape[1])
    value = seen.observations.value
    for endpoint, mine in seen.by_endpoint():
        residual, f = seen.residual(endpoint), predictions[:, mine]
        sd[mine], middle = _median(residual.weight(f)), _median(f)
        with np.errstate(divide="ignore", invalid="ignore"):
            if residual.form.is_logarithmic:
                iwres[mine] = np.log(value[mine] / middle) / sd[mine]
            else:
                iwres[mine] = (value[mine] - middle) / sd[mine]
    return sd, np.where(np.isfinite(iwres), iwres, np.nan)


def _median(values: FloatArray) -> FloatArray:
    """Return the median over the draws with a prediction."""
    with quiet_dependencies():
        found: FloatArray = np.nanmedian(values, axis=0)
    return found
