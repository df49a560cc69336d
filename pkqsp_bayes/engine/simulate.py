"""Simulation of a study with the kernel."""

import dataclasses
import math
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import xarray as xr

from pkqsp_bayes.arguments import CORES, FLAG, REAL, Rule, checked, instance, mapping, number
from pkqsp_bayes.engine.compiled_model import CompiledModel, compile_model
from pkqsp_bayes.engine.kernel import Solution
from pkqsp_bayes.engine.solver_settings import SOLVER_SETTINGS, SolverSettings
from pkqsp_bayes.engine.subjects import covariate_issues, subject_timelines, with_covariates
from pkqsp_bayes.engine.typical_individual import individual_values
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.spec.library import MODEL, ModelLike, as_model
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.population import is_known
from pkqsp_bayes.spec.unfold import unfold_trajectories
from pkqsp_bayes.study.occasions import occasion_labels
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.study_argument import STUDY, StudyLike, as_study
from pkqsp_bayes.study.timeline import Timeline, stretch_numbers, time_after_dose

__all__ = ["set_constants", "simulate"]

_DEVIATION = "kappa["


_NAMED = 'give a mapping of names to numbers, such as {"CL": 3.0}'
_NUMBERS = mapping(number(), wanted=_NAMED)
_VALUES = mapping(
    REAL, wanted=_NAMED
)  # values that are not finite are reported together with unknown names
_TABLE = instance(pd.DataFrame, wanted="give a mapping of names to numbers, or a DataFrame")


def _parameter_issues(where: str, value: object) -> Iterable[Issue]:
    return (_VALUES if isinstance(value, Mapping) else _TABLE).issues(where, value)


_PARAMETERS = Rule(issues=_parameter_issues)


@checked(
    model=MODEL, study=STUDY, parameters=_PARAMETERS, covariates=_NUMBERS, options=SOLVER_SETTINGS,
    sensitivities=FLAG, threads=CORES,
)  # fmt: skip
def simulate(
    model: ModelLike,
    study: StudyLike,
    *,
    parameters: Mapping[str, float] | pd.DataFrame | None = None,
    covariates: Mapping[str, float] | None = None,
    options: SolverSettings | None = None,
    sensitivities: bool = False,
    threads: int | None = None,
) -> xr.Dataset:
    """Solve a model for every subject of a study.

    Parameters
    ----------
    model : ModelSpec, str or Path
        A model from `pkqsp_bayes.load_model`, its name, or its file.
    study : Study, str, Path or DataFrame
        A study, its name or its file, with doses and covariates. Predictions are at the times of
        all its records, of which at least one has EVID 0.
    parameters : mapping or DataFrame, optional
        A mapping replaces typical values and constants of ``[parameters]``. A table with one row
        per ID gives individual values and deviations of occasions (``kappa[CL,1]``). Random effects
        are zero otherwise.
    covariates : mapping of str to float, optional
        Covariates with one value for all subjects and times.
    options : SolverSettings, optional
        Tolerances, limits, method.
    sensitivities : bool
        Whether to return the derivatives with respect to the individual parameters.
    threads : int, optional
        By default as many as this process may use processors.

    Returns
    -------
    xarray.Dataset
        One variable per output over ``record`` (the rows of the study in their order, with
        coordinates ``ID``, ``TIME``, ``STRETCH``: the number of the period between resets, from 1,
        and ``TAD``: the time after dose), with its unit; NaN if it has no value (a logarithm of 0).
        Also ``individual`` (subject, parameter); ``reason`` (subject): ``"ok"``, or the reason of a
        failed solve, for which the outputs are NaN; and ``d_<output>`` (record, parameter) with
        ``sensitivities``.

    Raises
    ------
    CheckError
        With all problems of model, study, parameters and covariates.
    ToolchainError
        If the kernel cannot be compiled.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> study = pq.regimen(pq.Dose(amount=100, to="iv"), [0, 1, 2], covariates={"WT": 70})
    >>> result = pq.simulate(pq.load_model("one-compartment"), study, parameters={"V": 20})
    >>> result.cp.attrs["units"], float(result.cp[1])  # after the bolus
    ('mg/L', 5.0)
    """
    study = as_study(study, model)
    model = as_model(model)
    if issues := covariate_issues(model, covariates or {}):
        raise CheckError(issues)
    model = unfold_trajectories(model)
    individual: list[str] = []
    occasions: tuple[str, ...] = ()
    if isinstance(parameters, Mapping):
        model, parameters = set_constants(model, parameters)
    elif parameters is not None:
        # Parameters with a column may differ between subjects.
        individual = [str(name) for name in parameters.columns]
        if any(name.startswith(_DEVIATION) for name in individual):
            occasions = occasion_labels(study)
    compiled = compile_model(model, occasions=occasions, individual=individual)
    study = with_covariates(study, covariates or {})
    lines = subject_timelines(compiled, study)
    values = individual_values(compiled, study, parameters)
    solved = compiled.kernel.solve_many(
        lines, values, options=options, sensitivities=sensitivities, threads=threads
    )
    return _dataset(compiled, study, lines, values, solved)


def set_constants(
    model: ModelSpec, values: Mapping[str, float]
) -> tuple[ModelSpec, dict[str, float]]:
    """Set values of constants and of known parameters; return the remaining values too.

    Parameters
    ----------
    model : ModelSpec
        The model.
    values : mapping of str to float
        Values by name: constants of ``[parameters]``, fixed population parameters, others.

    Returns
    -------
    ModelSpec
        The changed model.
    dict
        The remaining values.

    Raises
    ------
    CheckError
        With all values that are not finite.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> set_constants(pq.load_model("one-compartment"), {"V": 20.0})[1]
    {'V': 20.0}
    """
    known = model.population.parameters
    constants = {n: float(v) for n, v in values.items() if n in model.parameters}
    numbers = {n: float(v) for n, v in values.items() if n in known and is_known(known[n])}
    _check_finite(constants | numbers)
    stated = {n: dataclasses.replace(model.parameters[n], value=v) for n, v in constants.items()}
    typical = {n: dataclasses.replace(known[n], typical=v, value=None) for n, v in numbers.items()}
    population = dataclasses.replace(model.population, parameters={**known, **typical})
    rest = {n: v for n, v in values.items() if n not in constants and n not in numbers}
    changed = dataclasses.replace(
        model, parameters={**model.parameters, **stated}, population=population
    )
    return changed, rest


def _check_finite(values: Mapping[str, float]) -> None:
    issues = [
        Issue(where=f"parameters.{n}", what=f"{n} is {v}", remedy="give it a finite value")
        for n, v in values.items()
        if not math.isfinite(v)
    ]
    if issues:
        raise CheckError(issues)


def _dataset(
    model: CompiledModel,
    study: Study,
    lines: list[Timeline],
    values: np.ndarray,
    solved: list[Solution],
) -> xr.Dataset:
    predictions = np.concatenate([s.values for s in solved])
    variables: dict[str, tuple[tuple[str, ...], object, dict[str, str]]] = {}
    outputs = model.ode.output_names
    for i, (output, unit) in enumerate(zip(outputs, model.ode.stated_units, strict=True)):
        variables[output] = (("record",), predictions[:, i], {"units": unit})
    if solved and solved[0].sensitivities is not None:
        lanes = np.concatenate([s.sensitivities for s in solved if s.sensitivities is not None])
        for i, output in enumerate(outputs):
            variables[f"d_{output}"] = (("record", "parameter"), lanes[:, i], {})
    variables["individual"] = (("subject", "parameter"), values, {})
    variables["reason"] = (("subject",), [s.reason for s in solved], {})
    return xr.Dataset(
        variables,
        coords={
            "ID": ("record", study.table["ID"].to_numpy(dtype=str)),
            "TIME": ("record", _times(model, study), {"units": model.spec.time_unit}),
            "STRETCH": ("record", np.concatenate([stretch_numbers(t) for t in lines])),
            "TAD": (
                "record",
                np.concatenate([time_after_dose(t) for t in lines]),
                {"units": model.spec.time_unit},
            ),
            "subject": list(study.subjects),
            "parameter": list(model.ode.parameters),
        },
        attrs={"model": model.spec.title},
    )


def _times(model: CompiledModel, study: Study) -> np.ndarray:
    return study.in_units({"TIME": model.spec.time_unit}).table["TIME"].to_numpy()
