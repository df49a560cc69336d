"""How much the data say of each individual value, which decides how it is sampled."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.ode.lowered import LoweredOde
from pkqsp_bayes.program.frame import Observations
from pkqsp_bayes.study.study import Study

__all__ = ["RICH", "Richness", "reached_outputs"]

RICH = 6
"""Observations (median) from which on a random effect is sampled centred."""

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Richness:
    """Observations by subject and by occasion, and which outputs each parameter moves.

    Parameters
    ----------
    output, subject, occasion : (n,) array of int
        Of each observation; an occasion has a number of its own in each subject.
    subjects : int
        Number of subjects.
    reached : mapping of str to set of int
        Outputs that each individual parameter moves.
    """

    output: IntArray
    subject: IntArray
    occasion: IntArray
    subjects: int
    reached: dict[str, set[int]]

    @classmethod
    def of(
        cls, ode: LoweredOde, observations: Observations, subjects: int, study: Study
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
            reached=reached_outputs(ode),
        )

    def is_rich(self, parameter: str) -> bool:
        """Whether the median subject has enough observations that depend on a parameter."""
        counts = np.bincount(self.subject[self._seen(parameter)], minlength=self.subjects)
        return bool(np.median(counts) >= RICH)

    def is_rich_by_occasion(self, parameter: str) -> bool:
        """Whether a subject's median occasion has enough of them."""
        size = int(self.occasion.max(initial=-1)) + 1
        counts = np.bincount(self.occasion[self._seen(parameter)], minlength=size)
        return bool(size and np.median(counts) >= RICH)

    def _seen(self, parameter: str) -> NDArray[np.bool_]:
        return np.isin(self.output, list(self.reached.get(parameter, set())))


def reached_outputs(ode: LoweredOde) -> dict[str, set[int]]:
    """Return the outputs that each individual parameter moves, by structure.

    Parameters
    ----------
    ode : LoweredOde
        Its Jacobians say what depends on what.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> from pkqsp_bayes.ode.ready import ready_model
    >>> reached = reached_outputs(ready_model(pq.load_model("warfarin")).lowered)
    >>> sorted(reached["CLint"]), sorted(reached["kout"])  # cp, pca and CL; pca
    ([0, 1, 2], [1])
    """
    by_state = _outputs_of_states(ode)
    found: dict[str, set[int]] = {name: set() for name in ode.parameters}
    for number, coefficient in enumerate(ode.coefficients):
        states = {
            e.row for m in (ode.rhs, ode.initial) for e in m.by_coefficient if e.col == number
        }
        states |= {ode.dose_states[e.row // 5] for e in ode.doses.by_coefficient if e.col == number}
        outputs = {e.row for e in ode.outputs.by_coefficient if e.col == number}
        outputs |= {k for state in states for k in by_state[state]}
        for index, _ in coefficient.gradient:
            found[ode.parameters[index]] |= outputs
    return found


def _outputs_of_states(ode: LoweredOde) -> list[set[int]]:
    """Return what each state moves: outputs that read it, and those of states that read it."""
    found: list[set[int]] = [set() for _ in ode.states]
    for entry in ode.outputs.by_state:
        found[entry.col].add(entry.row)
    changed = True
    while changed:
        changed = False
        for entry in ode.rhs.by_state:
            if not found[entry.row] <= found[entry.col]:
                found[entry.col] |= found[entry.row]
                changed = True
    return found
