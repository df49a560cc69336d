"""Population parameters as points without bounds, and the density of their priors there."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.likelihood.population_draws import PopulationDraws
from pkqsp_bayes.likelihood.prior_density import StatedDensity, stated_density
from pkqsp_bayes.likelihood.stated_priors import stated_priors
from pkqsp_bayes.program.bind import prior_places
from pkqsp_bayes.program.bound_data import BoundData
from pkqsp_bayes.program.priors.prior_text import prior_centre
from pkqsp_bayes.program.residual import residual_priors
from pkqsp_bayes.spec.labels import corr_label, omega_iov_label, omega_label, sigma_label
from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.study.study import Study

__all__ = ["Coordinates", "coordinates_of"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coordinates:
    """The estimated population parameters on scales without bounds.

    A parameter with one bound is a logarithm, one with two bounds a logit. The correlations of a
    block are the inverse hyperbolic tangents of its canonical partial correlations
    (Lewandowski, Kurowicka & Joe 2009, J Multivar Anal 100:1989-2001).

    Parameters
    ----------
    bound : BoundData
        The model bound to its study.
    labels : tuple of str
        Labels of the estimated scalars; correlations come after them.
    low, high : (K,) array
        Their bounds.
    fixed : mapping of str to float
        Parameters that are numbers.
    prior : StatedDensity
        The priors.
    """

    bound: BoundData
    labels: tuple[str, ...]
    low: FloatArray
    high: FloatArray
    fixed: Mapping[str, float]
    prior: StatedDensity

    @property
    def blocks(self) -> tuple[tuple[int, ...], ...]:
        """Return the indices of the effects of each block with correlations."""
        return tuple(block for block in self.bound.blocks if len(block) > 1)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the labels of all estimated quantities on the scale of the model."""
        effects = [effect.parameter for effect in self.bound.effects]
        pairs = [
            corr_label(effects[block[j]], effects[block[i]])
            for block in self.blocks
            for i in range(len(block))
            for j in range(i)
        ]
        return (*self.labels, *pairs)

    def start(self) -> FloatArray:
        """Return the centres of the priors as a point (n,), without correlations."""
        stated = stated_priors(self.bound)
        middle = np.array([
            prior_centre(prior, low, high) if isinstance(prior := stated[label], PriorSpec) else 0.0
            for label, low, high in zip(self.labels, self.low, self.high, strict=True)
        ])  # fmt: skip
        return np.concatenate([self._free(middle), np.zeros(len(self.names) - len(self.labels))])

    def quantities(self, points: FloatArray) -> FloatArray:
        """Return the quantities ``names`` (D, n) of points (D, n)."""
        scalars = self._values(points)
        rows = [
            matrix[:, i, j]
            for matrix in self.correlations(points)
            for i in range(matrix.shape[1])
            for j in range(i)
        ]
        return np.column_stack([scalars, *rows])

    def draws(self, points: FloatArray) -> PopulationDraws:
        """Return points (D, n) as population draws."""
        bound, size = self.bound, len(points)
        residuals = tuple(residual_priors(bound))
        known = {k: np.full(size, v) for k, v in self.fixed.items()}
        values = known | dict(zip(self.labels, self._values(points).T, strict=True))
        scales = {
            "omega": [omega_label(e.parameter) for e in bound.effects],
            "omega_iov": [omega_iov_label(e.parameter) for e in bound.occasion_effects],
            "sigma": [sigma_label(name) for name in residuals],
        }
        taken = {label for labels in scales.values() for label in labels}
        columns = {
            name: np.column_stack([np.zeros((size, 0)), *(values[x] for x in labels)])
            for name, labels in scales.items()
        }
        return PopulationDraws(
            shared={k: v for k, v in values.items() if k not in taken},
            sampled=tuple(label for label in self.labels if label not in taken),
            effects=tuple(e.parameter for e in bound.effects),
            correlation=self._correlation(points),
            occasion_effects=tuple(e.parameter for e in bound.occasion_effects),
            residuals=residuals,
            omega=columns["omega"],
            omega_iov=columns["omega_iov"],
            sigma=columns["sigma"],
        )

    def log_prior(self, points: FloatArray) -> FloatArray:
        """Return the log density of the priors of points (D, n), on the scale of the points."""
        values = self._values(points)
        named = dict(zip(self.labels, values.T, strict=True))
        total = self.prior.log_density(named, self.correlations(points), len(points))
        return total + self._log_slopes(points, values)

    def _log_slopes(self, points: FloatArray, values: FloatArray) -> FloatArray:
        """Return the log of the volume of the model's scale for one of the points' scale."""
        below, above = np.isfinite(self.low), np.isfinite(self.high)
        both = below & above
        with np.errstate(divide="ignore"):
            under = np.log(values[:, below] - self.low[below]).sum(axis=1)
            over = np.log(self.high[above] - values[:, above]).sum(axis=1)
        total = under + over - np.log(self.high[both] - self.low[both]).sum()
        for partial in self._partials(points):
            size = partial.shape[1]
            for i in range(size):
                for j in range(i):  # (1 - p^2)^((K - j - 2) / 2) dp, and dp = (1 - p^2) du
                    total += (1 + 0.5 * (size - j - 2)) * np.log1p(-(partial[:, i, j] ** 2))
        return np.asarray(total)

    def _values(self, points: FloatArray) -> FloatArray:
        free = points[:, : len(self.labels)]
        below, above = np.isfinite(self.low), np.isfinite(self.high)
        low, high = np.where(below, self.low, 0.0), np.where(above, self.high, 0.0)
        with np.errstate(over="ignore"):
            one = np.where(below, low + np.exp(free), free)
            one = np.where(above & ~below, high - np.exp(free), one)
            return np.where(below & above, low + (high - low) / (1 + np.exp(-free)), one)

    def _free(self, values: FloatArray) -> FloatArray:
        below, above = np.isfinite(self.low), np.isfinite(self.high)
        with np.errstate(divide="ignore", invalid="ignore"):
            under, over = np.log(values - self.low), np.log(self.high - values)
            one = np.where(below, under, values)
            one = np.where(above & ~below, over, one)
            return np.where(below & above, under - over, one)

    def _partials(self, points: FloatArray) -> list[FloatArray]:
        """Return the lower triangles of partial correlations, (D, K, K) for each block."""
        found, place = [], len(self.labels)
        for block in self.blocks:
            rows, columns = np.tril_indices(len(block), -1)
            whole = np.zeros((len(points), len(block), len(block)))
            whole[:, rows, columns] = np.tanh(points[:, place : place + rows.size])
            place += rows.size
            found.append(whole)
        return found

    def correlations(self, points: FloatArray) -> list[FloatArray]:
        """Return the correlation matrix (D, K, K) of each block."""
        found = []
        for partial in self._partials(points):
            factor = np.zeros_like(partial)
            factor[:, 0, 0] = 1.0
            for i in range(1, partial.shape[1]):
                left = np.ones(len(points))
                for j in range(i):
                    factor[:, i, j] = partial[:, i, j] * np.sqrt(left)
                    left = left - factor[:, i, j] ** 2
                factor[:, i, i] = np.sqrt(np.maximum(left, 0.0))
            found.append(factor @ np.swapaxes(factor, 1, 2))
        return found

    def _correlation(self, points: FloatArray) -> FloatArray:
        size = len(self.bound.effects)
        whole = np.broadcast_to(np.eye(size), (len(points), size, size)).copy()
        for block, matrix in zip(self.blocks, self.correlations(points), strict=True):
            whole[:, np.array(block)[:, None], np.array(block)] = matrix
        return whole


def coordinates_of(bound: BoundData, study: Study) -> Coordinates:
    """Return the coordinates of the population parameters of a bound model.

    Parameters
    ----------
    bound : BoundData
        The model bound to the study.
    study : Study
        The study.
    """
    stated, places = stated_priors(bound), prior_places(bound)
    labels = tuple(label for label, value in stated.items() if isinstance(value, PriorSpec))
    return Coordinates(
        bound=bound,
        labels=labels,
        low=np.array([places[label].low for label in labels], dtype=np.float64),
        high=np.array([places[label].high for label in labels], dtype=np.float64),
        fixed={k: float(v) for k, v in stated.items() if not isinstance(v, PriorSpec)},
        prior=stated_density(bound.spec, study),
    )
