"""Conversion of a study for the kernel: units, covariates and dosing compartments of the model."""

import dataclasses
from collections.abc import Iterable, Mapping

import numpy as np

from pkqsp_bayes.engine.compiled_model import CompiledModel
from pkqsp_bayes.engine.domain import domain_issues
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.spec.body import CovariateSpec
from pkqsp_bayes.spec.identifiers import suggest
from pkqsp_bayes.spec.labels import occasion_label
from pkqsp_bayes.spec.model import ModelSpec, dose_numbers
from pkqsp_bayes.study.doses import dose_indices
from pkqsp_bayes.study.findings import row_issues
from pkqsp_bayes.study.occasions import with_occasions
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.timeline import DoseColumn, Timeline, covariate_columns, timelines
from pkqsp_bayes.units import UnitError, amount_factor, dimension

__all__ = ["covariate_issues", "dose_unit", "subject_timelines", "with_covariates"]


def subject_timelines(model: CompiledModel, study: Study) -> list[Timeline]:
    """Return the timeline of each subject, in the units of the model.

    Parameters
    ----------
    model : CompiledModel
        Model with the names of the covariates and dosing compartments.
    study : Study
        Study to convert.

    Raises
    ------
    CheckError
        If a covariate or a CMT is missing or unknown, or units are inconsistent, with the rows;
        if a formula of the body is not valid for a subject.
    """
    spec, ode = model.spec, model.ode
    study = _convert_doses(model, study.in_units({"TIME": spec.time_unit}))
    study = with_occasions(study, model.occasions)
    names = [*ode.fixed_covariates, *(c.name for c in ode.varying_covariates)]
    stated = dict(spec.covariates)
    stated |= {occasion_label(o): CovariateSpec(interpolation="locf") for o in model.occasions}
    doses = [DoseColumn(name=name, number=number) for name, number in dose_numbers(spec).items()]
    lines = timelines(study, covariate_columns(names, stated), doses)
    issues = [*_rate_issues(model, study, lines), *domain_issues(model, lines, source=study.source)]
    if issues:
        raise CheckError(issues)
    return lines


def _rate_issues(model: CompiledModel, study: Study, lines: list[Timeline]) -> list[Issue]:
    """Report doses with a modelled rate or duration for which the model has none."""
    ode = model.ode
    rate = np.concatenate([line.rate for line in lines])
    dose = np.concatenate([line.dose for line in lines])
    issues: list[Issue] = []
    for code, key, stated in (
        (-1, "rate", ode.dose_has_rate),
        (-2, "duration", ode.dose_has_duration),
    ):
        missing = np.array([not has for has in stated] + [False])[dose]
        issues += row_issues(
            study.table, missing & (rate == code), source=study.source, column="RATE",
            what=f"RATE is {code}, and the dosing compartment '{{value}}' has no {key}",
            values=np.array([*ode.dose_names, ""])[dose],
            remedy=f"state {key} under [dose.NAME] in the model, or a RATE of 0 or more",
        )  # fmt: skip
    return issues


def _convert_doses(model: CompiledModel, study: Study) -> Study:
    """Return the study with AMT and RATE of each dose record in the unit of its ``[dose.*]``.

    If AMT has no unit, it is taken to be in the unit of the dose.
    """
    spec = model.spec
    numbers = dose_numbers(spec)
    target, _ = dose_indices(study, list(numbers.items()))  # unknown ones are reported later
    units, mass = [dose_unit(spec, name) for name in numbers], model.ode.molar_mass
    issues: list[Issue] = []
    table = study.table.copy()
    for column, per in (("AMT", ""), ("RATE", f"/({spec.time_unit})")):
        source = _stated_unit(study, column, spec.time_unit)
        values = table[column].to_numpy(dtype=np.float64)
        if source is None:
            continue
        for place, name in enumerate(numbers):
            mine = (target == place) & (values > 0)  # RATE = -1 and -2 are codes, not rates
            if not mine.any():
                continue
            wanted = f"({units[place]}){per}"
            try:
                values = np.where(mine, values * amount_factor(source, wanted, mass), values)
            except UnitError as error:
                issues.append(_unit_issue(study, column, name, source, error))
        table[column] = values
    if issues:
        raise CheckError(issues)
    return dataclasses.replace(study, table=table)


def _stated_unit(study: Study, column: str, time_unit: str) -> str | None:
    """Return the unit of AMT or RATE; the unit of RATE may follow from that of AMT."""
    amount, own = study.units.get("AMT"), study.units.get(column)
    if column == "AMT" or own is not None:
        return own
    return None if amount is None else f"({amount})/({time_unit})"


def _unit_issue(study: Study, column: str, dose: str, source: str, error: UnitError) -> Issue:
    remedy = f"correct the unit of {column}; between mass and moles state drug.MW, in g/mol"
    if any(per in source.replace(" ", "") for per in ("/kg", "/m")):
        remedy = f"multiply {column} by the weight (or area) in the table to obtain an amount"
    elif column == "AMT" and not {"[length]", "[time]"} & set(dimension(source).split()):
        remedy = (
            f"state drug.MW if one unit is a mass and the other a substance; or "
            f'[dose.{dose}] unit = "{source}"; or amount_unit = "{source}", for the whole model'
        )
    where = f"{study.source}, column {column}, dose {dose}"
    return Issue(where=where, what=str(error), remedy=remedy)


def dose_unit(spec: ModelSpec, name: str) -> str:
    """Return the unit in which a dosing compartment takes AMT.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> dose_unit(pq.load_model("one-compartment"), "oral")
    'mg'
    """
    stated = spec.dose[name].unit if name in spec.dose else None
    return spec.amount_unit if stated is None else stated


def covariate_issues(model: ModelSpec, given: Iterable[str]) -> list[Issue]:
    """Return an issue for each name that is not a covariate of a model; case is ignored.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> model = pq.load_model("one-compartment")
    >>> [issue.remedy for issue in covariate_issues(model, ["wt", "WTT"])]
    ['did you mean WT?']
    """
    known = {name.lower(): name for name in model.covariates}
    return [
        Issue(
            where=f"covariates.{name}",
            what="the model does not have this covariate",
            remedy=suggest(
                name,
                known.values(),
                "its covariates are " + (", ".join(known.values()) or "none"),
            ),
        )
        for name in map(str, given)
        if name.lower() not in known
    ]


def with_covariates(study: Study, values: Mapping[str, float]) -> Study:
    """Return a study in which some covariates are set to constant values.

    Parameters
    ----------
    study : Study
        Columns with these names are replaced.
    values : mapping of str to float
        Covariate to its value, in the model's unit.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"ID": ["1"], "WT": [60.0]})
    >>> with_covariates(Study(table=table, covariates=("WT",)), {"wt": 70.0}).table.WT[0]
    np.float64(70.0)
    """
    table, covariates, units = study.table.copy(), list(study.covariates), dict(study.units)
    for name, value in values.items():
        column = study.column_of(name) or name
        table[column] = float(value)
        units.pop(column, None)
        if column not in covariates:
            covariates.append(column)
    return dataclasses.replace(study, table=table, units=units, covariates=tuple(covariates))
