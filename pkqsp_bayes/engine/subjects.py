"""The study as the kernel sees it: units of the model, its covariates and dosing compartments."""

from collections.abc import Mapping

from pkqsp_bayes.engine.domain import domain_issues
from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.ode.compose import dose_numbers
from pkqsp_bayes.ode.ready import ReadyModel
from pkqsp_bayes.spec.body import CovariateSpec
from pkqsp_bayes.spec.labels import occasion_label
from pkqsp_bayes.study.occasions import with_occasions
from pkqsp_bayes.study.study import Study
from pkqsp_bayes.study.timeline import DoseColumn, Timeline, covariate_columns, timelines

__all__ = ["subject_timelines", "with_covariates"]


def subject_timelines(model: ReadyModel, study: Study) -> list[Timeline]:
    """Return the timeline of each subject, in the units of the model.

    Parameters
    ----------
    model : ReadyModel
        Names the covariates and dosing compartments.
    study : Study
        The table.

    Raises
    ------
    CheckError
        A covariate or CMT that is missing or unknown, or units that do not fit, with the rows;
        subjects for which a formula of the body does not hold.
    """
    spec, lowered = model.spec, model.lowered
    study = study.in_units({"TIME": spec.time_unit, "AMT": spec.amount_unit})
    study = with_occasions(study, model.occasions)
    names = [*lowered.fixed_covariates, *(c.name for c in lowered.varying_covariates)]
    stated = dict(spec.covariates)
    stated |= {occasion_label(o): CovariateSpec(interpolation="locf") for o in model.occasions}
    doses = [DoseColumn(name=name, number=number) for name, number in dose_numbers(spec).items()]
    lines = timelines(study, covariate_columns(names, stated), doses)
    if issues := domain_issues(model, lines, source=study.source):
        raise CheckError(issues)
    return lines


def with_covariates(study: Study, values: Mapping[str, float]) -> Study:
    """Return a study in which some covariates have one value throughout.

    Parameters
    ----------
    study : Study
        The table; columns that it has of these names are replaced.
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
    return Study(
        table=table,
        source=study.source,
        units=units,
        covariates=tuple(covariates),
        warnings=study.warnings,
    )
