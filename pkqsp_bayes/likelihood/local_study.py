"""Predictions of a study near given individual parameters, to second order."""

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.likelihood.observed_study import ObservedStudy

__all__ = ["LocalStudy", "local_study"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LocalStudy(ObservedStudy):
    """A study whose predictions are a polynomial of second order; nothing is solved.

    Central differences of its values and slopes are those of the model, because terms of higher
    order cancel.

    Parameters
    ----------
    around : (S, P) array
        Individual parameters.
    values : (N,) array
        Prediction of each observation there.
    first : (N, P) array
        Its derivatives.
    second : (N, P, P) array
        Its second derivatives.
    """

    around: FloatArray
    values: FloatArray
    first: FloatArray
    second: FloatArray

    def slopes(self, parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the prediction of each observation (D, N), and its derivatives (D, N, P)."""
        moved = (parameters - self.around)[:, self.observations.subject]
        bent = np.einsum("npq,dnq->dnp", self.second, moved, optimize=True)
        values = self.values + ((self.first + bent / 2) * moved).sum(axis=2)
        return values, self.first + bent


def local_study(seen: ObservedStudy, around: FloatArray, step: FloatArray) -> LocalStudy:
    """Return the study near given individual parameters.

    Parameters
    ----------
    seen : ObservedStudy
        The study.
    around : (S, P) array
        Individual parameters.
    step : (S, P) array
        Steps of the differences of exact derivatives; a parameter whose steps are 0 is fixed.
    """
    subject, moving = seen.observations.subject, np.flatnonzero(step.any(axis=0))
    steps = np.zeros((moving.size, *around.shape))
    steps[np.arange(moving.size), :, moving] = step[:, moving].T
    moved = np.concatenate([around[None], around + steps, around - steps])
    values, lanes = seen.slopes(moved)
    with np.errstate(divide="ignore", invalid="ignore"):
        wide = 2 * step[subject][:, moving].T[..., None]  # (moving, N, 1)
        bent = np.where(wide > 0, np.subtract(*np.split(lanes[1:], 2)) / wide, 0.0)
    second = np.zeros((*lanes.shape[1:], lanes.shape[2]))
    second[:, :, moving] = np.moveaxis(bent, 0, 2)
    second = (second + np.swapaxes(second, 1, 2)) / 2
    shared = {field.name: getattr(seen, field.name) for field in dataclasses.fields(ObservedStudy)}
    return LocalStudy(**shared, around=around, values=values[0], first=lanes[0], second=second)
