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
from pkqsp_bayes.likelihood.local_study import LocalStudy, local_study
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
    """

    point: FloatArray
    z: FloatArray
    log_lik: FloatArray
    converged: NDArray[np.bool_]


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
        target = self._target(point[None])
        hessian = self._curvature(target, z) if self.method == "laplace" else None
        volume = self._log_volume(target, z, hessian)
        return Integral(
            point=point,
            z=z[0],
            log_lik=value + 0.5 * z.shape[2] * np.log(2 * np.pi) - 0.5 * volume[0],
            converged=modes.converged[best, subjects],
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
        near = self._near(here)
        moved = self._moved(here.point)
        target = self._target(moved, near)
        fixed = np.broadcast_to(here.z, (len(moved), *here.z.shape))
        local = target.local(fixed)
        direct = _difference(local.value).T
        if here.z.shape[1] == 0:
            return direct
        crossed = _difference(local.gradient)  # (n, S, Z)
        hessian = self._curvature(self._target(here.point[None], near), here.z[None])[0]
        slopes = np.linalg.solve(hessian, np.moveaxis(crossed, 0, 2))  # (S, Z, n)
        step = np.moveaxis(slopes, 2, 0) * _STEP
        along = here.z + np.concatenate([step, -step])
        curved = self._curvature(self._target(moved), along) if self.method == "laplace" else None
        volume = _difference(self._log_volume(target, along, curved))
        return np.asarray(direct - 0.5 * volume.T)

    def hessian(self, here: Integral) -> FloatArray:
        """Return minus the second derivatives (S, Z, Z) at the modes, without approximation."""
        target = self._target(here.point[None], self._near(here))
        return np.asarray(self._curvature(target, here.z[None])[0])

    def _near(self, here: Integral) -> LocalStudy:
        """Return the study near the modes, as far as differences by point and effects go."""
        own, z = self._target(here.point[None]), here.z
        around = own.parameters(z[None])[0]
        target = self._target(self._moved(here.point))
        by_point = target.parameters(np.broadcast_to(z, (len(target.seen.draws.omega), *z.shape)))
        steps = np.abs(by_point - around).max(axis=0)
        for k in range(z.shape[1]):
            by_effect = own.parameters((z + _STEP * np.eye(z.shape[1])[k])[None])[0]
            steps = np.maximum(steps, np.abs(by_effect - around))
        return local_study(self.seen, around, steps)

    def _moved(self, point: FloatArray) -> FloatArray:
        """Return a point moved up, then down, in each direction: (2 n, n)."""
        steps = _STEP * np.eye(point.size)
        return np.concatenate([point + steps, point - steps])

    def _target(self, points: FloatArray, seen: ObservedStudy | None = None) -> EffectPosterior:
        draws = self.coordinates.draws(points)
        return EffectPosterior(seen=(seen or self.seen).with_draws(draws))

    def _curvature(self, target: EffectPosterior, z: FloatArray) -> FloatArray:
        """Return minus the second derivatives (D, S, Z, Z) by differences of exact gradients."""
        width = z.shape[2]
        if width == 0:
            return np.zeros((*z.shape, 0))
        columns = []
        for step in _STEP * np.eye(width):
            up, down = target.local(z + step).gradient, target.local(z - step).gradient
            columns.append((down - up) / (2 * _STEP))
        found = np.stack(columns, axis=3)
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
