"""`intervene`: the effect of doing something, on the same subjects, with its uncertainty."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from pkqsp_bayes.analysis.draws import PopulationDraws, model_of, population_draws
from pkqsp_bayes.analysis.interventions.change import Change, Changes, Scaled, read_changes
from pkqsp_bayes.analysis.variability.endpoints import Endpoint, Kind
from pkqsp_bayes.analysis.variability.sampling import Design, make_design
from pkqsp_bayes.engine.kernel import SolverOptions
from pkqsp_bayes.engine.simulate import set_constants
from pkqsp_bayes.ode.ready import ready_model
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.unfold import unfold_trajectories
from pkqsp_bayes.study.simulated import Dose

__all__ = ["intervene"]

FloatArray = NDArray[np.float64]
_ENDPOINTS: tuple[Kind, ...] = ("AUC", "Cmax", "Ctrough", "nadir")
_ARMS = ["factual", "counterfactual"]
_LEVELS = ["average", "individual"]
_STATISTICS = ["median", "lower", "upper"]


def intervene(
    fit: xr.DataTree,
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
    options: SolverOptions | None = None,
) -> xr.Dataset:
    """Contrast what happens under an intervention with what happens without it.

    Both arms have the same draws of the population, the same random effects and the same deviations
    of occasions, so that the contrast is of each subject with itself. Whether it may be believed is
    the matter of the causal record: the model answers as if its equations held under the
    intervention (modularity).

    Parameters
    ----------
    fit : xarray.DataTree
        What `pkqsp_bayes.fit` returns.
    do : mapping of str to (float, str, Scaled, Dose or sequence of Dose)
        What is done: a parameter of the population set for everyone, or scaled in everyone
        (``{"CLint": Scaled(factor=0.2)}``); a constant of ``[parameters]``; a covariate (a number,
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
    options : SolverOptions, optional
        Tolerances and limits.

    Returns
    -------
    xarray.Dataset
        ``trajectory`` (arm, level, statistic, time), ``change`` (measure, level, statistic, time);
        the same of AUC, Cmax, Ctrough and nadir over the times: ``endpoint_value``,
        ``endpoint_change`` with ``endpoint`` for time; ``endpoint_draws`` (arm, draw, subject,
        endpoint). ``arm``: factual, counterfactual. ``measure``: difference, ratio. ``level``:
        ``average`` over subjects (of ratios the geometric mean), whose interval is what is not
        known; ``individual``, a new subject, whose interval is biology besides. ``statistic``:
        median and the ends of the interval. Attribute ``failed``: solves that gave nothing.

    Raises
    ------
    CheckError
        With everything done that is not a cause in the model (an output, a state), and whatever is
        wrong with output, times, regimen and covariates.
    """
    model, rng = unfold_trajectories(model_of(fit)), np.random.default_rng(seed)
    given, at = covariates or {}, np.atleast_1d(np.asarray(times, dtype=np.float64))
    changes = read_changes(ready_model(model), do, regimen, given)
    chosen = options or SolverOptions()
    before = _design(model, output, at, regimen, given, chosen)
    changed, _ = set_constants(model, changes.constants)
    after = _design(changed, output, at, changes.doses, {**given, **changes.covariates}, chosen)
    population = population_draws(model, fit["posterior"].to_dataset()).thin(draws, rng)
    factual, counterfactual = _arms(before, after, population, changes, subjects, rng)
    result = _dataset(at, factual, counterfactual, probability)
    failed = int(np.isnan(factual + counterfactual).any(axis=2).sum())
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
    options: SolverOptions,
) -> Design:
    return make_design(
        model, output=output, times=times, doses=doses, covariates=covariates, endpoint=Endpoint(),
        options=options,
    )  # fmt: skip


def _arms(
    before: Design,
    after: Design,
    draws: PopulationDraws,
    changes: Changes,
    subjects: int,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Return the trajectories (D, n, T) of the same subjects in both arms."""
    eta = draws.draw_eta(subjects, rng)
    kappa = draws.draw_kappa(subjects, 1, rng) if draws.occasion_effects else None
    done = after.parameters(draws, eta, kappa)
    for name, change in changes.parameters.items():
        column = after.simulator.kernel.parameters.index(name)
        if isinstance(change, Scaled):
            done[..., column] *= change.factor
        else:
            done[..., column] = change
    return before.solve(before.parameters(draws, eta, kappa)), after.solve(done)


def _dataset(
    times: FloatArray, factual: FloatArray, counterfactual: FloatArray, probability: float
) -> xr.Dataset:
    arms = np.stack([factual, counterfactual])
    derived = np.concatenate([Endpoint(kind=k).of(times, arms) for k in _ENDPOINTS], axis=-1)
    dims = ("level", "statistic")
    return xr.Dataset(
        {
            "trajectory": (("arm", *dims, "time"), _values(arms, probability)),
            "change": (("measure", *dims, "time"), _contrast(arms, probability)),
            "endpoint_value": (("arm", *dims, "endpoint"), _values(derived, probability)),
            "endpoint_change": (("measure", *dims, "endpoint"), _contrast(derived, probability)),
            "endpoint_draws": (("arm", "draw", "subject", "endpoint"), derived),
        },
        coords={
            "arm": _ARMS,
            "measure": ["difference", "ratio"],
            "level": _LEVELS,
            "statistic": _STATISTICS,
            "time": times,
            "endpoint": list(_ENDPOINTS),
        },
    )


def _values(arms: FloatArray, probability: float) -> FloatArray:
    return np.stack([_summary(arm, _mean(arm), probability) for arm in arms])


def _contrast(arms: FloatArray, probability: float) -> FloatArray:
    """Return summaries of difference and ratio of two arms (2, D, n, K): (2, level, stat., K)."""
    factual, counterfactual = arms
    difference = counterfactual - factual
    nothing = np.full(factual.shape, np.nan)
    ratio = np.divide(counterfactual, factual, out=nothing, where=factual > 0)
    # The geometric mean is of subjects with both above zero: what is stopped wholly leaves none.
    logs = np.log(ratio, out=np.full(ratio.shape, np.nan), where=ratio > 0)
    return np.stack(
        [
            _summary(difference, _mean(difference), probability),
            _summary(ratio, np.exp(_mean(logs)), probability),
        ]
    )


def _mean(values: FloatArray) -> FloatArray:
    """Return the mean over subjects (D, n, K) of what is no NaN: (D, K)."""
    some = ~np.isnan(values)
    total, number = np.where(some, values, 0.0).sum(axis=1), some.sum(axis=1)
    nothing = np.full(total.shape, np.nan)
    mean: FloatArray = np.divide(total, number, out=nothing, where=number > 0)
    return mean


def _summary(individual: FloatArray, average: FloatArray, probability: float) -> FloatArray:
    """Return median and interval of averages (D, K) and individuals (D, n, K): (2, 3, K)."""
    tail = (1 - probability) / 2
    levels = (0.5, tail, 1 - tail)
    flat = individual.reshape(-1, individual.shape[-1])
    return np.stack([_quantiles(values, levels) for values in (average, flat)])


def _quantiles(values: FloatArray, levels: Sequence[float]) -> FloatArray:
    """Return quantiles of each column that has values; NaN where there is none."""
    found = np.full((len(levels), values.shape[1]), np.nan)
    some = ~np.isnan(values).all(axis=0)
    found[:, some] = np.nanquantile(values[:, some], levels, axis=0)
    return found


def _words(do: Mapping[str, Change]) -> str:
    return "; ".join(
        f"{name} times {change.factor:g}"
        if isinstance(change, Scaled)
        else (f"{name} changed" if name == "dose" else f"{name} = {change}")
        for name, change in do.items()
    )
