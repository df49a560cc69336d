"""Commands about uncertainty: ``pkqsp budget``, ``derived``."""

from enum import StrEnum
from typing import Annotated

import typer

import pkqsp_bayes as pq
from pkqsp_bayes.cli.options import (
    FitAndStudy,
    FitFolder,
    Seed,
    fit_and_study,
    open_reliable,
    solver_settings,
)
from pkqsp_bayes.cli.output import DataFile, Plot, answer
from pkqsp_bayes.cli.scenario import Scenario, parse_numbers, scenario
from pkqsp_bayes.cli.takes import takes
from pkqsp_bayes.console import print_text

__all__ = ["budget", "derived"]


class MetricName(StrEnum):
    """Exposure metrics of a trajectory."""

    VALUES = "values"
    AUC = "AUC"
    CMAX = "Cmax"
    TMAX = "tmax"
    CTAU = "Ctau"
    TIME_ABOVE = "time_above"
    CMIN = "Cmin"


@takes("solver", solver_settings)
@takes("case", scenario)
def budget(
    fit: FitFolder,
    *,
    case: Scenario,
    metric: Annotated[
        MetricName, typer.Option(help="The values at the times, or an exposure metric.")
    ] = MetricName.VALUES,
    threshold: Annotated[float, typer.Option(help="Threshold of the metric time_above.")] = 0.0,
    outer: Annotated[int, typer.Option(help="Draws of the parameters.")] = 200,
    inner: Annotated[int, typer.Option(help="Subjects for each draw of the parameters.")] = 100,
    seed: Seed = 1,
    solver: "pq.SolverSettings",
    output: DataFile = None,
    plot: Plot = None,
) -> None:
    """Split a variance: between-subject variability, parameter uncertainty, residual error."""
    fitted = open_reliable(fit)
    found = pq.variance_budget(
        fitted,
        **case.arguments(fitted.spec),
        endpoint=pq.Endpoint(kind=metric.value, threshold=threshold),
        outer=outer,
        inner=inner,
        seed=seed,
        options=solver,
    )
    shown = pq.budget_table(found, scale="natural")
    answer(pq.budget_table(found), output, whole=found, shown=shown, digits=3)
    if plot is not None:
        pq.save_figure(pq.plot_budget(found), plot)
        print_text(plot)


@takes("given", fit_and_study)
def derived(
    given: FitAndStudy,
    *,
    endpoint: Annotated[
        str | None, typer.Option(help="Concentration; by default the first endpoint.")
    ] = None,
    dose: Annotated[
        float | None,
        typer.Option(help="Amount of a single dose; by default the study's most common first."),
    ] = None,
    to: Annotated[str, typer.Option(help="Dosing compartment or route of --dose.")] = "",
    duration: Annotated[float, typer.Option(help="Duration of an infusion of --dose.")] = 0.0,
    covariate: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Covariate of the subjects.")
    ] = None,
    draws: Annotated[int, typer.Option(help="Draws of the parameters.")] = 200,
    subjects: Annotated[int, typer.Option(help="New subjects for each draw.")] = 50,
    seed: Seed = 1,
    output: DataFile = None,
) -> None:
    """Derive CL, volumes, half-life, MRT, AUC and Cmax, with uncertainty and variability."""
    from pkqsp_bayes.analysis.exposure.derived_table import derived_table

    if dose is None and (to or duration):
        what, remedy = "it describes a dose, and no amount is given", "add --dose"
        where = "--to" if to else "--duration"
        raise pq.CheckError([pq.Issue(where=where, what=what, remedy=remedy)])
    found = pq.derived_parameters(
        given.fit,
        output=endpoint,
        dose=None if dose is None else pq.Dose(amount=dose, to=to, duration=duration),
        covariates=parse_numbers("--covariate", covariate or [], given.fit.spec.covariates),
        study=given.study,
        draws=draws,
        subjects=subjects,
        seed=seed,
    )
    table = derived_table(found)
    answer(table, output, whole=found)
    print_text(found.attrs["note"])
