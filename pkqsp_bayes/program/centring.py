"""Number of observations per individual value, by which the parameterisation is chosen.

An observation that depends on several random effects is shared among them: eight concentrations are
more informative about two values than about five.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.engine.compiled_model import CompiledModel
from pkqsp_bayes.program.bound_data import Observations
from pkqsp_bayes.study.study import Study

__all__ = ["RICH", "Richness"]

RICH = 3
"""Smallest median of shared observations per random effect for centred sampling."""

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Richness:
    """Numbers of observations by subject and by occasion, shared among random effects.

    Parameters
    ----------
    output, subject, occasion : (n,) array of int
        Output, subject and occasion of each observation; each occasion of each subject has its own
        number.
    subjects : int
        Number of subjects.
    reached : mapping of str to tuple of int
        Outputs that depend on each individual parameter.
    effects : tuple of str
        Parameter of each random effect (of subjects, of occasions).
    """

    output: IntArray
    subject: IntArray
    occasion: IntArray
    subjects: int
    reached: Mapping[str, tuple[int, ...]]
    effects: tuple[str, ...]

    @classmethod
    def of(
        cls,
        model: CompiledModel,
        observations: Observations,
        subjects: int,
        study: Study,
        effects: tuple[str, ...],
    ) -> "Richness":
        """Return the counts for the observations of a study."""
        labels = study.table["OCC"].to_numpy(dtype=str)[observations.row]
        pairs = [f"{s} {label}" for s, label in zip(observations.subject, labels, strict=True)]
        occasion = np.unique(pairs, return_inverse=True)[1] if pairs else np.zeros(0, dtype=int)
        return cls(
            output=observations.output,
            subject=observations.subject,
            occasion=occasion.astype(np.int64),
            subjects=subjects,
            reached=model.reached_outputs,
            effects=effects,
        )

    def is_rich(self, parameter: str) -> bool:
        """Return whether the median subject has enough observations for its value."""
        return self._median(self.subject, self.subjects, parameter) >= RICH

    def is_rich_by_occasion(self, parameter: str) -> bool:
        """Return whether the median occasion has enough observations for its value."""
        size = int(self.occasion.max(initial=-1)) + 1
        return size > 0 and self._median(self.occasion, size, parameter) >= RICH

    def _median(self, group: IntArray, size: int, parameter: str) -> float:
        shares = self._shares(parameter)
        found = np.bincount(group, weights=shares, minlength=size)
        return round(float(np.median(found)), 9)  # thirds add up

    def _shares(self, parameter: str) -> FloatArray:
        """Return the share of each observation for the random effect of a parameter."""
        moved = [self.reached.get(name, ()) for name in self.effects]
        mine = self.reached.get(parameter, ())
        share = {k: 1 / max(sum(k in outputs for outputs in moved), 1) for k in mine}
        return np.array([share.get(k, 0.0) for k in self.output.tolist()])
