"""The arguments of a prior derivation, their checks, and the simulation."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.elicit.baseline import check_baseline, prepare_baseline
from pkqsp_bayes.elicit.drawing import draw_population, standard_normals
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.spec.labels import coefficient_label, omega_label, parse_label
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.priors.check_priors import check_priors
from pkqsp_bayes.spec.priors.distribution import distribution
from pkqsp_bayes.spec.priors.prior_grammar import PriorError, parse_prior, prior_support

__all__ = ["Part", "Question", "Robustness", "check_question", "simulate_question"]

FloatArray = NDArray[np.float64]
Part = Literal["typical", "effects", "omega"]

_LEAST_SPREAD = 1e-6
_FEWEST = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Robustness:
    """Reduction of the weight of a derived prior.

    Parameters
    ----------
    discount : float
        Power of its density: 1 keeps all of its information, 0 none.
    weight : float
        Weight of the derived prior in a mixture with a vague prior; 1: no mixture.
    vague_sd : float
        Standard deviation of the vague prior, on the logarithmic scale.
    """

    discount: float = 1.0
    weight: float = 1.0
    vague_sd: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """The arguments of `pkqsp_bayes.derive_priors`."""

    model: ModelSpec
    factor: str
    parameter: str
    covariate: str
    groups: Mapping[str, Mapping[str, float | str]]
    scale: float | str
    parts: tuple[Part, ...]
    robustness: Robustness
    outer: int
    inner: int
    seed: int
    settle: float
    covariates: pd.DataFrame | None
    frequencies: Mapping[str, float] | None

    def shares(self) -> dict[str, float]:
        """Return the fraction of each group by its effect (empty for the reference)."""
        given = self.frequencies or dict.fromkeys(self.groups, 1.0)
        total = sum(given.values())
        reference = next(iter(self.groups))
        return {
            "" if level == reference else self.effect(level): given[level] / total
            for level in self.groups
        }

    def effect(self, level: str) -> str:
        """Return the name of the effect of a group."""
        return coefficient_label(self.parameter, self.covariate, level)

    def settings(self) -> list[str]:
        """Return the names of the parameters and covariates that groups set."""
        return list(dict.fromkeys(name for group in self.groups.values() for name in group))


def check_question(asked: Question) -> list[Issue]:
    """Return all problems of the arguments and of the mechanism."""
    issues = check_priors(asked.model)
    issues += check_baseline(asked.model, asked.factor, asked.settings(), asked.covariates)
    issues += [Issue(where=where, what=what, remedy=how) for where, what, how in _problems(asked)]
    return issues


def _problems(asked: Question) -> Iterator[tuple[str, str, str]]:
    for level, group in asked.groups.items():
        for name, value in group.items():
            yield from _bad_value(f"groups.{level}.{name}", value)
    yield from _bad_value("scale", asked.scale)
    for name, size in (("outer", asked.outer), ("inner", asked.inner)):
        if size < _FEWEST:
            yield (
                name,
                f"{size} draws are too few to estimate a distribution",
                f"use {_FEWEST} or more",
            )
    if asked.settle < 0:
        yield "settle", f"{asked.settle:g} is negative", "use a time of 0 or later"
    unknown = set(asked.parts) - {"typical", "effects", "omega"}
    if unknown or not asked.parts:
        yield "parts", f"unknown parts: {sorted(unknown)}", "use typical, effects, omega"
    robust = asked.robustness
    for name, share in (("discount", robust.discount), ("weight", robust.weight)):
        if not 0 < share <= 1:
            yield f"robustness.{name}", f"it is {share:g}", "it must be above 0 and at most 1"
    if robust.vague_sd <= 0:
        yield "robustness.vague_sd", f"it is {robust.vague_sd:g}", "it must be positive"
    if len(asked.groups) > 1 and not asked.covariate:
        yield "covariate", "groups need a covariate, whose levels they are", "state covariate"
    yield from _bad_frequencies(asked)


def _bad_value(where: str, value: float | str) -> Iterator[tuple[str, str, str]]:
    if isinstance(value, str):
        try:
            prior = parse_prior(value)
        except PriorError as error:
            yield where, error.what, error.remedy
            return
        if prior_support(prior) is None:
            yield (
                where,
                f"{value} is not a distribution of a number",
                "use a number or a prior such as lognormal(0, 0.2)",
            )
    elif not np.isfinite(value):
        yield where, f"it is {value}", "give a finite number"


def _bad_frequencies(asked: Question) -> Iterator[tuple[str, str, str]]:
    given = asked.frequencies
    if given is None:
        return
    if set(given) != set(asked.groups):
        yield (
            "frequencies",
            "they do not match the groups",
            "state one per group: " + ", ".join(asked.groups),
        )
    elif min(given.values()) <= 0:
        yield "frequencies", "a frequency is not positive", "remove such a group"


def simulate_question(asked: Question) -> dict[str, FloatArray]:
    """Return the draws (outer,) of each quantity that gets a prior, by its name.

    Raises
    ------
    CheckError
        If a baseline is not steady, finite and positive; if a quantity does not vary.
    """
    logs = _log_factors(asked)
    reference = next(iter(asked.groups))
    centre = {level: values.mean(axis=1) for level, values in logs.items()}
    found: dict[str, FloatArray] = {}
    if "typical" in asked.parts:
        scale = _draws(asked.scale, asked.outer, asked.seed, "scale")
        found[asked.parameter] = np.exp(centre[reference]) * scale
    if "effects" in asked.parts:
        others = [level for level in asked.groups if level != reference]
        found |= {asked.effect(level): centre[level] - centre[reference] for level in others}
    if "omega" in asked.parts:
        shares = zip(asked.shares().values(), logs.values(), strict=True)
        pooled = sum(share * values.var(axis=1, ddof=1) for share, values in shares)
        found[omega_label(asked.parameter)] = np.sqrt(pooled)
    _check_found(found)
    return found


def _log_factors(asked: Question) -> dict[str, FloatArray]:
    baseline = prepare_baseline(
        asked.model,
        asked.factor,
        settings=asked.settings(),
        settle=asked.settle,
        covariates=asked.covariates,
        inner=asked.inner,
        seed=asked.seed,
    )
    draws = draw_population(asked.model, asked.outer, asked.seed)
    normals = standard_normals(asked.outer, asked.inner, len(draws.effects), asked.seed)
    eta = draws.etas(normals)
    logs = {}
    for level, group in asked.groups.items():
        numbers = {
            name: _draws(value, asked.outer, asked.seed, f"{level}.{name}")
            for name, value in group.items()
        }
        logs[level] = np.log(baseline.values(draws, eta, numbers))
    return logs


def _draws(value: float | str, size: int, seed: int, label: str) -> FloatArray:
    """Return draws of a prior in an order that depends on the seed and the label."""
    if not isinstance(value, str):
        return np.full(size, float(value))
    spread = (np.arange(size) + 0.5) / size
    order = np.random.default_rng([seed, *label.encode()]).permutation(size)
    return distribution(parse_prior(value)).quantile(spread[order])


def _check_found(found: Mapping[str, FloatArray]) -> None:
    issues = []
    for name, values in found.items():
        scale = 1.0 if parse_label(name).kind == "beta" else float(np.abs(values).mean())
        if float(values.std()) < _LEAST_SPREAD * max(scale, _LEAST_SPREAD):
            what = f"{name} is {values.mean():.4g} in all draws of the uncertain parameters"
            remedy = "state a prior for its parameters in the mechanism, or remove it from parts"
            issues.append(Issue(where=name, what=what, remedy=remedy))
    if issues:
        raise CheckError(issues)
