"""L-BFGS from several starts, and the optimum of each."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cmdstanpy
import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.errors import PkqspError
from pkqsp_bayes.program.bind import BoundModel
from pkqsp_bayes.remedies import setting

__all__ = ["MethodError", "Optimum", "best_optimum", "last_message", "optimise"]

FloatArray = NDArray[np.float64]

_DIGITS = 17
_COLLAPSED = 0.01
_IGNORED = re.compile(r"^(Optimization|Error evaluating model log probability|\s*Iter|\s*$)")


class MethodError(PkqspError, RuntimeError):
    """A method of Stan failed; the text states the reason and a remedy."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Optimum:
    """The optimum that was reached from one start.

    Parameters
    ----------
    start : int
        Number of the start, from 1.
    log_density : float
        Log density at the optimum; NaN if the optimiser failed.
    converged : bool
        Whether one of the tolerances of L-BFGS was met.
    collapsed : bool
        Whether an SD of random effects went to 0, where the joint density is unbounded.
    message : str
        The last message of the optimiser.
    values : mapping of str to array
        Values of each variable of the program.
    estimate : CmdStanMLE or None
        The result of cmdstanpy.
    """

    start: int
    log_density: float = float("nan")
    converged: bool = False
    collapsed: bool = False
    message: str = ""
    values: Mapping[str, FloatArray] = field(default_factory=dict)
    estimate: cmdstanpy.CmdStanMLE | None = None

    @property
    def ended_well(self) -> bool:
        """Whether this is a mode: the optimiser converged, and no SD went to 0."""
        return self.converged and not self.collapsed


def optimise(
    program: cmdstanpy.CmdStanModel,
    bound: BoundModel,
    inits: Mapping[int, Mapping[str, Any]],
    *,
    seed: int,
    jacobian: bool,
    iterations: int,
) -> list[Optimum]:
    """Run L-BFGS from every start.

    Parameters
    ----------
    program : CmdStanModel
        The compiled program.
    bound : BoundModel
        Its model and data.
    inits : mapping of int to mapping
        Initial values, on the constrained scale.
    seed : int
        Seed of the replicates at the optimum.
    jacobian : bool
        Whether the density is that on the unconstrained scale.
    iterations : int
        Greatest number of iterations from each start.
    """
    return [
        _optimise_from(program, bound, number, init, seed, jacobian, iterations)
        for number, init in inits.items()
    ]


def best_optimum(optima: Sequence[Optimum]) -> Optimum:
    """Return the highest optimum that converged; if there is none, of those not collapsed.

    Raises
    ------
    MethodError
        If the optimiser failed or collapsed from every start.
    """
    inside = [o for o in optima if np.isfinite(o.log_density) and not o.collapsed]
    if inside:
        return max(inside, key=lambda o: (o.ended_well, o.log_density))
    if any(o.collapsed for o in optima):
        raise MethodError(
            "there is no mode: from every start an SD of random effects goes to 0, where the joint "
            f"density is unbounded; sample with {setting('fit')}, state that SD as a number, or "
            f"sample the effect non-centred: {setting('non_centred', 'NAME')}"
        )
    reasons = "; ".join(sorted({o.message for o in optima}))
    raise MethodError(f"the optimiser failed from all {len(optima)} starts: {reasons}")


def last_message(text: str) -> str:
    r"""Return the last line of a console output that is a message.

    Examples
    --------
    >>> last_message("  Iter  log prob\nOptimization terminated:\n  Line search failed\n")
    'Line search failed'
    """
    lines = [line.strip() for line in text.splitlines() if not _IGNORED.match(line)]
    return lines[-1] if lines else ""


def _optimise_from(
    program: cmdstanpy.CmdStanModel,
    bound: BoundModel,
    number: int,
    init: Mapping[str, Any],
    seed: int,
    jacobian: bool,
    iterations: int,
) -> Optimum:
    try:
        found = program.optimize(
            data=bound.plain_data(),
            inits=dict(init),
            seed=seed,
            algorithm="lbfgs",
            jacobian=jacobian,
            iter=iterations,
            require_converged=False,
            sig_figs=_DIGITS,
        )
    except RuntimeError as error:
        return Optimum(start=number, message=last_message(str(error)))
    values = {name: np.asarray(value) for name, value in found.stan_variables().items()}
    return Optimum(
        start=number,
        log_density=float(found.optimized_params_dict["lp__"]),
        converged=found.converged,
        collapsed=_is_collapsed(values, bound),
        message=last_message(Path(found.runset.stdout_files[0]).read_text()),
        values=values,
        estimate=found,
    )


def _is_collapsed(values: Mapping[str, FloatArray], bound: BoundModel) -> bool:
    """Return whether an SD of random effects is far below the centre of its prior."""
    for name in ("omega", "omega_sampled", "omega_iov", "omega_iov_sampled"):
        if name in bound.inits and name in values:
            centre = bound.inits[name].value
            if (np.asarray(values[name]) < _COLLAPSED * centre).any():
                return True
    return False
