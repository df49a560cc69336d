"""Priors from a mechanism: a nested virtual population with an outer and an inner loop.

The outer loop draws the uncertain parameters of the mechanism, the inner loop subjects. In each
outer draw the logarithms of the subjects' baseline factors E_i0 have a mean, differences between
groups, and a standard deviation. These are the typical value, the effects and the omega of a
parameter that the factor scales, CL_i = scale E_i0. Their joint distribution over the outer draws
is the prior.
"""

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from pkqsp_bayes.arguments import (
    FLAG,
    SEED,
    TEXT,
    checked,
    count,
    either,
    instance,
    mapping,
    number,
    record,
    sequence,
)
from pkqsp_bayes.elicit.families import REAL, FamilyFit, fit_families, round_prior
from pkqsp_bayes.elicit.question import (
    Part,
    Question,
    Robustness,
    check_question,
    simulate_question,
)
from pkqsp_bayes.elicit.sizes import prior_sizes
from pkqsp_bayes.errors import CheckError
from pkqsp_bayes.spec.labels import parse_label
from pkqsp_bayes.spec.library import MODEL, ModelLike, as_model
from pkqsp_bayes.spec.prior_table import PriorEntry, PriorTable
from pkqsp_bayes.spec.priors.distribution import distribution
from pkqsp_bayes.spec.priors.prior import JointPriorSpec, PriorSpec, Provenance, Scale
from pkqsp_bayes.spec.reading.toml import format_model

__all__ = ["DerivedPriors", "derive_priors"]

FloatArray = NDArray[np.float64]

_POSITIVE = ("lognormal", "gamma", "inv_gamma")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DerivedPriors:
    """A prior table, and the draws from which it was derived.

    Parameters
    ----------
    table : PriorTable
        The priors, with provenance.
    draws : xarray.Dataset
        The quantities that get a prior, one variable each, over ``draw`` (the outer loop), by their
        names in the table.
    fits : mapping of str to list of FamilyFit
        Families fitted to the draws of each quantity, the best first.
    """

    table: PriorTable
    draws: xr.Dataset
    fits: Mapping[str, Sequence[FamilyFit]] = field(default_factory=dict)


_NUMBERS = mapping(number(), wanted="give a mapping of names to numbers")
_NUMBER_OR_PRIOR = either(TEXT, number())
_GROUPS = mapping(
    mapping(_NUMBER_OR_PRIOR, wanted='give values by name, such as {"dose": 2.0}'),
    wanted="give a mapping of levels to their values by name",
)
_INDIVIDUALS = instance(pd.DataFrame, wanted="give a DataFrame, such as virtual_population returns")
# The ranges are checked by `check_question`, which reports all problems together.
_ROBUSTNESS = record(Robustness, discount=number(), weight=number(), vague_sd=number())


@checked(
    qsp_model=MODEL,
    factor=TEXT,
    parameter=TEXT,
    covariate=TEXT,
    groups=_GROUPS,
    scale=_NUMBER_OR_PRIOR,
    parts=sequence(TEXT, wanted="typical, effects, omega"),
    joint=FLAG,
    robustness=_ROBUSTNESS,
    outer=count(),
    inner=count(),
    seed=SEED,
    settle=number(),
    covariates=_INDIVIDUALS,
    frequencies=_NUMBERS,
    date=TEXT,
)
def derive_priors(
    qsp_model: ModelLike,
    *,
    factor: str,
    parameter: str,
    covariate: str = "",
    groups: Mapping[str, Mapping[str, float | str]] | None = None,
    scale: float | str = 1.0,
    parts: Sequence[Part] = ("typical", "effects", "omega"),
    joint: bool = True,
    robustness: Robustness | None = None,
    outer: int = 256,
    inner: int = 256,
    seed: int = 1,
    settle: float = 0.0,
    covariates: pd.DataFrame | None = None,
    frequencies: Mapping[str, float] | None = None,
    date: str = "",
) -> DerivedPriors:
    """Derive the priors of a parameter from a mechanism.

    Parameters
    ----------
    qsp_model : ModelSpec, str or Path
        The mechanism; its ``[population]`` states the uncertain parameters (priors) and the
        between-subject variability (omega).
    factor : str
        Output whose baseline scales the parameter.
    parameter : str
        Parameter of the model to be fitted, log-normal between subjects.
    covariate : str
        Its categorical covariate, whose levels define the groups.
    groups : mapping of str to mapping
        Definition of each level: population parameters or covariates of the mechanism with a number
        or a prior (``"lognormal(log(0.15), 0.2)"``). The first level is the reference.
    scale : float or str
        The parameter is ``scale`` times the factor: a number, or a prior as text.
    parts : sequence of {"typical", "effects", "omega"}
        The quantities that get a prior.
    joint : bool
        Whether to derive one multivariate normal prior (of logarithms; effects untransformed).
        Otherwise each quantity gets the family that fits it best, and correlations are lost.
    robustness : Robustness, optional
        Discount and mixture weight.
    outer, inner : int
        Number of draws of the uncertain parameters, and of subjects per draw.
    seed : int
        Seed; the result depends on it only through the random numbers.
    settle : float
        Time until the mechanism is at baseline; 0: the initial values are the baseline.
    covariates : DataFrame, optional
        Covariates from which the subjects are drawn, for instance a virtual population.
    frequencies : mapping of str to float, optional
        Frequencies of the groups; they weight the pooled omega and the effective sample size.
    date : str
        Date for the provenance.

    Returns
    -------
    DerivedPriors
        Its ``table`` can be applied with `pkqsp_bayes.apply_priors` or passed to a fit.

    Raises
    ------
    CheckError
        With all problems of mechanism and arguments; if the baseline is not steady, finite and
        positive; if a quantity that gets a prior does not vary.
    """
    qsp_model = as_model(qsp_model)
    asked = Question(
        model=qsp_model, factor=factor, parameter=parameter, covariate=covariate,
        groups={"": {}} if groups is None else groups, scale=scale, parts=tuple(parts),
        robustness=robustness or Robustness(), outer=outer, inner=inner, seed=seed,
        settle=settle, covariates=covariates, frequencies=frequencies,
    )  # fmt: skip
    issues = check_question(asked)
    if issues:
        raise CheckError(issues)
    found = simulate_question(asked)
    provenance = Provenance(
        method="qsp",
        source=f"{qsp_model.title}: {factor}",
        model_hash=hashlib.sha256(format_model(qsp_model).encode()).hexdigest(),
        seed=seed, outer=outer, inner=inner, date=date,
        ess=prior_sizes(found, parameter, asked.shares()),
    )  # fmt: skip
    fits = {name: fit_families(values, _families(name)) for name, values in found.items()}
    make = _joint_table if joint and len(found) > 1 else _single_table
    return DerivedPriors(
        table=make(asked, found, fits, provenance),
        draws=xr.Dataset({name: ("draw", values) for name, values in found.items()}),
        fits=fits,
    )


def _families(name: str) -> tuple[str, ...]:
    return REAL if parse_label(name).kind == "beta" else _POSITIVE


def _statistics(fits: Mapping[str, Sequence[FamilyFit]]) -> dict[str, float]:
    """Return the difference of Akaike's criterion to that of the best family, and the distances."""
    found = {}
    for name, ranked in fits.items():
        for fit in ranked:
            found[f"aic {name} {fit.prior.family}"] = round(fit.aic - ranked[0].aic, 3)
        found[f"distance {name}"] = round(ranked[0].distance, 4)
    return found


def _joint_table(
    asked: Question,
    found: Mapping[str, FloatArray],
    fits: Mapping[str, Sequence[FamilyFit]],
    provenance: Provenance,
) -> PriorTable:
    scales: tuple[Scale, ...] = tuple(
        "identity" if parse_label(name).kind == "beta" else "log" for name in found
    )
    pairs = zip(found.values(), scales, strict=True)
    u = np.stack([np.log(v) if scale == "log" else v for v, scale in pairs])
    correlation = np.round(np.corrcoef(u), 6)
    chosen = asked.robustness
    prior = JointPriorSpec(
        targets=tuple(found),
        scales=scales,
        mean=_readable(u.mean(axis=1)),
        sd=_readable(u.std(axis=1, ddof=1)),
        correlation=tuple(tuple(row) for row in correlation.tolist()),
        weight=chosen.weight,
        vague_sd=(chosen.vague_sd,) * len(found) if chosen.weight < 1 else (),
        discount=chosen.discount,
        provenance=dataclasses.replace(
            provenance, family="multivariate normal of logarithms", fit=_statistics(fits)
        ),
    )
    return PriorTable(title=_title(asked), joint={asked.parameter: prior})


def _single_table(
    asked: Question,
    found: Mapping[str, FloatArray],
    fits: Mapping[str, Sequence[FamilyFit]],
    provenance: Provenance,
) -> PriorTable:
    entries = {}
    for name in found:
        best = fits[name][0].prior
        own = dataclasses.replace(
            provenance,
            family=best.family,
            fit=_statistics({name: fits[name]}),
            ess={n: size for n, size in provenance.ess.items() if n == name},
        )
        robust = asked.robustness
        vague = _vague(name, best, robust.vague_sd) if robust.weight < 1 else None
        entries[name] = PriorEntry(
            prior=best, discount=robust.discount, weight=robust.weight, vague=vague,
            provenance=own,
        )  # fmt: skip
    return PriorTable(title=_title(asked), priors=entries)


def _vague(name: str, prior: PriorSpec, sd: float) -> PriorSpec:
    middle = float(distribution(prior).quantile(0.5))
    if parse_label(name).kind == "beta":
        return round_prior("normal", (middle, sd))
    return round_prior("lognormal", (float(np.log(middle)), sd))


def _title(asked: Question) -> str:
    return f"Priors of {asked.parameter} from {asked.model.title}"


def _readable(values: FloatArray) -> tuple[float, ...]:
    return tuple(float(f"{value:.6g}") for value in values)
