"""Commands about models: ``pkqsp models``, ``check``, ``show``, ``simulate``."""

import contextlib
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import pkqsp_bayes as pq
from pkqsp_bayes.cli.options import Ignore, Model, ModelAndStudy, model_and_study, solver_settings
from pkqsp_bayes.cli.output import AnyFile, DataFile, TableFile, answer, answer_text
from pkqsp_bayes.cli.takes import takes
from pkqsp_bayes.console import print_error, print_issue, print_text

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["check", "models", "show", "simulate"]


class Form(StrEnum):
    """Forms of `pkqsp show`."""

    EQUATIONS = "equations"
    LATEX = "latex"
    MATHML = "mathml"
    STAN = "stan"
    CPP = "cpp"
    JSON = "json"


def models(*, output: TableFile = None) -> None:
    """List the models of the library: title, endpoints, parameters, study; -o: descriptions."""
    table = pq.models()
    answer(table, output, shown=table.drop(columns="description"))


def check(
    model: Model,
    study: Annotated[
        Path | None, typer.Argument(help="CSV table, or the name of a study of pkqsp data.")
    ] = None,
    *,
    ignore: Ignore = None,
) -> None:
    """Report every problem of a model, and of a study with it; end with what was read."""
    from pkqsp_bayes.study.study_argument import as_examined

    spec = pq.load_model(model)
    table = None if study is None else as_examined(study, spec, ignore=ignore)
    issues = pq.check(spec, table)
    for issue in issues:
        print_issue(issue)
    failed = any(issue.severity == "error" for issue in issues)
    if not failed:
        print_text("no errors", kind="ok")
    if table is not None:
        with contextlib.suppress(pq.CheckError):  # of the model, and reported above
            print_text(pq.summarise_study(table, spec).text)
    if failed:
        raise typer.Exit(2)


def show(
    model: Model,
    form: Annotated[Form, typer.Option("--as", help="Form of the text.")] = Form.EQUATIONS,
    *,
    output: AnyFile = None,
) -> None:
    """Print the composed model: equations, LaTeX, MathML, Stan functions, C++ header, JSON."""
    from pkqsp_bayes.engine.compiled_model import compile_model

    answer_text(compile_model(pq.load_model(model)).text(form).rstrip("\n"), output)


@takes("solver", solver_settings)
@takes("given", model_and_study)
def simulate(
    given: ModelAndStudy,
    *,
    output: DataFile = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A parameter, constant or covariate."),
    ] = None,
    solver: "pq.SolverSettings",
) -> None:
    """Solve a model for every record of a study."""
    from pkqsp_bayes.engine.tables import parse_settings, simulation_table

    parameters, covariates = parse_settings(given.model, settings or [])
    result = pq.simulate(
        given.model, given.study, parameters=parameters, covariates=covariates, options=solver
    )
    answer(simulation_table(result), output, whole=result, digits=6)
    _report_failures(result)


def _report_failures(result: "xr.Dataset") -> None:
    from pkqsp_bayes.engine.tables import undefined_counts

    for name, count in undefined_counts(result).items():
        what = f"{name}: {count} records have no value (such as a logarithm of 0)"
        print_error(what, kind="warning")
    failed = result.subject[result.reason != "ok"].to_numpy()
    for subject in failed:
        reason = str(result.reason.sel(subject=subject).item())
        print_error(f"ID {subject}: {reason}; its rows are empty")
    if failed.size:
        raise typer.Exit(1)
