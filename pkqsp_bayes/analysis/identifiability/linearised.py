"""Linearised model of each subject: predictions and their slopes at random effects of zero.

The slopes by individual parameters are the sensitivities of the kernel. Those of the population
layer are complex-step derivatives, exact to rounding.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.engine.individual import individual_parameters
from pkqsp_bayes.engine.solver_settings import SolverSettings
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.likelihood.population_draws import PopulationDraws
from pkqsp_bayes.likelihood.residual import residual_of
from pkqsp_bayes.likelihood.study_simulator import StudySimulator
from pkqsp_bayes.program.bound_data import BoundData
from pkqsp_bayes.spec.labels import kappa_label
from pkqsp_bayes.statistics import RESIDUAL_ERRORS

__all__ = ["LinearSubject", "linear_subjects", "residual_spread"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_STEP = 1e-30
_SOLVER = SolverSettings(rtol=1e-8, atol=1e-10)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinearSubject:
    """Linear model of the n observations of one subject; logarithms of log-normal ones.

    Parameters
    ----------
    outputs : (n,) array of int
        Output of each observation.
    predicted : (n,) array
        Predictions at random effects of zero (not as logarithms).
    fixed : mapping of str to (n,) array
        Derivatives with respect to each typical value and coefficient.
    eta : (n, R) array
        Derivatives with respect to the random effects.
    kappa : (n, O, Q) array
        Derivatives with respect to the deviations of occasions.
    residual : (n,) array
        Variances of the residual errors.
    """

    outputs: IntArray
    predicted: FloatArray
    fixed: Mapping[str, FloatArray]
    eta: FloatArray
    kappa: FloatArray
    residual: FloatArray

    def random(self, draws: PopulationDraws) -> tuple[FloatArray, FloatArray]:
        """Return the slopes by all random effects (eta, then kappa) and their covariance."""
        size, occasions, moved = self.kappa.shape
        slopes = np.hstack([self.eta, self.kappa.reshape(size, occasions * moved)])
        covariance = np.diag(
            np.concatenate([draws.omega[0], np.tile(draws.omega_iov[0], occasions)]) ** 2
        )
        covariance[: self.eta.shape[1], : self.eta.shape[1]] = draws.covariance[0]
        return slopes, covariance

    def variance(self, draws: PopulationDraws) -> FloatArray:
        """Return the covariance matrix of the observations."""
        slopes, covariance = self.random(draws)
        return slopes @ covariance @ slopes.T + np.diag(self.residual)

    def shrinkage(self, draws: PopulationDraws) -> tuple[FloatArray, FloatArray]:
        """Return the share of the variance of each random effect that the data leave: (R,), (O, Q).

        0: the data determine its value; 1: they have no information (Combes et al. 2013, Pharm Res
        30:2355-2367). It is 1 if the standard deviation is zero.
        """
        slopes, covariance = self.random(draws)
        before = np.diag(covariance)
        gain = covariance @ slopes.T
        explained = np.einsum("in,ni->i", gain, np.linalg.solve(self.variance(draws), gain.T))
        left = 1 - np.divide(explained, before, out=np.zeros_like(before), where=before > 0)
        effects = self.eta.shape[1]
        return left[:effects], left[effects:].reshape(self.kappa.shape[1:])


def linear_subjects(
    bound: BoundData, simulator: StudySimulator, draws: PopulationDraws
) -> Iterator[LinearSubject]:
    """Yield the linear model of each subject.

    Parameters
    ----------
    bound : BoundData
        Model and study, with the observations.
    simulator : StudySimulator
        Simulator of the same model and study.
    draws : PopulationDraws
        One draw: the point of linearisation.

    Raises
    ------
    CheckError
        If the solver fails for a subject, a log-normal prediction is not positive, or an
        observation has no residual error.
    """
    count = len(simulator.timelines)
    zero = np.zeros((1, count, len(draws.effects)))
    solved = simulator.solve(simulator.parameters(draws, zero), sensitivities=True, options=_SOLVER)
    if solved.failed.any() or solved.sensitivities is None:
        names = [x for x, bad in zip(bound.subjects, solved.failed[0], strict=True) if bad]
        what = f"the solver fails for the subjects {', '.join(names)}"
        raise CheckError([Issue(where="point", what=what, remedy="choose other values")])
    fixed, random = _layers(simulator, draws)
    columns = _kappa_columns(simulator, draws)
    lengths = [line.time.size for line in simulator.timelines]
    starts = np.concatenate([[0], np.cumsum(lengths)])
    seen = bound.observations
    rows = starts[seen.subject] + seen.record
    for s in range(count):
        own = seen.subject == s
        outputs, places = seen.output[own], rows[own]
        f = solved.values[0, places, outputs]
        slopes = solved.sensitivities[0, places, outputs] / _unit(bound, outputs, f)[:, None]
        residual = residual_spread(bound, draws, outputs, f, draws.sigma[0])
        if (residual <= 0).any():
            raise _refusal("an observation has no residual error: its prediction or a sigma is 0")
        yield LinearSubject(
            outputs=outputs,
            predicted=f,
            fixed={label: slopes @ g[s] for label, g in fixed.items()},
            eta=slopes @ random[s],
            kappa=slopes[:, columns],
            residual=residual,
        )


def _unit(bound: BoundData, outputs: IntArray, f: FloatArray) -> FloatArray:
    """Return factors that convert slopes to those of logarithms where errors are log-normal."""
    logarithmic = np.array([_is_logarithmic(bound, int(output)) for output in outputs], dtype=bool)
    if (f[logarithmic] <= 0).any():
        raise _refusal("a log-normal observation is predicted to be 0 or less")
    return np.where(logarithmic, f, 1.0)


def _refusal(what: str) -> CheckError:
    remedy = "omit it (for instance a sample before the first dose), or use another residual error"
    return CheckError([Issue(where="point", what=what, remedy=remedy)])


def _is_logarithmic(bound: BoundData, output: int) -> bool:
    error = bound.spec.observe[bound.ode.output_names[output]].error
    return error is not None and RESIDUAL_ERRORS[error.form].is_logarithmic


def _layers(
    simulator: StudySimulator, draws: PopulationDraws
) -> tuple[dict[str, FloatArray], FloatArray]:
    """Return the slopes of individual parameters by label (S, P) and by eta (S, P, R)."""
    count, effects = len(simulator.timelines), len(draws.effects)
    still = np.zeros((1, count, effects))

    def at(shared: Mapping[str, NDArray[np.generic]], eta: NDArray[np.generic]) -> FloatArray:
        found = individual_parameters(
            simulator.model, shared, draws.effects, eta, simulator.covariates,  # type: ignore[arg-type]
            occasion_effects=draws.occasion_effects,
        )  # fmt: skip
        slope: FloatArray = found[0].imag / _STEP
        return slope

    fixed = {
        label: at({**draws.shared, label: draws.shared[label] + 1j * _STEP}, still)
        for label in draws.sampled
    }
    moved = [at(draws.shared, still + 1j * _STEP * np.eye(effects)[r]) for r in range(effects)]
    size = len(simulator.kernel.parameters)
    return fixed, np.stack(moved, axis=-1) if moved else np.zeros((count, size, 0))


def _kappa_columns(simulator: StudySimulator, draws: PopulationDraws) -> IntArray:
    """Return the index of each deviation among the individual parameters: (O, Q)."""
    names = simulator.model.ode.parameters
    places = [
        [names.index(kappa_label(name, label)) for name in draws.occasion_effects]
        for label in simulator.model.occasions
    ]
    shape = (len(simulator.model.occasions), len(draws.occasion_effects))
    return np.array(places, dtype=np.int64).reshape(shape)


def residual_spread(
    bound: BoundData, draws: PopulationDraws, outputs: IntArray, f: FloatArray, sigma: FloatArray
) -> FloatArray:
    """Return the residual variance of each observation, of its logarithm where log-normal.

    If the error is not normal, the variance is that of the normal error with the same information
    on the prediction.

    Parameters
    ----------
    bound : BoundData
        Bound model.
    draws : PopulationDraws
        Source of the labels of the residual parameters.
    outputs, f : (n,) array
        Output and prediction of each observation.
    sigma : (L,) array
        Residual parameters.
    """
    found = np.zeros_like(f)
    for output in np.unique(outputs):
        own = outputs == output
        name = bound.ode.output_names[int(output)]
        residual = residual_of(bound.spec, name, draws.residuals, sigma[None])
        found[own] = residual.information_variance(f[own])
    return found
