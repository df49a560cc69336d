"""Initial values of chains, and the metric with which warm-up begins.

A sampler that starts with a unit metric takes steps as short as the narrowest parameter, so that
every tree of the first iterations is deep: several hundred gradients for warfarin. With thousands
of subjects the narrowest parameter is a typical value or a residual SD with a relative SD of 0.001.
Stan's regularisation then shrinks the metric that is estimated from the first draws towards 0.001,
which is a hundred times too wide.

The curvature of the log density around one point gives a metric at once; it costs a few dozen
gradients for any number of subjects. Around the centre of the priors the width of each parameter
is a first guess, which warm-up adapts. Around the mode the metric is nearly that of the posterior,
and is kept.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.engine.compile import load_program
from pkqsp_bayes.fitting.inits.curvature import (
    Curvature,
    Gradient,
    find_places,
    measure_curvature,
    measure_widths,
)
from pkqsp_bayes.fitting.inits.inits import is_usable, point_of, settle_inits
from pkqsp_bayes.fitting.inits.optimise import best_optimum, optimise
from pkqsp_bayes.program.bench import PointError, log_density
from pkqsp_bayes.program.bind import BoundModel
from pkqsp_bayes.program.program_inits import constrain_point, unconstrained_point
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.study.study import Study

__all__ = ["ChainInits", "curvature_at", "inits_at_mode", "inits_at_priors", "with_metric"]

FloatArray = NDArray[np.float64]

_LOGGER = logging.getLogger(__name__)
_CLIMBS = 2
_ITERATIONS = 500
_SHRINK = (
    1.0,
    1.0,
    0.5,
    0.25,
    0.1,
    0.0,
)  # factors of the deviation from the mode, tried until a point is usable


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChainInits:
    """Initial values of the chains, and the metric.

    Parameters
    ----------
    by_chain : mapping of int to mapping
        Initial values by chain, on the constrained scale.
    variances : (parameters,) array, optional
        The diagonal of the inverse metric with which warm-up begins; by default that of Stan, 1.
    adapts : bool
        Whether warm-up adapts the metric.
    """

    by_chain: Mapping[int, Mapping[str, Any]]
    variances: FloatArray | None = None
    adapts: bool = True


def inits_at_priors(
    model: ModelSpec, study: Study, bound: BoundModel, chains: int, seed: int
) -> ChainInits:
    """Return initial values around the centre of the priors; see `find_inits`.

    The metric has the widths of the density at the centre, or at the initial values of the first
    chain if the density is not finite near the centre.
    """
    return with_metric(bound, settle_inits(model, study, bound, chains, seed))


def with_metric(bound: BoundModel, by_chain: Mapping[int, Mapping[str, Any]]) -> ChainInits:
    """Return initial values with a first metric, which warm-up adapts.

    Parameters
    ----------
    bound : BoundModel
        Program and data.
    by_chain : mapping of int to mapping
        Initial values by chain, on the constrained scale.
    """
    first = {name: np.asarray(value) for name, value in by_chain[min(by_chain)].items()}
    for point in (unconstrained_point(bound.inits), point_of(bound, first)):
        try:
            variances = measure_widths(_gradient_of(bound), point, find_places(bound.inits)) ** 2
        except PointError:  # the density is not finite at a point nearby
            continue
        if np.isfinite(variances).all():
            return ChainInits(by_chain=by_chain, variances=variances)
    return ChainInits(by_chain=by_chain)


def _gradient_of(bound: BoundModel) -> Gradient:
    def gradient(points: FloatArray) -> FloatArray:
        return log_density(bound, points)[1]

    return gradient


def inits_at_mode(
    model: ModelSpec, study: Study, bound: BoundModel, chains: int, seed: int
) -> ChainInits:
    """Return draws of the normal distribution around the mode as initial values.

    Parameters
    ----------
    model, study
        The model and the study that were bound.
    bound : BoundModel
        Program and data.
    chains : int
        Number of chains.
    seed : int
        Seed of the initial values of the optimiser and of the draws.

    Raises
    ------
    CheckError
        If no initial value has a finite density; it lists the affected observations.
    MethodError
        If there is no mode; it states a remedy.
    """
    _warn_of_free(bound)
    program = load_program(bound.program, user_header=bound.header)
    climbs = settle_inits(model, study, bound, _CLIMBS, seed)
    mode = best_optimum(
        optimise(program, bound, climbs, seed=seed, jacobian=True, iterations=_ITERATIONS)
    )
    point = point_of(bound, mode.values)
    _LOGGER.info("the chains start at the mode: log density %.6g", mode.log_density)
    curvature = curvature_at(bound, point)
    inits = {
        k: constrain_point(bound.inits, _draw(bound, point, curvature, seed + k))
        for k in range(1, chains + 1)
    }
    return ChainInits(by_chain=inits, variances=curvature.variances(), adapts=False)


def curvature_at(bound: BoundModel, point: FloatArray) -> Curvature:
    """Return the curvature of the log density of a program around a point.

    Parameters
    ----------
    bound : BoundModel
        Program and data.
    point : array (parameters,)
        A point on the unconstrained scale.

    Raises
    ------
    PointError
        If the density is not finite there.
    """
    return measure_curvature(_gradient_of(bound), point, find_places(bound.inits))


def _warn_of_free(bound: BoundModel) -> None:
    """Warn of non-centred effects: at the mode a larger omega makes any eta more probable."""
    free = [name for name, centred in bound.centred.items() if not centred]
    if free:
        _LOGGER.warning(
            "the SD of %s is much too large at the mode, because the effect is not centred; with "
            'few observations per subject, use begin="priors"', ", ".join(free),
        )  # fmt: skip


def _draw(bound: BoundModel, point: FloatArray, curvature: Curvature, seed: int) -> FloatArray:
    """Return a draw with finite density and gradient; if there is none, the mode."""
    rng = np.random.default_rng(seed)
    draws = (point + share * curvature.draw(rng) for share in _SHRINK)
    return next((draw for draw in draws if is_usable(bound, draw)), point)
