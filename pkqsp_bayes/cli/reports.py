"""Commands that show a fit: ``pkqsp report``, ``plot``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

import pkqsp_bayes as pq
from pkqsp_bayes.cli.options import FitAndStudy, FitFolder, Ignore, fit_and_study, read_table
from pkqsp_bayes.cli.output import Log, file_option
from pkqsp_bayes.cli.takes import takes
from pkqsp_bayes.console import print_text

__all__ = ["plot", "report"]


class PlotName(StrEnum):
    """Plots of a fit and its study."""

    FITS = "fits"
    GOF = "gof"
    RESIDUALS = "residuals"
    RANDOM_EFFECTS = "random-effects"
    PARAMETERS = "parameters"
    CORRELATIONS = "correlations"
    TRACES = "traces"
    OBSERVATIONS = "observations"
    COVARIATES = "covariates"
    PRIOR_POSTERIOR = "prior-posterior"


_OF_FIT = {PlotName.PARAMETERS, PlotName.CORRELATIONS, PlotName.TRACES}
_LOG = {PlotName.FITS, PlotName.GOF, PlotName.OBSERVATIONS}


def report(
    fit: FitFolder,
    *,
    study: Annotated[Path | None, typer.Option(help="Table, if it is not in the folder.")] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="Folder of the page; by default the fit's."
        ),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer simulations.")] = False,
    ignore: Ignore = None,
) -> None:
    """Write one page for a reviewer, report.html."""
    fitted = pq.open_fit(fit)
    path = pq.report(
        fitted,
        output or fit,
        fitted_in=fit,
        study=None if study is None else read_table(study, fitted.spec, ignore),
        options=pq.ReportOptions(draws=100, outer=60, inner=40, searches=0) if quick else None,
    )
    print_text(path)


@takes("given", fit_and_study)
def plot(
    kind: Annotated[PlotName, typer.Argument(help="Kind of plot.")],
    given: FitAndStudy,
    *,
    output: Annotated[
        Path, file_option("--output", "-o", endings=(".png", ".svg", ".pdf"), what="The plot")
    ],
    log: Log = None,
) -> None:
    """Plot a fit: curves, goodness of fit, residuals, random effects, parameters, data."""
    draw = getattr(pq, f"plot_{kind.value.replace('-', '_')}")
    scale = _scale(kind, log)
    if kind is PlotName.COVARIATES:
        figure = draw(given.study)
    else:
        figure = draw(given.fit) if kind in _OF_FIT else draw(given.fit, given.study, **scale)
    pq.save_figure(figure, output)
    print_text(output)


def _scale(kind: PlotName, log: bool | None) -> dict[str, bool]:
    """Return the choice of a scale, for a plot that has one."""
    if log is None:
        return {}
    if kind not in _LOG:
        where, what = "--log" if log else "--linear", f"the plot {kind.value} has no such choice"
        raise pq.CheckError([pq.Issue(where=where, what=what, remedy="omit it")])
    return {"log": log}
