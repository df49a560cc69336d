"""Predictions, likelihood and new observations of a study for population draws."""

import dataclasses
import logging
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from pkqsp_bayes.engine.solver_settings import SolverSettings
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.likelihood.population_draws import PopulationDraws
from pkqsp_bayes.likelihood.quantification_limits import Limits, endpoint_limits
from pkqsp_bayes.likelihood.residual import Residual, residual_of
from pkqsp_bayes.likelihood.study_simulator import StudySimulator
from pkqsp_bayes.program.bound_data import Observations
from pkqsp_bayes.remedies import setting
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.study.timeline import time_after_dose

__all__ = ["Kind", "ObservedStudy"]

_LOGGER = logging.getLogger(__name__)

FloatArray = NDArray[np.float64]
Kind = Literal["conditional", "new_subjects", "typical"]
_LEAST = 20
"""Smallest number of replicates for tails, unless fewer draws are requested."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ObservedStudy:
    """A fitted model with posterior draws, and a study whose observations can be replicated.

    Parameters
    ----------
    model : ModelSpec
        The model.
    simulator : StudySimulator
        Simulator of the study.
    draws : PopulationDraws
        Posterior draws.
    observations : Observations
        Observations, in the order of the table.
    places : (N,) array of int
        Index of the record of each observation among all records of the study.
    """

    model: ModelSpec
    simulator: StudySimulator
    draws: PopulationDraws
    observations: Observations
    places: NDArray[np.int64]

    @property
    def table(self) -> pd.DataFrame:
        """Observations as a table: ID, TIME, endpoint, DV, censored, LLOQ, ULOQ, row, covariates.

        TIME has the unit of the model, DV and limits that of the output. DV is the limit where
        censored is not 0. LLOQ and ULOQ are those of the study; `limits` returns those of the
        endpoint.
        """
        seen, study = self.observations, self.simulator.study
        rows = study.table.iloc[seen.row].reset_index(drop=True)
        lines = self.simulator.timelines
        time = [lines[s].time[r] for s, r in zip(seen.subject, seen.record, strict=True)]
        found = pd.DataFrame(
            {
                "ID": [lines[s].subject for s in seen.subject],
                "TIME": time,
                "TAD": self._time_after_dose(),
                "endpoint": [self.simulator.outputs[k] for k in seen.output],
                "DV": seen.value,
                "censored": seen.censored,
                "LLOQ": seen.lower,
                "ULOQ": seen.upper,
                "row": seen.row,
            }
        )
        return found.join(rows[list(study.covariates)])

    def limits(self) -> Limits:
        """Return the limits of quantification of each observation: those of its endpoint.

        Raises
        ------
        CheckError
            If an endpoint has several limits, and also observations without a limit.
        """
        seen = self.observations
        return endpoint_limits(
            self.simulator.study, seen.row, seen.output, lower=seen.lower, upper=seen.upper
        )

    def _time_after_dose(self) -> list[float]:
        passed = [time_after_dose(line) for line in self.simulator.timelines]
        seen = self.observations
        return [float(passed[s][r]) for s, r in zip(seen.subject, seen.record, strict=True)]

    def predictions(
        self, kind: Kind, rng: np.random.Generator, options: SolverSettings | None = None
    ) -> FloatArray:
        """Return the prediction of each observation for each draw, (D, N).

        Parameters
        ----------
        kind : {"conditional", "new_subjects", "typical"}
            With the random effects of the study's own subjects, with those of new subjects with the
            same covariates, or with random effects of 0.
        rng : numpy.random.Generator
            Source of randomness of new subjects.
        options : SolverSettings, optional
            Tolerances and limits of the solver.
        """
        return self.at(self._parameters(kind, rng), options)

    def at(self, parameters: FloatArray, options: SolverSettings | None = None) -> FloatArray:
        """Return the prediction of each observation (D, N) for individual parameters (D, S, P)."""
        found = self.simulator.solve(parameters, options=options).values
        return found[:, self.places, self.observations.output]

    def slopes(self, parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the prediction of each observation (D, N), and its derivatives (D, N, P).

        Parameters
        ----------
        parameters : (D, S, P) array
            Individual parameters.
        """
        found = self.simulator.solve(parameters, sensitivities=True)
        at = (slice(None), self.places, self.observations.output)
        return found.values[at], np.asarray(found.sensitivities)[at]

    def conditional_curves(self) -> FloatArray:
        """Return all outputs of the study's own subjects at all records: (D, n, outputs)."""
        p = self._parameters("conditional", np.random.default_rng(1))
        return self.simulator.solve(p).values

    def _parameters(self, kind: Kind, rng: np.random.Generator) -> FloatArray:
        draws, simulator = self.draws, self.simulator
        if kind == "new_subjects":
            return simulator.new_subjects(draws, rng)
        nothing = np.zeros((draws.size, len(simulator.timelines), len(draws.effects)))
        if kind == "typical" or not (draws.effects or draws.occasion_effects):
            return simulator.parameters(draws, nothing)
        known = draws.eta is not None or not draws.effects
        if not known or draws.subjects != simulator.study.subjects:
            what = "these are not the subjects of the fit, so that they have no random effects"
            remedy = "give the study of the fit, or predict new subjects"
            raise CheckError([Issue(where=simulator.study.source, what=what, remedy=remedy)])
        eta = nothing if draws.eta is None else draws.eta
        return simulator.parameters(draws, eta, draws.kappa)

    def with_draws(self, draws: PopulationDraws) -> "ObservedStudy":
        """Return the same study with other population draws."""
        return dataclasses.replace(self, draws=draws)

    def residual(self, endpoint: str) -> Residual:
        """Return the residual error of an endpoint, with parameters of shape (D, 1)."""
        found = residual_of(self.model, endpoint, self.draws.residuals, self.draws.sigma)
        scales = {name: values[:, None] for name, values in found.scales.items()}
        return dataclasses.replace(found, scales=scales)

    def observe(self, predictions: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Draw a new observation for each prediction (D, N)."""
        result = np.empty_like(predictions)
        for endpoint, mine in self.by_endpoint():
            result[:, mine] = self.residual(endpoint).draw(predictions[:, mine], rng)
        return result

    def replicates(self, rng: np.random.Generator) -> tuple["ObservedStudy", FloatArray]:
        """Replicate the study for each draw: new subjects, new residual errors, no censoring.

        Draws are omitted if the solver fails or if a residual error is not defined.

        Returns
        -------
        ObservedStudy
            Study with the draws that have a replicate.
        (D, N) array
            The replicates.

        Raises
        ------
        CheckError
            If too few draws have a replicate.
        """
        values = self.observe(self.predictions("new_subjects", rng), rng)
        kept = np.flatnonzero(np.isfinite(values).all(axis=1))
        if kept.size < min(_LEAST, self.draws.size):
            raise CheckError([self._no_replicates(values)])
        if kept.size < self.draws.size:
            text = "%d of %d draws have no replicate: solver failure or undefined residual error"
            _LOGGER.warning(text, self.draws.size - kept.size, self.draws.size)
        return self.with_draws(self.draws.take(kept)), values[kept]

    def _no_replicates(self, values: FloatArray) -> Issue:
        lost = ~np.isfinite(values).any(axis=0)
        what = f"too few of {len(values)} draws have a replicate of every observation"
        remedy = f"check {setting('diagnose')} of the fit, and samples before the first dose"
        if lost.any():
            rows = self.table.loc[lost, ["ID", "TIME"]].head(3).to_numpy()
            named = ", ".join(f"ID {subject} at {time:g}" for subject, time in rows)
            what = f"{int(lost.sum())} observations have no prediction in any draw ({named})"
            remedy = "set MDV to 1 there: the model cannot predict such samples"
        return Issue(where=self.simulator.study.source, what=what, remedy=remedy)

    def log_density(self, predictions: FloatArray) -> FloatArray:
        """Return the log density of each observation given its prediction (D, N)."""
        result, seen = np.empty_like(predictions), self.observations
        for endpoint, mine in self.by_endpoint():
            result[:, mine] = self.residual(endpoint).log_density(
                seen.value[mine], predictions[:, mine], seen.censored[mine], seen.limit[mine]
            )
        return result

    def by_subject(self, values: FloatArray) -> FloatArray:
        """Return the sum of values of observations (D, N, ...) within each subject: (D, S, ...)."""
        subject, size = self.observations.subject, len(self.simulator.timelines)
        member = sparse.csr_array(
            (np.ones(subject.size), (subject, np.arange(subject.size))), (size, subject.size)
        )
        width = len(values) * int(np.prod(values.shape[2:]))
        columns = np.moveaxis(values, 1, 0).reshape(subject.size, width)
        shape = (size, len(values), *values.shape[2:])
        return np.moveaxis((member @ columns).reshape(shape), 0, 1)

    def by_endpoint(self) -> list[tuple[str, NDArray[np.int64]]]:
        """Return the observed outputs, each with the indices of its observations."""
        outputs = self.observations.output
        return [
            (self.simulator.outputs[k], np.flatnonzero(outputs == k)) for k in np.unique(outputs)
        ]
