"""Commands about this machine: ``pkqsp bench``, ``data``, ``doctor``, ``cache``."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

import pkqsp_bayes as pq
from pkqsp_bayes.console import OUT, STYLE, Ignore, reported
from pkqsp_bayes.engine import cache as caching
from pkqsp_bayes.engine.doctor import Finding, check_compilation, examine_machine

__all__ = ["bench", "cache", "data", "doctor"]

Model = Annotated[str, typer.Argument(help="TOML file, or name of a library model.")]

bench = typer.Typer(no_args_is_help=True, help="Measure speed.")


@bench.callback()
def begin_bench() -> None:
    """Measure speed; every ratio is taken within one run."""


@bench.command()
def gradient(
    model: Model,
    study: Annotated[Path, typer.Argument(help="CSV table.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    method: Annotated[str, typer.Option(help="Stan's solver: bdf, rk45, ckrk, adams.")] = "bdf",
    tolerance: Annotated[
        float, typer.Option(help="Relative, of both; a hundredth of it of each state's size.")
    ] = 1e-6,
    ignore: Ignore = None,
) -> None:
    """Time the gradient of the log density: our kernel against the pure Stan program."""
    from pkqsp_bayes.program.bench import bench_gradient
    from pkqsp_bayes.program.bind import BindOptions
    from pkqsp_bayes.program.study_data import SolverSettings

    with reported():
        settings = SolverSettings(rtol=tolerance, atol=0.01 * tolerance)
        options = BindOptions(method=method, solver=settings)
        spec = pq.load_model(model)
        found = bench_gradient(
            spec, pq.read_study(study, model=spec, ignore=ignore), options=options
        )
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(found), indent=2))
        return
    table = Table("", "", box=None, show_header=False)
    for name, value in dataclasses.asdict(found).items():
        table.add_row(name, f"{value:.4g}" if isinstance(value, float) else str(value))
    OUT.print(table)


def data(
    name: Annotated[str | None, typer.Argument(help="Study of which to print the table.")] = None,
) -> None:
    """List the studies that are known by name; get one, and print where its table is."""
    with reported():
        if name is not None:
            typer.echo(pq.datasets.path(name))
            return
        table = Table("name", "study", box=None)
        for known in pq.datasets.names():
            about, place = pq.datasets.describe(known), pq.datasets.local_path(known)
            where = place or f"pkqsp data {known} downloads it"
            table.add_row(known, f"{about.title}\n{about.source}\n{where}")
    OUT.print(table)


def doctor(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    build: Annotated[bool, typer.Option("--compile", help="Prove it on a small model.")] = False,
) -> None:
    """Say what Stan, compiler, processor and cache there are, and what is missing."""
    with reported():
        findings = examine_machine()
        if build and not any(f.status == "error" for f in findings):
            findings += check_compilation()
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(f) for f in findings], indent=2))
    else:
        OUT.print(_table(findings))
    if any(f.status == "error" for f in findings):
        raise typer.Exit(1)


def _table(findings: list[Finding]) -> Table:
    table = Table("", "what", "found", box=None)
    for f in findings:
        value = f"{f.value}\n-> {f.remedy}" if f.remedy else f.value
        style = STYLE[f.status]
        table.add_row(f"[{style}]{f.status}[/]", f.topic, value)
    return table


def cache(
    *,
    clear: Annotated[bool, typer.Option("--clear", help="Empty it.")] = False,
) -> None:
    """Show the cache of compiled programs, or empty it."""
    with reported():
        if clear:
            OUT.print(f"removed {caching.clear() / 1e6:.0f} MB", highlight=False)
            return
        table = Table("kind", "entry", "MB", box=None)
        for entry in caching.entries():
            table.add_row(entry.kind, entry.path.name, f"{entry.size / 1e6:.1f}")
    OUT.print(str(caching.cache_folder()), highlight=False, markup=False, soft_wrap=True)
    OUT.print(table)
