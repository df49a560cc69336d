"""`intervene`: the effect of doing something, on the same subjects, with its uncertainty."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from pkqsp_bayes.analysis.analysis_arguments import NUMBERS
from pkqsp_bayes.analysis.decisions.arm_summary import summarise_arms
from pkqsp_bayes.analysis.decisions.intervened_effects import common_effects, new_effects
from pkqsp_bayes.analysis.decisions.intervened_parameters import act_on, without_known_effects
from pkqsp_bayes.analysis.decisions.interventions import Change, Changes, Scaled, read_changes
from pkqsp_bayes.analysis.population_draws import PopulationDraws, population_draws
from pkqsp_bayes.analysis.uncertainty.endpoint import Endpoint
from pkqsp_bayes.analysis.uncertainty.sampling_design import Design, make_design, require_response
from pkqsp_bayes.arguments import SEED, TEXT, checked, count, increasing, mapping
from pkqsp_bayes.arguments import probability as probability_rule
from pkqsp_bayes.engine.compiled_model import compile_model
from pkqsp_bayes.engine.simulate import set_constants
from pkqsp_bayes.engine.solver_settings import SOLVER_SETTINGS, SolverSettings
from pkqsp_bayes.fitting.results.approximation_labels import labelled
from pkqsp_bayes.fitting.results.fit_argument import FIT, FitLike, open_fit
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
    """Contrast what happens under an intervention with what happens without it.

    Both arms have the same draws of the population, the same random effects and the same deviations
    of occasions, so that the contrast is of each subject with itself. Whether it may be believed is
    the matter of the causal record: the model answers as if its equations held under the
    intervention (modularity).

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        What `pkqsp_bayes.fit` returns; or its folder.
    do : mapping of str to (float, str, Scaled, Dose or sequence of Dose)
        What is done: a parameter of the population set for everybody, at all occasions and
        whatever the covariates are (``{"CL": 5.0}``), or scaled in everybody, whose random
        effects, occasions and covariates stay (``{"CLint": Scaled(factor=0.2)}``); a constant of
        ``[parameters]``; a covariate (a number,
        or the name of a level); ``dose``: another regimen, or Scaled amounts.
    output : str
        An output of the model.
    times : (T,) array
        Times, in the model's unit, increasing.
    regimen : Dose or sequence of Dose
        What is given in the factual arm.
    covariates : mapping of str to float, optional
        Of both arms; those that are not named are at their references.
    draws, subjects : int
        Draws of the population, and new subjects under each.
    probability : float
        Of the intervals.
    seed : int
        Of everything random.
    options : SolverSettings, optional
        Tolerances and limits.

    Returns
    -------
    xarray.Dataset
        ``trajectory`` (arm, level, statistic, time), ``change`` (measure, level, statistic, time);
        the same of AUC, Cmax, Ctrough and nadir over the times: ``endpoint_value``,
        ``endpoint_change`` with ``endpoint`` for time; ``endpoint_draws`` (arm, draw, subject,
        endpoint). ``arm``: factual, counterfactual. ``measure``: difference, ratio. ``level``:
        ``average`` over subjects (of ratios the geometric mean), whose interval is parameter
        uncertainty alone; ``individual``, a new subject, whose interval has between-subject
        variability besides. ``statistic``: median and the ends of the interval.
        ``trajectory_error``, ``change_error``, ``endpoint_value_error``, ``endpoint_change_error``
        (no level, no statistic): Monte Carlo standard error of the average, by the number of
        subjects; it moves median and both ends together, and is no part of the interval.
        Attribute ``failed``: solves that gave nothing.

    Raises
    ------
    CheckError
        With everything done that is not a cause in the model (an output, a state) or cannot have
        this value, and whatever is wrong with output, times, regimen and covariates.

    Notes
    -----
    The average under each draw is over the same standard normal deviates, in pairs of opposite
    sign, so that it differs between draws by what the draws differ in; its level is that of new
    subjects under each draw, of which there are draws times subjects.
    """
    fitted = open_fit(fit)
    model, rng = unfold_trajectories(fitted.spec), np.random.default_rng(seed)
    given, at = covariates or {}, np.atleast_1d(np.asarray(times, dtype=np.float64))
    changes = read_changes(compile_model(model), do, regimen, given)
    chosen = options or SolverSettings()
    before = _design(model, output, at, regimen, given, chosen)
    changed, _ = set_constants(model, changes.constants)
    changed = without_known_effects(changed, changes.parameters)
    after = _design(changed, output, at, changes.doses, {**given, **changes.covariates}, chosen)
    population = population_draws(model, fitted.posterior).thin(draws, rng)
    worlds = _Worlds(before=before, after=after, draws=population, changes=changes)
    arms = worlds.solve(*new_effects(population, subjects, rng))
    require_response(arms, output)
    if np.array_equal(arms[0], arms[1], equal_nan=True):
        _LOGGER.warning("%s does not move %s at these times", _words(do), output)
    common = worlds.solve(*common_effects(population, subjects, rng))
    result = summarise_arms(at, arms, common, probability)
    failed = int(np.isnan(arms.sum(axis=0)).any(axis=2).sum())
    unit = model.observe[output].value.unit or ""
    result.attrs = {"model": model.title, "output": output, "unit": unit,
                    "time_unit": model.time_unit, "do": _words(do), "failed": failed,
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
    """The two designs, the draws of the population, and what is done."""

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


def _words(do: Mapping[str, Change]) -> str:
    return "; ".join(
        f"{name} times {change.factor:g}"
        if isinstance(change, Scaled)
        else (f"{name} changed" if name == "dose" else f"{name} = {change}")
        for name, change in do.items()
    )
