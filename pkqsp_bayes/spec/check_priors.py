"""What is no prior of its parameter: no distribution, no mass on valid values, a bad joint one."""

import math
from collections.abc import Iterator, Mapping

import numpy as np

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.spec.addresses import stated_values
from pkqsp_bayes.spec.distribution import distribution
from pkqsp_bayes.spec.forms import value_bounds
from pkqsp_bayes.spec.identifiers import nearest
from pkqsp_bayes.spec.joint import JointPriorSpec
from pkqsp_bayes.spec.labels import CORRELATIONS, is_coefficient
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.prior import PriorSpec
from pkqsp_bayes.spec.prior_grammar import prior_support

__all__ = ["check_joint", "check_priors", "unknown_address"]

LEAST_MASS = 1e-6
"""Below this a prior is taken to be a mistake: the sampler would find no valid value."""

_SUPPORTS = {"identity": (-math.inf, math.inf), "log": (0.0, math.inf), "logit": (0.0, 1.0)}


def check_priors(model: ModelSpec, *, waiting: bool = False) -> list[Issue]:
    """Return every problem of the priors of a model.

    Parameters
    ----------
    model : ModelSpec
        As stated.
    waiting : bool
        Whether a prior table is still to come: ``from_qsp`` is no problem then.

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
                "take it from a prior table (pq.derive_priors or pkqsp elicit makes one; "
                f"give it as priors=... or --priors), or {remedy}"
            )
        yield Issue(where=address, what=f"{prior} is no prior of a number", remedy=remedy)
        return
    low, high = valid_bounds(model, address)
    if distribution(prior, low, high).mass() < LEAST_MASS:
        what = f"{prior} puts no mass on valid values, between {low:g} and {high:g}"
        yield Issue(where=address, what=what, remedy="move the prior, or the bounds")


def valid_bounds(model: ModelSpec, address: str) -> tuple[float, float]:
    """Return between which values a parameter of the population makes sense.

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
    """Return what is wrong with a name of something that is to get a prior, or None."""
    known = stated_values(model)
    if address not in known:
        guess = nearest(address, [*known, CORRELATIONS])
        what = f"the model has no {address!r}"
        remedy = f"did you mean {guess}?" if guess else "it has " + ", ".join(known)
        return Issue(where=where, what=what, remedy=remedy)
    if isinstance(known[address], int | float):
        what = f"{address} is known to the model: {known[address]:g}"
        return Issue(where=where, what=what, remedy="state a prior of it in the model (from_qsp)")
    return None


def check_joint(
    model: ModelSpec, joint: Mapping[str, JointPriorSpec], *, where: str
) -> list[Issue]:
    """Return every problem of joint priors: unknown or repeated targets, sizes, numbers.

    Parameters
    ----------
    model : ModelSpec
        Has the targets.
    joint : mapping of str to JointPriorSpec
        By name.
    where : str
        Of the mapping, for messages.
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
    support, valid = _SUPPORTS[scale], valid_bounds(model, target)
    if max(support[0], valid[0]) >= min(support[1], valid[1]):
        what = f"on the scale {scale} {target} has no valid value"
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
        yield f"{size} targets, but {', '.join(wrong)} of another length", "one for each target"
        return
    if not all(s > 0 for s in (*prior.sd, *prior.vague_sd)):
        yield "a standard deviation is not positive", "give positive ones"
    if not 0 < prior.discount <= 1:
        yield f"the discount is {prior.discount:g}", "above 0, at most 1"
    if not 0 < prior.weight <= 1:
        yield f"the weight is {prior.weight:g}", "above 0, at most 1"
    matrix = np.array(prior.correlation)
    if not _is_correlation(matrix):
        yield "the correlation matrix is none", "symmetric, positive definite, 1 on the diagonal"


def _is_correlation(matrix: np.ndarray) -> bool:
    if not (np.allclose(matrix, matrix.T) and np.allclose(np.diag(matrix), 1)):
        return False
    return float(np.linalg.eigvalsh(matrix).min()) > 1e-10
