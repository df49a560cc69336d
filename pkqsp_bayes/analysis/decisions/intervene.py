"""`intervene`: the effect of an intervention on the same subjects, with its uncertainty."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from pkqsp_bayes.analysis.analysis_arguments import NUMBERS
from pkqsp_bayes.analysis.decisions.arm_summary import explain_missing_ratios, summarise_arms
from pkqsp_bayes.analysis.decisions.intervened_effects import common_effects, new_effects
from pkqsp_bayes.analysis.decisions.intervened_parameters import act_on, without_known_effects
from pkqsp_bayes.analysis.decisions.interventions import Change, Changes, Scaled, read_changes
from pkqsp_bayes.analysis.population_draws import population_draws
from pkqsp_bayes.analysis.uncertainty.endpoint import Endpoint
from pkqsp_bayes.analysis.uncertainty.sampling_design import (
    Design,
    make_design,
    require_response,
    warn_of_jumps,
)
from pkqsp_bayes.arguments import SEED, TEXT, checked, count, increasing, mapping
from pkqsp_bayes.arguments import probability as probability_rule
from pkqsp_bayes.engine.compiled_model import compile_model
from pkqsp_bayes.engine.simulate import set_constants
from pkqsp_bayes.engine.solver_settings import SOLVER_SETTINGS, SolverSettings
from pkqsp_bayes.fitting.results.approximation_labels import labelled
from pkqsp_bayes.fitting.results.fit_argument import FIT, FitLike, open_fit
from pkqsp_bayes.likelihood.population_draws import PopulationDraws
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.unfold import unfold_trajectories
from pkqsp_bayes.study.simulated import DOSES, Dose

__all__ = ["intervene"]

FloatArray = NDArray[np.float64]
_LOGGER = logging.getLogger(__name__)


_CHANGES = mapping(None, wanted='give a mapping of causes to changes, such as {"CL": 2.0}')


@checked(
    fit=FIT,
    do=_CHANGES,
    output=TEXT,
    times=increasing(),
    regimen=DOSES,
    covariates=NUMBERS,
    draws=count(),
    subjects=count(),
    probability=probability_rule(),
    seed=SEED,
    options=SOLVER_SETTINGS,
)
@labelled
def intervene(
    fit: FitLike,
    do: Mapping[str, Change],
    *,
    output: str,
    times: ArrayLike,
    regimen: Dose | Sequence[Dose],
    covariates: Mapping[str, float] | None = None,
    draws: int = 200,
    subjects: int = 50,
    probability: float = 0.9,
    seed: int = 1,
    options: SolverSettings | None = None,
) -> xr.Dataset:
    """Compare the outcome with and without an intervention.

    Both arms have the same population draws, random effects and deviations of occasions, so that
    each subject is compared with itself. The model assumes that its equations hold under the
    intervention (modularity); the causal record states this assumption and the others.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        Result of `pkqsp_bayes.fit`, or its folder.
    do : mapping of str to (float, str, Scaled, Dose or sequence of Dose)
        The intervention. A population parameter is set in all subjects, at all occasions and for
        all covariates (``{"CL": 5.0}``), or it is scaled, and random effects, occasions and
        covariates stay (``{"CLint": Scaled(factor=0.2)}``). Other causes are a constant of
        ``[parameters]``, a covariate (a number, or the name of a level), and ``dose`` (another
        regimen, or Scaled amounts).
    output : str
        An output of the model.
    times : (T,) array
        Times, in the model's unit, increasing.
    regimen : Dose or sequence of Dose
        Doses of the factual arm.
    covariates : mapping of str to float, optional
        Covariates of both arms; the others have their reference values.
    draws, subjects : int
        Number of population draws, and of new subjects for each draw.
    probability : float
        Probability of the intervals.
    seed : int
        Seed of all random numbers.
    options : SolverSettings, optional
        Tolerances and limits of the solver.

    Returns
    -------
    xarray.Dataset
        ``trajectory`` (arm, level, statistic, time), ``change`` (measure, level, statistic, time);
        for AUC, Cmax, Ctau and Cmin over the times ``endpoint_value`` and ``endpoint_change``,
        with ``endpoint`` instead of time; ``endpoint_draws`` (arm, draw, subject, endpoint).
        A ratio is NaN where an arm is not above 0; a warning explains it for exposure metrics.
        ``arm``: factual, counterfactual. ``measure``: difference, ratio. ``level``: ``average``
        over subjects (for ratios the geometric mean), whose interval has parameter uncertainty
        only; ``individual``, a new subject, whose interval also has between-subject variability.
        ``statistic``: median and the ends of the interval. ``trajectory_error``, ``change_error``,
        ``endpoint_value_error``, ``endpoint_change_error`` (without level and statistic): Monte
        Carlo standard error of the average, due to the number of subjects. It affects the median
        and both ends equally, and is not a part of the interval. Attribute ``failed``: number of
        failed solves.

    Raises
    ------
    CheckError
        All changes of quantities that are not causes in the model (an output, a state) or that
        cannot have this value, and all problems of output, times, regimen and covariates.

    Notes
    -----
    The average of each draw uses the same standard normal deviates, in pairs of opposite sign, so
    that averages differ between draws only because of the parameters. Its level comes from new
    subjects for each draw (draws times subjects in total).
    """
    fitted = open_fit(fit)
    model, rng = unfold_trajectories(fitted.spec), np.random.default_rng(seed)
    given, at = covariates or {}, np.atleast_1d(np.asarray(times, dtype=np.float64))
    changes = read_changes(compile_model(model), do, regimen, given)
    chosen = options or SolverSettings()
    before = _design(model, output, at, regimen, given, chosen)
    warn_of_jumps(before)
    changed, _ = set_constants(model, changes.constants)
    changed = without_known_effects(changed, changes.parameters)
    after = _design(changed, output, at, changes.doses, {**given, **changes.covariates}, chosen)
    population = population_draws(model, fitted.posterior).thin(draws, rng)
    worlds = _Worlds(before=before, after=after, draws=population, changes=changes)
    arms = worlds.solve(*new_effects(population, subjects, rng))
    require_response(arms, output)
    if np.array_equal(arms[0], arms[1], equal_nan=True):
        _LOGGER.warning("%s does not change %s at these times", _describe_changes(do), output)
    common = worlds.solve(*common_effects(population, subjects, rng))
    result = summarise_arms(at, arms, common, probability)
    for sentence in explain_missing_ratios(result):
        _LOGGER.warning("%s", sentence)
    failed = int(np.isnan(arms.sum(axis=0)).any(axis=2).sum())
    unit = model.observe[output].value.unit or ""
    result.attrs = {"model": model.title, "output": output, "unit": unit,
                    "time_unit": model.time_unit, "do": _describe_changes(do), "failed": failed,
                    "probability": probability, "seed": seed}  # fmt: skip
    return result


def _design(
    model: ModelSpec,
    output: str,
    times: FloatArray,
    doses: Dose | Sequence[Dose],
    covariates: Mapping[str, float],
    options: SolverSettings,
) -> Design:
    return make_design(
        model, output=output, times=times, doses=doses, covariates=covariates, endpoint=Endpoint(),
        options=options,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Worlds:
    """The two designs, the population draws, and the intervention."""

    before: Design
    after: Design
    draws: PopulationDraws
    changes: Changes

    def solve(self, eta: FloatArray, kappa: FloatArray | None) -> FloatArray:
        """Return the trajectories (2, D, n, T) of the same subjects in both arms."""
        simulator = self.after.simulator
        done = act_on(
            simulator.model,
            simulator.kernel.parameters,
            self.after.parameters(self.draws, eta, kappa),
            self.changes.parameters,
        )
        factual = self.before.solve(self.before.parameters(self.draws, eta, kappa))
        return np.stack([factual, self.after.solve(done)])


def _describe_changes(do: Mapping[str, Change]) -> str:
    return "; ".join(
        f"{name} times {change.factor:g}"
        if isinstance(change, Scaled)
        else (f"{name} changed" if name == "dose" else f"{name} = {change}")
        for name, change in do.items()
    )
