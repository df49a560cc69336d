"""Commands about this machine: ``pkqsp doctor``, ``cache``, ``bench``."""

import dataclasses
import json
from typing import TYPE_CHECKING, Annotated

import typer

import pkqsp_bayes as pq
from pkqsp_bayes.cli.options import Ignore, Model, StudyFile, read_table
from pkqsp_bayes.console import print_columns, print_text, reported

if TYPE_CHECKING:
    from pkqsp_bayes.engine.doctor import Finding

__all__ = ["bench", "cache", "doctor"]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

bench = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Measure speed.")


@bench.callback()
def begin_bench() -> None:
    """Measure speed; every ratio is taken within one run."""


@bench.command()
def gradient(
    model: Model,
    study: StudyFile,
    *,
    as_json: AsJson = False,
    method: Annotated[str, typer.Option(help="Stan's solver: bdf, rk45, ckrk, adams.")] = "bdf",
    tolerance: Annotated[
        float,
        typer.Option(help="Relative tolerance of both; the absolute one is a hundredth of it."),
    ] = 1e-6,
    ignore: Ignore = None,
) -> None:
    """Time the gradient of the log density: our kernel against the pure Stan program."""
    from pkqsp_bayes.program.bench import bench_gradient

    with reported():
        solver = pq.SolverSettings(rtol=tolerance, atol=0.01 * tolerance)
        spec = pq.load_model(model)
        table = read_table(study, spec, ignore)
        options = pq.BindOptions(method=method, solver=solver)
        found = dataclasses.asdict(bench_gradient(spec, table, options=options))
    if as_json:
        print_text(json.dumps(found, indent=2))
        return
    texts = {n: f"{v:.4g}" if isinstance(v, float) else str(v) for n, v in found.items()}
    print_columns(("what", "value"), list(texts.items()))


def doctor(
    *,
    as_json: AsJson = False,
    build: Annotated[
        bool, typer.Option("--compile", help="Compile and run a small model.")
    ] = False,
) -> None:
    """Report which Stan, compiler, processor and cache there are, and what is missing."""
    from pkqsp_bayes.engine.doctor import check_compilation, examine_machine

    findings = examine_machine()
    if build and not any(f.status == "error" for f in findings):
        findings += check_compilation()
    if as_json:
        print_text(json.dumps([dataclasses.asdict(f) for f in findings], indent=2))
    else:
        print_columns(("status", "what", "found"), [_row(f) for f in findings])
    if any(f.status == "error" for f in findings):
        raise typer.Exit(1)


def _row(f: "Finding") -> tuple[str, str, str]:
    return f.status, f.topic, f"{f.value}\n-> {f.remedy}" if f.remedy else f.value


def cache(
    *,
    clear: Annotated[bool, typer.Option("--clear", help="Empty the cache.")] = False,
) -> None:
    """Show the cache of compiled programs, or empty it."""
    from pkqsp_bayes.cached_text import cache_folder
    from pkqsp_bayes.engine import cache as caching

    if clear:
        print_text(f"removed {caching.clear() / 1e6:.0f} MB")
        return
    print_text(cache_folder())
    rows = [(e.kind, e.path.name, f"{e.size / 1e6:.1f}") for e in caching.entries()]
    print_columns(("kind", "entry", "MB"), rows)
