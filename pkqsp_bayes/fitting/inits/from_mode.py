"""Chains that begin at the mode, with the metric of the curvature there.

A sampler that begins with a unit metric takes steps as short as the narrowest parameter. With
thousands of subjects that is a typical value or a residual SD, known to a thousandth: every tree
of the first windows runs to its greatest depth, and what these few draws then say of the metric is
pulled towards 0.001 by Stan's regularisation, a hundred times too wide. The curvature at the mode
gives the metric at once, for a few dozen gradients whatever the number of subjects.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.engine.compile import load_program
from pkqsp_bayes.fitting.inits.curvature import Curvature, find_places, measure_curvature
from pkqsp_bayes.fitting.inits.inits import is_usable, point_of, settle_starts
from pkqsp_bayes.fitting.inits.optimise import best_optimum, optimise
from pkqsp_bayes.program.bench import log_density
from pkqsp_bayes.program.bind import BoundModel
from pkqsp_bayes.program.program_inits import constrain_point
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.study.study import Study

__all__ = ["Beginning", "begin_at_mode", "begin_at_priors"]

FloatArray = NDArray[np.float64]

_LOGGER = logging.getLogger(__name__)
_CLIMBS = 2
_ITERATIONS = 500
_SHRINK = (1.0, 1.0, 0.5, 0.25, 0.1, 0.0)  # of draws around the mode, until one will do


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Beginning:
    """Where chains begin, and with what metric.

    Parameters
    ----------
    starts : mapping of int to mapping
        By chain, on the constrained scale.
    variances : (parameters,) array, optional
        The diagonal of the inverse metric, which then stays; without it the sampler learns one.
    """

    starts: Mapping[int, Mapping[str, Any]]
    variances: FloatArray | None = None


def begin_at_priors(
    model: ModelSpec, study: Study, bound: BoundModel, chains: int, seed: int
) -> Beginning:
    """Begin around the centre of the priors; see `find_starts`."""
    return Beginning(starts=settle_starts(model, study, bound, chains, seed))


def begin_at_mode(
    model: ModelSpec, study: Study, bound: BoundModel, chains: int, seed: int
) -> Beginning:
    """Begin at draws of the normal distribution around the mode.

    Parameters
    ----------
    model, study
        As they were bound.
    bound : BoundModel
        Program and data.
    chains : int
        How many.
    seed : int
        Of the climbs' starts and of the draws.

    Raises
    ------
    CheckError
        If no start has a finite density: with the observations at fault.
    MethodError
        If there is no mode: with what to do.
    """
    _warn_of_free(bound)
    program = load_program(bound.program, user_header=bound.header)
    climbs = settle_starts(model, study, bound, _CLIMBS, seed)
    mode = best_optimum(
        optimise(program, bound, climbs, seed=seed, jacobian=True, iterations=_ITERATIONS)
    )
    point = point_of(bound, mode.values)
    _LOGGER.info("the chains begin at the mode: log density %.6g", mode.log_density)
    curvature = measure_curvature(
        lambda points: log_density(bound, points)[1], point, find_places(bound.starts)
    )
    starts = {
        k: constrain_point(bound.starts, _draw(bound, point, curvature, seed + k))
        for k in range(1, chains + 1)
    }
    return Beginning(starts=starts, variances=curvature.variances())


def _warn_of_free(bound: BoundModel) -> None:
    """Warn where effects are not centred: a greater omega makes any eta cheaper at the mode."""
    free = [name for name, centred in bound.centred.items() if not centred]
    if free:
        _LOGGER.warning(
            "the SD of %s is far too great at the mode, where the effect is not centred; with so "
            'few observations of each subject, begin="priors" is better', ", ".join(free),
        )  # fmt: skip


def _draw(bound: BoundModel, point: FloatArray, curvature: Curvature, seed: int) -> FloatArray:
    """Return a draw at which density and gradient are finite; at worst the mode itself."""
    rng = np.random.default_rng(seed)
    draws = (point + share * curvature.draw(rng) for share in _SHRINK)
    return next((draw for draw in draws if is_usable(bound, draw)), point)
