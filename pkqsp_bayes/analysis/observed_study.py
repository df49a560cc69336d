"""Predictions and new observations of a study for draws of a posterior."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.analysis.population_draws import population_of
from pkqsp_bayes.engine.solver_settings import SolverSettings
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.fitting.results.fit_argument import FitLike, open_fit
from pkqsp_bayes.fitting.results.fitted_model import FittedModel
from pkqsp_bayes.fitting.results.fitted_study import study_fingerprint
from pkqsp_bayes.likelihood.observed_study import Kind, ObservedStudy
from pkqsp_bayes.likelihood.study_simulator import study_simulator
from pkqsp_bayes.program.data.observations import collect_observations
from pkqsp_bayes.study.study import Study, subject_starts

__all__ = [
    "SimulatedStudy",
    "observed_study",
    "predicted_study",
    "replicated_study",
]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedStudy:
    """A study with predictions or replicates that several analyses share.

    Parameters
    ----------
    seen : ObservedStudy
        Study with all requested draws.
    kept : ObservedStudy
        Study with the D draws that have values.
    values : (D, N) array
        Predictions or replicates (read-only).
    state : mapping
        State of the random generator after them.
    """

    seen: ObservedStudy
    kept: ObservedStudy
    values: FloatArray
    state: Mapping[str, Any]

    def generator(self) -> np.random.Generator:
        """Return a random generator in the state after the values, the same in each call."""
        rng = np.random.default_rng()
        rng.bit_generator.state = self.state
        return rng


def observed_study(
    fit: FitLike,
    study: Study,
    *,
    draws: int,
    rng: np.random.Generator,
    occasions: Sequence[str] = (),
    without_observations: bool = False,
) -> ObservedStudy:
    """Combine a fit with a study.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        Result of `pkqsp_bayes.fit`, or its folder.
    study : Study
        The study of the fit, or another.
    draws : int
        Largest number of posterior draws.
    rng : numpy.random.Generator
        Source of randomness of their choice.
    occasions : sequence of str
        Labels of the study's occasions; by default those of the fit.
    without_observations : bool
        Whether the study may have no observations.

    Raises
    ------
    CheckError
        All problems of the study with the model; or if it has no observations.
    """
    fitted = open_fit(fit)
    labels = tuple(occasions) or fitted.occasions or None
    key = ("observed study", study_fingerprint(study), labels)
    whole = fitted.once(key, lambda: _observed(fitted, study, labels))
    if not len(whole.observations) and not without_observations:
        what, remedy = "it has no observations", "give a study with observations: EVID 0, MDV 0, DV"
        raise CheckError([Issue(where=study.source, what=what, remedy=remedy)])
    return whole.with_draws(whole.draws.thin(draws, rng))


def _observed(
    fitted: FittedModel, study: Study, occasions: tuple[str, ...] | None
) -> ObservedStudy:
    """Return a study with all draws of a fit."""
    simulator = study_simulator(fitted.spec, study, occasions=occasions)
    seen = collect_observations(simulator.model, study)
    return ObservedStudy(
        model=fitted.spec,
        simulator=simulator,
        draws=population_of(fitted),
        observations=seen,
        places=subject_starts(study)[seen.subject] + seen.record,
    )


def predicted_study(
    fitted: FittedModel,
    study: Study,
    kind: Kind,
    *,
    draws: int,
    seed: int,
    options: SolverSettings | None = None,
) -> SimulatedStudy:
    """Return a study with the result of `ObservedStudy.predictions`, computed once.

    Parameters
    ----------
    fitted : FittedModel
        The fit.
    study : Study
        The study of the fit, or another.
    kind : {"conditional", "new_subjects", "typical"}
        Kind of the random effects.
    draws, seed : int
        Largest number of posterior draws; seed of all random numbers.
    options : SolverSettings, optional
        Tolerances and limits of the solver.

    Raises
    ------
    CheckError
        All problems of the study with the model.
    """
    chosen = options or SolverSettings()
    key = ("predictions", study_fingerprint(study), kind, draws, seed, chosen)

    def make() -> SimulatedStudy:
        rng = np.random.default_rng(seed)
        seen = observed_study(fitted, study, draws=draws, rng=rng)
        return _simulated(seen, seen, seen.predictions(kind, rng, chosen), rng)

    return fitted.once(key, make)


def replicated_study(fitted: FittedModel, study: Study, *, draws: int, seed: int) -> SimulatedStudy:
    """Return a study with the result of `ObservedStudy.replicates`, computed once.

    Parameters
    ----------
    fitted : FittedModel
        The fit.
    study : Study
        The study of the fit, or another.
    draws, seed : int
        Largest number of posterior draws; seed of all random numbers.

    Raises
    ------
    CheckError
        All problems of the study with the model; or if too few draws have a replicate.
    """

    def make() -> SimulatedStudy:
        rng = np.random.default_rng(seed)
        seen = observed_study(fitted, study, draws=draws, rng=rng)
        return _simulated(seen, *seen.replicates(rng), rng)

    return fitted.once(("replicates", study_fingerprint(study), draws, seed), make)


def _simulated(
    seen: ObservedStudy, kept: ObservedStudy, values: FloatArray, rng: np.random.Generator
) -> SimulatedStudy:
    values.flags.writeable = False
    return SimulatedStudy(seen=seen, kept=kept, values=values, state=rng.bit_generator.state)
