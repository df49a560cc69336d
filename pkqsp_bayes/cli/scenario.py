"""Options of a regimen, with covariates and observation times."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

import pkqsp_bayes as pq

__all__ = ["Scenario", "parse_numbers", "scenario"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A regimen, an output of the model, times and covariates."""

    output: str
    regimen: "pq.Dose"
    times: list[float]
    covariates: Sequence[str]

    def arguments(self, model: "pq.ModelSpec") -> dict[str, Any]:
        """Return the arguments of an analysis."""
        return {
            "output": self.output,
            "regimen": self.regimen,
            "times": self.times,
            "covariates": parse_numbers("--covariate", self.covariates, model.covariates),
        }


def scenario(
    *,
    endpoint: Annotated[str, typer.Option(help="Output of the model.")],
    dose: Annotated[float, typer.Option(help="Amount of each dose, in the model's unit.")],
    times: Annotated[str, typer.Option(help="Times: START:STOP:STEP, or numbers with commas.")],
    to: Annotated[str, typer.Option(help="Dosing compartment or route.")] = "",
    n: Annotated[int, typer.Option(help="Number of doses.")] = 1,
    interval: Annotated[float, typer.Option(help="Time between doses.")] = 0.0,
    duration: Annotated[float, typer.Option(help="Duration of an infusion.")] = 0.0,
    covariate: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Covariate of the subjects.")
    ] = None,
) -> Scenario:
    """Return what the options state."""
    from pkqsp_bayes.engine.tables import parse_times

    return Scenario(
        output=endpoint,
        regimen=pq.Dose(amount=dose, to=to, n=n, interval=interval, duration=duration),
        times=parse_times(times),
        covariates=covariate or [],
    )


def parse_numbers(
    option: str, texts: Sequence[str], known: Sequence[str] | Any = None
) -> dict[str, float]:
    """Read ``NAME=VALUE`` texts.

    Parameters
    ----------
    option : str
        Where they were given.
    texts : sequence of str
        The texts.
    known : collection of str, optional
        Names that there are; by default any name is taken.

    Raises
    ------
    CheckError
        With every text that is not of this form, and every unknown name.

    Examples
    --------
    >>> parse_numbers("--point", ["omega[CL]=0.3"])
    {'omega[CL]': 0.3}
    """
    from pkqsp_bayes.engine.tables import parse_values

    return parse_values(texts, known, where=option)
