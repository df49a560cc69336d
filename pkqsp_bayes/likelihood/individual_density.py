"""Density of a subject's random effects given its data, with gradient and curvature."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.likelihood.observed_study import ObservedStudy

__all__ = ["EffectPosterior", "Local"]

FloatArray = NDArray[np.float64]
_IMAGINARY = 1e-20
_STEP = 1e-3
"""Step for differences of the residual's log density, in residual standard deviations."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Local:
    """Log density at a point, with gradient and curvature.

    Parameters
    ----------
    value : (D, S) array
        Log density; minus infinity if the solver failed.
    gradient : (D, S, Z) array
        Exact gradient: sensitivities of the kernel times derivatives of the population layer.
    curvature : (D, S, Z, Z) array
        Negative Hessian without second derivatives of the predictions (Gauss-Newton); it is always
        positive definite.
    """

    value: FloatArray
    gradient: FloatArray
    curvature: FloatArray

    def where(self, chosen: NDArray[np.bool_], other: "Local") -> "Local":
        """Return these values where ``chosen`` (D, S) is true, otherwise the other ones."""
        return Local(
            value=np.where(chosen, self.value, other.value),
            gradient=np.where(chosen[..., None], self.gradient, other.gradient),
            curvature=np.where(chosen[..., None, None], self.curvature, other.curvature),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EffectPosterior:
    """Density log p(z, y_i | phi_d) of each draw and subject; the prior of z is N(0, I).

    In z come first eta = L z with Omega = L L', then kappa = omega_iov z. An omega of zero is
    allowed.

    Parameters
    ----------
    seen : ObservedStudy
        Study, model and D population draws.
    """

    seen: ObservedStudy

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of draws, subjects and random effects (D, S, Z)."""
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
        """Return z (D, S, Z) for eta (D, S, R) and kappa (D, S, O, Q); 0 where omega is 0."""
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
        return self.seen.at(self.parameters(z))

    def log_density(self, z: FloatArray) -> FloatArray:
        """Return log p(y_i | z, phi_d) + log p(z), (D, S)."""
        return self._total(self._density(self.predictions(z)), z)

    def local(self, z: FloatArray) -> Local:
        """Return the log density, its gradient and curvature."""
        # A search may reach predictions of 0, for which a proportional error is not defined.
        with np.errstate(all="ignore"):
            return self._local(z)

    def _local(self, z: FloatArray) -> Local:
        seen, identity = self.seen, np.eye(z.shape[2])
        values, lanes = seen.slopes(self.parameters(z))
        slopes = self._slopes(z, lanes)
        density, first, second = self.residual_terms(values)
        gradient = -z + seen.by_subject(first[..., None] * slopes)
        curvature = identity + self._information(slopes, np.maximum(-second, 0.0))
        finite = np.isfinite(gradient).all(axis=2) & np.isfinite(curvature).all(axis=(2, 3))
        return Local(
            value=np.where(finite, self._total(density, z), -np.inf),
            gradient=np.where(finite[..., None], gradient, 0.0),
            curvature=np.where(finite[..., None, None], curvature, identity),
        )

    def expected_curvature(self, z: FloatArray) -> FloatArray:
        """Return the expected negative Hessian (D, S, Z, Z), without f'' (as FOCE INTERACTION)."""
        seen = self.seen
        with np.errstate(all="ignore"):
            values, lanes = seen.slopes(self.parameters(z))
            slopes = self._slopes(z, lanes)
            found = np.eye(z.shape[2]) + self._information(slopes, self._expected(values))
        return np.where(np.isfinite(found), found, np.inf)

    def _information(self, slopes: FloatArray, weight: FloatArray) -> FloatArray:
        """Return the sum of weighted outer products of slopes within each subject."""
        outer = slopes[..., :, None] * (weight[..., None] * slopes)[..., None, :]
        return self.seen.by_subject(outer)

    def _expected(self, f: FloatArray) -> FloatArray:
        """Return the Fisher information of each observation on its prediction."""
        seen = self.seen.observations
        found = np.maximum(-self.residual_terms(f)[2], 0.0)  # of censored values: as observed
        for endpoint, mine in self.seen.by_endpoint():
            residual, at = self.seen.residual(endpoint), f[:, mine]
            information = residual.information(at)
            found[:, mine] = np.where(seen.censored[mine] == 0, information, found[:, mine])
        return found

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

    def residual_terms(self, f: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the log density of each observation and its first two derivatives by f."""
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
