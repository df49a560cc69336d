"""Commands about uncertainty: ``pkqsp budget``."""

from enum import StrEnum
from typing import Annotated

import typer

import pkqsp_bayes as pq
from pkqsp_bayes.cli.options import FitFolder, Seed, solver_settings
from pkqsp_bayes.cli.output import DataFile, Plot, answer
from pkqsp_bayes.cli.scenario import Scenario, scenario
from pkqsp_bayes.cli.takes import takes
from pkqsp_bayes.console import print_text

__all__ = ["budget"]


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
    fitted = pq.open_fit(fit)
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
