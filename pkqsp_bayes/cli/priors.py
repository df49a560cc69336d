"""Commands about priors: elicitation, prior predictive checks, and priors against posteriors."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import pkqsp_bayes as pq
from pkqsp_bayes.cli.options import (
    FitAndStudy,
    FitFolder,
    Model,
    ModelAndStudy,
    Seed,
    bind_options,
    fit_and_study,
    model_and_study,
)
from pkqsp_bayes.cli.output import DataFile, Folder, Plot, TableFile, answer, file_option
from pkqsp_bayes.cli.takes import takes
from pkqsp_bayes.console import print_issue, print_table, print_text

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "compare_priors",
    "elicit",
    "information_gain",
    "prior",
    "prior_conflict",
    "prior_posterior",
]

_CONTRACTION = ["prior", "prior_q50", "q5", "q50", "q95", "contraction", "shift", "diagnosis"]

TableArgument = Annotated[Path, typer.Argument(help="Prior table, TOML.")]


def elicit(
    model: Model,
    *,
    statements: Annotated[Path, typer.Option(help="What is stated, TOML.")],
    output: Annotated[
        Path, file_option("--output", "-o", endings=(".toml",), what="Prior table to write")
    ],
    plot: Plot = None,
    subjects: Annotated[int, typer.Option(help="Virtual subjects of a prediction.")] = 512,
    seed: Annotated[int, typer.Option(help="Seed of the virtual subjects.")] = 1,
) -> None:
    """Turn statements of experts, and mechanisms, into a prior table for `pkqsp fit --priors`."""
    result = pq.elicit_priors(
        pq.load_model(model), pq.read_statements(statements), subjects=subjects, seed=seed
    )
    pq.write_priors(result.table, output)
    if plot is not None:
        pq.save_figure(pq.plot_elicitation(result), plot)
    for issue in result.issues:
        print_issue(issue)
    if len(result.report):
        print_table(result.report)
    print_text(output)
    if plot is not None:
        print_text(plot)


@takes("options", bind_options)
@takes("given", model_and_study)
def prior(
    given: ModelAndStudy,
    *,
    output: Folder,
    draws: Annotated[int, typer.Option(help="Draws of the prior.")] = 1000,
    seed: Seed = 1,
    options: "pq.BindOptions",
) -> None:
    """Draw from the prior and what it predicts, and compare that with what was observed."""
    from pkqsp_bayes.fitting.results.output_folder import write_result

    tree = pq.sample_prior(given.model, given.study, draws=draws, seed=seed, options=options)
    path = write_result(tree, output)
    if tree["observed_data"].sizes.get("observation"):
        _check(tree, given.study, output, seed)
    print_text(path)


def _check(tree: "xr.DataTree", study: "pq.Study", output: Path, seed: int) -> None:
    from pkqsp_bayes.outputs import write_text

    check = pq.prior_check(tree, study, seed=seed)
    table = check[["observed", "p_value"]].to_dataframe()
    write_text(output / "prior_check.csv", table.to_csv(float_format="%.6g"))
    pq.save_figure(pq.plot_prior_check(tree, check), output / "prior_check.png")
    print_table(table.dropna(), digits=3)
    for endpoint, p in zip(check.endpoint.values, check.box_p.values, strict=True):
        print_text(f"{endpoint}: Box's p {p:.2g}, all statistics together")
    print_text(output / "prior_check.png")


@takes("given", fit_and_study)
def prior_posterior(given: FitAndStudy, *, output: TableFile = None, plot: Plot = None) -> None:
    """Print prior and posterior: contraction, shift and prior sensitivity of each parameter."""
    table = pq.prior_posterior(given.fit, given.study)
    answer(table, output, shown=table[_CONTRACTION], digits=3)
    if plot is not None:
        pq.save_figure(pq.plot_prior_posterior(given.fit, given.study), plot)
        print_text(plot)


@takes("given", fit_and_study)
def compare_priors(
    given: FitAndStudy,
    *,
    against: Annotated[
        list[str], typer.Option(metavar="NAME=FILE", help="Another prior table (TOML).")
    ],
    output: DataFile = None,
    refit: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Folder of new fits, if weights of the draws are not reliable."
        ),
    ] = None,
) -> None:
    """Compare the posterior with what it would be under other priors; Bayes factors."""
    found = pq.compare_priors(given.fit, given.study, _tables(against), folder=refit)
    moments = found[["mean", "sd", "q5", "q95", "shift"]].to_dataframe()
    means = moments["mean"].unstack("prior")
    means.attrs |= {"label": found.attrs["label"]} if "label" in found.attrs else {}
    answer(moments, output, whole=found, shown=means)
    by_prior = [name for name, values in found.data_vars.items() if values.dims == ("prior",)]
    print_table(found[by_prior].to_dataframe(), digits=3)


def _tables(against: Sequence[str]) -> "dict[str, pq.PriorTable]":
    issues = [
        pq.Issue(where=f"--against {text}", what="it has no name", remedy="write NAME=FILE")
        for text in against
        if "=" not in text
    ]
    if issues:
        raise pq.CheckError(issues)
    pairs = (text.split("=", 1) for text in against)
    return {name: pq.read_priors(Path(path)) for name, path in pairs}


def prior_conflict(
    fit: FitFolder,
    table: TableArgument,
    *,
    level: Annotated[float, typer.Option(help="p below which a conflict is flagged.")] = 0.05,
    output: TableFile = None,
) -> None:
    """Compare a fit with vague priors with what a prior table states: prior-data conflict."""
    answer(pq.prior_conflict(pq.read_fit(fit), pq.read_priors(table), level=level), output)


def information_gain(fit: FitFolder, table: TableArgument, *, output: TableFile = None) -> None:
    """Print the information (bits) that each posterior has beyond its prior in a table."""
    gain = pq.information_gain(pq.read_fit(fit), pq.read_priors(table))
    found = gain.rename_axis("parameter").to_frame()
    found.attrs |= gain.attrs
    answer(found, output)
