"""Population Fisher information of a design, with standard errors and correlations."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.analysis.identifiability.linearised import LinearSubject
from pkqsp_bayes.likelihood.population_draws import PopulationDraws
from pkqsp_bayes.spec.labels import PARAMETER_DIM, parse_label

__all__ = ["HOPELESS", "POOR", "ExpectedInformation"]

FloatArray = NDArray[np.float64]

POOR, HOPELESS = 50.0, 100.0
"""RSE (%) above which a parameter is estimated imprecisely, or is not identifiable."""

_SINGULAR, _ROUNDING = 1e-10, 1e-13
"""Relative eigenvalues below which a direction counts as lost, or as zero."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExpectedInformation:
    """Population Fisher information of a design.

    Parameters
    ----------
    labels : tuple of str
        Estimated parameters: typical values, coefficients, omega, correlations, omega_iov, sigma.
    values : (K,) array
        Parameter values at which it was computed, each in its own unit.
    matrix : (K, K) array
        Information; element i, j has the unit 1 / (unit of i * unit of j).
    subjects : tuple of LinearSubject
        Linearised model of each subject.
    draws : PopulationDraws
        Parameter values as a single draw.

    Notes
    -----
    Its inverse is a lower bound of the covariance of unbiased estimates (Cramer-Rao). With many
    subjects, maximum likelihood and the posterior under weak priors reach it. Directions with
    almost no information are found after scaling to a diagonal of ones, so that units have no
    effect.
    """

    labels: tuple[str, ...]
    values: FloatArray
    matrix: FloatArray
    subjects: tuple[LinearSubject, ...]
    draws: PopulationDraws

    @property
    def _scaled(self) -> tuple[FloatArray, FloatArray]:
        """Information, with parameters in units of their standard errors as the only unknown."""
        unit = np.sqrt(np.diag(self.matrix))
        unit = np.where(unit > 0, unit, 1.0)
        return self.matrix / np.outer(unit, unit), unit

    @property
    def _index(self) -> pd.Index:
        return pd.Index(self.labels, name=PARAMETER_DIM)

    def _inverse(self) -> tuple[FloatArray, NDArray[np.bool_]]:
        """Return a finite covariance, scaled back, and which parameters are not identifiable.

        A parameter is not identifiable if the lost directions give it ten times the error that it
        would have if all others were known. A smaller contribution is not sufficient, because
        rounding errors mix all parameters into these directions.
        """
        scaled, unit = self._scaled
        roots, vectors = np.linalg.eigh(scaled)
        greatest = roots.max(initial=1.0)
        lost = roots < _SINGULAR * greatest
        roots = np.maximum(roots, _ROUNDING * greatest)
        unidentified = (vectors[:, lost] ** 2 / roots[lost] > 100).any(axis=1)
        inverse: FloatArray = (vectors / roots) @ vectors.T
        return inverse / np.outer(unit, unit), unidentified

    @property
    def covariance(self) -> FloatArray:
        """Expected covariance of the estimates, (K, K); infinite variances if not identifiable.

        The inverse is computed after scaling. A direction with less than 1e-10 of the information
        of the best direction is not identifiable.
        """
        covariance, unidentified = self._inverse()
        covariance[unidentified, unidentified] = np.inf
        return covariance

    @property
    def condition(self) -> float:
        """Largest over smallest eigenvalue of the scaled information; infinite if singular."""
        roots = np.linalg.eigvalsh(self._scaled[0])
        least, greatest = float(roots.min(initial=1.0)), float(roots.max(initial=1.0))
        return greatest / least if least > _SINGULAR * greatest else float("inf")

    @property
    def correlations(self) -> pd.DataFrame:
        """Expected correlations of the estimates, (K, K) by label; NaN if not identifiable."""
        covariance = self.covariance
        sd = np.sqrt(np.diag(covariance))
        sd = np.where(np.isfinite(sd), sd, np.nan)
        with np.errstate(invalid="ignore"):
            table = covariance / np.outer(sd, sd)
        return pd.DataFrame(table, index=self._index, columns=list(self.labels))

    def weakest(self, count: int = 1) -> pd.DataFrame:
        """Return the directions with the least information.

        Parameters
        ----------
        count : int
            Number of directions; the first is the weakest.

        Returns
        -------
        DataFrame
            (K, count), by label: eigenvectors of the scaled information, of length 1, each
            parameter in units of the standard error that it would have if all others were known.
        """
        _, vectors = np.linalg.eigh(self._scaled[0])
        return pd.DataFrame(vectors[:, :count], index=self._index)

    def table(self) -> pd.DataFrame:
        """Return the expected standard errors.

        Returns
        -------
        DataFrame
            By label: ``value`` and ``se`` in the parameter's unit; ``rse`` = 100 se / |value|, in
            per cent. Infinite if not identifiable; ``rse`` is NaN if the value is 0.
        """
        se, size = np.sqrt(np.diag(self.covariance)), np.abs(self.values)
        relative = 100 * se / np.where(size > 0, size, np.nan)
        relative = np.where(np.isinf(se), np.inf, relative)
        columns = {"value": self.values, "se": se, "rse": relative}
        return pd.DataFrame(columns, index=self._index)

    def identified_combination(self, parameter: str) -> tuple[str, float] | None:
        """Return the product or ratio that is identifiable if a typical value is not.

        Parameters
        ----------
        parameter : str
            Label of a typical value.

        Returns
        -------
        tuple of str and float, or None
            The combination, for instance ``koff/kon``, and its relative standard error in per cent;
            None unless this is at most 50 and those of both factors are above 100. Sums, products
            of powers and products of more than two parameters are not considered (see `weakest`).
        """
        logs, labels, own = self._logarithmic(), self.labels, self.labels.index(parameter)
        vague = [i for i, x in enumerate(np.diag(logs)) if 100 * np.sqrt(x) > HOPELESS]
        if own not in vague:
            return None
        pairs = [(min(own, k), max(own, k)) for k in vague if k != own]
        found = [
            (logs[i, i] + logs[j, j] + 2 * sign * logs[i, j], labels[i] + mark + labels[j])
            for i, j in pairs
            for sign, mark in ((-1, "/"), (1, "*"))
        ]
        variance, text = min(found, default=(np.inf, ""))
        error = 100 * float(np.sqrt(max(variance, 0.0)))
        return (text, error) if error <= POOR else None

    def _logarithmic(self) -> FloatArray:
        """Return the covariance of the logarithms of positive typical values; zero elsewhere."""
        kinds = np.array([parse_label(label).kind for label in self.labels])
        typical = (kinds == "typical") & (self.values > 0)
        slope = np.divide(1.0, self.values, out=np.zeros_like(self.values), where=typical)
        found: FloatArray = self._inverse()[0] * np.outer(slope, slope)
        return found
