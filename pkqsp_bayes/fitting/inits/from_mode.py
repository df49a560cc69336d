"""Initial values of chains at the mode, with the metric from the curvature there.

A sampler that starts with a unit metric takes steps as short as the narrowest parameter. With
thousands of subjects this is a typical value or a residual SD with a relative SD of 0.001. Every
tree of the first windows then reaches the greatest depth. Stan's regularisation shrinks the metric
that is estimated from these few draws towards 0.001, which is a hundred times too wide. The
curvature at the mode gives the metric at once; it costs a few dozen gradients for any number of
subjects.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.engine.compile import load_program
from pkqsp_bayes.fitting.inits.curvature import Curvature, find_places, measure_curvature
from pkqsp_bayes.fitting.inits.inits import is_usable, point_of, settle_inits
from pkqsp_bayes.fitting.inits.optimise import best_optimum, optimise
from pkqsp_bayes.program.bench import log_density
from pkqsp_bayes.program.bind import BoundModel
from pkqsp_bayes.program.program_inits import constrain_point
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.study.study import Study

__all__ = ["ChainInits", "inits_at_mode", "inits_at_priors"]

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
        The diagonal of the inverse metric, which is then fixed; without it warm-up adapts one.
    """

    by_chain: Mapping[int, Mapping[str, Any]]
    variances: FloatArray | None = None


def inits_at_priors(
    model: ModelSpec, study: Study, bound: BoundModel, chains: int, seed: int
) -> ChainInits:
    """Return initial values around the centre of the priors; see `find_inits`."""
    return ChainInits(by_chain=settle_inits(model, study, bound, chains, seed))


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
    curvature = measure_curvature(
        lambda points: log_density(bound, points)[1], point, find_places(bound.inits)
    )
    inits = {
        k: constrain_point(bound.inits, _draw(bound, point, curvature, seed + k))
        for k in range(1, chains + 1)
    }
    return ChainInits(by_chain=inits, variances=curvature.variances())


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
