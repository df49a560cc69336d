"""The curvature of a posterior around a point, and the normal distribution that it describes.

Given the shared parameters, subjects are independent. The matrix of second derivatives is therefore
an arrowhead: one block per subject, and a border for the shared parameters. The random effects of
all subjects can be changed at once. The number of gradients is four times the number of shared
parameters and of random effects of one subject; it does not depend on the number of subjects.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.program.program_inits import InitialValue, unconstrained_point

__all__ = ["Curvature", "Gradient", "Places", "find_places", "measure_curvature", "measure_widths"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Gradient = Callable[[FloatArray], FloatArray]
"""Function of points (K, parameters); it returns gradients (K, parameters) of the log density."""

_FIRST = 1e-3
_SHARE = 0.1  # step of the second pass, as a share of the width of a parameter
_LEAST_STEP, _MOST_STEP = 1e-6, 0.1
_WIDEST = 10.0  # greatest width on the unconstrained scale


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Places:
    """Indices of the parameters of a program on the unconstrained scale.

    Parameters
    ----------
    shared : (P,) array of int
        Indices of the parameters that all subjects share.
    own : (N, E) array of int
        Indices of the random effects of each subject; empty if a model has no random effects.
    """

    shared: IntArray
    own: IntArray


def find_places(inits: Mapping[str, InitialValue]) -> Places:
    """Return the indices of the shared parameters and of those of each subject.

    Parameters
    ----------
    inits : mapping of str to InitialValue
        Initial value of each parameter, in the order of the declarations.

    Examples
    --------
    >>> inits = {"CL": InitialValue(value=np.array(1.0)),
    ...           "z": InitialValue(value=np.zeros((2, 1)), by_subject=True)}
    >>> places = find_places(inits)
    >>> places.shared.tolist(), places.own.tolist()
    ([0], [[1], [2]])
    """
    shared: list[IntArray] = []
    own: list[IntArray] = []
    place = 0
    for name, init in inits.items():
        size = unconstrained_point({name: init}).size
        numbers = np.arange(place, place + size, dtype=np.int64)
        if init.by_subject:
            own.append(numbers.reshape(init.value.shape, order="F"))
        else:
            shared.append(numbers)
        place += size
    nothing = np.zeros((0, 0), dtype=np.int64)
    return Places(
        shared=np.concatenate([np.zeros(0, dtype=np.int64), *shared]),
        own=np.concatenate(own, axis=1) if own else nothing,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curvature:
    """The negative inverse of the second derivatives as a covariance, by blocks.

    Parameters
    ----------
    places : Places
        Indices of the parameters.
    shared : (P, P) array
        Covariance of the shared parameters.
    own : (N, E, E) array
        Covariance of each subject's random effects, given the shared parameters.
    slope : (N, E, P) array
        Change of a subject's random effects with the shared parameters.
    """

    places: Places
    shared: FloatArray
    own: FloatArray
    slope: FloatArray

    def variances(self) -> FloatArray:
        """Return the variance of each parameter, in the order of the unconstrained scale."""
        found = np.empty(self.places.shared.size + self.places.own.size)
        found[self.places.shared] = np.diag(self.shared)
        carried = np.einsum("nep,pq,neq->ne", self.slope, self.shared, self.slope)
        found[self.places.own] = np.einsum("nee->ne", self.own) + carried
        return found

    def draw(self, rng: np.random.Generator) -> FloatArray:
        """Draw a deviation from the point: of shared parameters, then of each subject's effects."""
        found = np.empty(self.places.shared.size + self.places.own.size)
        shared = _root(self.shared) @ rng.normal(size=self.places.shared.size)
        found[self.places.shared] = shared
        standard = rng.normal(size=self.places.own.shape)
        found[self.places.own] = self.slope @ shared + np.einsum(
            "nef,nf->ne", np.linalg.cholesky(self.own), standard
        )
        return found


def measure_curvature(gradient: Gradient, point: FloatArray, places: Places) -> Curvature:
    """Measure the curvature of a log density around a point by differences of its gradients.

    A first pass with one small step gives the width of each parameter. A second pass uses steps of
    a tenth of that width. A direction in which the log density is not concave gets the width of a
    concave density with the same absolute curvature.

    Parameters
    ----------
    gradient : callable
        Gradient of the log density on the unconstrained scale.
    point : array (parameters,)
        The point; ideally the mode.
    places : Places
        Indices of the shared parameters and of those of each subject.
    """
    first = _border(gradient, point, places, np.full(point.size, _FIRST))
    steps = np.clip(_SHARE * _widths(first, places), _LEAST_STEP, _MOST_STEP)
    return _inverted(_border(gradient, point, places, steps), places)


def measure_widths(gradient: Gradient, point: FloatArray, places: Places) -> FloatArray:
    """Measure the width of a log density in each parameter while all others are constant.

    The width is 1 / sqrt(absolute second derivative), at most 10. Unlike the variances of
    `measure_curvature` it exists far from the mode, where the density is not concave.

    Parameters
    ----------
    gradient : callable
        Gradient of the log density on the unconstrained scale.
    point : array (parameters,)
        Any point with a finite density.
    places : Places
        Indices of the shared parameters and of those of each subject.

    Examples
    --------
    >>> places = Places(shared=np.arange(2), own=np.zeros((0, 0), dtype=np.int64))
    >>> measure_widths(lambda x: -x * np.array([4.0, -0.25]), np.zeros(2), places).round(6)
    array([0.5, 2. ])
    """
    return _widths(_border(gradient, point, places, np.full(point.size, _FIRST)), places)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Arrowhead:
    """Minus the second derivatives: shared (P, P), own (N, E, E), between them (N, E, P)."""

    shared: FloatArray
    own: FloatArray
    between: FloatArray


def _border(gradient: Gradient, point: FloatArray, places: Places, steps: FloatArray) -> _Arrowhead:
    shared, own = places.shared, places.own
    moves = list(_perturbations(places, steps))
    both = np.array([point + sign * move for move in moves for sign in (1, -1)])
    slopes = gradient(both)
    changes = -(slopes[0::2] - slopes[1::2]) / 2
    by_shared, by_own = changes[: shared.size], changes[shared.size :]
    block = by_own[:, own] / steps[own.T][:, :, None]
    block = np.moveaxis(block, 0, 2)  # subject, effect of the gradient, effect that was changed
    corner = by_shared[:, shared] / steps[shared][:, None]
    between = np.moveaxis(by_shared[:, own] / steps[shared][:, None, None], 0, 2)
    return _Arrowhead(
        shared=(corner + corner.T) / 2,
        own=(block + np.swapaxes(block, 1, 2)) / 2,
        between=between,
    )


def _perturbations(places: Places, steps: FloatArray) -> Iterator[FloatArray]:
    """Yield the steps: one shared parameter at a time, then one effect of all subjects."""
    for group in (*places.shared[:, None], *places.own.T):
        move = np.zeros(steps.size)
        move[group] = steps[group]
        yield move


def _widths(found: _Arrowhead, places: Places) -> FloatArray:
    """Return the width of each parameter while all others are constant."""
    curvature = np.empty(places.shared.size + places.own.size)
    curvature[places.shared] = np.diag(found.shared)
    curvature[places.own] = np.einsum("nee->ne", found.own)
    return 1 / np.sqrt(np.maximum(np.abs(curvature), _WIDEST**-2))


def _inverted(found: _Arrowhead, places: Places) -> Curvature:
    own = _inverse(found.own)
    slope = -own @ found.between
    shared = _inverse(found.shared + np.einsum("nep,neq->pq", found.between, slope))
    return Curvature(places=places, shared=shared, own=own, slope=slope)


def _inverse(matrices: FloatArray) -> FloatArray:
    """Return inverses of symmetric matrices, with the absolute values of their eigenvalues."""
    values, vectors = np.linalg.eigh(matrices)
    size = np.maximum(np.abs(values), _WIDEST**-2)
    return (vectors / size[..., None, :]) @ np.swapaxes(vectors, -1, -2)


def _root(covariance: FloatArray) -> FloatArray:
    """Return the Cholesky factor of a covariance; the covariance may be empty."""
    return np.linalg.cholesky(covariance) if covariance.size else covariance
