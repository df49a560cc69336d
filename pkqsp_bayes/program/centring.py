"""How much the data say of each individual value, which decides how it is sampled.

An observation that several random effects move is shared among them: eight concentrations tell
more of each of two values than of each of five.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.ode.chain import symbols_read
from pkqsp_bayes.ode.lowered import LoweredOde
from pkqsp_bayes.program.bound_data import Observations
from pkqsp_bayes.study.study import Study

__all__ = ["RICH", "Richness", "reached_outputs"]

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
    reached : mapping of str to set of int
        Outputs that each individual parameter moves.
    effects : tuple of str
        Parameters with random effects, each as often as it has some (of subject, of occasion).
    """

    output: IntArray
    subject: IntArray
    occasion: IntArray
    subjects: int
    reached: dict[str, set[int]]
    effects: tuple[str, ...]

    @classmethod
    def of(
        cls,
        ode: LoweredOde,
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
            reached=reached_outputs(ode),
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
        moved = [self.reached.get(name, set()) for name in self.effects]
        mine = self.reached.get(parameter, set())
        share = {k: 1 / max(sum(k in outputs for outputs in moved), 1) for k in mine}
        return np.array([share.get(k, 0.0) for k in self.output.tolist()])


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
        moved = {e.row // 2 for e in ode.edges.by_coefficient if e.col == number}
        states |= {row for k in moved for row in _states_of_switch(ode, k)}
        outputs = {e.row for e in ode.outputs.by_coefficient if e.col == number}
        outputs |= {k for state in states for k in by_state[state]}
        for index, _ in coefficient.gradient:
            found[ode.parameters[index]] |= outputs
    return found


def _states_of_switch(ode: LoweredOde, number: int) -> list[int]:
    """Return the states whose equations have a condition on time."""
    name = ode.switches[number].symbol
    held = {c.symbol for c in ode.coefficients if name in symbols_read([c.expr], ode.links)}
    rows = enumerate(ode.rhs.values)
    return [i for i, value in rows if not held.isdisjoint(symbols_read([value], ode.links))]


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
