"""Plausibility checks of drugs, trajectories and proteins by the numbers of the file."""

import itertools
from collections.abc import Callable, Iterator

from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.quantity import Quantity
from pkqsp_bayes.spec.trajectory import TrajectorySpec

__all__ = ["SCIENCE_CHECKS"]

_Found = Iterator[tuple[str, str, str]]

# A value outside is a mistake: superacids and superbases are not drugs.
_LOWEST_PKA, _HIGHEST_PKA = -5.0, 20.0


def _check_groups(spec: ModelSpec) -> _Found:
    if spec.drug is None:
        return
    for key in ("pKa_acid", "pKa_base"):
        for value in getattr(spec.drug, key):
            if not _LOWEST_PKA <= value <= _HIGHEST_PKA:
                remedy = f"write {_LOWEST_PKA:g} to {_HIGHEST_PKA:g}"
                yield f"drug.{key}", f"a pKa of {value:g} is not possible for a drug", remedy


def _check_fractions(spec: ModelSpec) -> _Found:
    for name, bound in spec.binding.items():
        share = bound.share
        if share is not None and _is_outside(share):
            what = f"the share is {share.value}"
            yield f"binding.{name}.share", what, "it must be above 0 and at most 1"
    shares = [b.share.value for b in spec.binding.values() if b.share and b.share.is_number]
    total = sum(float(share) for share in shares)
    if total > 1:
        yield "binding", f"the shares add up to {total:g}", "their sum must be at most 1"


def _is_outside(q: Quantity) -> bool:
    return q.is_number and not 0 < float(q.value) <= 1


def _check_trajectories(spec: ModelSpec) -> _Found:
    for name, t in spec.trajectory.items():
        where = f"trajectory.{name}"
        if t.mode == "joint" and t.value is None:
            what = "a joint trajectory needs an expression of the system's states"
            yield f"{where}.value", what, "state value"
        if t.mode != "joint" and t.value is not None:
            what = "only a joint trajectory has an expression"
            yield f"{where}.value", what, 'remove it, or write mode = "joint"'
        yield from _check_knots(spec, name, t)


def _check_knots(spec: ModelSpec, name: str, t: TrajectorySpec) -> _Found:
    where = f"trajectory.{name}"
    if t.mode != "uncertain":
        for key in ("knots", "typical", "omega", "error"):
            if getattr(t, key) not in (None, ()):
                what = f"{key} applies to uncertain trajectories only"
                yield f"{where}.{key}", what, 'remove it, or write mode = "uncertain"'
        return
    if not t.knots or any(b <= a for a, b in itertools.pairwise(t.knots)):
        what = "an uncertain trajectory needs knots at increasing times"
        yield f"{where}.knots", what, "state them, such as knots = [0, 24, 48]"
    if t.typical is None:
        yield f"{where}.typical", "the values at its knots have no prior", "state typical"
    tables = {"population": spec.population.parameters, "parameters": spec.parameters,
              "covariates": spec.covariates}  # fmt: skip
    own = {f"{name}_{kind}{i + 1}" for i in range(len(t.knots)) for kind in ("", "time_")}
    for section, table in tables.items():
        for taken in sorted(own & set(table)):
            yield f"{section}.{taken}", f"the trajectory {name} also defines {taken}", "rename it"
    if name in spec.observe:
        what = f"{name} is both an observed trajectory and an observation"
        yield f"observe.{name}", what, "rename the observation"


SCIENCE_CHECKS: tuple[Callable[[ModelSpec], _Found], ...] = (
    _check_groups,
    _check_fractions,
    _check_trajectories,
)
"""Checks; each yields the location, the problem and the remedy."""
