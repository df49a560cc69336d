"""Bound data of a program: model, lowered system, subjects and observations."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.engine.compiled_model import CompiledModel
from pkqsp_bayes.errors import Issue
from pkqsp_bayes.ode.interface import OdeInterface
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.population import PopulationParameterSpec
from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.study.timeline import Timeline

__all__ = ["BoundData", "Effect", "Observations"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A random effect of subjects or occasions, with its parameter, form and standard deviation.

    Parameters
    ----------
    parameter : str
        Name of its parameter.
    form : str
        Form of the effect: a name in `pkqsp_bayes.statistics.RANDOM_EFFECTS`.
    scale : PriorSpec or float
        Prior of its standard deviation (omega, omega_iov), or the fixed number.
    centred : bool
        Whether the sampler draws eta (kappa) itself, or eta / omega.
    """

    parameter: str
    form: str
    scale: PriorSpec | float
    centred: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observations:
    """The observed values, in the order of the table.

    Parameters
    ----------
    subject, record : (n,) array of int
        0-based subject, and 0-based record within the subject's timeline.
    output : (n,) array of int
        0-based output of the lowered system.
    value : (n,) array of float
        DV, or the limit if it is censored.
    censored : (n,) array of int
        0 for measured, -1 for below ``value``, 1 for above it.
    row : (n,) array of int
        0-based row of the study's table.
    lower, upper : (n,) array of float
        Limits of quantification of each observation, censored or not: LLOQ and ULOQ of its
        endpoint; NaN if unknown.
    limit : (n,) array of float
        For a censored value, the other end of its interval (LIMIT); NaN without one.

    Values and limits are in the unit of the output.
    """

    subject: IntArray
    record: IntArray
    output: IntArray
    value: FloatArray
    censored: IntArray
    row: IntArray
    lower: FloatArray
    upper: FloatArray
    limit: FloatArray

    @property
    def has_intervals(self) -> bool:
        """Return whether a censored value has an interval with two ends."""
        return bool((~np.isnan(self.limit)).any())

    def __len__(self) -> int:
        """Return the number of observations."""
        return int(self.value.size)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BoundData:
    """The input of all fragments of a program.

    Parameters
    ----------
    spec : ModelSpec
        The stated model.
    model : CompiledModel
        The compiled equations of the model.
    timelines : tuple of Timeline
        One per subject.
    observations : Observations
        The observations of the likelihood.
    population : mapping of str to PopulationParameterSpec
        Individual parameters in the order of ``ode.parameters``, which also has coefficients of
        time-varying covariates and deviations of occasions.
    effects : tuple of Effect
        Random effects of subjects, in the same order.
    blocks : tuple of tuples of int
        Indices of correlated effects.
    occasions : tuple of str
        Labels of the study's occasions.
    occasion_effects : tuple of Effect
        Random effects of occasions.
    covariates : mapping of str to (subjects,) array of float
        Covariates that are constant within a subject and have an effect on a parameter.
    identifiers : mapping of str to str
        Identifier in the program of each parameter, covariate or observation.
    warnings : tuple of Issue
        Warnings about the observations.
    """

    spec: ModelSpec
    model: CompiledModel
    timelines: tuple[Timeline, ...]
    observations: Observations
    population: Mapping[str, PopulationParameterSpec]
    effects: tuple[Effect, ...]
    blocks: tuple[tuple[int, ...], ...]
    occasions: tuple[str, ...]
    occasion_effects: tuple[Effect, ...]
    covariates: Mapping[str, FloatArray]
    identifiers: Mapping[str, str]
    warnings: tuple[Issue, ...] = ()

    @property
    def ode(self) -> OdeInterface:
        """Return the interface of the system; ``ode.parameters`` is the order of parameters."""
        return self.model.ode

    @property
    def subjects(self) -> tuple[str, ...]:
        """Return the ID of each subject."""
        return tuple(timeline.subject for timeline in self.timelines)

    def effect_of(self, parameter: str) -> int | None:
        """Return the index of a parameter's random effect, or None."""
        names = [effect.parameter for effect in self.effects]
        return names.index(parameter) if parameter in names else None

    def deviation_of(self, output: str) -> float:
        """Return the standard deviation of the observed values of an output (1 without values)."""
        index = self.ode.output_names.index(output)
        values = self.observations.value[self.observations.output == index]
        deviation = float(np.std(values)) if values.size else 0.0
        return deviation or 1.0
