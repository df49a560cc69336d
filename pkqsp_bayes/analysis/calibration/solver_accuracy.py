"""Whether a fit's solver was accurate enough: its draws again, at a hundredfold tighter tolerance.

Solver errors move the log density. Draws of the posterior as it was computed are weighted towards
the posterior of a tighter solver; the Pareto k-hat of the weights says whether the two are close
enough (Timonen, Siccha, Bales, Lähdesmäki & Vehtari, Stat 2023;12:e614, arXiv:2205.09059).
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
from pkqsp_bayes.fitting.sampling.psis import LEAST_DRAWS, smoothed_weights
from pkqsp_bayes.remedies import setting
from pkqsp_bayes.study.study_argument import STUDY, StudyLike

__all__ = ["SolverAccuracy", "check_solver"]

FloatArray = NDArray[np.float64]

_TIGHTER = 100.0
_GOOD_K = 0.7
_SMALL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SolverAccuracy:
    """How much a tighter solver changes the log density of draws.

    Parameters
    ----------
    rtol, atol : float
        Tolerances of the fit.
    change : (D,) array
        Log likelihood at a hundredfold tighter tolerance, minus that of the fit; NaN where either
        solve failed.
    pareto_k : float
        k-hat of the importance weights exp(change); 0 where all are equal, NaN where there are
        fewer than 25 to estimate it from.
    label : str
        What the draws are, if they are those of a poor approximation.
    """

    rtol: float
    atol: float
    change: FloatArray
    pareto_k: float
    label: str = ""

    @property
    def spread(self) -> float:
        """Largest distance of a change from their median: a common shift moves no posterior."""
        known = self.change[np.isfinite(self.change)]
        return float(np.abs(known - np.median(known)).max()) if known.size else float("nan")

    @property
    def issues(self) -> list[Issue]:
        """What is wrong, and what to do; empty if the solver was accurate enough."""
        return list(self._issues())

    def _issues(self) -> Iterator[Issue]:
        rtol, atol = (f"{value / _TIGHTER:.0e}" for value in (self.rtol, self.atol))
        remedy = f"fit again with tighter tolerances: {setting('tolerances', rtol, atol)}"
        failed = int(np.sum(~np.isfinite(self.change)))
        if failed:
            what = f"{failed} of {self.change.size} draws could not be solved again"
            yield Issue(severity="warning", where="ODE solver", what=what, remedy=remedy)
        if self.change.size - failed < LEAST_DRAWS:
            what = f"{self.change.size - failed} draws are too few to show whether it was accurate"
            more = f"solve {LEAST_DRAWS} draws or more again; fit with more draws if it has fewer"
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
        What `pkqsp_bayes.fit` or `read_fit` returns.
    study : Study, str, Path or DataFrame, optional
        A study, its name or its file: the study that was fitted, which is the default.
    draws : int
        How many draws of the posterior to use at most, 25 or more.
    seed : int
        Chooses them.

    Returns
    -------
    SolverAccuracy
        With `issues`, each with a remedy.

    Raises
    ------
    CheckError
        If the study is not the one that was fitted, or fewer than 25 draws are asked for.

    Notes
    -----
    Both solutions are the kernel's. For a fit by the backend ``stan`` they say whether its
    tolerances are tight enough for this model, not how Stan's own solver kept them.

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
