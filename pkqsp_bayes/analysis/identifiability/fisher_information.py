"""The population Fisher information of a design, and what follows from it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.analysis.identifiability.linearised import LinearSubject
from pkqsp_bayes.analysis.population_draws import PopulationDraws
from pkqsp_bayes.spec.labels import PARAMETER_DIM, parse_label

__all__ = ["HOPELESS", "POOR", "ExpectedInformation"]

FloatArray = NDArray[np.float64]

POOR, HOPELESS = 50.0, 100.0
"""Relative standard errors (%) above which a parameter is told poorly, or not at all."""

_SINGULAR, _ROUNDING = 1e-10, 1e-13
"""Eigenvalues, relative to the greatest: of directions that count as lost; of none at all."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExpectedInformation:
    """Population Fisher information of a design.

    Parameters
    ----------
    labels : tuple of str
        Parameters that are estimated: typical values, coefficients, omega, correlations,
        omega_iov, sigma.
    values : (K,) array
        At which it was computed, each in its own unit.
    matrix : (K, K) array
        The information: element i, j has the unit 1 / (unit of i, unit of j).
    subjects : tuple of LinearSubject
        Each subject's linearised model.
    draws : PopulationDraws
        The point as a single draw.

    Notes
    -----
    Its inverse bounds the covariance of unbiased estimates from below (Cramer-Rao); with many
    subjects maximum likelihood reaches it, and so does the posterior under weak priors. What is
    nearly zero is judged after scaling to a diagonal of ones, so that units play no part.
    """

    labels: tuple[str, ...]
    values: FloatArray
    matrix: FloatArray
    subjects: tuple[LinearSubject, ...]
    draws: PopulationDraws

    @property
    def _scaled(self) -> tuple[FloatArray, FloatArray]:
        """Information of parameters in units of their own standard errors were they alone."""
        unit = np.sqrt(np.diag(self.matrix))
        unit = np.where(unit > 0, unit, 1.0)
        return self.matrix / np.outer(unit, unit), unit

    @property
    def _index(self) -> pd.Index:
        return pd.Index(self.labels, name=PARAMETER_DIM)

    def _inverse(self) -> tuple[FloatArray, NDArray[np.bool_]]:
        """Return a finite covariance, scaled back, and which parameters are not told.

        A parameter is not told if lost directions alone give it ten times the error that it would
        have were all others known. That it takes part in them is not enough: rounding mixes a
        little of everything into them.
        """
        scaled, unit = self._scaled
        roots, vectors = np.linalg.eigh(scaled)
        greatest = roots.max(initial=1.0)
        lost = roots < _SINGULAR * greatest
        roots = np.maximum(roots, _ROUNDING * greatest)
        untold = (vectors[:, lost] ** 2 / roots[lost] > 100).any(axis=1)
        inverse: FloatArray = (vectors / roots) @ vectors.T
        return inverse / np.outer(unit, unit), untold

    @property
    def covariance(self) -> FloatArray:
        """Expected covariance of the estimates, (K, K); infinite variances where nothing is told.

        The inverse, computed after scaling; what has less than 1e-10 of the information of the
        best told direction is not told at all.
        """
        covariance, untold = self._inverse()
        covariance[untold, untold] = np.inf
        return covariance

    @property
    def condition(self) -> float:
        """Greatest over least eigenvalue of the scaled information; infinite if singular."""
        roots = np.linalg.eigvalsh(self._scaled[0])
        least, greatest = float(roots.min(initial=1.0)), float(roots.max(initial=1.0))
        return greatest / least if least > _SINGULAR * greatest else float("inf")

    @property
    def correlations(self) -> pd.DataFrame:
        """Expected correlations of the estimates, (K, K) by label; NaN where nothing is told."""
        covariance = self.covariance
        sd = np.sqrt(np.diag(covariance))
        sd = np.where(np.isfinite(sd), sd, np.nan)
        with np.errstate(invalid="ignore"):
            table = covariance / np.outer(sd, sd)
        return pd.DataFrame(table, index=self._index, columns=list(self.labels))

    def weakest(self, count: int = 1) -> pd.DataFrame:
        """Return the directions that are told least.

        Parameters
        ----------
        count : int
            How many; the first is the weakest.

        Returns
        -------
        DataFrame
            (K, count), by label: eigenvectors of the scaled information, of length 1, each
            parameter in units of the standard error that it would have were all others known.
        """
        _, vectors = np.linalg.eigh(self._scaled[0])
        return pd.DataFrame(vectors[:, :count], index=self._index)

    def table(self) -> pd.DataFrame:
        """Return the expected standard errors.

        Returns
        -------
        DataFrame
            By label: ``value`` and ``se`` in the parameter's unit; ``rse`` = 100 se / |value|, in
            per cent. Infinite where nothing is told.
        """
        se = np.sqrt(np.diag(self.covariance))
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = np.where(np.isinf(se), np.inf, 100 * se / np.abs(self.values))
        columns = {"value": self.values, "se": se, "rse": relative}
        return pd.DataFrame(columns, index=self._index)

    def told_together(self, parameter: str) -> tuple[str, float] | None:
        """Return the product or ratio that is told in place of a typical value.

        Parameters
        ----------
        parameter : str
            Label of a typical value.

        Returns
        -------
        tuple of str and float, or None
            Such as ``koff/kon``, and its relative standard error in per cent; None unless that is
            at most 50 where those of both factors are above 100. Sums, and products of powers or
            of more than two, are not looked for (see `weakest`).
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
        """Return the covariance of logarithms: of positive typical values, zeros elsewhere."""
        kinds = np.array([parse_label(label).kind for label in self.labels])
        typical = (kinds == "typical") & (self.values > 0)
        slope = np.divide(1.0, self.values, out=np.zeros_like(self.values), where=typical)
        found: FloatArray = self._inverse()[0] * np.outer(slope, slope)
        return found
