"""Draws of the population parameters, as arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["PopulationDraws"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PopulationDraws:
    """D draws of all population parameters, and of the random effects of the study.

    Parameters
    ----------
    shared : mapping of str to (D,) array
        Typical values by parameter, coefficients (``beta[CL,WT]``) and shapes; known numbers are
        repeated.
    sampled : tuple of str
        Those that have a distribution.
    effects, occasion_effects : tuple of str
        Parameters with a random effect of the subject, and of the occasion.
    omega : (D, R) array
        Standard deviations of eta.
    correlation : (D, R, R) array
        Correlations of eta.
    omega_iov : (D, Q) array
        Standard deviations of kappa.
    residuals : tuple of str
        Label of each residual parameter (``cp``, ``cp.additive``).
    sigma : (D, L) array
        Residual parameters.
    subjects, occasions : tuple of str
        Subjects and occasions of the study of the fit.
    eta : (D, S, R) array or None
        Random effects of the study's subjects; None for a prior without them.
    kappa : (D, S, O, Q) array or None
        Deviations of their occasions.
    """

    shared: Mapping[str, FloatArray]
    sampled: tuple[str, ...]
    effects: tuple[str, ...]
    omega: FloatArray
    correlation: FloatArray
    occasion_effects: tuple[str, ...]
    omega_iov: FloatArray
    residuals: tuple[str, ...]
    sigma: FloatArray
    subjects: tuple[str, ...] = ()
    occasions: tuple[str, ...] = ()
    eta: FloatArray | None = None
    kappa: FloatArray | None = None

    @property
    def size(self) -> int:
        """Number of draws."""
        return int(self.sigma.shape[0])

    @property
    def covariance(self) -> FloatArray:
        """Omega, the covariance matrix of eta, of each draw: (D, R, R)."""
        return self.omega[:, :, None] * self.correlation * self.omega[:, None, :]

    @property
    def factor(self) -> FloatArray:
        """Lower triangle L of each draw, Omega = L L', so that eta = L z: (D, R, R)."""
        return self.omega[:, :, None] * _cholesky(self.correlation)

    def centre(self) -> Self:
        """Return one draw with the mean of each parameter, without random effects of a study."""
        return replace(
            self,
            shared={name: values.mean(keepdims=True) for name, values in self.shared.items()},
            omega=self.omega.mean(axis=0, keepdims=True),
            correlation=self.correlation.mean(axis=0, keepdims=True),
            omega_iov=self.omega_iov.mean(axis=0, keepdims=True),
            sigma=self.sigma.mean(axis=0, keepdims=True),
            eta=None,
            kappa=None,
        )

    def take(self, index: NDArray[np.int64]) -> Self:
        """Return a selection of the draws.

        Parameters
        ----------
        index : (d,) array of int
            Indices of draws; an index may occur more than once.
        """
        return replace(
            self,
            shared={name: values[index] for name, values in self.shared.items()},
            omega=self.omega[index],
            correlation=self.correlation[index],
            omega_iov=self.omega_iov[index],
            sigma=self.sigma[index],
            eta=None if self.eta is None else self.eta[index],
            kappa=None if self.kappa is None else self.kappa[index],
        )

    def thin(self, size: int, rng: np.random.Generator) -> Self:
        """Return ``size`` random draws without repetition; all of them if there are fewer."""
        if size >= self.size:
            return self
        return self.take(np.sort(rng.choice(self.size, size, replace=False)))

    def draw_eta(self, subjects: int, rng: np.random.Generator) -> FloatArray:
        """Draw random effects of new subjects.

        Parameters
        ----------
        subjects : int
            Number of new subjects for each draw.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        (D, subjects, R) array
        """
        standard = rng.standard_normal((self.size, subjects, len(self.effects)))
        eta: FloatArray = np.einsum("drk,dnk->dnr", self.factor, standard)
        return eta

    def draw_kappa(self, subjects: int, occasions: int, rng: np.random.Generator) -> FloatArray:
        """Draw deviations of the occasions of new subjects: (D, subjects, occasions, Q)."""
        shape = (self.size, subjects, occasions, len(self.occasion_effects))
        kappa: FloatArray = self.omega_iov[:, None, None, :] * rng.standard_normal(shape)
        return kappa


def _cholesky(correlation: FloatArray) -> FloatArray:
    """Return the Cholesky factor, also if an eigenvalue is slightly negative by rounding."""
    size = correlation.shape[-1]
    try:
        return np.linalg.cholesky(correlation)
    except np.linalg.LinAlgError:
        return np.linalg.cholesky(correlation + 1e-10 * np.eye(size))
