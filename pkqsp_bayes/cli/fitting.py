"""Commands that fit: ``pkqsp fit``, ``estimate``, ``mode``, ``approximate``, ``summary``."""

import logging
from enum import StrEnum
from typing import Annotated

import typer

import pkqsp_bayes as pq
from pkqsp_bayes.cli.diagnostics import SOLVED_AGAIN, fit_issues
from pkqsp_bayes.cli.options import (
    FitFolder,
    ModelAndStudy,
    bind_options,
    fit_settings,
    model_and_study,
)
from pkqsp_bayes.cli.output import Folder, TableFile, answer
from pkqsp_bayes.cli.tables import objective_text, optima_table
from pkqsp_bayes.cli.takes import takes
from pkqsp_bayes.console import print_issue, print_table, print_text, without_log

__all__ = ["approximate", "estimate", "fit", "mode", "summary"]


class StoreName(StrEnum):
    """Files that a fit keeps its result in."""

    NETCDF = "netcdf"
    ZARR = "zarr"
    BOTH = "both"


class MethodName(StrEnum):
    """Methods of `pkqsp approximate`."""

    PATHFINDER = "pathfinder"
    LAPLACE = "laplace"


@takes("options", bind_options)
@takes("settings", fit_settings)
@takes("given", model_and_study)
def fit(
    given: ModelAndStudy,
    *,
    output: Folder,
    settings: "pq.FitSettings",
    options: "pq.BindOptions",
    resume: Annotated[bool, typer.Option("--resume", help="Run only what is missing.")] = False,
    cores: Annotated[int | None, typer.Option(help="Chains that run at once.")] = None,
    store: Annotated[StoreName, typer.Option(help="Format of the result.")] = StoreName.NETCDF,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Fit a population model to a study; each chain is on disk as soon as it is done."""
    from pkqsp_bayes.fitting.results.store import describe_files

    if not quiet:
        logging.getLogger("pkqsp_bayes.fitting.sampling.progress").setLevel(logging.INFO)
    with without_log("pkqsp_bayes.fitting.sampling.fit.diagnostics"):
        tree = pq.fit(
            given.stated,
            given.study,
            output,
            priors=given.priors,
            settings=settings,
            options=options,
            resume=resume,
            cores=cores,
            store=store.value,
            progress=False if quiet else None,
        )
    issues = fit_issues(tree, given.study, SOLVED_AGAIN)
    print_table(pq.summary_table(tree))
    for issue in issues:
        print_issue(issue)
    for path, what in describe_files(output):
        print_text(f"{path}: {what}")


class IntegralName(StrEnum):
    """Methods of `pkqsp estimate`."""

    FOCEI = "focei"
    LAPLACE = "laplace"


@takes("options", bind_options)
@takes("given", model_and_study)
def estimate(
    given: ModelAndStudy,
    *,
    output: Folder,
    with_priors: Annotated[
        bool, typer.Option("--with-priors/--without-priors", help="Whether priors are included.")
    ] = True,
    method: Annotated[
        IntegralName, typer.Option(help="Second derivatives by the random effects.")
    ] = IntegralName.FOCEI,
    draws: Annotated[int, typer.Option(help="Points of the importance sample; 0 for none.")] = 200,
    proposals: Annotated[
        int, typer.Option(help="Random effects of each subject for each point.")
    ] = 10,
    iterations: Annotated[int, typer.Option(help="Largest number of iterations.")] = 200,
    seed: Annotated[int, typer.Option(help="Seed of the importance sample.")] = 1,
    options: "pq.BindOptions",
) -> None:
    """Estimate population parameters by the marginal likelihood, with standard errors."""
    from pkqsp_bayes.fitting.results.output_folder import write_result

    tree = pq.estimate(
        given.model,
        given.study,
        priors=with_priors,
        method=method.value,
        draws=draws,
        proposals=proposals,
        iterations=iterations,
        seed=seed,
        options=options,
    )
    path = write_result(tree, output)
    print_table(tree["estimate"].to_dataset().to_dataframe())
    print_text(objective_text(tree.attrs))
    print_text(path)


@takes("options", bind_options)
@takes("given", model_and_study)
def mode(
    given: ModelAndStudy,
    *,
    output: Folder,
    starts: Annotated[
        int, typer.Option(help="Number of initial values from which the mode is searched.")
    ] = 4,
    seed: Annotated[int, typer.Option(help="Seed of the initial values.")] = 1,
    jacobian: Annotated[
        bool, typer.Option(help="Mode on the unconstrained scale, or on that of the model.")
    ] = True,
    iterations: Annotated[
        int, typer.Option(help="Largest number of iterations of each search.")
    ] = 2000,
    options: "pq.BindOptions",
) -> None:
    """Find the mode of the posterior (MAP), and compare the optima of the starts."""
    from pkqsp_bayes.fitting.results.output_folder import write_result

    tree = pq.find_mode(
        given.model,
        given.study,
        starts=starts,
        seed=seed,
        jacobian=jacobian,
        iterations=iterations,
        options=options,
    )
    path = write_result(tree, output)
    print_table(optima_table(tree["optima"].to_dataset()))
    print_text(path)


@takes("options", bind_options)
@takes("given", model_and_study)
def approximate(
    given: ModelAndStudy,
    *,
    output: Folder,
    method: Annotated[
        MethodName, typer.Option(help="Method of the approximation.")
    ] = MethodName.PATHFINDER,
    draws: Annotated[int, typer.Option(help="Draws that are kept.")] = 1000,
    paths: Annotated[int, typer.Option(help="Paths of Pathfinder.")] = 4,
    seed: Annotated[int, typer.Option(help="Seed of initial values and draws.")] = 1,
    options: "pq.BindOptions",
) -> None:
    """Draw from an approximation of the posterior, and report how good it is."""
    from pkqsp_bayes.fitting.results.output_folder import write_result

    tree = pq.approximate(
        given.model,
        given.study,
        method=method.value,
        draws=draws,
        paths=paths,
        seed=seed,
        options=options,
    )
    path = write_result(tree, output)
    print_table(pq.summary_table(tree))
    print_text(f"Pareto k-hat {float(tree.attrs['pareto_k']):.2f}")
    print_text(path)


def summary(fit: FitFolder, *, output: TableFile = None) -> None:
    """Print mean, SD, 90 % interval, ESS and R-hat of the population parameters of a fit."""
    answer(pq.summary_table(pq.open_fit(fit)), output)
