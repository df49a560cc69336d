"""Checks of what a drug, a trajectory, a protein can be, from the numbers of the file alone."""

from collections.abc import Callable, Iterator

from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.quantity import Quantity

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
        if t.mode == "fixed" and t.value is not None:
            what = "a fixed trajectory is a column of the study"
            yield f"{where}.value", what, 'remove it, or write mode = "joint"'


SCIENCE_CHECKS: tuple[Callable[[ModelSpec], _Found], ...] = (
    _check_groups,
    _check_fractions,
    _check_trajectories,
)
"""Each yields the place, what is wrong, and the remedy."""
