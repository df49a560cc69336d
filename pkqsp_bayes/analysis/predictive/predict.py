"""`predict`: posterior predictions of each observation, conditional or for new subjects."""

import xarray as xr

from pkqsp_bayes.analysis.observed_study import predicted_study
from pkqsp_bayes.arguments import SEED, checked, count, one_of
from pkqsp_bayes.fitting.results.approximation_labels import labelled
from pkqsp_bayes.fitting.results.fit_argument import FIT, FitLike, open_fit
from pkqsp_bayes.likelihood.observed_study import Kind
from pkqsp_bayes.study.study_argument import STUDY, StudyLike

__all__ = ["predict"]


@checked(
    fit=FIT,
    study=STUDY,
    kind=one_of("conditional", "new_subjects", "typical"),
    draws=count(),
    seed=SEED,
)
@labelled
def predict(
    fit: FitLike,
    study: StudyLike | None = None,
    *,
    kind: Kind = "conditional",
    draws: int = 500,
    seed: int = 1,
) -> xr.Dataset:
    """Predict each observation of a study.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        Result of `pkqsp_bayes.fit`, or its folder.
    study : Study, str, Path or DataFrame, optional
        A study, its name or its file; by default the study of the fit, which ``kind="conditional"``
        needs.
    kind : {"conditional", "new_subjects", "typical"}
        With the random effects of the study's own subjects, with those of new subjects with the
        same covariates, or with random effects of 0.
    draws : int
        Number of posterior draws.
    seed : int
        Seed of their choice, of new subjects and of residual errors.

    Returns
    -------
    xarray.Dataset
        ``prediction_<kind>`` and ``observation_<kind>`` (draw, observation), the latter with
        residual error; ``DV`` (observation); coordinates ``ID``, ``TIME``, ``endpoint``,
        ``censored``.

    Raises
    ------
    CheckError
        All problems of the study; or if its subjects are not those of the fit.
    """
    fitted = open_fit(fit)
    study = fitted.resolve_study(study)
    made = predicted_study(fitted, study, kind, draws=draws, seed=seed)
    seen, f, rng = made.seen, made.values, made.generator()
    table, dims = seen.table, ("draw", "observation")
    labels = {
        name: ("observation", table[name].to_numpy())
        for name in ("ID", "TIME", "endpoint", "censored")
    }
    return xr.Dataset(
        {
            f"prediction_{kind}": (dims, f.copy()),
            f"observation_{kind}": (dims, seen.observe(f, rng)),
            "DV": ("observation", table["DV"].to_numpy()),
        },
        coords={**labels, "observation": table["row"].to_numpy()},
        attrs={"model": seen.model.title, "seed": seed},
    )
