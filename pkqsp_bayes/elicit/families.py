"""Selection of prior families: by likelihood for draws, by least squares for probabilities."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

from pkqsp_bayes.spec.priors.distribution import distribution
from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.spec.priors.prior_grammar import FAMILIES, parse_prior

__all__ = [
    "POSITIVE",
    "REAL",
    "SHARE",
    "FamilyFit",
    "fit_families",
    "fit_probabilities",
    "list_candidates",
    "round_prior",
]

FloatArray = NDArray[np.float64]

POSITIVE = ("lognormal", "gamma", "inv_gamma", "half_normal")
REAL = ("normal", "student_t")
SHARE = ("logit_normal", "beta")
"""Families by support; the best one is selected."""

_DIGITS = 6
_Fit = Callable[[FloatArray], tuple[float, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyFit:
    """A family fitted to draws or to probabilities.

    Parameters
    ----------
    prior : PriorSpec
        Prior with the best arguments.
    aic : float
        Akaike's information criterion. For a fit to probabilities: 2 k plus the sum of squared
        errors in standard normal quantiles, in units of 0.01.
    distance : float
        Largest distance between the cumulative distribution functions (Kolmogorov-Smirnov).
    """

    prior: PriorSpec
    aic: float
    distance: float


def list_candidates(low: float, high: float) -> tuple[str, ...]:
    """Return the candidate families for values within bounds.

    Examples
    --------
    >>> list_candidates(0.0, math.inf)[0], list_candidates(0.0, 1.0)[0]
    ('lognormal', 'logit_normal')
    """
    if (low, high) == (0.0, 1.0):
        return SHARE
    return POSITIVE if low >= 0 else REAL


def round_prior(family: str, args: Sequence[float]) -> PriorSpec:
    """Return a prior with rounded, readable numbers.

    Examples
    --------
    >>> str(round_prior("normal", (1 / 3, 2.0)))
    'normal(0.333333, 2)'
    """
    return parse_prior(f"{family}({', '.join(f'{a:.{_DIGITS}g}' for a in args)})")


def fit_families(sample: FloatArray, families: Sequence[str]) -> list[FamilyFit]:
    """Fit families to draws by maximum likelihood; return the best first (Akaike's criterion).

    Parameters
    ----------
    sample : (n,) array
        Draws in the support of the families.
    families : sequence of str
        Names of `POSITIVE`, `REAL` or `SHARE`.

    Examples
    --------
    >>> sample = np.exp(stats.norm.ppf((np.arange(200) + 0.5) / 200))
    >>> fit_families(sample, POSITIVE)[0].prior.family
    'lognormal'
    """
    fits = []
    for family in families:
        prior = round_prior(family, _LIKELIHOOD[family](sample))
        dist = distribution(prior)
        aic = 2 * len(FAMILIES[family].arguments) - 2 * float(dist.log_density(sample).sum())
        distance = float(stats.kstest(sample, dist.cdf).statistic)
        fits.append(FamilyFit(prior=prior, aic=aic, distance=distance))
    return sorted(fits, key=lambda fit: fit.aic)


def _normal(x: FloatArray) -> tuple[float, ...]:
    return float(x.mean()), float(x.std())


def _gamma(x: FloatArray) -> tuple[float, ...]:
    shape, _, scale = stats.gamma.fit(x, floc=0)
    return float(shape), 1 / float(scale)


def _student(x: FloatArray) -> tuple[float, ...]:
    df, location, scale = stats.t.fit(x)
    # For more degrees of freedom the t distribution is practically normal.
    return min(float(df), 200.0), float(location), float(scale)


_LIKELIHOOD: Mapping[str, _Fit] = {
    "normal": _normal,
    "student_t": _student,
    "lognormal": lambda x: _normal(np.log(x)),
    "logit_normal": lambda x: _normal(special.logit(x)),
    "gamma": _gamma,
    "inv_gamma": lambda x: _gamma(1 / x),
    "half_normal": lambda x: (float(np.sqrt((x**2).mean())),),
    "beta": lambda x: tuple(float(v) for v in stats.beta.fit(x, floc=0, fscale=1)[:2]),
}


def fit_probabilities(
    points: FloatArray, probabilities: FloatArray, families: Sequence[str]
) -> list[FamilyFit]:
    """Fit families to cumulative probabilities by least squares on normal quantiles.

    Parameters
    ----------
    points : (n,) array
        Values.
    Cumulative probabilities of the values, strictly between 0 and 1.
        Probability of a value up to each, strictly between 0 and 1.
    Candidate families.
        Candidates.

    Returns
    -------
    list of FamilyFit
        Fits, the best first.

    Examples
    --------
    >>> fits = fit_probabilities(np.array([1.0, 4.0, 16.0]), np.array([0.05, 0.5, 0.95]), POSITIVE)
    >>> fits[0].prior.family, [round(a, 3) for a in fits[0].prior.args]
    ('lognormal', [1.386, 0.843])
    """
    fits = [_fit_to(points, probabilities, family) for family in families]
    return sorted(fits, key=lambda fit: fit.aic)


def _fit_to(points: FloatArray, probabilities: FloatArray, family: str) -> FamilyFit:
    wanted = special.ndtri(probabilities)

    def gap(free: FloatArray) -> FloatArray:
        dist = distribution(PriorSpec(family=family, args=_arguments(family, free)))
        with np.errstate(all="ignore"):
            reached = special.ndtri(np.clip(dist.cdf(points), 1e-12, 1 - 1e-12))
        found: FloatArray = np.nan_to_num(reached - wanted, nan=10.0)
        return found

    found = optimize.least_squares(gap, _start(family, points, wanted))
    prior = round_prior(family, _arguments(family, found.x))
    errors = gap(found.x) / 0.01
    return FamilyFit(
        prior=prior,
        aic=2 * len(found.x) + float((errors**2).sum()),
        distance=float(np.abs(distribution(prior).cdf(points) - probabilities).max()),
    )


def _arguments(family: str, free: FloatArray) -> tuple[float, ...]:
    """Return the arguments from unconstrained numbers; positive arguments are exponentials."""
    stated = FAMILIES[family]
    pairs = zip(stated.arguments, free, strict=True)
    return tuple(float(np.exp(v)) if name in stated.positive else float(v) for name, v in pairs)


def _start(family: str, points: FloatArray, wanted: FloatArray) -> FloatArray:
    """Return initial values from a line through the (transformed) points and normal quantiles."""
    transform = _TRANSFORMS.get(family)
    x = points if transform is None else transform(points)
    slope = float(np.ptp(x) / np.ptp(wanted)) if points.size > 1 else 1.0
    middle = float(np.interp(0.0, wanted, x))
    match family:
        case "gamma":
            return np.array([-2 * math.log(slope), -2 * math.log(slope) - middle])
        case "inv_gamma":
            return np.array([-2 * math.log(slope), -2 * math.log(slope) + middle])
        case "half_normal":
            return np.array([math.log(float(points[-1]))])
        case "beta":
            return np.array([0.7, 0.7])
        case "student_t":
            return np.array([math.log(10.0), middle, math.log(slope)])
        case _:
            return np.array([middle, math.log(slope)])


_TRANSFORMS: Mapping[str, Callable[[FloatArray], FloatArray]] = {
    "lognormal": np.log,
    "gamma": np.log,
    "inv_gamma": np.log,
    "logit_normal": special.logit,
}
