"""Search for other parameter values with the same outputs, as in flip-flop kinetics.

A full rank shows that no value nearby has the same outputs. This search finds distant values: least
squares on the Taylor coefficients from random starts, until they agree to nine digits.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from pkqsp_bayes.analysis.identifiability.structural import experiments_of
from pkqsp_bayes.engine.compiled_model import CompiledModel
from pkqsp_bayes.engine.typical_individual import typical_values
from pkqsp_bayes.ode.jets import NotAnalyticError
from pkqsp_bayes.ode.series import series_rows
from pkqsp_bayes.study.study import Study

__all__ = ["OtherSolution", "other_solutions"]

FloatArray = NDArray[np.float64]

_BITS = 128
_SPREAD = 1.5
_APART = 0.02
_EXACT = 1e-9
_FLAT = 1e-6
_ROUNDING = 1e-25  # relative to the largest coefficient: rounding error at 128 bits


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherSolution:
    """Parameter values with the same outputs as the typical values.

    Parameters
    ----------
    typical, other : dict of str to float
        Typical and other values of the parameters that differ.
    text : str
        The result as a sentence.
    """

    typical: dict[str, float]
    other: dict[str, float]
    text: str


def other_solutions(
    model: CompiledModel, study: Study, *, starts: int = 20, seed: int = 1, order: int = 0
) -> tuple[OtherSolution, ...]:
    """Search for other, distant values of the individual parameters with the same outputs.

    Parameters
    ----------
    model : CompiledModel
        Model without occasions. Its parameters should be locally identifiable (`structural_rank`);
        the search includes positive parameters.
    study : Study
        Source of routes, doses and covariates.
    starts : int
        Number of searches, from points at a distance of about 1.5 natural logarithms.
    seed : int
        Seed of the starts.
    order : int
        Smallest number of Taylor coefficients that are compared: those of the rank.

    Returns
    -------
    tuple of OtherSolution
        The solutions found. An empty result does not prove that there are none.
    """
    search = _Search(model, study, order)
    rng = np.random.default_rng(seed)
    found: list[FloatArray] = [search.centre]
    for _ in range(starts):
        start = search.centre + _SPREAD * rng.normal(size=search.centre.size)
        end = search.climb(start)
        if end is not None and all(
            np.abs(end - known).max(initial=0.0) > _APART for known in found
        ):
            found.append(end)
    return tuple(search.describe(end) for end in found[1:])


class _Search:
    """Taylor coefficients of the observed outputs, relative to those at the typical values."""

    def __init__(self, model: CompiledModel, study: Study, order: int) -> None:
        self.model = model
        self.values = typical_values(model, {})
        self.free = np.flatnonzero(self.values > 0)
        self.centre = np.log(self.values[self.free])
        self.experiments = tuple(experiments_of(model, study))
        observed = [n for n, o in model.spec.observe.items() if o.error is not None]
        self.outputs = [model.ode.output_names.index(n) for n in observed]
        self.order = max(order, self.values.size + len(model.ode.states) + 1)
        self.last: tuple[FloatArray, FloatArray, FloatArray] | None = None
        self.goal, _ = self._rows(self.centre)
        size = np.abs(self.goal)
        self.unit = np.where(size > _ROUNDING * size.max(initial=0.0), size, 1.0)

    def climb(self, start: FloatArray) -> FloatArray | None:
        """Return the solution to which a start converges, or None."""
        try:
            with np.errstate(over="ignore", invalid="ignore"):  # far from a solution
                found = optimize.least_squares(
                    self._misfit, start, jac=self._slopes, xtol=1e-15, ftol=1e-15, gtol=1e-15,
                    max_nfev=60,
                )  # fmt: skip
        except (NotAnalyticError, ValueError):
            return None
        end: FloatArray = found.x
        if np.abs(found.fun).max() >= _EXACT or not self._is_isolated(end):
            return None
        return end

    def _is_isolated(self, u: FloatArray) -> bool:
        """Return whether every direction away from a solution changes some coefficient.

        If a direction does not, within rounding error, the agreement is not evidence of a solution:
        the informative coefficients are lost among larger ones.
        """
        sizes = np.linalg.svd(self._slopes(u), compute_uv=False)
        return bool(sizes[-1] > _FLAT * sizes[0]) if sizes.size else False

    def _misfit(self, u: FloatArray) -> FloatArray:
        return (self._rows(u)[0] - self.goal) / self.unit

    def _slopes(self, u: FloatArray) -> FloatArray:
        return self._rows(u)[1] / self.unit[:, None]

    def _rows(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the coefficients and their derivatives by the logarithms; the last are cached."""
        if self.last is None or not np.array_equal(self.last[0], u):
            self.last = u.copy(), *self._expanded(u)
        return self.last[1:]

    def _expanded(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        point = self.values.copy()
        point[self.free] = np.exp(np.clip(u, -40, 40))
        parts = list(self._parts(point))
        values = np.concatenate([v for v, _ in parts])
        slopes = np.concatenate([s for _, s in parts])[:, self.free] * point[self.free]
        return values, slopes

    def _parts(self, point: FloatArray) -> Iterator[tuple[FloatArray, FloatArray]]:
        for experiment, covariates in self.experiments:
            rows = series_rows(
                self.model.lowered, experiment, [float(p) for p in point], covariates,
                self.outputs, order=self.order, bits=_BITS,
            )  # fmt: skip
            values = np.array([float(x.mid()) for x in rows.values])
            yield values, np.array([[float(x.mid()) for x in row] for row in rows.slopes])

    def describe(self, end: FloatArray) -> OtherSolution:
        """Return a solution with its description."""
        names = [self.model.ode.parameters[j] for j in self.free]
        moved = [i for i, x in enumerate(end - self.centre) if abs(x) > _APART / 10]
        typical = {names[i]: float(np.exp(self.centre[i])) for i in moved}
        other = {names[i]: float(np.exp(end[i])) for i in moved}
        listed = ", ".join(f"{n} = {v:.4g} (instead of {typical[n]:.4g})" for n, v in other.items())
        text = f"the outputs are the same at {listed}: only a prior can distinguish the two"
        return OtherSolution(typical=typical, other=other, text=text)
