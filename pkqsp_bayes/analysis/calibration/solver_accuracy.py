"""Check of the accuracy of a fit's solver, with draws solved again at tighter tolerances.

Solver errors change the log density. The draws of the computed posterior get weights towards the
posterior of a solver with hundredfold tighter tolerances. The Pareto k-hat of the weights shows
whether the two are close enough (Timonen, Siccha, Bales, Lähdesmäki & Vehtari, Stat 2023;12:e614,
arXiv:2205.09059).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.analysis.observed_study import predicted_study
from pkqsp_bayes.arguments import SEED, checked, count
from pkqsp_bayes.engine.solver_settings import SolverSettings
from pkqsp_bayes.errors import Issue
from pkqsp_bayes.fitting.results.approximation_labels import labelled
from pkqsp_bayes.fitting.results.fit_argument import FIT, FitLike, open_fit
from pkqsp_bayes.likelihood.psis import LEAST_DRAWS, smoothed_weights
from pkqsp_bayes.remedies import setting
from pkqsp_bayes.study.study_argument import STUDY, StudyLike

__all__ = ["SolverAccuracy", "check_solver"]

FloatArray = NDArray[np.float64]

_TIGHTER = 100.0
_GOOD_K = 0.7
_SMALL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SolverAccuracy:
    """Change of the log density of draws with a tighter solver.

    Parameters
    ----------
    rtol, atol : float
        Tolerances of the fit.
    change : (D,) array
        Log likelihood at a hundredfold tighter tolerance minus that of the fit; NaN if one of the
        two solves failed.
    pareto_k : float
        k-hat of the importance weights exp(change); 0 if all are equal, NaN if there are fewer than
        25.
    label : str
        Label of the draws if they come from a poor approximation.
    """

    rtol: float
    atol: float
    change: FloatArray
    pareto_k: float
    label: str = ""

    @property
    def spread(self) -> float:
        """Largest distance of a change from the median; a common shift has no effect."""
        known = self.change[np.isfinite(self.change)]
        return float(np.abs(known - np.median(known)).max()) if known.size else float("nan")

    @property
    def issues(self) -> list[Issue]:
        """Problems with remedies; empty if the solver was accurate enough."""
        return list(self._issues())

    def _issues(self) -> Iterator[Issue]:
        rtol, atol = (f"{value / _TIGHTER:.0e}" for value in (self.rtol, self.atol))
        remedy = f"fit again with tighter tolerances: {setting('tolerances', rtol, atol)}"
        failed = int(np.sum(~np.isfinite(self.change)))
        if failed:
            what = f"{failed} of {self.change.size} draws could not be solved again"
            yield Issue(severity="warning", where="ODE solver", what=what, remedy=remedy)
        if self.change.size - failed < LEAST_DRAWS:
            what = f"{self.change.size - failed} draws are too few to judge the accuracy"
            more = f"use {LEAST_DRAWS} draws or more; if the fit has fewer, fit with more draws"
            yield Issue(severity="warning", where="ODE solver", what=what, remedy=more)
        if self.spread > _SMALL and self.pareto_k > _GOOD_K:
            what = (
                f"a hundredfold tighter solver changes the log density of draws by up to "
                f"{self.spread:.2g}, and Pareto k-hat is {self.pareto_k:.2f} (at most {_GOOD_K}): "
                "the draws are not those of the exact model"
            )
            yield Issue(severity="warning", where="ODE solver", what=what, remedy=remedy)
        elif self.spread > 1.0:
            what = (
                f"a hundredfold tighter solver changes the log density of draws by up to "
                f"{self.spread:.2g}"
            )
            yield Issue(severity="warning", where="ODE solver", what=what, remedy=remedy)


@checked(
    fit=FIT,
    study=STUDY,
    draws=count(LEAST_DRAWS),
    seed=SEED,
)
@labelled
def check_solver(
    fit: FitLike, study: StudyLike | None = None, *, draws: int = 200, seed: int = 1
) -> SolverAccuracy:
    """Compare the log likelihood of draws with that of a hundredfold tighter solver.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        Result of `pkqsp_bayes.fit` or `read_fit`.
    study : Study, str, Path or DataFrame, optional
        Study of the fit (the default): a study, its name or its file.
    draws : int
        Largest number of posterior draws, 25 or more.
    seed : int
        Seed of their choice.

    Returns
    -------
    SolverAccuracy
        Its `issues` have a remedy each.

    Raises
    ------
    CheckError
        If the study is not the study of the fit, or if fewer than 25 draws are requested.

    Notes
    -----
    Both solutions come from the kernel. For a fit with the backend ``stan`` they show whether its
    tolerances are tight enough for this model, not how well Stan's own solver meets them.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> accuracy = pq.check_solver(fit, study)  # doctest: +SKIP
    >>> accuracy.issues  # doctest: +SKIP
    []
    """
    fitted = open_fit(fit)
    study = fitted.resolve_study(study, own=True)
    settings = fitted.options.solver

    def log_likelihood(tighter: float) -> FloatArray:
        options = _solver_options(settings, tighter)
        made = predicted_study(
            fitted, study, "conditional", draws=draws, seed=seed, options=options
        )
        return np.asarray(made.seen.log_density(made.values).sum(axis=1))

    used, tight = log_likelihood(1.0), log_likelihood(_TIGHTER)
    change = tight - used
    return SolverAccuracy(
        rtol=settings.rtol, atol=settings.atol, change=change, pareto_k=_pareto_k(change)
    )


def _solver_options(settings: SolverSettings, tighter: float) -> SolverSettings:
    return SolverSettings(
        rtol=settings.rtol / tighter,
        atol=settings.atol / tighter,
        max_steps=int(settings.max_steps * tighter**0.5),
    )


def _pareto_k(change: FloatArray) -> float:
    known = change[np.isfinite(change)]
    return smoothed_weights(known)[1] if known.size >= LEAST_DRAWS else float("nan")
