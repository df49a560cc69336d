"""Marginal likelihood with the random effects of each subject integrated by Laplace's method.

With z the standardised random effects of a subject, l(z) its log density and H = -l''(z*) at the
mode z*, log p(y) is approximated by l(z*) + (Z log 2 pi - log |H|) / 2 (Tierney & Kadane 1986,
J Am Stat Assoc 81:82-86). `FOCEI` replaces H by its expectation without second derivatives of the
predictions (Wang 2007, J Pharmacokinet Pharmacodyn 34:575-593).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.likelihood.coordinates import Coordinates, coordinates_of
from pkqsp_bayes.likelihood.individual_density import EffectPosterior
from pkqsp_bayes.likelihood.individual_mode import find_modes
from pkqsp_bayes.likelihood.observed_study import ObservedStudy
from pkqsp_bayes.likelihood.study_simulator import study_simulator
from pkqsp_bayes.program.bind_data import bind_data
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.study.study import Study, subject_starts

__all__ = ["Integral", "Marginal", "Method", "marginal_of"]

FloatArray = NDArray[np.float64]
Method = Literal["focei", "laplace"]

_STEP = 1e-3
"""Step of differences, in units of the points and of standardised random effects."""
_ITERATIONS = 60
_STARTS, _SEED = 7, 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Integral:
    """The approximation at one point.

    Parameters
    ----------
    point : (n,) array
        Population parameters.
    z : (S, Z) array
        Modes of the standardised random effects.
    log_lik : (S,) array
        Approximate log marginal likelihood of each subject.
    converged : (S,) array of bool
        Whether the search of each mode ended.
    hessian : (S, Z, Z) array
        Minus the second derivatives at the modes, without approximation.
    """

    point: FloatArray
    z: FloatArray
    log_lik: FloatArray
    converged: NDArray[np.bool_]
    hessian: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Marginal:
    """Log marginal likelihood of a study as a function of points of `Coordinates`.

    Parameters
    ----------
    coordinates : Coordinates
        The estimated parameters.
    seen : ObservedStudy
        Study; its draws are not used.
    method : {"focei", "laplace"}
        Which second derivatives are used.
    """

    coordinates: Coordinates
    seen: ObservedStudy
    method: Method

    def integral(self, point: FloatArray, start: FloatArray | None = None) -> Integral:
        """Return the approximation at a point (n,).

        Parameters
        ----------
        point : (n,) array
            Population parameters.
        start : (S, Z) array, optional
            Where the search of each mode begins. By default it begins at several places, and the
            highest mode of each subject is used.
        """
        starts = self._starts() if start is None else start[None]
        modes = find_modes(
            self._target(np.tile(point, (len(starts), 1))), iterations=_ITERATIONS, start=starts
        )
        best = np.argmax(modes.value, axis=0)
        subjects = np.arange(best.size)
        z, value = modes.z[best, subjects][None], modes.value[best, subjects]
        hessian = self._hessian(point[None], z)
        volume = self._log_volume(self._target(point[None]), z, hessian)
        return Integral(
            point=point,
            z=z[0],
            log_lik=value + 0.5 * z.shape[2] * np.log(2 * np.pi) - 0.5 * volume[0],
            converged=modes.converged[best, subjects],
            hessian=hessian[0],
        )

    def _starts(self) -> FloatArray:
        """Return zero and draws of the random effects (K, S, Z), always the same."""
        size = self._target(self.coordinates.start()[None]).shape[1:]
        if size[1] == 0:
            return np.zeros((1, *size))
        drawn = np.random.default_rng(_SEED).standard_normal((_STARTS, *size))
        return np.concatenate([np.zeros((1, *size)), drawn])

    def gradient(self, here: Integral) -> FloatArray:
        """Return the gradient (S, n) of ``log_lik`` by the point.

        The derivative of l(z*) is exact, because z* is a mode; that of log |H| is a difference
        along the curve of modes, whose slope is that of an implicit function.
        """
        moved = self._moved(here.point)
        target = self._target(moved)
        fixed = np.broadcast_to(here.z, (len(moved), *here.z.shape))
        direct = self._direct(here)
        if here.z.shape[1] == 0:
            return direct
        crossed = _difference(target.local(fixed).gradient)  # (n, S, Z)
        slopes = np.linalg.solve(here.hessian, np.moveaxis(crossed, 0, 2))  # (S, Z, n)
        step = np.moveaxis(slopes, 2, 0) * _STEP
        along = here.z + np.concatenate([step, -step])
        hessian = self._hessian(moved, along) if self.method == "laplace" else None
        volume = _difference(self._log_volume(target, along, hessian))
        return np.asarray(direct - 0.5 * volume.T)

    def _moved(self, point: FloatArray) -> FloatArray:
        """Return a point moved up, then down, in each direction: (2 n, n)."""
        steps = _STEP * np.eye(point.size)
        return np.concatenate([point + steps, point - steps])

    def _target(self, points: FloatArray) -> EffectPosterior:
        draws = self.coordinates.draws(points)
        return EffectPosterior(seen=self.seen.with_draws(draws))

    def _direct(self, here: Integral) -> FloatArray:
        """Return the derivative of the log density by the point with z fixed: (S, n)."""
        seen, z = self.seen, here.z[None]
        moved = self._moved(here.point)
        target = self._target(moved)
        fixed = np.broadcast_to(here.z, (len(moved), *here.z.shape))
        by_point = _difference(target.parameters(fixed))  # (n, S, P)
        own = self._target(here.point[None])
        solved = seen.simulator.solve(own.parameters(z), sensitivities=True)
        at = (slice(None), seen.places, seen.observations.output)
        values, lanes = solved.values[at], np.asarray(solved.sensitivities)[at]
        predicted = (lanes * by_point[:, seen.observations.subject]).sum(axis=2)  # (n, N)
        same = np.broadcast_to(values, (len(moved), values.shape[1]))
        with np.errstate(all="ignore"):
            by_scale = _difference(target.seen.log_density(same))  # (n, N)
            total = by_scale + own.residual_terms(values)[1] * predicted
        return np.asarray(seen.by_subject(total).T)

    def _hessian(self, points: FloatArray, z: FloatArray) -> FloatArray:
        """Return minus the second derivatives (D, S, Z, Z) by differences of exact gradients."""
        size, subjects, width = z.shape
        if width == 0:
            return np.zeros((size, subjects, 0, 0))
        steps = _STEP * np.concatenate([np.eye(width), -np.eye(width)])
        moved = (z[None] + steps[:, None, None]).reshape(-1, subjects, width)
        target = self._target(np.tile(points, (2 * width, 1)))
        slopes = target.local(moved).gradient.reshape(2 * width, size, subjects, width)
        found = -np.moveaxis(_difference(slopes), 0, 3)
        return np.asarray((found + np.swapaxes(found, 2, 3)) / 2)

    def _log_volume(
        self, target: EffectPosterior, z: FloatArray, hessian: FloatArray | None
    ) -> FloatArray:
        """Return log |H| of each draw and subject (D, S)."""
        if self.method == "focei" or hessian is None:
            hessian = target.expected_curvature(z)
        sign, volume = np.linalg.slogdet(hessian)
        return np.where(sign > 0, volume, np.inf)

    def effects(self, here: Integral, z: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return eta (S, R) and kappa (S, O, Q) of standardised effects (S, Z) at a point."""
        eta, kappa = self._target(here.point[None]).effects(z[None])
        return eta[0], kappa[0]


def marginal_of(
    model: ModelSpec, study: Study, *, blq: Literal["M1", "M3"] = "M3", method: Method = "focei"
) -> Marginal:
    """Return the marginal likelihood of a model and its study.

    Parameters
    ----------
    model : ModelSpec
        The model.
    study : Study
        The study, with observations.
    blq : {"M1", "M3"}
        Method for censored observations.
    method : {"focei", "laplace"}
        Which second derivatives are used.

    Raises
    ------
    CheckError
        All problems of the model and of the study.
    ToolchainError
        If the kernel cannot be compiled.
    """
    bound = bind_data(model, study, blq=blq, centred={})
    coordinates, observed = coordinates_of(bound, study), bound.observations
    seen = ObservedStudy(
        model=bound.spec,
        simulator=study_simulator(bound.spec, study),
        draws=coordinates.draws(coordinates.start()[None]),
        observations=observed,
        places=subject_starts(study)[observed.subject] + observed.record,
    )
    return Marginal(coordinates=coordinates, seen=seen, method=method)


def _difference(both: FloatArray) -> FloatArray:
    """Return central differences of values at points moved up, then down (2 n, ...)."""
    half = len(both) // 2
    return np.asarray((both[:half] - both[half:]) / (2 * _STEP))
