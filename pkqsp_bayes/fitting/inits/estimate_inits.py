"""Initial values of chains, and their first metric, around the population estimates."""

import logging
import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.engine.individual import typical_given_covariates
from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.fitting.inits.chain_inits import ChainInits, curvature_at, inits_at_priors
from pkqsp_bayes.fitting.inits.inits import is_usable, point_of
from pkqsp_bayes.likelihood.coordinates import Coordinates
from pkqsp_bayes.likelihood.marginal import Integral, Marginal, marginal_of
from pkqsp_bayes.likelihood.maximum import find_maximum
from pkqsp_bayes.likelihood.maximum_uncertainty import covariance_of
from pkqsp_bayes.program.bench import PointError
from pkqsp_bayes.program.bind import BoundModel, prior_places
from pkqsp_bayes.program.covariates import location_of
from pkqsp_bayes.program.program_inits import constrain_point
from pkqsp_bayes.spec.labels import kappa_label
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.study.study import Study

__all__ = ["inits_at_estimate"]

_LOGGER = logging.getLogger(__name__)
FloatArray = NDArray[np.float64]

_SHARES = (1.0, 0.5, 0.25, 0.0)
"""Shares of the distance from the estimate that are tried until a point is usable."""


def inits_at_estimate(
    model: ModelSpec, study: Study, bound: BoundModel, chains: int, seed: int
) -> ChainInits:
    """Return draws around the population estimates with priors; see `pkqsp_bayes.estimate`.

    The random effects of each subject are draws around their mode, which is searched from several
    places. A chain therefore does not begin at a lower mode of a subject. The metric is that of the
    curvature of the log density at the estimate, and warm-up adapts it. If there is no estimate,
    the chains begin as with ``"priors"``, with a warning.

    Parameters
    ----------
    model, study
        The model and the study that were bound.
    bound : BoundModel
        Program and data.
    chains : int
        Number of chains.
    seed : int
        Seed of the draws.

    Raises
    ------
    CheckError
        As `inits_at_priors`.
    """
    marginal = marginal_of(model, study, blq=bound.blq)
    try:
        best = find_maximum(marginal, with_priors=True, start=marginal.coordinates.start())
    except CheckError as error:
        return _without(model, study, bound, chains, seed, error.issues[0].what)
    if not best.converged:
        return _without(model, study, bound, chains, seed, best.message)
    try:
        root = np.linalg.cholesky(covariance_of(marginal, best, with_priors=True))
    except np.linalg.LinAlgError:
        return _without(model, study, bound, chains, seed, "it is not a maximum")
    centre = _point(marginal, best.at, best.at.z, bound)
    try:
        variances = curvature_at(bound, centre).variances()
    except PointError:
        return _without(model, study, bound, chains, seed, "the density is not finite there")
    rng, points = np.random.default_rng(seed), {}
    for k in range(1, chains + 1):
        points[k] = constrain_point(bound.inits, _draw(marginal, best.at, root, bound, rng, centre))
    return ChainInits(by_chain=points, variances=variances)


def _without(
    model: ModelSpec, study: Study, bound: BoundModel, chains: int, seed: int, reason: str
) -> ChainInits:
    _LOGGER.warning("there is no estimate (%s); the chains begin at the priors", reason)
    return inits_at_priors(model, study, bound, chains, seed)


def _draw(
    marginal: Marginal, best: Integral, root: FloatArray, bound: BoundModel,
    rng: np.random.Generator, centre: FloatArray,
) -> FloatArray:  # fmt: skip
    """Return a draw around the estimate as a point of the program; the estimate if none is usable.

    The random effects are drawn around their mode at the drawn population parameters.
    """
    step, standard = root @ rng.standard_normal(best.point.size), rng.standard_normal(best.z.shape)
    for share in _SHARES[:-1]:
        here = marginal.integral(best.point + share * step, best.z)
        spread = np.einsum("sij,sj->si", _roots(marginal.hessian(here)), standard)
        point = _point(marginal, here, here.z + share * spread, bound)
        if is_usable(bound, point):
            return point
    return centre


def _roots(hessian: FloatArray) -> FloatArray:
    """Return square roots of the inverse of matrices, with absolute eigenvalues."""
    values, vectors = np.linalg.eigh(hessian)
    return np.asarray(vectors / np.sqrt(np.maximum(np.abs(values), 1.0))[..., None, :])


def _point(marginal: Marginal, here: Integral, z: FloatArray, bound: BoundModel) -> FloatArray:
    """Return population parameters and standardised effects (S, Z) as a point of the program."""
    values = _shared_values(marginal.coordinates, here.point, bound)
    eta, kappa = marginal.effects(here, z)
    values |= _effect_values(marginal, here.point, eta, kappa, bound)
    return point_of(bound, values)


def _shared_values(
    coordinates: Coordinates, point: FloatArray, bound: BoundModel
) -> dict[str, FloatArray]:
    places = prior_places(coordinates.bound)
    values = {name: np.array(init.value, dtype=np.float64) for name, init in bound.inits.items()}
    for label, value in zip(coordinates.names, coordinates.quantities(point[None])[0], strict=True):
        if label not in places:
            continue  # a correlation
        place = places[label]
        index = re.search(r"\[(\d+)\]$", place.text)
        if index is None:
            values[place.variable] = np.full(values[place.variable].shape, value)
        else:
            values[place.variable][int(index.group(1)) - 1] = value
    for k, matrix in enumerate(coordinates.correlations(point[None]), start=1):
        values[f"L_{k}"] = np.linalg.cholesky(matrix[0])
    return values


def _effect_values(
    marginal: Marginal, point: FloatArray, eta: FloatArray, kappa: FloatArray, bound: BoundModel
) -> Mapping[str, FloatArray]:
    """Return ``z`` and ``z_iov`` of the program; a centred effect has its location added."""
    draws, data = marginal.coordinates.draws(point[None]), marginal.coordinates.bound
    simulator, found = marginal.seen.simulator, {}
    if eta.shape[1]:
        standard = np.linalg.solve(draws.factor[0] + _null(draws.omega[0]), eta.T).T
        columns = []
        for i, effect in enumerate(data.effects):
            mean = typical_given_covariates(
                simulator.model, effect.parameter, draws.shared, simulator.covariates
            )
            whole = np.broadcast_to(mean[0], eta.shape[:1])
            centred = bound.centred[effect.parameter]
            columns.append(eta[:, i] + location_of(data, effect, whole) if centred
                           else standard[:, i])  # fmt: skip
        found["z"] = np.stack(columns, axis=1)
    if kappa.size:
        blocks = []
        for q, effect in enumerate(data.occasion_effects):
            scale = 1.0 if bound.centred[kappa_label(effect.parameter)] else draws.omega_iov[0, q]
            blocks.append(kappa[:, :, q] / (scale or 1.0))
        found["z_iov"] = np.concatenate(blocks, axis=1)
    return found


def _null(omega: FloatArray) -> FloatArray:
    """Return ones on the diagonal where a standard deviation is 0."""
    return np.diag((omega == 0).astype(np.float64))
