"""Initial values of chains: points with finite log density and gradient."""

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
    InitialValue,
    constrain_point,
    unconstrained_point,
    unconstrained_widths,
)
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.study.study import Study

__all__ = ["find_inits", "is_usable", "point_of", "settle_inits"]

FloatArray = NDArray[np.float64]

_LOGGER = logging.getLogger(__name__)
_SPREADS = (0.3, 0.1, 0.03)
_TRIES = 4
_PRIOR_DRAWS = 50  # for each chain
_EFFECTS = 0.1  # SD of the random effects around 0, for a draw of the prior
_DIGITS = 10


def settle_inits(
    model: ModelSpec, study: Study, bound: BoundModel, chains: int, seed: int
) -> dict[int, dict[str, Any]]:
    """Return the result of `find_inits`, or raise an error with the reasons.

    Parameters
    ----------
    model, study
        The model and the study that were bound.
    bound : BoundModel
        Program and data.
    chains : int
        Number of chains.
    seed : int
        Seed of the points.

    Raises
    ------
    CheckError
        If there are none; it lists the affected observations, subjects and parameters.
    """
    inits = find_inits(bound, chains, seed)
    if inits is None:
        raise CheckError(explain_starts(model, study, bound))
    return inits


def find_inits(bound: BoundModel, chains: int, seed: int) -> dict[int, dict[str, Any]] | None:
    """Return initial values of each chain, on the constrained scale; None if there are none.

    1. Random points around the centre of the priors. Their distance is at most the width of the
       priors and decreases with each attempt. They are overdispersed, so that R-hat is meaningful,
       and each costs one gradient.
    2. If there are fewer such points than chains: draws of Pathfinder, which starts at these points
       or at the centre, and leaves the region in which the solver fails.
    3. If there are no such points: draws of the population parameters from the prior, with random
       effects near 0. They are for priors whose centre is impossible in the model.

    Pathfinder is not the default: its draws are closer to the posterior, but do not shorten
    warm-up. For theophylline (12 subjects; 2 chains, 2 seeds, 300 iterations of warm-up) there were
    26,500 and 28,400 leapfrog steps from the points of step 1, and 32,000 and 26,400 from draws of
    Pathfinder, which took at least another 3 s.

    Log density and gradient were evaluated at every point that is returned; they are finite.

    Parameters
    ----------
    bound : BoundModel
        Program and data.
    chains : int
        Number of chains.
    seed : int
        Seed of the points.
    """
    found = _take(bound, _around_centre(bound, chains, seed), chains)
    if len(found) < chains:
        if found:
            found = _more_by_pathfinder(bound, found, chains, seed)
        else:
            _LOGGER.warning(
                "no point around the centre of the priors has a finite density; draws of the "
                "priors are tried"
            )
            found = _take(bound, _from_prior(bound, chains, seed), chains)
    if not found:
        return None
    repeated = [found[k % len(found)] for k in range(chains)]
    return {k: constrain_point(bound.inits, point) for k, point in enumerate(repeated, start=1)}


def _take(bound: BoundModel, points: Iterable[FloatArray], count: int) -> list[FloatArray]:
    """Return the first usable points; evaluate no more points than necessary."""
    found: list[FloatArray] = []
    for point in points:
        if is_usable(bound, point):
            found.append(point)
        if len(found) == count:
            break
    return found


def _around_centre(bound: BoundModel, chains: int, seed: int) -> Iterator[FloatArray]:
    centre = unconstrained_point(bound.inits)
    # A coefficient per kg or year has a prior SD of about 0.01: a spread of 0.3 is impossible.
    shares = np.minimum(1.0, unconstrained_widths(bound.inits) / _SPREADS[0])
    rng = np.random.default_rng(seed)
    for spread in _SPREADS:
        for _ in range(_TRIES * chains):
            yield centre + spread * shares * rng.normal(size=centre.size)
    yield centre


def is_usable(bound: BoundModel, point: FloatArray) -> bool:
    """Return whether log density and gradient are finite at a point of the unconstrained scale."""
    try:
        value, gradient = log_density(bound, point.reshape(1, -1))
    except PointError:
        return False  # the program rejects the point
    return math.isfinite(value[0]) and bool(np.isfinite(gradient).all())


def _more_by_pathfinder(
    bound: BoundModel, found: Sequence[FloatArray], chains: int, seed: int
) -> list[FloatArray]:
    """Return the points, followed by draws of Pathfinder that start from them."""
    wanted = chains - len(found)
    drawn = _take(bound, _pathfinder(bound, found, chains, seed), wanted)
    _LOGGER.info("%d initial values are draws of Pathfinder", len(drawn))
    return [*found, *drawn]


def _pathfinder(
    bound: BoundModel, found: Sequence[FloatArray], count: int, seed: int
) -> list[FloatArray]:
    """Return draws of Pathfinder that start from points; an empty list if it fails."""
    program = load_program(bound.program, user_header=bound.header)
    inits: Any = [constrain_point(bound.inits, point) for point in found]  # lists are accepted too
    try:
        run = program.pathfinder(
            data=bound.plain_data(),
            inits=inits if len(inits) > 1 else inits[0],
            num_paths=len(inits),
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
        name: _EFFECTS * rng.normal(size=(usable.size, *init.value.shape))
        for name, init in bound.inits.items()
        if name not in values and not init.correlation
    }
    yield from _points(bound, {n: v[usable] for n, v in {**effects, **values}.items()})


def point_of(bound: BoundModel, values: Mapping[str, FloatArray]) -> FloatArray:
    """Return the values of all parameters as a point of the unconstrained scale."""
    at = {name: _with_value(init, values[name]) for name, init in bound.inits.items()}
    return unconstrained_point(at)


def _points(bound: BoundModel, values: Mapping[str, FloatArray]) -> Iterator[FloatArray]:
    """Yield draws on the unconstrained scale; other parameters are at their centres."""
    names = [name for name in bound.inits if name in values]
    count = len(values[names[0]]) if names else 0
    for k in range(count):
        at = {name: _with_value(bound.inits[name], values[name][k]) for name in names}
        with np.errstate(divide="ignore"):  # values on a bound; the density is checked next
            yield unconstrained_point({**bound.inits, **at})


def _with_value(init: InitialValue, value: FloatArray) -> InitialValue:
    return dataclasses.replace(init, value=np.reshape(value, init.value.shape))
