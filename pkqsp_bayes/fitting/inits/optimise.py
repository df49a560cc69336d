"""L-BFGS from several starts, and where each of them ended."""

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

__all__ = ["MethodError", "Optimum", "best_optimum", "optimise", "what_was_said"]

FloatArray = NDArray[np.float64]

_DIGITS = 17
_COLLAPSED = 0.01
_NOISE = re.compile(r"^(Optimization|Error evaluating model log probability|\s*Iter|\s*$)")


class MethodError(PkqspError, RuntimeError):
    """A method of Stan came to nothing; the text says why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Optimum:
    """Where one start ended.

    Parameters
    ----------
    start : int
        Its number, from 1.
    log_density : float
        There; NaN if the optimiser failed.
    converged : bool
        Whether one of L-BFGS's tolerances was met.
    collapsed : bool
        Whether an SD of random effects ran towards 0, where the joint density has no bound.
    said : str
        The optimiser's last word.
    values : mapping of str to array
        Each variable of the program.
    estimate : CmdStanMLE or None
        What cmdstanpy returned.
    """

    start: int
    log_density: float = float("nan")
    converged: bool = False
    collapsed: bool = False
    said: str = ""
    values: Mapping[str, FloatArray] = field(default_factory=dict)
    estimate: cmdstanpy.CmdStanMLE | None = None

    @property
    def ended_well(self) -> bool:
        """Whether this is a mode: converged, inside the bounds."""
        return self.converged and not self.collapsed


def optimise(
    program: cmdstanpy.CmdStanModel,
    bound: BoundModel,
    starts: Mapping[int, Mapping[str, Any]],
    *,
    seed: int,
    jacobian: bool,
    iterations: int,
) -> list[Optimum]:
    """Climb from every start.

    Parameters
    ----------
    program : CmdStanModel
        Compiled.
    bound : BoundModel
        What it is of.
    starts : mapping of int to mapping
        On the constrained scale.
    seed : int
        Of replicates at the optimum.
    jacobian : bool
        Whether the density is that on the unconstrained scale.
    iterations : int
        Limit of each.
    """
    return [
        _climb(program, bound, number, start, seed, jacobian, iterations)
        for number, start in starts.items()
    ]


def best_optimum(optima: Sequence[Optimum]) -> Optimum:
    """Return the highest of those that ended well; if none did, of those that did not collapse.

    Raises
    ------
    MethodError
        If there is none of either.
    """
    inside = [o for o in optima if np.isfinite(o.log_density) and not o.collapsed]
    if inside:
        return max(inside, key=lambda o: (o.ended_well, o.log_density))
    if any(o.collapsed for o in optima):
        raise MethodError(
            "there is no mode: from every start an SD of random effects runs to 0, where the joint "
            f"density has no bound; sample with {setting('fit')}, state that SD as a number, or "
            f"sample the effect non-centred: {setting('non_centred', 'NAME')}"
        )
    told = "; ".join(sorted({o.said for o in optima}))
    raise MethodError(f"the optimiser failed from all {len(optima)} starts: {told}")


def what_was_said(text: str) -> str:
    r"""Return the last line of a console that says something.

    Examples
    --------
    >>> what_was_said("  Iter  log prob\nOptimization terminated:\n  Line search failed\n")
    'Line search failed'
    """
    lines = [line.strip() for line in text.splitlines() if not _NOISE.match(line)]
    return lines[-1] if lines else ""


def _climb(
    program: cmdstanpy.CmdStanModel,
    bound: BoundModel,
    number: int,
    start: Mapping[str, Any],
    seed: int,
    jacobian: bool,
    iterations: int,
) -> Optimum:
    try:
        found = program.optimize(
            data=bound.plain_data(),
            inits=dict(start),
            seed=seed,
            algorithm="lbfgs",
            jacobian=jacobian,
            iter=iterations,
            require_converged=False,
            sig_figs=_DIGITS,
        )
    except RuntimeError as error:
        return Optimum(start=number, said=what_was_said(str(error)))
    values = {name: np.asarray(value) for name, value in found.stan_variables().items()}
    return Optimum(
        start=number,
        log_density=float(found.optimized_params_dict["lp__"]),
        converged=found.converged,
        collapsed=_is_collapsed(values, bound),
        said=what_was_said(Path(found.runset.stdout_files[0]).read_text()),
        values=values,
        estimate=found,
    )


def _is_collapsed(values: Mapping[str, FloatArray], bound: BoundModel) -> bool:
    """Whether an SD of random effects is far below the centre of its prior."""
    for name in ("omega", "omega_sampled", "omega_iov", "omega_iov_sampled"):
        if name in bound.starts and name in values:
            centre = bound.starts[name].value
            if (np.asarray(values[name]) < _COLLAPSED * centre).any():
                return True
    return False
