"""Individuals with their uncertainty, and their simulation under any regimen."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from pkqsp_bayes.engine.solver_settings import SolverSettings
from pkqsp_bayes.engine.subjects import covariate_issues
from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.likelihood.population_draws import PopulationDraws
from pkqsp_bayes.likelihood.study_simulator import StudySimulator, study_simulator
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.study.simulated import Dose, regimen
from pkqsp_bayes.study.study import Study

__all__ = ["Individuals", "individual_draws"]

FloatArray = NDArray[np.float64]
_NEXT = "next"
"""Occasion of a simulated regimen: a new one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Individuals:
    """Result of `individualise`.

    Parameters
    ----------
    dataset : xarray.Dataset
        See `individualise`.
    model : ModelSpec
        The model.
    study : Study
        Data of the subjects.
    draws : PopulationDraws
        Population draws; ``dataset.population_draw`` gives the draw of each individual.
    label : str
        Label of the draws if they come from a poor approximation; ``dataset`` and the result of
        `simulate` have it in their attributes.
    """

    dataset: xr.Dataset
    model: ModelSpec
    study: Study
    draws: PopulationDraws
    label: str = ""

    def __post_init__(self) -> None:
        """Add the label to the attributes."""
        if self.label:
            self.dataset.attrs["label"] = self.label

    def simulate(
        self,
        doses: Dose | Sequence[Dose],
        times: ArrayLike,
        *,
        covariates: Mapping[str, ArrayLike] | None = None,
        options: SolverSettings | None = None,
        seed: int = 1,
    ) -> xr.Dataset:
        """Simulate the individuals under a regimen.

        Parameters
        ----------
        doses : Dose or sequence of Dose
            Doses from time 0 of a new course, in the units of the model; amounts may differ by
            subject.
        times : (T,) array
            Times of the outputs.
        covariates : mapping of str to scalar or (S,) array, optional
            Covariates; by default the last known values of each subject.
        options : SolverSettings, optional
            Tolerances and limits of the solver.
        seed : int
            Seed of the deviations of the occasion, which is a new one.

        Returns
        -------
        xarray.Dataset
            Each output (draw, subject, time), without residual error; NaN if a solve failed.

        Raises
        ------
        CheckError
            All problems of regimen and covariates.
        """
        if issues := covariate_issues(self.model, covariates or {}):
            raise CheckError(issues)
        at = np.atleast_1d(np.asarray(times, dtype=np.float64))
        simulator = study_simulator(self.model, self._course(doses, at, covariates or {}))
        eta = self.dataset["eta"].to_numpy()
        rng = np.random.default_rng(seed)
        kappa = self._new_occasion(len(simulator.model.occasions), rng)
        parameters = individual_draws(
            simulator, self.draws, self.dataset["population_draw"].to_numpy(), eta, kappa
        )
        values = simulator.solve(parameters, options=options).values
        seen = (simulator.study.table["EVID"] == 0).to_numpy()
        shape = (len(eta), len(self.study.subjects), at.size)
        ode = simulator.model.ode
        units = dict(zip(ode.output_names, ode.stated_units, strict=True))
        return xr.Dataset(
            {
                name: (
                    ("draw", "subject", "time"),
                    values[:, seen, k].reshape(shape),
                    {"units": units[name]},
                )
                for k, name in enumerate(simulator.outputs)
            },
            coords={
                "subject": list(self.study.subjects),
                "time": ("time", np.sort(at), {"units": self.model.time_unit}),
            },
            attrs={
                "model": self.model.title,
                "seed": seed,
                **({"label": self.label} if self.label else {}),
            },
        )

    def _course(
        self, doses: Dose | Sequence[Dose], times: FloatArray, given: Mapping[str, ArrayLike]
    ) -> Study:
        study = self.study
        own = {
            name: study.table.groupby("ID", sort=False)[name].last().to_numpy()
            for name in study.covariates
            if name.lower() not in {g.lower() for g in given}
        }
        units = {name: unit for name, unit in study.units.items() if name in own}
        made = regimen(
            doses, times, subjects=study.subjects, covariates={**own, **given}, units=units
        )
        if not self.draws.occasion_effects:
            return made
        return dataclasses.replace(made, table=made.table.assign(OCC=_NEXT))

    def _new_occasion(self, occasions: int, rng: np.random.Generator) -> FloatArray:
        which = self.dataset["population_draw"].to_numpy()
        # Its scale is that of the population draw of the individual.
        parts = [
            self.draws.take(which[:, s]).draw_kappa(1, occasions, rng)
            for s in range(which.shape[1])
        ]
        return np.concatenate(parts, axis=1)


def individual_draws(
    simulator: StudySimulator,
    draws: PopulationDraws,
    population_draw: NDArray[np.int64],
    eta: FloatArray,
    kappa: FloatArray,
) -> FloatArray:
    """Return individual parameters where each subject has its own population draws.

    Parameters
    ----------
    simulator : StudySimulator
        Simulator of S subjects.
    draws : PopulationDraws
        Population draws.
    population_draw : (D, S) array of int
        Index of the population draw.
    eta : (D, S, R) array
        Random effects.
    kappa : (D, S, O, Q) array
        Deviations of occasions.

    Returns
    -------
    (D, S, P) array
    """
    moved = kappa if kappa.size else None
    columns = [
        simulator.parameters(draws.take(population_draw[:, s]), eta, moved)[:, s]
        for s in range(eta.shape[1])
    ]
    return np.stack(columns, axis=1)
