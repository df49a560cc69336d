"""Commands about decisions: ``individualise``, ``intervene``, ``causal``, ``credibility``."""

import dataclasses
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

import pkqsp_bayes as pq
from pkqsp_bayes.cli.options import (
    FitAndStudy,
    FitFolder,
    Seed,
    fit_and_other_study,
    fit_and_study,
    open_reliable,
    read_table,
    solver_settings,
)
from pkqsp_bayes.cli.output import DataFile, Plot, TextFile, answer, answer_text
from pkqsp_bayes.cli.scenario import Scenario, parse_numbers, scenario
from pkqsp_bayes.cli.tables import individual_table, wide
from pkqsp_bayes.cli.takes import takes
from pkqsp_bayes.console import print_text

__all__ = ["causal", "credibility", "individualise", "intervene"]


class HowName(StrEnum):
    """Methods of `pkqsp individualise`."""

    POSTERIOR = "posterior"
    MAP = "map"


@takes("given", fit_and_other_study)
def individualise(
    given: FitAndStudy,
    *,
    method: Annotated[
        HowName, typer.Option(help="Draws of the posterior, or its mode.")
    ] = HowName.POSTERIOR,
    draws: Annotated[int, typer.Option(help="Draws of the population, and of each subject.")] = 200,
    proposals: Annotated[
        int, typer.Option(help="Proposals for each draw of the population and each subject.")
    ] = 30,
    seed: Seed = 1,
    output: DataFile = None,
) -> None:
    """Estimate the individual parameters of new subjects from their own data."""
    found = pq.individualise(
        given.fit, given.study, method=method.value, draws=draws, proposals=proposals, seed=seed
    )
    answer(individual_table(found.dataset), output, whole=found.dataset)


@takes("solver", solver_settings)
@takes("case", scenario)
def intervene(
    fit: FitFolder,
    *,
    do: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Set a parameter, constant, covariate or dose."),
    ] = None,
    scale: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FACTOR", help="Multiply a parameter, constant or covariate."),
    ] = None,
    case: Scenario,
    draws: Annotated[int, typer.Option(help="Draws of the population.")] = 200,
    subjects: Annotated[int, typer.Option(help="New subjects for each draw.")] = 50,
    probability: Annotated[float, typer.Option(help="Probability of the intervals.")] = 0.9,
    seed: Seed = 1,
    solver: "pq.SolverSettings",
    output: DataFile = None,
) -> None:
    """Contrast what happens under an intervention with what happens without it."""
    fitted = open_reliable(fit)
    found = pq.intervene(
        fitted,
        _changes(do or [], scale or [], case),
        **case.arguments(fitted.spec),
        draws=draws,
        subjects=subjects,
        probability=probability,
        seed=seed,
        options=solver,
    )
    answer(wide(found["endpoint_change"], "statistic"), output, whole=found)


def _changes(do: Sequence[str], scale: Sequence[str], case: Scenario) -> Mapping[str, Any]:
    """Return what is done: numbers, names of levels, amounts of another dose, factors."""
    from pkqsp_bayes.engine.tables import repeated_names

    parts = [text.partition("=") for text in do]
    unclear = [text for text, (name, sign, _) in zip(do, parts, strict=True) if not (name and sign)]
    if unclear:
        raise pq.CheckError(
            pq.Issue(where=f"--do {text}", what="it sets nothing", remedy="write NAME=VALUE")
            for text in unclear
        )
    names = [text.partition("=")[0].strip() for text in (*do, *scale)]
    if repeated := repeated_names(names, where="--do, --scale"):
        raise pq.CheckError(repeated)
    found: dict[str, Any] = {name.strip(): _value(value.strip()) for name, _, value in parts}
    if "dose" in found:
        found["dose"] = dataclasses.replace(case.regimen, amount=found["dose"])
    factors = parse_numbers("--scale", scale)
    return found | {name: pq.Scaled(factor=factor) for name, factor in factors.items()}


def _value(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


@takes("given", fit_and_study)
def causal(
    given: FitAndStudy,
    *,
    claim: Annotated[Path, typer.Option(help="Causal claim with its assumptions, TOML.")],
    target: Annotated[
        Path | None, typer.Option(help="Study of the target population: CSV table, or a name.")
    ] = None,
    output: TextFile = None,
    plot: Plot = None,
) -> None:
    """Record the assumptions of a causal claim, and the status of each."""
    model = given.fit.spec
    record = pq.causal_record(
        given.fit,
        pq.read_causal(claim),
        study=given.study,
        target=None if target is None else read_table(target, model),
    )
    answer_text(record.text, output)
    if plot is not None:
        pq.save_figure(pq.plot_positivity(record), plot)
        print_text(plot)


@takes("given", fit_and_study)
def credibility(
    given: FitAndStudy,
    *,
    claim: Annotated[Path, typer.Option(help="Claim with [credibility], TOML.")],
    draws: Annotated[int, typer.Option(help="Draws for predictive checks.")] = 500,
    seed: Seed = 1,
    output: TextFile = None,
) -> None:
    """Record the credibility of a fit: context of use, model risk, criteria, activities."""
    record = pq.credibility_record(
        given.fit, pq.read_causal(claim), study=given.study, draws=draws, seed=seed
    )
    answer_text(record.text, output)
