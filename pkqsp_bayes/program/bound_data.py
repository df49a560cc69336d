"""What every fragment reads: model, lowered system, subjects and observations, bound once."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.engine.compiled_model import CompiledModel
from pkqsp_bayes.errors import Issue
from pkqsp_bayes.ode.interface import OdeInterface
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.population import PopulationParameterSpec
from pkqsp_bayes.spec.prior import PriorSpec
from pkqsp_bayes.study.timeline import Timeline

__all__ = ["BoundData", "Effect", "Observations"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One random effect, of a subject or an occasion: its parameter, form, standard deviation.

    Parameters
    ----------
    parameter : str
        The parameter that it moves, by the user's name.
    form : str
        How it moves it: a name of `pkqsp_bayes.statistics.RANDOM_EFFECTS`.
    scale : PriorSpec or float
        Prior of its standard deviation (omega, omega_iov), or the number.
    centred : bool
        Whether the sampler sees eta (kappa) itself, or eta / omega.
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
        DV; the limit where it is censored.
    censored : (n,) array of int
        0: measured; -1: below ``value``; 1: above it.
    row : (n,) array of int
        0-based row of the study's table.
    lower, upper : (n,) array of float
        Limits of quantification of each observation, censored or not: its endpoint's LLOQ and
        ULOQ; NaN where none is known.
    limit : (n,) array of float
        Where censored: the far end of the interval that holds the value (LIMIT); NaN where there
        is none.

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
        """Whether a value is known to lie in an interval with two ends."""
        return bool((~np.isnan(self.limit)).any())

    def __len__(self) -> int:
        """Return the number of observations."""
        return int(self.value.size)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BoundData:
    """Everything that the fragments are made from.

    Parameters
    ----------
    spec : ModelSpec
        The model as stated.
    model : CompiledModel
        Its equations, and what is printed of them.
    timelines : tuple of Timeline
        One a subject.
    observations : Observations
        What the likelihood is of.
    population : mapping of str to PopulationParameterSpec
        Individual parameters in the order of ``ode.parameters``, which has coefficients of
        covariates that change over time, and deviations of occasions, besides.
    effects : tuple of Effect
        Random effects, in the same order.
    blocks : tuple of tuples of int
        Effects that are correlated, by index.
    occasions : tuple of str
        Labels of the study's occasions.
    occasion_effects : tuple of Effect
        Random effects of an occasion.
    covariates : mapping of str to (subjects,) array of float
        Covariates that are fixed within a subject and move a parameter.
    identifiers : mapping of str to str
        Name of a parameter, covariate or observation to its identifier in the program.
    warnings : tuple of Issue
        What is odd about the observations, but no error.
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
        """Names and kinds; ``ode.parameters`` gives the order of individual parameters."""
        return self.model.ode

    @property
    def subjects(self) -> tuple[str, ...]:
        """ID of each subject."""
        return tuple(timeline.subject for timeline in self.timelines)

    def effect_of(self, parameter: str) -> int | None:
        """Return the index of a parameter's random effect, or None."""
        names = [effect.parameter for effect in self.effects]
        return names.index(parameter) if parameter in names else None

    def deviation_of(self, output: str) -> float:
        """Return the standard deviation of the values observed of an output (1 without any)."""
        index = self.ode.output_names.index(output)
        values = self.observations.value[self.observations.output == index]
        deviation = float(np.std(values)) if values.size else 0.0
        return deviation or 1.0
