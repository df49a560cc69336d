"""Draws of a population: uncertain parameters from their priors, subjects from omega.

Both are quasi-random (scrambled Halton sequences, Owen 2017, arXiv:1706.02808): a few hundred draws
give stable moments. The same numbers are used for every set of priors, so that the results are a
smooth function of the priors.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special
from scipy.stats import qmc

from pkqsp_bayes.spec.effects import default_omega
from pkqsp_bayes.spec.labels import omega_label, parse_label
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.priors.addresses import stated_values
from pkqsp_bayes.spec.priors.apply_priors import joint_factor
from pkqsp_bayes.spec.priors.check_priors import valid_bounds
from pkqsp_bayes.spec.priors.distribution import distribution
from pkqsp_bayes.spec.priors.prior import JointPriorSpec, PriorSpec

__all__ = ["PopulationDraws", "draw_population", "standard_normals"]

FloatArray = NDArray[np.float64]

_EDGE = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PopulationDraws:
    """Draws of the parameters of a population.

    Parameters
    ----------
    values : mapping of str to (D,) array
        Typical values, coefficients and standard deviations, by their names in prior tables.
    effects : tuple of str
        Parameters with a random effect.
    factor : (D, R, R) array
        Cholesky factor of the covariance of the random effects.
    """

    values: Mapping[str, FloatArray]
    effects: tuple[str, ...]
    factor: FloatArray

    def etas(self, standard: FloatArray) -> FloatArray:
        """Return random effects (D, S, R) from standard normal numbers of the same shape."""
        etas: FloatArray = np.einsum("dij,dsj->dsi", self.factor, standard)
        return etas


def draw_population(model: ModelSpec, count: int, seed: int) -> PopulationDraws:
    """Draw the uncertain parameters of a model from their priors.

    Parameters
    ----------
    model : ModelSpec
        Model with priors, including joint priors. Residual errors are not used.
    count : int
        Number of draws (D).
    seed : int
        Seed of the quasi-random numbers.

    Examples
    --------
    >>> from pkqsp_bayes.library import load_model
    >>> draws = draw_population(load_model("mavoglurant"), 100, seed=1)
    >>> draws.effects, round(float(np.median(draws.values["KbMU"])), 1)
    (('CLint',), 1.3)
    """
    stated = {a: v for a, v in stated_values(model).items() if parse_label(a).kind != "sigma"}
    joint = {t: j for j in model.joint_prior.values() for t in j.targets}
    alone = {a: v for a, v in stated.items() if a not in joint}
    sizes = [len(j.targets) + 1 for j in model.joint_prior.values()]
    columns = iter(_uniforms(len(alone) + sum(sizes), count, seed).T)
    values = {a: _values(model, a, v, next(columns)) for a, v in alone.items()}
    for prior, size in zip(model.joint_prior.values(), sizes, strict=True):
        values |= _joint_values(prior, np.stack([next(columns) for _ in range(size)]))
    effects = tuple(n for n, p in model.population.parameters.items() if p.iiv is not None)
    omega = [values[omega_label(name)] for name in effects]
    scale = np.stack(omega, axis=1) if omega else np.zeros((count, 0))
    correlation = _correlations(model, effects, count, seed)
    return PopulationDraws(values=values, effects=effects, factor=scale[:, :, None] * correlation)


def standard_normals(draws: int, subjects: int, effects: int, seed: int) -> FloatArray:
    """Return standard normal numbers (D, S, R), evenly distributed over the subjects of each draw.

    In each draw their mean is exactly 0 and their covariance the identity (moment matching:
    Barraquand 1995, Management Science 41:1882). So moments of logarithms have no Monte Carlo
    error.

    Examples
    --------
    >>> z = standard_normals(2, 50, 3, seed=1)
    >>> bool(np.allclose(np.cov(z[1].T), np.eye(3)))
    True
    """
    points = _uniforms(effects, subjects, seed)
    shifts = np.random.default_rng(seed).random((draws, 1, effects))
    shifted = np.clip((points[None] + shifts) % 1.0, _EDGE, 1 - _EDGE)
    normals = special.ndtri(shifted)
    centred: FloatArray = normals - normals.mean(axis=1, keepdims=True)
    if not 0 < effects < subjects - 1:
        return centred
    covariance = np.einsum("dsi,dsj->dij", centred, centred) / (subjects - 1)
    whitening = np.linalg.inv(np.linalg.cholesky(covariance))
    matched: FloatArray = np.einsum("dij,dsj->dsi", whitening, centred)
    return matched


def _uniforms(size: int, count: int, seed: int) -> FloatArray:
    if size == 0:
        return np.zeros((count, 0))
    points: FloatArray = qmc.Halton(size, rng=np.random.default_rng(seed)).random(count)
    return np.clip(points, _EDGE, 1 - _EDGE)


def _values(
    model: ModelSpec, address: str, stated: PriorSpec | float | None, u: FloatArray
) -> FloatArray:
    prior = _default_of(model, address) if stated is None else stated
    if not isinstance(prior, PriorSpec):
        return np.full(u.size, float(prior))
    return distribution(prior, *valid_bounds(model, address)).quantile(u)


def _default_of(model: ModelSpec, address: str) -> PriorSpec:
    """Return the default prior of a standard deviation: of omega[CL], omega_iov[CL]."""
    kind, _, name = address.rstrip("]").partition("[")
    stated = model.population.parameters[name]
    return default_omega((stated.iov if kind == "omega_iov" else stated.iiv) or "")


_INVERSES: Mapping[str, Callable[[FloatArray], FloatArray]] = {
    "identity": np.array,
    "log": np.exp,
    "logit": special.expit,
}


def _joint_values(prior: JointPriorSpec, u: FloatArray) -> dict[str, FloatArray]:
    normals = special.ndtri(u[:-1])
    spread = joint_factor(prior) @ normals
    if prior.weight < 1:
        vague = np.array(prior.vague_sd)[:, None] * normals
        spread = np.where(u[-1] < prior.weight, spread, vague)
    rows = np.array(prior.mean)[:, None] + spread
    pairs = zip(prior.targets, prior.scales, rows, strict=True)
    return {target: _INVERSES[scale](row) for target, scale, row in pairs}


def _correlations(model: ModelSpec, effects: tuple[str, ...], count: int, seed: int) -> FloatArray:
    """Return Cholesky factors of the correlations, drawn from their LKJ prior."""
    omega = model.population.omega
    factor = np.tile(np.eye(len(effects)), (count, 1, 1))
    rng = np.random.default_rng([seed, 1])
    for block in omega.correlate:
        place = sorted(effects.index(name) for name in block)
        factor[np.ix_(range(count), place, place)] = _lkj(len(place), omega.lkj, count, rng)
    return factor


def _lkj(size: int, shape: float, count: int, rng: np.random.Generator) -> FloatArray:
    """Draw by partial correlations (Lewandowski, Kurowicka & Joe 2009, J Multivar Anal 100)."""
    factor = np.zeros((count, size, size))
    factor[:, 0, 0] = 1
    for row, column in _pairs(size):
        left = 1 - (factor[:, row, :column] ** 2).sum(axis=1)
        if column == row:
            factor[:, row, row] = np.sqrt(left)
            continue
        half = shape + (size - 2 - column) / 2
        partial = 2 * rng.beta(half, half, size=count) - 1
        factor[:, row, column] = partial * np.sqrt(left)
    return factor


def _pairs(size: int) -> Iterator[tuple[int, int]]:
    return ((row, column) for row in range(1, size) for column in range(row + 1))
