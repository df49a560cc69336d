"""Commands that ask a finished fit: ``pkqsp budget``, ``pkqsp report``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

import pkqsp_bayes as pq
from pkqsp_bayes.console import OUT, Ignore, print_table, reported

__all__ = ["budget", "report"]

Folder = Annotated[Path, typer.Argument(help="Folder of a fit.")]


class EndpointName(StrEnum):
    """What `pkqsp budget` takes of a trajectory."""

    VALUES = "values"
    AUC = "AUC"
    CMAX = "Cmax"
    TMAX = "Tmax"
    CTROUGH = "Ctrough"
    TIME_ABOVE = "time_above"
    NADIR = "nadir"


def budget(
    folder: Folder,
    *,
    output: Annotated[str, typer.Option(help="Which output of the model.")],
    dose: Annotated[float, typer.Option(help="Amount of each dose, in the model's unit.")],
    times: Annotated[str, typer.Option(help="START:STOP:STEP, or numbers with commas.")],
    to: Annotated[str, typer.Option(help="Where the doses go.")] = "",
    n: Annotated[int, typer.Option(help="How many doses.")] = 1,
    interval: Annotated[float, typer.Option(help="Time between them.")] = 0.0,
    duration: Annotated[float, typer.Option(help="Of an infusion.")] = 0.0,
    covariate: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Of the subjects.")
    ] = None,
    endpoint: Annotated[EndpointName, typer.Option(help="Or one number.")] = EndpointName.VALUES,
    threshold: Annotated[float, typer.Option(help="Of time_above.")] = 0.0,
    outer: Annotated[int, typer.Option(help="Draws of the parameters.")] = 200,
    inner: Annotated[int, typer.Option(help="Subjects under each.")] = 100,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 1,
    to_folder: Annotated[
        Path | None, typer.Option("--output-folder", "-o", help="By default that of the fit.")
    ] = None,
) -> None:
    """Split the variance of an endpoint: people, not knowing the parameters, noise."""
    from pkqsp_bayes.engine.tables import parse_settings, parse_times
    from pkqsp_bayes.reporting.budget import write_budget

    with reported():
        fit = pq.open_fit(folder)
        _, covariates = parse_settings(fit.spec, covariate or [])
        result = pq.variance_budget(
            fit,
            output=output,
            times=parse_times(times),
            regimen=pq.Dose(amount=dose, to=to, n=n, interval=interval, duration=duration),
            covariates=covariates,
            endpoint=pq.Endpoint(kind=endpoint.value, threshold=threshold),
            outer=outer,
            inner=inner,
            seed=seed,
        )
        place = to_folder or folder
        place.mkdir(parents=True, exist_ok=True)
        table = write_budget(result, place)
    shown = table.xs("natural", level="scale")
    shown.attrs |= {"label": result.attrs["label"]} if "label" in result.attrs else {}
    print_table(shown, digits=3)
    OUT.print(str(place / f"budget_{output}.png"), highlight=False, soft_wrap=True)


def report(
    folder: Folder,
    *,
    study: Annotated[Path | None, typer.Option(help="Table, if it is not in the folder.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder of the page.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer simulations.")] = False,
    ignore: Ignore = None,
) -> None:
    """Write everything that is to be said of a fit on one page, report.html."""
    with reported():
        fit = pq.open_fit(folder)
        path = pq.report(
            fit,
            output or folder,
            fitted_in=folder,
            study=None if study is None else pq.read_study(study, model=fit.spec, ignore=ignore),
            options=pq.ReportOptions(draws=100, outer=60, inner=40, searches=0) if quick else None,
        )
    OUT.print(str(path), highlight=False, soft_wrap=True)
