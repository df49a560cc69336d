"""Commands that judge a fit or a model: ``pkqsp diagnose``, ``sbc``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import pkqsp_bayes as pq
from pkqsp_bayes.cli.options import FitFolder, ModelAndStudy, bind_options, model_and_study
from pkqsp_bayes.cli.output import Folder
from pkqsp_bayes.cli.takes import takes
from pkqsp_bayes.console import print_issue, print_table, print_text

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["SOLVED_AGAIN", "diagnose", "fit_issues", "sbc"]

SOLVED_AGAIN = 200
"""Draws that are solved at a tighter tolerance."""


def fit_issues(
    fit: "xr.DataTree | pq.FittedModel", study: "pq.Study | None", solver_draws: int
) -> "list[pq.Issue]":
    """Return what is wrong with a fit, the accuracy of its solver included."""
    issues = list(pq.diagnose(fit))
    if solver_draws and study is not None:
        issues += pq.check_solver(fit, study, draws=solver_draws).issues
    return issues


def diagnose(
    fit: FitFolder,
    *,
    solver_draws: Annotated[
        int, typer.Option(help="Draws that are solved again at a tighter tolerance; 0: none.")
    ] = SOLVED_AGAIN,
) -> None:
    """Report what is wrong with a fit, and what to do about it."""
    fitted = pq.open_fit(fit)
    issues = fit_issues(fitted, fitted.own_study, solver_draws)
    for issue in issues:
        print_issue(issue)
    if any(issue.severity != "note" for issue in issues):
        raise typer.Exit(1)
    print_text("nothing is wrong", kind="ok")


@takes("options", bind_options)
@takes("given", model_and_study)
def sbc(
    given: ModelAndStudy,
    *,
    output: Folder,
    replicates: Annotated[int, typer.Option(help="Number of simulated studies.")] = 100,
    warmup: Annotated[int, typer.Option(help="Warm-up iterations of each fit.")] = 500,
    draws: Annotated[int, typer.Option(help="Draws of each fit.")] = 500,
    adapt_delta: Annotated[float, typer.Option(help="Target acceptance statistic.")] = 0.8,
    max_treedepth: Annotated[int, typer.Option(help="Greatest tree depth.")] = 10,
    seed: Annotated[int, typer.Option(help="Seed of replicates and fits.")] = 1,
    posterior: Annotated[
        Path | None,
        typer.Option("--given", metavar="FOLDER", help="Fit whose posterior is calibrated."),
    ] = None,
    options: "pq.BindOptions",
    resume: Annotated[bool, typer.Option("--resume", help="Run only what is missing.")] = False,
    cores: Annotated[int | None, typer.Option(help="Fits that run at once.")] = None,
) -> None:
    """Calibrate a model and a design by simulation: data are made, and fitted."""
    result = pq.sbc(
        given.model,
        given.study,
        output,
        replicates=replicates,
        seed=seed,
        settings=pq.FitSettings(
            chains=1,
            warmup=warmup,
            draws=draws,
            adapt_delta=adapt_delta,
            max_treedepth=max_treedepth,
        ),
        options=options,
        given=None if posterior is None else pq.read_fit(posterior),
        resume=resume,
        cores=cores,
    )
    if (result["status"] == "ok").sum() > 1:
        pq.save_figure(pq.plot_calibration(result), output / "calibration.png")
    print_table(pq.calibration_table(result), digits=3)
    for issue in pq.calibration_issues(result):
        print_issue(issue)
    print_text(output)
