"""Checks of priors: valid distributions, mass on valid values, valid joint priors."""

import math
from collections.abc import Iterator, Mapping

import numpy as np

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.remedies import setting
from pkqsp_bayes.spec.effects import value_bounds
from pkqsp_bayes.spec.identifiers import suggest
from pkqsp_bayes.spec.labels import CORRELATIONS, is_coefficient
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.priors.addresses import stated_values
from pkqsp_bayes.spec.priors.distribution import distribution
from pkqsp_bayes.spec.priors.prior import SCALE_RANGES, JointPriorSpec, PriorSpec
from pkqsp_bayes.spec.priors.prior_grammar import prior_support

__all__ = ["check_joint", "check_priors", "unknown_address"]

LEAST_MASS = 1e-6
"""Minimal probability of valid values; below it the sampler would not find a valid value."""


def check_priors(model: ModelSpec, *, waiting: bool = False) -> list[Issue]:
    """Return all problems of the priors of a model.

    Parameters
    ----------
    model : ModelSpec
        Model specification.
    waiting : bool
        Whether a prior table follows: ``from_qsp`` is accepted in that case.

    Examples
    --------
    >>> from pkqsp_bayes.library import load_model
    >>> check_priors(load_model("mavoglurant"))
    []
    """
    joint = {target for prior in model.joint_prior.values() for target in prior.targets}
    issues: list[Issue] = []
    for address, prior in stated_values(model).items():
        if not isinstance(prior, PriorSpec) or address in joint:
            continue
        if not (waiting and prior.family == "from_qsp"):
            issues += _check_one(model, address, prior)
    return issues + check_joint(model, model.joint_prior, where="joint_prior")


def _check_one(model: ModelSpec, address: str, prior: PriorSpec) -> Iterator[Issue]:
    if prior_support(prior) is None:
        remedy = "state a family such as half_normal(0.5)"
        if prior.family == "from_qsp":
            remedy = (
                f"take it from a prior table ({setting('derive_priors')} makes one; "
                f"pass it as {setting('priors')}), or {remedy}"
            )
        yield Issue(where=address, what=f"{prior} is not a distribution of a number", remedy=remedy)
        return
    low, high = valid_bounds(model, address)
    if distribution(prior, low, high).mass() < LEAST_MASS:
        what = f"{prior} has no mass on the valid values from {low:g} to {high:g}"
        yield Issue(where=address, what=what, remedy="change the prior, or the bounds")


def valid_bounds(model: ModelSpec, address: str) -> tuple[float, float]:
    """Return the range of valid values of a population parameter.

    Examples
    --------
    >>> from pkqsp_bayes.library import load_model
    >>> valid_bounds(load_model("mavoglurant"), "omega[CLint]")
    (0.0, inf)
    """
    stated = model.population.parameters.get(address)
    if stated is None:
        return (-math.inf, math.inf) if is_coefficient(address) else (0.0, math.inf)
    return value_bounds(stated)


def unknown_address(model: ModelSpec, address: str, where: str) -> Issue | None:
    """Return the problem of an address that does not accept a prior, or None."""
    known = stated_values(model)
    if address not in known:
        what = f"the model does not have {address!r}"
        remedy = suggest(address, [*known, CORRELATIONS], "use one of " + ", ".join(known))
        return Issue(where=where, what=what, remedy=remedy)
    if isinstance(known[address], int | float):
        what = f"the model states {address} as a number: {known[address]:g}"
        return Issue(
            where=where,
            what=what,
            remedy="replace the number in the model by a prior (such as from_qsp)",
        )
    return None


def check_joint(
    model: ModelSpec, joint: Mapping[str, JointPriorSpec], *, where: str
) -> list[Issue]:
    """Return all problems of joint priors: unknown or repeated targets, sizes, numbers.

    Parameters
    ----------
    model : ModelSpec
        Model that has the targets.
    joint : mapping of str to JointPriorSpec
        Joint priors by name.
    where : str
        Location of the mapping, for messages.
    """
    issues: list[Issue] = []
    seen: set[str] = set()
    for name, prior in joint.items():
        place = f"{where}.{name}"
        for target in prior.targets:
            if target in seen:
                what, remedy = f"{target} has two joint priors", "keep one of them"
                issues.append(Issue(where=place, what=what, remedy=remedy))
            seen.add(target)
            found = unknown_address(model, target, place)
            issues += [found] if found else _misfits(model, target, prior, place)
        issues += [Issue(where=place, what=what, remedy=how) for what, how in _numbers(prior)]
    return issues


def _misfits(model: ModelSpec, target: str, prior: JointPriorSpec, place: str) -> Iterator[Issue]:
    scale = dict(zip(prior.targets, prior.scales, strict=False)).get(target, "identity")
    support, valid = SCALE_RANGES[scale], valid_bounds(model, target)
    if max(support[0], valid[0]) >= min(support[1], valid[1]):
        what = f"{target} has no valid value on the scale {scale}"
        yield Issue(where=place, what=what, remedy="choose another scale")


def _numbers(prior: JointPriorSpec) -> Iterator[tuple[str, str]]:
    size = len(prior.targets)
    lengths = {
        "scales": len(prior.scales),
        "mean": len(prior.mean),
        "sd": len(prior.sd),
        "correlation": len(prior.correlation),
        **{f"correlation[{i}]": len(row) for i, row in enumerate(prior.correlation)},
    }
    if prior.weight < 1:
        lengths["vague_sd"] = len(prior.vague_sd)
    wrong = [name for name, length in lengths.items() if length != size]
    if wrong or size < 1:
        yield (
            f"there are {size} targets, but {', '.join(wrong)} has another length",
            "give one element per target",
        )
        return
    if not all(s > 0 for s in (*prior.sd, *prior.vague_sd)):
        yield "a standard deviation is not positive", "it must be positive"
    if not 0 < prior.discount <= 1:
        yield f"the discount is {prior.discount:g}", "it must be above 0 and at most 1"
    if not 0 < prior.weight <= 1:
        yield f"the weight is {prior.weight:g}", "it must be above 0 and at most 1"
    matrix = np.array(prior.correlation)
    if not _is_correlation(matrix):
        yield (
            "the correlation matrix is not valid",
            "it must be symmetric and positive definite, with 1 on the diagonal",
        )


def _is_correlation(matrix: np.ndarray) -> bool:
    if not (np.allclose(matrix, matrix.T) and np.allclose(np.diag(matrix), 1)):
        return False
    return float(np.linalg.eigvalsh(matrix).min()) > 1e-10
