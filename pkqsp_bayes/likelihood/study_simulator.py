"""Simulation of a study for population draws, with its own or new subjects."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.engine.compiled_model import CompiledModel, compile_model
from pkqsp_bayes.engine.individual import individual_parameters
from pkqsp_bayes.engine.kernel import Kernel, Rounds
from pkqsp_bayes.engine.solver_settings import SolverSettings
from pkqsp_bayes.engine.subjects import subject_timelines
from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.likelihood.population_draws import PopulationDraws
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.study.covariates import fixed_values
from pkqsp_bayes.study.occasions import occasion_labels
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.timeline import Timeline, covariate_columns

__all__ = ["StudySimulator", "study_simulator"]

FloatArray = NDArray[np.float64]

_VALUES_AT_ONCE = 4_000_000
"""Largest number of predictions and sensitivities that one call of the kernel returns."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StudySimulator:
    """A model and a study that can be solved for any draws.

    Parameters
    ----------
    model : CompiledModel
        Model with the occasions of the study.
    kernel : Kernel
        Compiled kernel.
    study : Study
        Doses, records, covariates.
    timelines : tuple of Timeline
        One timeline per subject.
    covariates : mapping of str to (S,) array
        Fixed covariates that affect a parameter.
    """

    model: CompiledModel
    kernel: Kernel
    study: Study
    timelines: tuple[Timeline, ...]
    covariates: dict[str, FloatArray]

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs, in the order of the last axis of the predictions."""
        return self.kernel.outputs

    def parameters(
        self, draws: PopulationDraws, eta: FloatArray, kappa: FloatArray | None = None
    ) -> FloatArray:
        """Return individual parameters (D, S, P) of the study's subjects for given random effects.

        Parameters
        ----------
        draws : PopulationDraws
            Typical values and coefficients.
        eta : (D, S, R) array
            Random effects.
        kappa : (D, S, O, Q) array, optional
            Deviations of occasions; by default zero.
        """
        return individual_parameters(
            self.model,
            draws.shared,
            draws.effects,
            eta,
            self.covariates,
            occasion_effects=draws.occasion_effects,
            kappa=kappa,
        )

    def new_subjects(self, draws: PopulationDraws, rng: np.random.Generator) -> FloatArray:
        """Draw individual parameters (D, S, P) of new subjects with the study's covariates."""
        subjects = len(self.timelines)
        eta = draws.draw_eta(subjects, rng)
        occasions = len(self.model.occasions)
        kappa = draws.draw_kappa(subjects, occasions, rng) if draws.occasion_effects else None
        return self.parameters(draws, eta, kappa)

    def solve(
        self,
        parameters: FloatArray,
        *,
        sensitivities: bool = False,
        options: SolverSettings | None = None,
        threads: int | None = None,
    ) -> Rounds:
        """Solve the study once for each draw.

        Parameters
        ----------
        parameters : (D, S, P) array
            Individual parameters.
        sensitivities : bool
            Whether to return derivatives too.
        options : SolverSettings, optional
            Tolerances and limits of the solver.
        threads : int, optional
            Number of threads; by default the number of processors.
        """
        parts = [
            self.kernel.solve_rounds(
                self.timelines, parameters[part], options=options,
                sensitivities=sensitivities, threads=threads,
            )
            for part in self._parts(len(parameters), sensitivities)
        ]  # fmt: skip
        lanes = [p.sensitivities for p in parts if p.sensitivities is not None]
        return Rounds(
            values=np.concatenate([p.values for p in parts]),
            sensitivities=np.concatenate(lanes) if lanes else None,
            failed=np.concatenate([p.failed for p in parts]),
        )

    def _parts(self, size: int, sensitivities: bool) -> Iterator[slice]:
        records = sum(line.time.size for line in self.timelines)
        lanes = 1 + (len(self.kernel.parameters) if sensitivities else 0)
        step = max(1, _VALUES_AT_ONCE // max(1, records * len(self.outputs) * lanes))
        yield from (slice(i, i + step) for i in range(0, size, step))


def study_simulator(
    model: ModelSpec, study: Study, *, occasions: tuple[str, ...] | None = None
) -> StudySimulator:
    """Prepare the simulation of a study by a model.

    Parameters
    ----------
    model : ModelSpec
        The model.
    study : Study
        Doses, covariates, and records at which predictions are computed.
    occasions : tuple of str, optional
        The model's occasions; by default those of the study.

    Raises
    ------
    CheckError
        All problems of model and study.
    ToolchainError
        If the kernel cannot be compiled.
    """
    labels = occasion_labels(study) if occasions is None else occasions
    compiled = compile_model(model, occasions=labels)
    return StudySimulator(
        model=compiled,
        kernel=compiled.kernel,
        study=study,
        timelines=tuple(subject_timelines(compiled, study)),
        covariates=_covariates(compiled, study),
    )


def _covariates(compiled: CompiledModel, study: Study) -> dict[str, FloatArray]:
    moving = dict.fromkeys(
        name for p in compiled.spec.population.parameters.values() for name in p.covariates
    )
    names = [name for name in moving if compiled.spec.covariates[name].interpolation == "fixed"]
    values, issues = fixed_values(study, covariate_columns(names, compiled.spec.covariates))
    if issues:
        raise CheckError(issues)
    return {name: values[:, i] for i, name in enumerate(names)}
