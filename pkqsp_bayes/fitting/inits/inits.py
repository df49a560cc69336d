"""Where chains begin: points at which log density and gradient are finite, or an honest error."""

import dataclasses
import logging
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.engine.compile import load_program
from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.fitting.inits.init_diagnostics import explain_starts
from pkqsp_bayes.program.bench import PointError, log_density
from pkqsp_bayes.program.bind import BoundModel
from pkqsp_bayes.program.program_inits import (
    Start,
    constrain_point,
    unconstrained_point,
    unconstrained_widths,
)
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.study.study import Study

__all__ = ["find_starts", "is_usable", "point_of", "settle_starts"]

FloatArray = NDArray[np.float64]

_LOGGER = logging.getLogger(__name__)
_SPREADS = (0.3, 0.1, 0.03)
_TRIES = 4
_PRIOR_DRAWS = 50  # for each chain
_EFFECTS = 0.1  # spread of random effects around 0 beside a draw of the prior
_DIGITS = 10


def settle_starts(
    model: ModelSpec, study: Study, bound: BoundModel, chains: int, seed: int
) -> dict[int, dict[str, Any]]:
    """Return what `find_starts` finds, or say why there is no start.

    Parameters
    ----------
    model, study
        As they were bound.
    bound : BoundModel
        Program and data.
    chains : int
        How many.
    seed : int
        Of the points.

    Raises
    ------
    CheckError
        With the observations, subjects and parameters at fault.
    """
    starts = find_starts(bound, chains, seed)
    if starts is None:
        raise CheckError(explain_starts(model, study, bound))
    return starts


def find_starts(bound: BoundModel, chains: int, seed: int) -> dict[int, dict[str, Any]] | None:
    """Return a start for each chain, on the constrained scale; None if there is none.

    1. Random points around the centre of the priors, no farther than these are wide, closer to it
       from try to try. They are spread, so that R-hat means something, and cost one gradient each.
    2. If there are fewer of them than chains: draws of Pathfinder, which climbs from those there
       are, or from the centre, and so moves away from where the solver fails.
    3. If there are none: draws of the prior's population parameters, with random effects near 0;
       for priors whose centre makes no sense while part of them does.

    Pathfinder is no default: its starts lie nearer to the posterior, but do not shorten warm-up.
    On theophylline (12 subjects; 2 chains, 2 seeds, 300 iterations of warm-up) there were 26,500
    and 28,400 leapfrog steps from the first rung, 32,000 and 26,400 from Pathfinder's draws, which
    cost another 3 s and more.

    Every point that is returned has been tried: log density and gradient are finite there.

    Parameters
    ----------
    bound : BoundModel
        Program and data.
    chains : int
        How many.
    seed : int
        Of the points.
    """
    found = _take(bound, _around_centre(bound, chains, seed), chains)
    if len(found) < chains:
        if found:
            found = _more_by_pathfinder(bound, found, chains, seed)
        else:
            _LOGGER.warning("no start around the centre of the priors; trying draws of the priors")
            found = _take(bound, _from_prior(bound, chains, seed), chains)
    if not found:
        return None
    repeated = [found[k % len(found)] for k in range(chains)]
    return {k: constrain_point(bound.starts, point) for k, point in enumerate(repeated, start=1)}


def _take(bound: BoundModel, points: Iterable[FloatArray], count: int) -> list[FloatArray]:
    """Return the first points that will do, and look at no more than is needed."""
    found: list[FloatArray] = []
    for point in points:
        if is_usable(bound, point):
            found.append(point)
        if len(found) == count:
            break
    return found


def _around_centre(bound: BoundModel, chains: int, seed: int) -> Iterator[FloatArray]:
    centre = unconstrained_point(bound.starts)
    # A coefficient per kg or year has a prior of 0.01: 0.3 from its centre is out of this world.
    shares = np.minimum(1.0, unconstrained_widths(bound.starts) / _SPREADS[0])
    rng = np.random.default_rng(seed)
    for spread in _SPREADS:
        for _ in range(_TRIES * chains):
            yield centre + spread * shares * rng.normal(size=centre.size)
    yield centre


def is_usable(bound: BoundModel, point: FloatArray) -> bool:
    """Whether log density and gradient are finite at a point of the unconstrained scale."""
    try:
        value, gradient = log_density(bound, point.reshape(1, -1))
    except PointError:
        return False  # the program refuses the point
    return math.isfinite(value[0]) and bool(np.isfinite(gradient).all())


def _more_by_pathfinder(
    bound: BoundModel, found: Sequence[FloatArray], chains: int, seed: int
) -> list[FloatArray]:
    """Return the points, and draws of Pathfinder from them."""
    wanted = chains - len(found)
    drawn = _take(bound, _pathfinder(bound, found, chains, seed), wanted)
    _LOGGER.info("%d starts are draws of Pathfinder", len(drawn))
    return [*found, *drawn]


def _pathfinder(
    bound: BoundModel, found: Sequence[FloatArray], count: int, seed: int
) -> list[FloatArray]:
    """Return draws of Pathfinder from points; none if it fails from each of them."""
    program = load_program(bound.program, user_header=bound.header)
    starts: Any = [constrain_point(bound.starts, point) for point in found]  # as lists go too
    try:
        run = program.pathfinder(
            data=bound.plain_data(),
            inits=starts if len(starts) > 1 else starts[0],
            num_paths=len(starts),
            draws=2 * count,
            num_single_draws=2 * count,
            seed=seed,
            sig_figs=_DIGITS,
        )
    except RuntimeError:
        return []
    return list(_points(bound, run.stan_variables()))


def _from_prior(bound: BoundModel, chains: int, seed: int) -> Iterator[FloatArray]:
    program = load_program(bound.prior_program, user_header=bound.header, methods="sampling")
    drawn = program.sample(
        data=bound.plain_data(),
        fixed_param=True,
        chains=1,
        iter_sampling=_PRIOR_DRAWS * chains,
        seed=seed,
        show_progress=False,
        sig_figs=_DIGITS,
    )
    values = drawn.stan_variables()
    rng = np.random.default_rng(seed)
    usable = ~np.isnan(values["prediction"]).any(axis=1)
    effects = {
        name: _EFFECTS * rng.normal(size=(usable.size, *start.value.shape))
        for name, start in bound.starts.items()
        if name not in values and not start.correlation
    }
    yield from _points(bound, {n: v[usable] for n, v in {**effects, **values}.items()})


def point_of(bound: BoundModel, values: Mapping[str, FloatArray]) -> FloatArray:
    """Return values of all parameters as a point of the unconstrained scale."""
    at = {name: _with_value(start, values[name]) for name, start in bound.starts.items()}
    return unconstrained_point(at)


def _points(bound: BoundModel, values: Mapping[str, FloatArray]) -> Iterator[FloatArray]:
    """Yield draws on the unconstrained scale; what they do not name is at its centre."""
    names = [name for name in bound.starts if name in values]
    count = len(values[names[0]]) if names else 0
    for k in range(count):
        at = {name: _with_value(bound.starts[name], values[name][k]) for name in names}
        with np.errstate(divide="ignore"):  # on a bound; the density is asked next
            yield unconstrained_point({**bound.starts, **at})


def _with_value(start: Start, value: FloatArray) -> Start:
    return dataclasses.replace(start, value=np.reshape(value, start.value.shape))
