"""Exposure after a single dose, with a time span that is long enough for each subject."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.analysis.exposure.metrics import FLOOR, Exposure, measure_exposure
from pkqsp_bayes.analysis.exposure.time_grid import TimeGrid, time_grid
from pkqsp_bayes.analysis.uncertainty.endpoint import Endpoint
from pkqsp_bayes.analysis.uncertainty.sampling_design import Design, make_design
from pkqsp_bayes.engine.solver_settings import SolverSettings
from pkqsp_bayes.likelihood.population_draws import PopulationDraws
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.study.simulated import Dose

__all__ = ["SingleDose"]

FloatArray = NDArray[np.float64]
_DOUBLINGS = 16
_FIRST = 1e-6
"""First time after the dose, as a share of the first time span."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleDose:
    """A single dose and an output.

    Parameters
    ----------
    model : ModelSpec
        The model.
    output : str
        The output.
    dose : Dose
        The dose, at time 0.
    covariates : mapping of str to float
        Covariates; the others have their reference values.
    options : SolverSettings
        Tolerances and limits of the solver.
    span : float
        First time span. It is doubled until the output is below a millionth of its maximum.
    prepared : dict
        Grid and design of each time span that was needed.
    """

    model: ModelSpec
    output: str
    dose: Dose
    covariates: Mapping[str, float]
    options: SolverSettings
    span: float
    prepared: dict[float, tuple[TimeGrid, Design]] = field(default_factory=dict)

    def exposure(self, draws: PopulationDraws, eta: FloatArray, start: float) -> Exposure:
        """Return the exposure of D draws and n subjects in sequence, (D n,).

        Parameters
        ----------
        draws : PopulationDraws
            D population draws.
        eta : (D, n, R) array
            Random effects of the subjects.
        start : float
            Time span of the first solve.
        """
        grid, design = self._prepare(start)
        parameters = design.parameters(draws, eta)
        parameters = parameters.reshape(-1, parameters.shape[-1])
        found = measure_exposure(grid, design.solve(parameters))
        left = np.flatnonzero(found.last > FLOOR)
        while left.size and start < self.span * 2**_DOUBLINGS:
            start *= 2
            grid, design = self._prepare(start)
            found.replace_rows(left, measure_exposure(grid, design.solve(parameters[left])))
            left = left[found.last[left] > FLOOR]
        return found

    def of_mean(self, draws: PopulationDraws) -> tuple[Exposure, float]:
        """Return the exposure of the mean of all draws, and the time span that it needs."""
        centre = draws.centre()
        eta, span = np.zeros((1, 1, len(draws.effects))), self.span
        while True:
            grid, design = self._prepare(span)
            found = measure_exposure(grid, design.solve(design.parameters(centre, eta))[0])
            if not found.last[0] > FLOOR or span >= self.span * 2**_DOUBLINGS:
                return found, span
            span *= 2

    def _prepare(self, span: float) -> tuple[TimeGrid, Design]:
        if span not in self.prepared:
            self.prepared[span] = self._design(span)
        return self.prepared[span]

    def _design(self, span: float) -> tuple[TimeGrid, Design]:
        grid = time_grid(first=_FIRST * self.span, last=span, end=self.dose.duration)
        design = make_design(
            self.model, output=self.output, times=grid.times, doses=self.dose,
            covariates=self.covariates, endpoint=Endpoint(), options=self.options,
        )  # fmt: skip
        return grid, design
