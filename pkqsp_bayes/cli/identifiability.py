"""Commands about designs: ``pkqsp identifiability``, ``design``."""

from pathlib import Path
from typing import Annotated

import typer

import pkqsp_bayes as pq
from pkqsp_bayes.cli.options import Ignore, Model, ModelAndStudy, Seed, model_and_study, read_table
from pkqsp_bayes.cli.output import Plot, TableFile, answer
from pkqsp_bayes.cli.scenario import parse_numbers
from pkqsp_bayes.cli.takes import takes
from pkqsp_bayes.console import print_text

__all__ = ["design", "identifiability"]

Point = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=VALUE",
        help="Parameter value at which identifiability is assessed: CL=3, omega[CL]=0.3.",
    ),
]


@takes("given", model_and_study)
def identifiability(
    given: ModelAndStudy,
    *,
    fit: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Folder of a fit of the model to the study."),
    ] = None,
    point: Point = None,
    starts: Annotated[int, typer.Option(help="Searches for alternative solutions.")] = 40,
    seed: Seed = 1,
    output: TableFile = None,
    plot: Plot = None,
) -> None:
    """Report whether a study identifies each parameter: structure, design, variances, priors."""
    found = pq.identifiability(
        given.model,
        given.study,
        None if fit is None else pq.read_fit(fit),
        point=parse_numbers("--point", point or []) or None,
        starts=starts,
        seed=seed,
    )
    if output is None:
        print_text(found)
    else:
        answer(found.table, output)
    if plot is not None:
        pq.save_figure(pq.plot_identifiability(found), plot)
        print_text(plot)


def design(
    model: Model,
    designs: Annotated[list[Path], typer.Argument(help="CSV tables of the designs.")],
    *,
    point: Point = None,
    ignore: Ignore = None,
    output: TableFile = None,
) -> None:
    """Compare designs by the expected relative standard errors (%) of the parameters."""
    spec, at = pq.load_model(model), parse_numbers("--point", point or [])
    found = {
        str(path): pq.expected_information(spec, read_table(path, spec, ignore), point=at)
        for path in designs
    }
    answer(pq.compare_designs(found).rename_axis("parameter"), output)
