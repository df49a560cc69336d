"""Checks of what a drug, a trajectory, a protein can be, from the numbers of the file alone."""

import itertools
from collections.abc import Callable, Iterator

from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.quantity import Quantity
from pkqsp_bayes.spec.trajectory import TrajectorySpec

__all__ = ["SCIENCE_CHECKS"]

_Found = Iterator[tuple[str, str, str]]

# Beyond them lies a slip, not a group: superacids and -bases are no drugs.
_LOWEST_PKA, _HIGHEST_PKA = -5.0, 20.0


def _check_groups(spec: ModelSpec) -> _Found:
    if spec.drug is None:
        return
    for key in ("pKa_acid", "pKa_base"):
        for value in getattr(spec.drug, key):
            if not _LOWEST_PKA <= value <= _HIGHEST_PKA:
                remedy = f"write {_LOWEST_PKA:g} to {_HIGHEST_PKA:g}"
                yield f"drug.{key}", f"a pKa of {value:g} is none of a drug", remedy


def _check_fractions(spec: ModelSpec) -> _Found:
    for name, bound in spec.binding.items():
        share = bound.share
        if share is not None and _is_outside(share):
            what = f"the share is {share.value}"
            yield f"binding.{name}.share", what, "it is a fraction, above 0 and at most 1"
    shares = [b.share.value for b in spec.binding.values() if b.share and b.share.is_number]
    total = sum(float(share) for share in shares)
    if total > 1:
        yield "binding", f"the shares add up to {total:g}", "they add up to 1 at most"


def _is_outside(q: Quantity) -> bool:
    return q.is_number and not 0 < float(q.value) <= 1


def _check_trajectories(spec: ModelSpec) -> _Found:
    for name, t in spec.trajectory.items():
        where = f"trajectory.{name}"
        if t.mode == "joint" and t.value is None:
            what = "a joint trajectory is an expression in the system's states"
            yield f"{where}.value", what, "state it"
        if t.mode != "joint" and t.value is not None:
            what = "only a joint trajectory is an expression"
            yield f"{where}.value", what, 'remove it, or write mode = "joint"'
        yield from _check_knots(spec, name, t)


def _check_knots(spec: ModelSpec, name: str, t: TrajectorySpec) -> _Found:
    where = f"trajectory.{name}"
    if t.mode != "uncertain":
        for key in ("knots", "typical", "omega", "error"):
            if getattr(t, key) not in (None, ()):
                what = f"{key} belongs to a trajectory that is uncertain"
                yield f"{where}.{key}", what, 'remove it, or write mode = "uncertain"'
        return
    if not t.knots or any(b <= a for a, b in itertools.pairwise(t.knots)):
        what = "an uncertain trajectory has values at times that increase"
        yield f"{where}.knots", what, "state them, such as knots = [0, 24, 48]"
    if t.typical is None:
        yield f"{where}.typical", "its values have no prior", "state typical"
    tables = {"population": spec.population.parameters, "parameters": spec.parameters,
              "covariates": spec.covariates}  # fmt: skip
    own = {f"{name}_{kind}{i + 1}" for i in range(len(t.knots)) for kind in ("", "time_")}
    for section, table in tables.items():
        for taken in sorted(own & set(table)):
            yield f"{section}.{taken}", f"the trajectory {name} has a {taken} too", "rename it"
    if name in spec.observe:
        what = f"{name} is observed as a trajectory, and stated as an observation too"
        yield f"observe.{name}", what, "rename the observation"


SCIENCE_CHECKS: tuple[Callable[[ModelSpec], _Found], ...] = (
    _check_groups,
    _check_fractions,
    _check_trajectories,
)
"""Each yields the place, what is wrong, and the remedy."""
