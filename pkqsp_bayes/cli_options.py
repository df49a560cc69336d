"""Options that `pkqsp fit`, `approximate` and `mode` share: solver and parameterisation."""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pkqsp_bayes.errors import CheckError, Issue

if TYPE_CHECKING:
    from pkqsp_bayes.program.bind import BindOptions

__all__ = ["Atol", "Centred", "MaxSteps", "NonCentred", "Rtol", "bind_options"]

Rtol = Annotated[float | None, typer.Option("--rtol", help="Relative tolerance of the ODE solver.")]
Atol = Annotated[
    float | None,
    typer.Option("--atol", help="Absolute tolerance, relative to the size of each state."),
]
MaxSteps = Annotated[
    int | None, typer.Option("--max-steps", help="Steps that one subject may take.")
]
Centred = Annotated[
    list[str] | None,
    typer.Option(
        "--centred", metavar="NAME", help="Sample this random effect centred: CL, kappa[CL]."
    ),
]
NonCentred = Annotated[
    list[str] | None,
    typer.Option("--non-centred", metavar="NAME", help="Sample it non-centred."),
]


def bind_options(
    *,
    backend: Literal["native", "stan"] = "native",
    rtol: float | None = None,
    atol: float | None = None,
    max_steps: int | None = None,
    centred: Sequence[str] | None = None,
    non_centred: Sequence[str] | None = None,
) -> "BindOptions":
    """Return what the options of a command line say; what is not given is as by default.

    Raises
    ------
    CheckError
        If an effect is to be centred and non-centred.

    Examples
    --------
    >>> bind_options(rtol=1e-8, non_centred=["CL"]).centred
    {'CL': False}
    """
    from pkqsp_bayes.program.bind import BindOptions

    both = sorted(set(centred or ()) & set(non_centred or ()))
    if both:
        remedy = "choose one"
        raise CheckError(
            Issue(where=f"--centred {name}", what="it is --non-centred as well", remedy=remedy)
            for name in both
        )
    usual = BindOptions()
    solver = dataclasses.replace(
        usual.solver,
        rtol=usual.solver.rtol if rtol is None else rtol,
        atol=usual.solver.atol if atol is None else atol,
        max_steps=usual.solver.max_steps if max_steps is None else max_steps,
    )
    wanted = dict.fromkeys(centred or (), True) | dict.fromkeys(non_centred or (), False)
    return dataclasses.replace(usual, backend=backend, solver=solver, centred=wanted or None)
