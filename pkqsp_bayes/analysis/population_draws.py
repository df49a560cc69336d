"""Draws of the population parameters of a posterior or a prior, as arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from pkqsp_bayes.fitting.results.fitted_model import FittedModel
from pkqsp_bayes.fitting.results.quantities import pairs_of
from pkqsp_bayes.spec.effects import coefficients_of, stated_shape
from pkqsp_bayes.spec.labels import CORRELATIONS, shape_label
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.population import is_known
from pkqsp_bayes.spec.priors.prior import PriorSpec

__all__ = ["PopulationDraws", "population_draws", "population_of"]

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


def population_of(fitted: FittedModel) -> PopulationDraws:
    """Return the posterior draws of a fit, read once."""
    return fitted.once("population draws", lambda: population_draws(fitted.spec, fitted.posterior))


def population_draws(model: ModelSpec, draws: xr.Dataset) -> PopulationDraws:
    """Return the draws of a posterior or a prior as arrays.

    Parameters
    ----------
    model : ModelSpec
        Model of the draws.
    draws : xarray.Dataset
        The group ``posterior`` or ``prior``, over ``chain`` and ``draw``.

    Returns
    -------
    PopulationDraws
        Draws of the chains in sequence.
    """
    flat = draws.stack(sample=("chain", "draw"), create_index=False).transpose("sample", ...)
    size = flat.sizes["sample"]
    shared, sampled = _shared(model, flat, size)
    effects = _labels(flat, "effect")
    occasion_effects = _labels(flat, "effect_iov")
    return PopulationDraws(
        shared=shared,
        sampled=sampled,
        effects=effects,
        omega=_values(flat, "omega", (size, len(effects))),
        correlation=_correlation(flat, effects, size),
        occasion_effects=occasion_effects,
        omega_iov=_values(flat, "omega_iov", (size, len(occasion_effects))),
        residuals=_labels(flat, "residual"),
        sigma=_values(flat, "sigma", (size, len(_labels(flat, "residual")))),
        subjects=_labels(flat, "subject"),
        occasions=_labels(flat, "occasion"),
        eta=flat["eta"].to_numpy() if "eta" in flat else None,
        kappa=flat["kappa"].to_numpy() if "kappa" in flat else None,
    )


def _shared(
    model: ModelSpec, flat: xr.Dataset, size: int
) -> tuple[dict[str, FloatArray], tuple[str, ...]]:
    stated: dict[str, float | PriorSpec | None] = {}
    for name, parameter in model.population.parameters.items():
        if not is_known(parameter):
            stated[name] = parameter.typical
        for covariate, effect in parameter.covariates.items():
            for level, label in coefficients_of(name, covariate, effect).items():
                stated[label] = effect.levels.get(level, effect.coefficient)
        shape = stated_shape(parameter)
        if shape is not None:
            stated[shape_label(name)] = shape
    sampled = tuple(name for name, value in stated.items() if isinstance(value, PriorSpec))
    known = {
        name: np.full(size, float(value or 0.0))
        for name, value in stated.items()
        if not isinstance(value, PriorSpec)
    }
    return {**{name: flat[name].to_numpy() for name in sampled}, **known}, sampled


def _labels(flat: xr.Dataset, dim: str) -> tuple[str, ...]:
    return tuple(str(label) for label in flat[dim].to_numpy()) if dim in flat.coords else ()


def _values(flat: xr.Dataset, name: str, shape: tuple[int, ...]) -> FloatArray:
    return flat[name].to_numpy() if name in flat else np.zeros(shape)


def _correlation(flat: xr.Dataset, effects: tuple[str, ...], size: int) -> FloatArray:
    whole = np.broadcast_to(np.eye(len(effects)), (size, len(effects), len(effects))).copy()
    for k, (first, second) in enumerate(pairs_of(flat)):
        i, j = effects.index(first), effects.index(second)
        whole[:, i, j] = whole[:, j, i] = flat[CORRELATIONS].to_numpy()[:, k]
    return whole
