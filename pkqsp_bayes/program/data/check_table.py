"""Checks of a study with its model: levels, codes of missing values, samples before a dose."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.engine.compiled_model import Baseline, CompiledModel
from pkqsp_bayes.errors import Issue
from pkqsp_bayes.program.bound_data import Observations
from pkqsp_bayes.spec.body import level_code
from pkqsp_bayes.spec.model import ModelSpec, dose_numbers
from pkqsp_bayes.statistics.residual_errors import RESIDUAL_ERRORS, USUAL_RESIDUAL_ERROR
from pkqsp_bayes.study.columns.codes import find_sentinels
from pkqsp_bayes.study.doses import dose_indices
from pkqsp_bayes.study.findings import row_issues
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.units import same_dimension, split_log

__all__ = ["baseline_issues", "level_issues", "limit_issues", "sentinel_issues", "unread_issues"]

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]


def level_issues(model: ModelSpec, study: Study) -> list[Issue]:
    """Return a warning for each stated level of a categorical covariate that no row has.

    Parameters
    ----------
    model : ModelSpec
        The model, with levels in ``covariates`` and in the effects of the population.
    study : Study
        The study.
    """
    issues = []
    for name, levels in _stated_levels(model).items():
        column = study.column_of(name)
        if column is None:
            continue  # reported with the covariates
        cells = study.table[column].dropna()
        seen = set(cells.astype(float)) if pd.api.types.is_numeric_dtype(cells) else set(cells)
        absent = [label for label, code in levels.items() if not {label, code} & seen]
        if absent:
            what = f"no subject has the level {', '.join(absent)}, which the model states"
            issues.append(Issue(
                severity="warning", where=f"{study.source}, column {column}", what=what,
                remedy="check the codes; the data do not update the effect of this level",
            ))  # fmt: skip
    return issues


def _stated_levels(model: ModelSpec) -> dict[str, dict[str, float | None]]:
    found: dict[str, dict[str, float | None]] = {}
    for name, covariate in model.covariates.items():
        found[name] = {label: float(code) for label, code in covariate.levels.items()}
    for parameter in model.population.parameters.values():
        for name, effect in parameter.covariates.items():
            for label in effect.levels if name in found else ():
                found[name].setdefault(label, _code(model, name, label))
    return {name: levels for name, levels in found.items() if levels}


def _code(model: ModelSpec, name: str, label: str) -> float | None:
    try:
        return level_code(model.covariates[name], label)
    except ValueError:  # reported with the model
        return None


def sentinel_issues(model: ModelSpec, study: Study) -> list[Issue]:
    """Return warnings of covariates that look like codes of a missing value (-99, 999).

    Parameters
    ----------
    model : ModelSpec
        The model, with its covariates; codes of its levels are not reported.
    study : Study
        The study.
    """
    issues: list[Issue] = []
    for name, covariate in model.covariates.items():
        column = study.column_of(name)
        if column is None or not pd.api.types.is_numeric_dtype(study.table[column]):
            continue
        values = study.table[column].to_numpy(dtype=np.float64)
        bad = find_sentinels(values) & ~np.isin(values, list(covariate.levels.values()))
        issues += row_issues(
            study.table, bad, source=study.source, column=column, severity="warning",
            what="it is {value}, which looks like a missing value",
            remedy=f'leave the cell empty, or exclude the row: ignore = ["{column} == {{value}}"]',
        )  # fmt: skip
    return issues


def unread_issues(model: ModelSpec, study: Study) -> list[Issue]:
    """Return a warning of observed values that are not compared with an output.

    Parameters
    ----------
    model : ModelSpec
        The model, which states no residual error.
    study : Study
        The study.
    """
    table = study.table
    seen = int(((table["EVID"] == 0) & (table["MDV"] == 0)).sum())
    if not seen:
        return []
    name = next(iter(model.observe), "cp")
    return [Issue(
        severity="warning", where=f"{study.source}, column DV",
        what=f"{seen} observations are not read, because no output has a residual error",
        remedy=f'[observe.{name}] error = "{USUAL_RESIDUAL_ERROR}" (or another form) uses them',
    )]  # fmt: skip


def limit_issues(model: CompiledModel, study: Study, seen: Observations) -> list[Issue]:
    """Return the problems of limits of quantification that are not positive.

    Parameters
    ----------
    model : CompiledModel
        The model with its outputs; values with a lognormal error, concentrations and amounts are
        positive.
    study : Study
        The study.
    seen : Observations
        The observations, with limits in the units of the outputs.
    """
    units = model.output_units
    issues: list[Issue] = []
    for index, name in enumerate(model.ode.output_names):
        observed = model.spec.observe.get(name)
        if observed is None or observed.error is None:
            continue
        limit = np.full(len(study.table), np.nan)
        own = seen.output == index
        limit[seen.row[own]] = seen.lower[own]
        censored = np.zeros(len(study.table), dtype=bool)
        censored[seen.row[own & (seen.censored < 0)]] = True
        form = RESIDUAL_ERRORS[observed.error.form]
        none = limit <= 0 if form.is_logarithmic else np.zeros(len(limit), bool)
        odd = (limit < 0) & ~none & _is_positive(units.get(name))
        for bad, severity in ((none & censored, "error"), ((none & ~censored) | odd, "warning")):
            issues += row_issues(
                study.table, bad, source=study.source, column="LLOQ", values=limit,
                severity="error" if severity == "error" else "warning",
                what=f"LLOQ is {{value}}, and {name} has no values below it",
                remedy="correct the limit; leave it empty in a row without a limit",
            )  # fmt: skip
    return issues


def _is_positive(unit: str | None) -> bool:
    """Return whether a unit is that of a concentration or an amount, not of a logarithm."""
    if not unit or split_log(unit)[0]:
        return False
    return any(same_dimension(unit, other) for other in ("mg/L", "mol/L", "mg", "mol"))


def baseline_issues(model: CompiledModel, study: Study, seen: Observations) -> list[Issue]:
    """Return the problems of records at which a prediction is zero or the logarithm of zero.

    Before the first dose, many outputs are zero. They are also zero at the time of the first dose,
    unless it is a bolus into the observed state. Then a relative error has no scale, and a
    logarithm has no value.

    Parameters
    ----------
    model : CompiledModel
        The model.
    study : Study
        The study.
    seen : Observations
        The observations.
    """
    dosed = _boluses_so_far(model, study)
    output = np.full(len(study.table), -1, dtype=np.int64)
    output[seen.row] = seen.output
    distinct = [key for key in set(dosed) if key is not None]
    baselines: dict[str, Mapping[str, Baseline]] = {
        key: model.baselines(filter(None, key.split("\0"))) for key in distinct
    }
    return [
        issue
        for index, name in enumerate(model.ode.output_names)
        for issue in _of_output(model, study, name, output == index, dosed, baselines)
    ]


def _of_output(
    model: CompiledModel,
    study: Study,
    name: str,
    mine: BoolArray,
    dosed: list[str | None],
    baselines: Mapping[str, Mapping[str, Baseline]],
) -> Iterator[Issue]:
    observed = model.spec.observe.get(name)
    if observed is None or observed.error is None:
        return
    kinds = np.array([None if key is None else baselines[key].get(name) for key in dosed])
    only = sum(o.error is not None for o in model.spec.observe.values()) == 1
    silent = (study.table["EVID"] == 0).to_numpy() & (study.table["MDV"] == 1).to_numpy()
    remedy = "exclude such samples (MDV = 1, or an ignore rule), or "
    if RESIDUAL_ERRORS[observed.error.form].is_relative:
        yield from row_issues(
            study.table, mine & (kinds == "zero"), source=study.source, column="TIME",
            what=f"there is no drug yet: the prediction of {name} is 0, and its "
            f"{observed.error.form} error is relative to it",
            remedy=remedy + f"error = {_list_absolute_errors()}",
        )  # fmt: skip
    yield from row_issues(
        study.table, mine & (kinds == "log of zero"), source=study.source, column="TIME",
        what=f"there is no drug yet: {name} is the logarithm of 0",
        remedy=remedy + "give the model a baseline",
    )  # fmt: skip
    yield from row_issues(
        study.table, silent & only & (kinds == "log of zero"), source=study.source, column="TIME",
        what=f"there is no drug yet: {name} is the logarithm of 0, and has no value here",
        remedy="this record has no observation, so the fit is not affected", severity="warning",
    )  # fmt: skip


def _list_absolute_errors() -> str:
    """Return the residual errors that have a scale if the prediction is 0."""
    names = [f'"{name}"' for name, form in RESIDUAL_ERRORS.items() if not form.is_relative]
    return " or ".join([", ".join(names[:-1]), names[-1]])


def _boluses_so_far(model: CompiledModel, study: Study) -> list[str | None]:
    """Return the states with a bolus at the time of each record; None at later times.

    Names are separated by a null character; a reset starts again.
    """
    numbers = dose_numbers(model.spec)
    target, _ = dose_indices(study, list(numbers.items()))
    states = [_bolus_state(model, name) for name in numbers]
    table = study.table
    columns = [table[name].to_numpy() for name in ("ID", "TIME", "EVID", "SS", "RATE")]
    result: list[str | None] = []
    subject, began, filled = None, None, list[str]()
    for place, one, time, evid, steady, rate in zip(target, *columns, strict=True):
        if one != subject or evid in (3, 4):
            subject, began, filled = one, None, []
        passed = began is not None and (time > began)
        if place >= 0 and not passed:
            began = -np.inf if steady else time
            filled += [states[place]] if rate == 0 and not steady and states[place] else []
        passed = began is not None and (time > began)
        result.append(None if passed else "\0".join(sorted(set(filled))))
    return result


def _bolus_state(model: CompiledModel, name: str) -> str:
    """Return the state that a bolus enters at once; empty if it has a lag."""
    ode = model.ode
    if name not in ode.dose_names:
        return ""
    place = ode.dose_names.index(name)
    return "" if ode.dose_has_lag[place] else ode.states[ode.dose_states[place]]
