"""How much the data say of each individual value, which decides how it is sampled.

An observation that several random effects move is shared among them: eight concentrations tell
more of each of two values than of each of five.
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
"""Observations a random effect (median, shared) from which on it is sampled centred."""

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Richness:
    """Observations by subject and by occasion, and how each is shared.

    Parameters
    ----------
    output, subject, occasion : (n,) array of int
        Of each observation; an occasion has a number of its own in each subject.
    subjects : int
        Number of subjects.
    reached : mapping of str to tuple of int
        Outputs that each individual parameter moves.
    effects : tuple of str
        Parameters with random effects, each as often as it has some (of subject, of occasion).
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
        """Count the observations of a study."""
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
        """Whether the median subject's share of observations is enough for its value."""
        return self._median(self.subject, self.subjects, parameter) >= RICH

    def is_rich_by_occasion(self, parameter: str) -> bool:
        """Whether the share of a subject's median occasion is."""
        size = int(self.occasion.max(initial=-1)) + 1
        return size > 0 and self._median(self.occasion, size, parameter) >= RICH

    def _median(self, group: IntArray, size: int, parameter: str) -> float:
        shares = self._shares(parameter)
        found = np.bincount(group, weights=shares, minlength=size)
        return round(float(np.median(found)), 9)  # thirds add up

    def _shares(self, parameter: str) -> FloatArray:
        """Return what of each observation falls to a parameter's random effect."""
        moved = [self.reached.get(name, ()) for name in self.effects]
        mine = self.reached.get(parameter, ())
        share = {k: 1 / max(sum(k in outputs for outputs in moved), 1) for k in mine}
        return np.array([share.get(k, 0.0) for k in self.output.tolist()])
