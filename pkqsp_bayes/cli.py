"""The ``pkqsp`` command: options in, calls of the package, text out. No logic lives here."""

import contextlib
import logging
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.logging import RichHandler

import pkqsp_bayes as pq
from pkqsp_bayes import __version__
from pkqsp_bayes import cli_answers as answers
from pkqsp_bayes import cli_machine as machine
from pkqsp_bayes import cli_priors as about_priors
from pkqsp_bayes.cli_options import (
    Atol,
    Centred,
    MaxSteps,
    NonCentred,
    Rtol,
    bind_options,
)
from pkqsp_bayes.console import ERR, OUT, STYLE, Ignore, print_issue, print_table, reported

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["app"]

_SOLVED_AGAIN = 200  # draws, at a tighter tolerance

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="PBPK, QSP and population models compiled to fast Stan programs.",
)


def _version(wanted: bool) -> None:
    if wanted:
        OUT.print(__version__)
        raise typer.Exit


@app.callback()
def begin(
    *,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say what is done.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """PBPK, QSP and population models compiled to fast Stan programs."""
    del version
    handler = RichHandler(console=ERR, show_path=False, show_time=False, markup=False)
    logging.getLogger("pkqsp_bayes").handlers = [handler]
    logging.getLogger("pkqsp_bayes").setLevel(logging.INFO if verbose else logging.WARNING)
    # With a handler of ours cmdstanpy leaves its logger as it is.
    logging.getLogger("cmdstanpy").handlers = [handler]
    logging.getLogger("cmdstanpy").setLevel(logging.INFO if verbose else logging.ERROR)


class Form(StrEnum):
    """Forms of `pkqsp show`."""

    EQUATIONS = "equations"
    LATEX = "latex"
    MATHML = "mathml"
    STAN = "stan"
    CPP = "cpp"
    JSON = "json"


Model = Annotated[str, typer.Argument(help="Name of a library model, or a TOML file.")]


@app.command()
def check(
    model: Model,
    study: Annotated[Path | None, typer.Argument(help="CSV table.")] = None,
    *,
    ignore: Ignore = None,
) -> None:
    """Report every problem of a model, and of a study with it; end with what was read."""
    with reported():
        spec = pq.load_model(model)
        table = None if study is None else pq.examine_study(study, model=spec, ignore=ignore)
        issues = pq.check(spec, table)
    for issue in issues:
        print_issue(issue)
    failed = any(issue.severity == "error" for issue in issues)
    if not failed:
        OUT.print("no errors", style=STYLE["ok"])
    if table is not None:
        with contextlib.suppress(pq.CheckError):  # of the model, and told above
            text = pq.summarise_study(table, spec).text
            OUT.print(text, markup=False, highlight=False, soft_wrap=True)
    if failed:
        raise typer.Exit(2)


@app.command()
def show(
    model: Model,
    form: Annotated[Form, typer.Option("--as", help="In which form.")] = Form.EQUATIONS,
) -> None:
    """Print the composed model: equations, LaTeX, MathML, Stan functions, C++ header, JSON."""
    from pkqsp_bayes.engine.compiled_model import compile_model

    with reported():
        typer.echo(compile_model(pq.load_model(model)).text(form), nl=False)


@app.command()
def simulate(
    model: Model,
    study: Annotated[Path, typer.Argument(help="CSV table: doses, times, covariates.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="CSV table to write.")],
    *,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A parameter, constant or covariate."),
    ] = None,
    ignore: Ignore = None,
) -> None:
    """Solve a model for every record of a study."""
    from pkqsp_bayes.engine.tables import parse_settings, undefined_counts, write_simulation

    with reported():
        spec = pq.load_model(model)
        parameters, covariates = parse_settings(spec, settings or [])
        result = pq.simulate(
            spec,
            pq.read_study(study, model=spec, ignore=ignore),
            parameters=parameters,
            covariates=covariates,
        )
        write_simulation(result, output)
        failed = result.subject[result.reason != "ok"].to_numpy()
    for name, count in undefined_counts(result).items():
        what = f"{name}: {count} records have no value (such as a logarithm of 0)"
        ERR.print(what, style=STYLE["warning"])
    for subject in failed:
        reason = str(result.reason.sel(subject=subject).item())
        ERR.print(f"ID {subject}: {reason}; its rows are empty", style=STYLE["error"])
    if failed.size:
        raise typer.Exit(1)


class StoreName(StrEnum):
    """Files that `pkqsp fit` keeps its result in."""

    NETCDF = "netcdf"
    ZARR = "zarr"
    BOTH = "both"


class BeginName(StrEnum):
    """Where the chains of `pkqsp fit` begin."""

    PRIORS = "priors"
    MODE = "mode"


class BackendName(StrEnum):
    """Solvers of `pkqsp fit`."""

    NATIVE = "native"
    STAN = "stan"


@app.command()
def fit(
    model: Model,
    study: Annotated[Path, typer.Argument(help="CSV table.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the results.")],
    *,
    priors: Annotated[Path | None, typer.Option(help="Prior table, TOML.")] = None,
    chains: Annotated[int, typer.Option(help="Number of chains.")] = 4,
    warmup: Annotated[int, typer.Option(help="Warm-up iterations of each.")] = 1000,
    draws: Annotated[int, typer.Option(help="Draws of each.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the sampler.")] = 1,
    backend: Annotated[BackendName, typer.Option(help="ODE solver.")] = BackendName.NATIVE,
    resume: Annotated[bool, typer.Option("--resume", help="Run only what is missing.")] = False,
    cores: Annotated[int | None, typer.Option(help="Chains that run at once.")] = None,
    adapt_delta: Annotated[float, typer.Option(help="Target acceptance.")] = 0.8,
    max_treedepth: Annotated[int, typer.Option(help="Greatest tree depth.")] = 10,
    begin: Annotated[BeginName, typer.Option(help="Where chains begin.")] = BeginName.PRIORS,
    store: Annotated[StoreName, typer.Option(help="How the result is kept.")] = StoreName.NETCDF,
    rtol: Rtol = None,
    atol: Atol = None,
    max_steps: MaxSteps = None,
    centred: Centred = None,
    non_centred: NonCentred = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    ignore: Ignore = None,
) -> None:
    """Fit a population model to a study; each chain is on disk as soon as it is done."""
    from pkqsp_bayes.fitting.results.store import describe_files
    from pkqsp_bayes.fitting.results.summarise import summary_table
    from pkqsp_bayes.fitting.sampling.fit import fit
    from pkqsp_bayes.fitting.sampling.settings import FitSettings

    if not quiet:
        logging.getLogger("pkqsp_bayes.fitting.sampling.progress").setLevel(logging.INFO)
    with reported():
        spec = pq.load_model(model)
        table = pq.read_study(study, model=spec, ignore=ignore)
        tree = fit(
            spec,
            table,
            output,
            priors=None if priors is None else pq.read_priors(priors),
            settings=FitSettings(
                chains=chains,
                warmup=warmup,
                draws=draws,
                seed=seed,
                adapt_delta=adapt_delta,
                max_treedepth=max_treedepth,
                begin=begin.value,
            ),
            options=bind_options(
                backend=backend.value,
                rtol=rtol,
                atol=atol,
                max_steps=max_steps,
                centred=centred,
                non_centred=non_centred,
            ),
            resume=resume,
            cores=cores,
            store=store.value,
            progress=False if quiet else None,
        )
        issues = _issues_of_fit(tree, table, _SOLVED_AGAIN)
    print_table(summary_table(tree))
    for issue in issues:
        print_issue(issue)
    for path, what in describe_files(output):
        OUT.print(f"{path}: {what}", highlight=False, markup=False, soft_wrap=True)


def _issues_of_fit(
    tree: "xr.DataTree", study: pq.Study | None, solver_draws: int
) -> list[pq.Issue]:
    issues = list(pq.diagnose(tree))
    if solver_draws and study is not None:
        issues += pq.check_solver(tree, study, draws=solver_draws).issues
    return issues


@app.command()
def diagnose(
    folder: Annotated[Path, typer.Argument(help="Folder of a fit.")],
    *,
    solver_draws: Annotated[
        int, typer.Option(help="Draws that are solved again at a tighter tolerance; 0: none.")
    ] = _SOLVED_AGAIN,
) -> None:
    """Say what is wrong with a fit, and what to do about it."""
    from pkqsp_bayes.fitting.results.store import STUDY_FILE, read_study_of

    with reported():
        kept = (folder / STUDY_FILE).exists()
        issues = _issues_of_fit(
            pq.read_fit(folder), read_study_of(folder) if kept else None, solver_draws
        )
    for issue in issues:
        print_issue(issue)
    if issues:
        raise typer.Exit(1)
    OUT.print("nothing is wrong", style=STYLE["ok"])


@app.command()
def sbc(
    model: Model,
    study: Annotated[Path, typer.Argument(help="CSV table: the design.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the results.")],
    *,
    replicates: Annotated[int, typer.Option(help="How many.")] = 100,
    warmup: Annotated[int, typer.Option(help="Warm-up iterations of each fit.")] = 500,
    draws: Annotated[int, typer.Option(help="Draws of each fit.")] = 500,
    seed: Annotated[int, typer.Option(help="Seed of replicates and fits.")] = 1,
    given: Annotated[
        Path | None, typer.Option(help="Folder of a fit: calibrate its posterior.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Run only what is missing.")] = False,
    cores: Annotated[int | None, typer.Option(help="Fits that run at once.")] = None,
    ignore: Ignore = None,
) -> None:
    """Calibrate a model and a design by simulation: data are made, and fitted."""
    with reported():
        spec = pq.load_model(model)
        result = pq.sbc(
            spec,
            pq.read_study(study, model=spec, ignore=ignore),
            output,
            replicates=replicates,
            seed=seed,
            settings=pq.FitSettings(chains=1, warmup=warmup, draws=draws),
            given=None if given is None else pq.read_fit(given),
            resume=resume,
            cores=cores,
        )
        if (result["status"] == "ok").sum() > 1:
            pq.save_figure(pq.plot_calibration(result), output / "calibration.png")
    print_table(pq.calibration_table(result), digits=3)
    for issue in pq.calibration_issues(result):
        print_issue(issue)
    OUT.print(str(output), highlight=False, markup=False, soft_wrap=True)


@app.command()
def identify(
    model: Model,
    study: Annotated[Path, typer.Argument(help="CSV table: a study, or one that is planned.")],
    *,
    fit: Annotated[Path | None, typer.Option(help="Folder of a fit of the two.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="CSV table.")] = None,
    ignore: Ignore = None,
) -> None:
    """Say of each parameter whether a study can tell it: structure, design, variances, priors."""
    from pkqsp_bayes.outputs import write_text

    with reported():
        spec = pq.load_model(model)
        found = pq.identifiability(
            spec,
            pq.read_study(study, model=spec, ignore=ignore),
            None if fit is None else pq.read_fit(fit),
        )
        if output is not None:
            write_text(output, found.table.to_csv())
    OUT.print(str(found), highlight=False, markup=False, soft_wrap=True)


@app.command()
def mode(
    model: Model,
    study: Annotated[Path, typer.Argument(help="CSV table.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the result.")],
    *,
    starts: Annotated[int, typer.Option(help="From how many starts to climb.")] = 4,
    seed: Annotated[int, typer.Option(help="Of the starts.")] = 1,
    jacobian: Annotated[bool, typer.Option(help="On the unconstrained scale.")] = True,
    iterations: Annotated[int, typer.Option(help="Limit of each climb.")] = 2000,
    rtol: Rtol = None,
    atol: Atol = None,
    max_steps: MaxSteps = None,
    centred: Centred = None,
    non_centred: NonCentred = None,
    ignore: Ignore = None,
) -> None:
    """Find the mode of the posterior (MAP), and compare the optima of the starts."""
    from pkqsp_bayes.fitting.results.saved_results import write_result

    with reported():
        spec = pq.load_model(model)
        table = pq.read_study(study, model=spec, ignore=ignore)
        options = bind_options(
            rtol=rtol, atol=atol, max_steps=max_steps, centred=centred, non_centred=non_centred
        )
        tree = pq.find_mode(
            spec,
            table,
            starts=starts,
            seed=seed,
            jacobian=jacobian,
            iterations=iterations,
            options=options,
        )
        path = write_result(tree, output)
    OUT.print(tree["optima"].to_dataset(), highlight=False, markup=False)
    OUT.print(str(path), highlight=False, markup=False, soft_wrap=True)


class MethodName(StrEnum):
    """Methods of `pkqsp approximate`."""

    PATHFINDER = "pathfinder"
    LAPLACE = "laplace"


@app.command()
def approximate(
    model: Model,
    study: Annotated[Path, typer.Argument(help="CSV table.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the result.")],
    *,
    method: Annotated[MethodName, typer.Option(help="How.")] = MethodName.PATHFINDER,
    draws: Annotated[int, typer.Option(help="Draws that are kept.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of starts and draws.")] = 1,
    rtol: Rtol = None,
    atol: Atol = None,
    max_steps: MaxSteps = None,
    centred: Centred = None,
    non_centred: NonCentred = None,
    ignore: Ignore = None,
) -> None:
    """Draw from an approximation of the posterior, and say how good it is."""
    from pkqsp_bayes.fitting.results.saved_results import write_result

    with reported():
        spec = pq.load_model(model)
        table = pq.read_study(study, model=spec, ignore=ignore)
        options = bind_options(
            rtol=rtol, atol=atol, max_steps=max_steps, centred=centred, non_centred=non_centred
        )
        tree = pq.approximate(
            spec, table, method=method.value, draws=draws, seed=seed, options=options
        )
        path = write_result(tree, output)
    print_table(pq.summary_table(tree))
    OUT.print(f"Pareto k-hat {float(tree.attrs['pareto_k']):.2f}", highlight=False)
    OUT.print(str(path), highlight=False, markup=False, soft_wrap=True)


app.command()(about_priors.elicit)
app.command()(about_priors.prior)
app.command()(about_priors.priors)
app.command()(answers.budget)
app.command()(answers.report)

app.command()(machine.data)
app.command()(machine.doctor)
app.command()(machine.cache)
app.add_typer(machine.bench, name="bench")


if __name__ == "__main__":
    app()
