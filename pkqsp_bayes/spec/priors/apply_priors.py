"""Replacement of the priors of a model by the effective priors of a prior table."""

import dataclasses
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.arguments import checked
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.spec.labels import CORRELATIONS
from pkqsp_bayes.spec.library import MODEL, ModelLike, as_model
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.prior_table import PRIORS, PriorEntry, PriorTable
from pkqsp_bayes.spec.priors.addresses import with_values
from pkqsp_bayes.spec.priors.check_priors import check_joint, check_priors, unknown_address
from pkqsp_bayes.spec.priors.distribution import discount_prior
from pkqsp_bayes.spec.priors.prior import JointPriorSpec, PriorSpec
from pkqsp_bayes.spec.priors.prior_grammar import MIXTURE, prior_support

__all__ = ["apply_priors", "effective_prior", "joint_factor", "joint_marginals", "replace_priors"]

_FAMILIES = {"identity": "normal", "log": "lognormal", "logit": "logit_normal"}


def effective_prior(entry: PriorEntry) -> PriorSpec:
    """Return the prior of an entry after discount and mixture.

    Raises
    ------
    ValueError
        If the discounted prior is not a distribution of its family.

    Examples
    --------
    >>> prior = PriorSpec(family="normal", args=(0.0, 1.0))
    >>> print(effective_prior(PriorEntry(prior=prior, discount=0.25)))
    normal(0.0, 2.0)
    """
    informative = discount_prior(entry.prior, entry.discount)
    if entry.vague is None or entry.weight == 1:
        return informative
    return _mixture(entry.weight, informative, entry.vague)


def _mixture(weight: float, one: PriorSpec, other: PriorSpec) -> PriorSpec:
    return PriorSpec(family=MIXTURE, args=(weight,), parts=(one, other))


def joint_marginals(joint: JointPriorSpec) -> dict[str, PriorSpec]:
    """Return the marginal prior of each target of a joint prior.

    Examples
    --------
    >>> joint = JointPriorSpec(targets=("CL", "b"), scales=("log", "identity"), mean=(0.0, 1.0),
    ...                        sd=(0.2, 0.5), correlation=((1.0, 0.3), (0.3, 1.0)))
    >>> [str(prior) for prior in joint_marginals(joint).values()]
    ['lognormal(0.0, 0.2)', 'normal(1.0, 0.5)']
    """
    found = {}
    for i, (target, scale) in enumerate(zip(joint.targets, joint.scales, strict=True)):
        sd = joint.sd[i] / joint.discount**0.5
        prior = PriorSpec(family=_FAMILIES[scale], args=(joint.mean[i], sd))
        if joint.weight < 1:
            wide = PriorSpec(family=_FAMILIES[scale], args=(joint.mean[i], joint.vague_sd[i]))
            prior = _mixture(joint.weight, prior, wide)
        found[target] = prior
    return found


def joint_factor(joint: JointPriorSpec) -> NDArray[np.float64]:
    """Return the Cholesky factor of the covariance of the discounted informative part.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the correlation matrix is not positive definite.
    """
    sd = np.array(joint.sd) / np.sqrt(joint.discount)
    factor: NDArray[np.float64] = np.linalg.cholesky(np.array(joint.correlation))
    scaled: NDArray[np.float64] = sd[:, None] * factor
    return scaled


@checked(model=MODEL, table=PRIORS)
def apply_priors(model: ModelLike, table: PriorTable) -> ModelSpec:
    r"""Return the model with its priors replaced by those of a table.

    Parameters
    ----------
    model : ModelSpec, str or Path
        Model, its name or its file. A parameter that is a known number gets no prior.
    table : PriorTable
        Priors by parameter.

    Returns
    -------
    ModelSpec
        A new specification; its priors include discounts and mixtures, ``joint_prior`` the joint
        priors.

    Raises
    ------
    CheckError
        With every entry that matches no parameter of the model, and every prior without mass on
        valid values; also if ``from_qsp`` remains in the model.

    Examples
    --------
    >>> from pkqsp_bayes.library import load_model
    >>> from pkqsp_bayes.spec.prior_table import parse_priors
    >>> table = parse_priors('[priors."omega[CLint]"]\nprior = "lognormal(log(0.3), 0.2)"')
    >>> print(apply_priors(load_model("mavoglurant"), table).population.omega.scales["CLint"])
    lognormal(log(0.3), 0.2)
    """
    model = as_model(model)
    issues = [issue for name, e in table.priors.items() for issue in _entry(model, name, e)]
    issues += check_joint(model, table.joint, where="joint")
    twice = table.priors.keys() & {t for joint in table.joint.values() for t in joint.targets}
    issues += [
        Issue(
            where=f"priors.{name}",
            what=f"{name} is also in a joint prior",
            remedy="keep one of the two",
        )
        for name in sorted(twice)
    ]
    if issues:
        raise CheckError(issues)
    applied = replace_priors(model, table)
    issues = check_priors(applied)
    if issues:
        raise CheckError(issues)
    return applied


def _entry(model: ModelSpec, name: str, entry: PriorEntry) -> Iterator[Issue]:
    where = f"priors.{name}"
    if name == CORRELATIONS:
        yield from _correlations(model, where, entry)
        return
    if name.startswith(f"{CORRELATIONS}["):
        what, remedy = "all correlations have one prior", "use the address corr, as lkj(2)"
        yield Issue(where=where, what=what, remedy=remedy)
        return
    unknown = unknown_address(model, name, where)
    if unknown:
        yield unknown
    if not 0 < entry.discount <= 1:
        what = f"the discount is {entry.discount:g}"
        yield Issue(
            where=where, what=what, remedy="it must be above 0 and at most 1; or remove the entry"
        )
    elif prior_support(entry.prior) is not None:
        try:
            effective_prior(entry)
        except ValueError as error:
            yield Issue(where=where, what=str(error), remedy="choose another family or discount")
    yield from _mixture_issues(where, entry)


def _correlations(model: ModelSpec, where: str, entry: PriorEntry) -> Iterator[Issue]:
    if not model.population.omega.correlate:
        what = "the model states no correlated random effects"
        yield Issue(where=where, what=what, remedy="state omega.correlate, or remove the entry")
    if entry.prior.family != "lkj":
        what = f"{entry.prior} is not a prior of correlations"
        yield Issue(where=where, what=what, remedy="write lkj(2)")
    if entry.discount != 1 or entry.weight != 1 or entry.vague is not None:
        what = "a prior of correlations takes neither a discount nor a mixture"
        yield Issue(where=where, what=what, remedy="state the shape itself, such as lkj(2)")


def _mixture_issues(where: str, entry: PriorEntry) -> Iterator[Issue]:
    if not 0 < entry.weight <= 1:
        what = f"the weight is {entry.weight:g}"
        yield Issue(where=where, what=what, remedy="it must be above 0 and at most 1")
    if (entry.weight < 1) != (entry.vague is not None):
        what = "a mixture needs both a weight below 1 and a vague prior"
        yield Issue(where=where, what=what, remedy="state both, or neither")
    elif entry.vague is not None and prior_support(entry.vague) != prior_support(entry.prior):
        what = f"{entry.prior} and {entry.vague} have different supports"
        yield Issue(where=where, what=what, remedy="choose a vague prior with the same support")


def replace_priors(model: ModelSpec, table: PriorTable) -> ModelSpec:
    """Return the model with the priors of a table, unchecked; ``from_qsp`` may remain.

    Parameters
    ----------
    model, table
        As for `apply_priors`.
    """
    values: dict[str, PriorSpec | float] = {}
    for name, entry in table.priors.items():
        values[name] = entry.prior if name == CORRELATIONS else effective_prior(entry)
    for joint in table.joint.values():
        values |= joint_marginals(joint)
    replaced = set(values)
    kept = {n: j for n, j in model.joint_prior.items() if replaced.isdisjoint(j.targets)}
    applied = with_values(model, values)
    return dataclasses.replace(applied, joint_prior={**kept, **table.joint})
