"""`derived_parameters`: CL, volumes, half-life, MRT, AUC and Cmax of a reference dose."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from pkqsp_bayes.analysis.analysis_arguments import NUMBERS
from pkqsp_bayes.analysis.exposure.derived_dataset import (
    MISSING,
    derived_names,
    describe_linearity,
    make_dataset,
    without_values,
)
from pkqsp_bayes.analysis.exposure.derived_units import DerivedUnits, derived_units
from pkqsp_bayes.analysis.exposure.dose_arguments import (
    check_dose,
    choose_output,
    first_span,
    study_dose,
)
from pkqsp_bayes.analysis.exposure.metrics import Exposure
from pkqsp_bayes.analysis.exposure.single_dose import SingleDose
from pkqsp_bayes.analysis.population_draws import population_of
from pkqsp_bayes.arguments import SEED, TEXT, checked, count
from pkqsp_bayes.engine.compiled_model import CompiledModel
from pkqsp_bayes.engine.solver_settings import SOLVER_SETTINGS, SolverSettings
from pkqsp_bayes.fitting.results.approximation_labels import labelled
from pkqsp_bayes.fitting.results.fit_argument import FIT, FitLike, open_fit
from pkqsp_bayes.likelihood.population_draws import PopulationDraws
from pkqsp_bayes.study.simulated import DOSES, Dose
from pkqsp_bayes.study.study_argument import STUDY, StudyLike

__all__ = ["derived_parameters"]

FloatArray = NDArray[np.float64]
_ACCURATE = SolverSettings(rtol=1e-8, atol=1e-12)
_TAIL = 0.01
"""Largest share of the AUC after the last time."""


@checked(
    fit=FIT, output=TEXT, dose=DOSES, covariates=NUMBERS, study=STUDY, draws=count(2),
    subjects=count(2), seed=SEED, options=SOLVER_SETTINGS,
)  # fmt: skip
@labelled
def derived_parameters(
    fit: FitLike,
    *,
    output: str | None = None,
    dose: Dose | None = None,
    covariates: Mapping[str, float] | None = None,
    study: StudyLike | None = None,
    draws: int = 200,
    subjects: int = 50,
    seed: int = 1,
    options: SolverSettings | None = None,
) -> xr.Dataset:
    """Return clearance, volumes, half-life, MRT and the exposure after a single reference dose.

    The output is simulated until it is below a millionth of its maximum, for the typical individual
    of each draw and for new subjects. Nothing is read from the names of the model's parameters.

    Parameters
    ----------
    fit : FittedModel, DataTree, str or Path
        Result of `pkqsp_bayes.fit`, or its folder.
    output : str, optional
        Concentration of the drug that is dosed; by default the first output with a residual error.
    dose : Dose, optional
        A single dose at time 0. By default the most common first dose of the study: the most common
        route, and its most common amount (the median one, if none is more common).
    covariates : mapping of str to float, optional
        Covariates; the others have their reference values.
    study : Study, str, Path or DataFrame, optional
        Study of the default dose; by default the study of the fit.
    draws, subjects : int
        Number of population draws, and of new subjects for each of them.
    seed : int
        Seed of all random numbers.
    options : SolverSettings, optional
        Tolerances and limits of the solver; by default rtol 1e-8 and atol 1e-12.

    Returns
    -------
    xarray.Dataset
        ``typical`` (draw, parameter), the typical individual of each draw; ``cv`` (parameter), the
        geometric between-subject CV in %, 100 sqrt(exp(s^2) - 1), where s^2 is the variance of the
        logarithm between new subjects with the same population parameters, averaged over draws.
        NaN if the model has no between-subject variability. ``unit`` and ``reason`` (parameter):
        the reason is empty if there are values. ``parameter``: after an intravenous dose ``CL``
        (dose / AUC), ``Vss`` (CL MRT), ``Vz``; otherwise ``CL/F``, ``Vz/F``; ``half_life``
        (terminal), ``MRT`` (AUMC / AUC, less half of the infusion; absorption included), ``AUC`` (0
        to infinity), ``Cmax``, ``tmax``.
        Attributes: ``dose`` and ``output``; ``linear``, 0 if CL at half of the dose differs by more
        than 1 % (``cl_half_dose``, as a ratio); ``note``, what must be known of the values.

    Raises
    ------
    CheckError
        If there is no such output, or it is not a concentration of what is dosed; if there is no
        dose; if a covariate has no value.

    Notes
    -----
    ``Vss`` assumes that the drug is eliminated from fluids in equilibrium with the observed one. A
    half-life is given if the slope of the logarithm changes by less than 0.1 % between the last two
    decades above a millionth of the maximum.
    """
    fitted = open_fit(fit)
    compiled, chosen = fitted.compiled, choose_output(fitted, output)
    given = dose if dose is not None else study_dose(fitted, study)
    given = check_dose(compiled, given)
    units = derived_units(compiled, chosen, given.to)
    rng = np.random.default_rng(seed)
    population = population_of(fitted).thin(draws, rng)
    case = SingleDose(
        model=fitted.spec, output=chosen, dose=given, covariates=dict(covariates or {}),
        options=options or _ACCURATE, span=first_span(fitted, chosen),
    )  # fmt: skip
    if compiled.baselines().get(chosen) != "zero":
        reason = f"{chosen} is not zero before the dose (an endogenous baseline, or an input)"
        return without_values(case, compiled, units, population.size, reason)
    return _describe(case, compiled, units, population, subjects, rng, seed)


def _describe(
    case: SingleDose,
    compiled: CompiledModel,
    units: DerivedUnits,
    population: PopulationDraws,
    subjects: int,
    rng: np.random.Generator,
    seed: int,
) -> xr.Dataset:
    mean, span = case.of_mean(population)
    nothing = np.zeros((population.size, 1, len(population.effects)))
    found = case.exposure(population, nothing, span)
    if (found.cmax == 0).all():
        reason = f"the dose does not reach {case.output}"
        return without_values(case, compiled, units, population.size, reason)
    typical = _parameters(case, compiled, units, found)
    eta = population.draw_eta(subjects, rng) if population.effects else None
    each = {}
    if eta is not None:
        each = _parameters(case, compiled, units, case.exposure(population, eta, span))
    cv = {name: _geometric_cv(each.get(name), population.size) for name in typical}
    ratio = _half_dose_ratio(case, population, mean)
    result = make_dataset(case, compiled, units, typical, cv)
    result.attrs |= {"subjects": subjects, "seed": seed, "cl_half_dose": ratio}
    result.attrs |= describe_linearity(case, compiled, ratio)
    return result


def _parameters(
    case: SingleDose, compiled: CompiledModel, units: DerivedUnits, found: Exposure
) -> dict[str, FloatArray]:
    """Return each derived parameter of each subject; NaN where it cannot be given."""
    whole = np.isfinite(found.auc) & (found.extrapolated < _TAIL) & (found.auc > 0)
    auc, aumc = np.where(whole, found.auc, np.nan), np.where(whole, found.aumc, np.nan)
    clearance = float(np.asarray(case.dose.amount)) * units.factor / auc
    residence = aumc / auc - case.dose.duration / 2
    made = {
        "CL": clearance, "Vss": clearance * residence, "Vz": clearance / found.slope,
        "half_life": np.log(2) / found.slope, "MRT": residence, "AUC": auc,
        "Cmax": found.cmax, "tmax": found.tmax,
    }  # fmt: skip
    return {name: made[name.removesuffix("/F")] for name in derived_names(compiled, case)}


def _geometric_cv(values: FloatArray | None, draws: int) -> float:
    """Return the CV in % from the variance of the logarithm within draws; NaN if there is none."""
    if values is None:
        return float("nan")
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(values > 0, np.log(values), np.nan).reshape(draws, -1)
    known = np.isfinite(logs)
    if known.mean() < 1 - MISSING:
        return float("nan")
    size = known.sum(axis=1)
    centred = np.where(known, logs - (np.where(known, logs, 0).sum(axis=1) / size)[:, None], 0.0)
    variance = (centred**2).sum() / (size - 1).sum()
    return float(100 * np.sqrt(np.expm1(variance)))


def _half_dose_ratio(case: SingleDose, population: PopulationDraws, mean: Exposure) -> float:
    """Return CL at half of the dose, divided by CL at the dose, of the mean of all draws."""
    half = replace(case.dose, amount=float(np.asarray(case.dose.amount)) / 2)
    lower, _ = replace(case, dose=half, prepared={}).of_mean(population)
    return float(mean.auc[0] / lower.auc[0] / 2)
