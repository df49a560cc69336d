"""Commands about priors: ``pkqsp elicit``, ``pkqsp prior``, ``pkqsp priors``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import pkqsp_bayes as pq
from pkqsp_bayes.console import OUT, Ignore, print_issue, print_table, reported
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.outputs import write_text

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["elicit", "prior", "priors"]

Model = Annotated[str, typer.Argument(help="TOML file, or name of a library model.")]
_LEARNT = ["prior", "prior_q50", "q5", "q50", "q95", "contraction", "shift", "diagnosis"]


def elicit(
    model: Model,
    statements: Annotated[Path, typer.Option(help="What is stated, TOML.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Prior table to write.")],
    *,
    picture: Annotated[Path | None, typer.Option(help="Picture to draw.")] = None,
    subjects: Annotated[int, typer.Option(help="Virtual subjects of a prediction.")] = 512,
    seed: Annotated[int, typer.Option(help="Of their parameters.")] = 1,
) -> None:
    """Turn statements of experts, and mechanisms, into a prior table for `pkqsp fit --priors`."""
    with reported():
        result = pq.elicit_priors(
            pq.load_model(model), pq.read_statements(statements), subjects=subjects, seed=seed
        )
        pq.write_priors(result.table, output)
        if picture is not None:
            pq.save_figure(pq.plot_elicitation(result), picture)
    for issue in result.issues:
        print_issue(issue)
    if len(result.report):
        print_table(result.report)
    OUT.print(str(output), highlight=False)


def prior(
    model: Model,
    study: Annotated[Path, typer.Argument(help="CSV table: doses, times, covariates.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the result.")],
    *,
    priors: Annotated[
        Path | None, typer.Option(help="Prior table (TOML) in place of the model's own.")
    ] = None,
    draws: Annotated[int, typer.Option(help="How many.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 1,
    ignore: Ignore = None,
) -> None:
    """Draw from the prior and from what it predicts, and hold that against what was observed."""
    from pkqsp_bayes.fitting.results.saved_results import write_result

    with reported():
        spec = pq.load_model(model)
        spec = spec if priors is None else pq.apply_priors(spec, pq.read_priors(priors))
        table = pq.read_study(study, model=spec, ignore=ignore)
        tree = pq.sample_prior(spec, table, draws=draws, seed=seed)
        path = write_result(tree, output)
        if tree["observed_data"].sizes.get("observation"):
            _check(tree, table, output, seed)
    OUT.print(str(path), highlight=False)


def _check(tree: "xr.DataTree", study: pq.Study, output: Path, seed: int) -> None:
    check = pq.prior_check(tree, study, seed=seed)
    table = check[["observed", "p_value"]].to_dataframe()
    write_text(output / "prior_check.csv", table.to_csv(float_format="%.6g"))
    pq.save_figure(pq.plot_prior_check(tree, check), output / "prior_check.png")
    print_table(table.dropna(), digits=3)
    for endpoint, p in zip(check.endpoint.values, check.box_p.values, strict=True):
        OUT.print(f"{endpoint}: Box's p {p:.2g}, all statistics together", highlight=False)
    OUT.print(str(output / "prior_check.png"), highlight=False, soft_wrap=True)


def priors(
    folder: Annotated[Path, typer.Argument(help="Folder of a fit.")],
    *,
    against: Annotated[
        list[str] | None, typer.Option(metavar="NAME=FILE", help="Other prior tables (TOML).")
    ] = None,
    refit: Annotated[
        bool, typer.Option("--refit", help="Fit anew where weights of the draws will not do.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="By default the folder of the fit.")
    ] = None,
) -> None:
    """Show prior beside posterior, how far a fit leans on its priors, and what others would say."""
    with reported():
        fit, place = pq.open_fit(folder), output or folder
        place.mkdir(parents=True, exist_ok=True)
        table = pq.prior_posterior(fit)
        write_text(place / "priors.csv", table.to_csv(float_format="%.6g"))
        pq.save_figure(pq.plot_prior_posterior(fit), place / "priors.png")
        print_table(table[_LEARNT], digits=3)
        if against:
            tables = _tables(against)
            refits = place / "priors" if refit else None
            _compare(pq.compare_priors(fit, priors=tables, folder=refits), place)
    OUT.print(str(place / "priors.png"), highlight=False, soft_wrap=True)


def _tables(against: list[str]) -> dict[str, pq.PriorTable]:
    issues = [
        Issue(where=f"--against {text}", what="it has no name", remedy="write NAME=FILE")
        for text in against
        if "=" not in text
    ]
    if issues:
        raise CheckError(issues)
    pairs = (text.split("=", 1) for text in against)
    return {name: pq.read_priors(Path(path)) for name, path in pairs}


def _compare(found: "xr.Dataset", place: Path) -> None:
    moments = found[["mean", "sd", "q5", "q95", "shift"]].to_dataframe()
    write_text(place / "priors_compared.csv", moments.to_csv(float_format="%.6g"))
    label = {"label": found.attrs["label"]} if "label" in found.attrs else {}
    means = moments["mean"].unstack("prior")
    means.attrs |= label
    print_table(means)
    of_prior = [n for n, v in found.data_vars.items() if v.dims == ("prior",)]
    print_table(found[of_prior].to_dataframe(), digits=3)
    OUT.print(str(place / "priors_compared.csv"), highlight=False, soft_wrap=True)
