"""Conversion of statements on parameters to priors."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from pkqsp_bayes.elicit.beliefs import Belief, find_contradiction
from pkqsp_bayes.elicit.families import FamilyFit, fit_probabilities, list_candidates
from pkqsp_bayes.elicit.maxent import MAXENT_FAMILIES, maximum_entropy
from pkqsp_bayes.errors import Issue
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.prior_table import PriorEntry
from pkqsp_bayes.spec.priors.addresses import stated_values
from pkqsp_bayes.spec.priors.check_priors import unknown_address, valid_bounds
from pkqsp_bayes.spec.priors.distribution import distribution
from pkqsp_bayes.spec.priors.prior import PriorSpec, Provenance
from pkqsp_bayes.spec.priors.prior_grammar import FAMILIES, prior_support

__all__ = ["check_beliefs", "fit_belief_priors"]


def check_beliefs(model: ModelSpec, beliefs: Sequence[Belief]) -> list[Issue]:
    """Return all problems of statements on parameters, including contradictions.

    Parameters
    ----------
    model : ModelSpec
        Model that has the parameters.
    beliefs : sequence of Belief
        The statements.
    """
    issues = []
    for belief in beliefs:
        where = f"{belief.method} of {belief.of}"
        unknown = unknown_address(model, belief.of, where)
        if unknown:
            issues.append(unknown)
            continue
        found = [*belief.problems, *_misfits(model, belief)]
        issues += [Issue(where=where, what=what, remedy=remedy) for what, remedy in found]
    if issues:
        return issues
    for name, group in _by_parameter(beliefs).items():
        where, what = f"statements on {name}", find_contradiction(group)
        if what:
            issues.append(
                Issue(where=where, what=what, remedy="correct one of the contradictory statements")
            )
        if len({belief.family for belief in group if belief.family}) > 1:
            issues.append(
                Issue(where=where, what="two different families are stated", remedy="keep one")
            )
    return issues


def _misfits(model: ModelSpec, belief: Belief) -> Iterator[tuple[str, str]]:
    low, high = _numbers(model, belief.of)
    outside = belief.points[(belief.points <= low) | (belief.points >= high)]
    if outside.size:
        yield f"{outside[0]:g} is not a valid value", f"the values are between {low:g} and {high:g}"
    if not belief.family:
        return
    if belief.family not in MAXENT_FAMILIES or belief.family not in FAMILIES:
        yield f"{belief.family!r} is not a family", "use one of " + ", ".join(MAXENT_FAMILIES)
        return
    support = FAMILIES[belief.family].support or (low, high)
    if ((belief.points <= support[0]) | (belief.points >= support[1])).any():
        yield f"{belief.family} does not support these values", "choose another family"


def _by_parameter(beliefs: Sequence[Belief]) -> dict[str, list[Belief]]:
    groups: dict[str, list[Belief]] = {}
    for belief in beliefs:
        groups.setdefault(belief.of, []).append(belief)
    return groups


def fit_belief_priors(
    model: ModelSpec, beliefs: Sequence[Belief], *, date: str = ""
) -> dict[str, PriorEntry]:
    """Return the prior of each parameter that has a statement.

    A single range gives the prior of maximum entropy with the stated mass. Quantiles, chips and
    several statements give the family that fits their probabilities best.

    Parameters
    ----------
    model : ModelSpec
        Model that has the parameters.
    beliefs : sequence of Belief
        Checked statements.
    date : str
        Date for the provenance.
    """
    return {
        name: _entry(model, name, group, date) for name, group in _by_parameter(beliefs).items()
    }


def _entry(model: ModelSpec, name: str, group: Sequence[Belief], date: str) -> PriorEntry:
    asked = next((belief.family for belief in group if belief.family), "")
    families = (asked,) if asked else list_candidates(*_numbers(model, name))
    if len(group) == 1 and group[0].method == "range":
        fits = [maximum_entropy(families[0], group[0].points, group[0].probabilities)]
    else:
        points = np.concatenate([belief.points for belief in group])
        chances = np.concatenate([belief.probabilities for belief in group])
        fits = fit_probabilities(points, chances, families)
    best = fits[0].prior
    provenance = Provenance(
        method=group[0].method if len(group) == 1 else "statements",
        source="; ".join(belief.text for belief in group),
        date=date,
        family=best.family,
        fit=_statistics(fits, group),
    )
    return PriorEntry(prior=best, provenance=provenance)


def _numbers(model: ModelSpec, name: str) -> tuple[float, float]:
    """Return the range in which a parameter is valid and its prior has mass."""
    low, high = valid_bounds(model, name)
    stated = stated_values(model)[name]
    support = prior_support(stated) if isinstance(stated, PriorSpec) else None
    return (low, high) if support is None else (max(low, support[0]), min(high, support[1]))


def _statistics(fits: Sequence[FamilyFit], group: Sequence[Belief]) -> Mapping[str, float]:
    dist = distribution(fits[0].prior)
    found = {f"aic {fit.prior.family}": round(fit.aic - fits[0].aic, 3) for fit in fits}
    for belief in group:
        for point, wanted in zip(belief.points, belief.probabilities, strict=True):
            found[f"P(< {point:g}), stated {wanted:.4g}"] = round(float(dist.cdf(point)), 4)
    return found
