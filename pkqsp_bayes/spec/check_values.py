"""Consistency checks of values that do not depend on the equations."""

import math
from collections.abc import Callable, Iterator

from pkqsp_bayes.spec.body import CovariateSpec
from pkqsp_bayes.spec.model import ModelSpec

__all__ = ["VALUE_CHECKS"]

_Found = Iterator[tuple[str, str, str]]

ERROR_KEYS: dict[str, tuple[str, ...]] = {
    "additive": ("sigma",),
    "proportional": ("sigma",),
    "combined": ("additive", "proportional"),
    "lognormal": ("sigma",),
    "power": ("sigma", "exponent"),
    "student_t": ("sigma", "df"),
}
"""What each form of residual error takes."""


def _check_errors(spec: ModelSpec) -> _Found:
    for name, observed in spec.observe.items():
        if observed.error is None:
            continue
        valid = ERROR_KEYS[observed.error.form]
        for key in ("sigma", "additive", "proportional", "exponent", "df"):
            value = getattr(observed.error, key)
            place = f"observe.{name}.error.{key}"
            if value is not None and key not in valid:
                what = f"an error of the form {observed.error.form} does not have {key}"
                yield place, what, "it takes " + " and ".join(valid)
            elif isinstance(value, int | float) and value <= 0 and key != "exponent":
                yield place, f"{key} is {value:g}", "it must be positive"


def _check_scales(spec: ModelSpec) -> _Found:
    omega = spec.population.omega
    for place, scales in (("", omega.scales), ("occasion.", omega.occasion)):
        for name, scale in scales.items():
            if isinstance(scale, int | float) and scale < 0:
                what = f"the standard deviation is {scale:g}"
                yield f"population.omega.{place}{name}", what, "it must not be negative"


def _check_bounds(spec: ModelSpec) -> _Found:
    for name, parameter in spec.population.parameters.items():
        lower, upper = parameter.lower, parameter.upper
        if lower is not None and upper is not None and not lower < upper:
            what = f"lower is {lower:g} and upper is {upper:g}"
            yield f"population.{name}", what, "lower must be below upper"
            continue
        stated = {"value": parameter.value, "typical": parameter.typical}
        for key, value in stated.items():
            if not isinstance(value, int | float):
                continue
            if (lower is not None and value < lower) or (upper is not None and value > upper):
                yield (
                    f"population.{name}.{key}",
                    f"{value:g} is outside the bounds",
                    "change the value, or the bounds",
                )


def _check_effects(spec: ModelSpec) -> _Found:
    """Report powers of a covariate relative to a reference that is not positive."""
    for parameter, stated in spec.population.parameters.items():
        for name, effect in stated.covariates.items():
            covariate = spec.covariates.get(name)
            own = covariate.reference if covariate is not None else None
            reference = own if effect.reference is None else effect.reference
            place = f"population.{parameter}.covariates.{name}"
            if reference is not None and not math.isfinite(reference):
                yield place, f"the reference is {reference:g}", "write a number"
            elif effect.form == "power" and reference is not None and reference <= 0:
                what = f"a power of {name} relative to its reference {reference:g} is not defined"
                yield (
                    place,
                    what,
                    "write a reference above 0, or use linear(...) or exponential(...)",
                )
            elif effect.form == "power" and covariate is not None and _reaches_zero(covariate):
                what = f"{name} may be {covariate.lower:g}, and a power of that is not defined"
                yield place, what, f"raise covariates.{name}.lower, or use linear(...)"


def _reaches_zero(covariate: CovariateSpec) -> bool:
    return covariate.lower is not None and covariate.lower < 0


def _check_covariates(spec: ModelSpec) -> _Found:
    for name, covariate in spec.covariates.items():
        place = f"covariates.{name}"
        is_category = covariate.category or bool(covariate.levels)
        if is_category and covariate.interpolation == "linear":
            yield f"{place}.interpolation", "a category cannot be interpolated", "write locf"
        codes = list(covariate.levels.values())
        if len(set(codes)) < len(codes):
            yield f"{place}.levels", "two levels have the same code", "give each level its own code"
        if codes and covariate.reference is not None and covariate.reference not in codes:
            what = f"the reference {covariate.reference:g} is not the code of a level"
            yield f"{place}.reference", what, f"use one of {', '.join(f'{c:g}' for c in codes)}"
        yield from _check_range(place, covariate)


def _check_range(place: str, covariate: CovariateSpec) -> _Found:
    lower, upper, reference = covariate.lower, covariate.upper, covariate.reference
    is_stated = lower is not None or upper is not None
    if is_stated and (covariate.category or covariate.levels):
        yield place, "a category does not have a range", "state its levels"
    elif lower is not None and upper is not None and not lower < upper:
        what = f"lower is {lower:g} and upper is {upper:g}"
        yield place, what, "lower must be below upper"
    elif reference is not None and (
        (lower is not None and reference < lower) or (upper is not None and reference > upper)
    ):
        what = f"the reference {reference:g} is outside the range of the covariate"
        yield f"{place}.reference", what, "change it, or widen lower and upper"


VALUE_CHECKS: tuple[Callable[[ModelSpec], _Found], ...] = (
    _check_errors,
    _check_scales,
    _check_bounds,
    _check_effects,
    _check_covariates,
)
"""Checks; each yields the location, the problem and the remedy."""
