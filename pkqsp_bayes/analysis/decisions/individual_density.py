"""The density of a subject's random effects given its data, with its gradient and curvature."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.analysis.observed_study import ObservedStudy

__all__ = ["EffectPosterior", "Local"]

FloatArray = NDArray[np.float64]
_IMAGINARY = 1e-20
_STEP = 1e-3
"""Of differences of the residual's log density, in residual standard deviations."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Local:
    """The log density around a point.

    Parameters
    ----------
    value : (D, S) array
        Minus infinity where the solver failed.
    gradient : (D, S, Z) array
        Exact: the kernel's sensitivities times the derivatives of the population layer.
    curvature : (D, S, Z, Z) array
        Minus the Hessian without second derivatives of the predictions (Gauss-Newton), always
        positive definite.
    """

    value: FloatArray
    gradient: FloatArray
    curvature: FloatArray

    def where(self, chosen: NDArray[np.bool_], other: "Local") -> "Local":
        """Return this where ``chosen`` (D, S), else the other."""
        return Local(
            value=np.where(chosen, self.value, other.value),
            gradient=np.where(chosen[..., None], self.gradient, other.gradient),
            curvature=np.where(chosen[..., None, None], self.curvature, other.curvature),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EffectPosterior:
    """log p(z, y_i | phi_d) of each draw and subject, in coordinates that are N(0, I) a priori.

    eta = L z with Omega = L L', and kappa = omega_iov z, one after the other in z: an omega of zero
    does no harm.

    Parameters
    ----------
    seen : ObservedStudy
        Study, model and D draws of the population.
    """

    seen: ObservedStudy

    @property
    def shape(self) -> tuple[int, int, int]:
        """Draws, subjects, random effects (D, S, Z)."""
        draws, simulator = self.seen.draws, self.seen.simulator
        moving = len(simulator.model.occasions) * len(draws.occasion_effects)
        return draws.size, len(simulator.timelines), len(draws.effects) + moving

    def effects(self, z: NDArray[Any]) -> tuple[FloatArray, FloatArray]:
        """Return eta (D, S, R) and kappa (D, S, O, Q)."""
        draws = self.seen.draws
        own = len(draws.effects)
        eta = np.einsum("drk,dsk->dsr", draws.factor, z[..., :own])
        occasions = len(self.seen.simulator.model.occasions)
        rest = z[..., own:].reshape(*z.shape[:2], occasions, len(draws.occasion_effects))
        return eta, draws.omega_iov[:, None, None, :] * rest

    def from_effects(self, eta: FloatArray, kappa: FloatArray | None) -> FloatArray:
        """Return z (D, S, Z) of eta (D, S, R) and kappa (D, S, O, Q); 0 where an omega is 0."""
        draws, flat = self.seen.draws, []
        for values, omega in ((eta, draws.omega[:, None]), (kappa, draws.omega_iov[:, None, None])):
            if values is not None:
                scaled = np.divide(values, omega, out=np.zeros(values.shape), where=omega > 0)
                flat.append(scaled.reshape(*self.shape[:2], -1))
        root = np.linalg.cholesky(draws.correlation + 1e-10 * np.eye(draws.omega.shape[1]))
        own = np.linalg.solve(root[:, None], flat[0][..., None])[..., 0]
        return np.concatenate([own, *flat[1:]], axis=2)

    def parameters(self, z: NDArray[Any]) -> FloatArray:
        """Return individual parameters (D, S, P); z may be complex."""
        eta, kappa = self.effects(z)
        moved = kappa if kappa.size else None
        return self.seen.simulator.parameters(self.seen.draws, eta, moved)

    def predictions(self, z: FloatArray) -> FloatArray:
        """Return the prediction of each observation, (D, N)."""
        found = self.seen.simulator.solve(self.parameters(z)).values
        return found[:, self.seen.places, self.seen.observations.output]

    def log_density(self, z: FloatArray) -> FloatArray:
        """Return log p(y_i | z, phi_d) + log p(z), (D, S)."""
        return self._total(self._density(self.predictions(z)), z)

    def local(self, z: FloatArray) -> Local:
        """Return the log density, its gradient and curvature."""
        # A search may try where no drug is left, and no error can be proportional to that.
        with np.errstate(all="ignore"):
            return self._local(z)

    def _local(self, z: FloatArray) -> Local:
        seen, identity = self.seen, np.eye(z.shape[2])
        rounds = seen.simulator.solve(self.parameters(z), sensitivities=True)
        at = (slice(None), seen.places, seen.observations.output)
        slopes = self._slopes(z, np.asarray(rounds.sensitivities)[at])
        density, first, second = self._residual(rounds.values[at])
        gradient, curvature = -z, np.tile(identity, (*z.shape[:2], 1, 1))
        for s in range(z.shape[1]):
            mine = seen.observations.subject == s
            own, weight = slopes[:, mine], np.maximum(-second[:, mine], 0.0)
            gradient[:, s] += np.einsum("dn,dnz->dz", first[:, mine], own)
            curvature[:, s] += np.einsum("dnz,dn,dnw->dzw", own, weight, own)
        finite = np.isfinite(gradient).all(axis=2) & np.isfinite(curvature).all(axis=(2, 3))
        return Local(
            value=np.where(finite, self._total(density, z), -np.inf),
            gradient=np.where(finite[..., None], gradient, 0.0),
            curvature=np.where(finite[..., None, None], curvature, identity),
        )

    def _density(self, f: FloatArray) -> FloatArray:
        with np.errstate(all="ignore"):
            return self.seen.log_density(f)

    def _total(self, density: FloatArray, z: FloatArray) -> FloatArray:
        prior = -0.5 * (z**2).sum(axis=2) - 0.5 * z.shape[2] * np.log(2 * np.pi)
        total = self.seen.by_subject(density) + prior
        return np.where(np.isnan(total), -np.inf, total)

    def _slopes(self, z: FloatArray, lanes: FloatArray) -> FloatArray:
        """Return df/dz (D, N, Z) from df/dp (D, N, P)."""
        subject = self.seen.observations.subject
        slopes = np.empty((*lanes.shape[:2], z.shape[2]))
        for k in range(z.shape[2]):
            moved = z.astype(np.complex128)
            moved[..., k] += 1j * _IMAGINARY
            by_parameter = self.parameters(moved).imag / _IMAGINARY  # (D, S, P)
            slopes[..., k] = (lanes * by_parameter[:, subject]).sum(axis=2)
        return slopes

    def _residual(self, f: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the log density of each observation, its first and second derivative by f."""
        step = np.empty_like(f)
        for endpoint, mine in self.seen.by_endpoint():
            step[:, mine] = _STEP * self.seen.residual(endpoint).width(f[:, mine])
        below, here, above = (self._density(f + k * step) for k in (-1, 0, 1))
        second = (above - 2 * here + below) / step**2
        for endpoint, mine in self.seen.by_endpoint():
            residual = self.seen.residual(endpoint)
            if not residual.form.is_smooth:
                second[:, mine] = -1 / residual.information_variance(f[:, mine])
        return here, (above - below) / (2 * step), second
