"""Checks of values that do not depend on the equations: consistency and plausibility."""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields

from pkqsp_bayes.spec.body import CovariateSpec
from pkqsp_bayes.spec.identifiers import suggest
from pkqsp_bayes.spec.mechanism import TrajectorySpec
from pkqsp_bayes.spec.model import ModelSpec
from pkqsp_bayes.spec.population import ErrorSpec, PopulationParameterSpec
from pkqsp_bayes.spec.quantity import Quantity
from pkqsp_bayes.statistics import COVARIATE_EFFECTS, RANDOM_EFFECTS, RESIDUAL_ERRORS
from pkqsp_bayes.statistics.covariate_effects import UNLIMITED_EFFECTS

__all__ = ["SCIENCE_CHECKS", "VALUE_CHECKS"]

_Found = Iterator[tuple[str, str, str]]

_ERROR_KEYS = tuple(field.name for field in fields(ErrorSpec) if field.name != "form")


def _check_forms(spec: ModelSpec) -> _Found:
    """Report forms that do not exist; a file has already been compared with their names."""
    for name, parameter in spec.population.parameters.items():
        place = f"population.{name}"
        for key, form in (("iiv", parameter.iiv), ("iov", parameter.iov)):
            if form is not None:
                yield from _unknown(f"{place}.{key}", form, RANDOM_EFFECTS)
        for covariate, effect in parameter.covariates.items():
            yield from _unknown(f"{place}.covariates.{covariate}", effect.form, COVARIATE_EFFECTS)
    for name, observed in spec.observe.items():
        if observed.error is not None:
            yield from _unknown(f"observe.{name}.error", observed.error.form, RESIDUAL_ERRORS)


def _unknown(place: str, form: str, known: Iterable[str]) -> _Found:
    names = sorted(known)
    if form not in names:
        remedy = suggest(str(form), names)
        yield place, f"there is no form {form!r}", remedy


def _check_errors(spec: ModelSpec) -> _Found:
    for name, observed in spec.observe.items():
        if observed.error is None or observed.error.form not in RESIDUAL_ERRORS:
            continue
        form = RESIDUAL_ERRORS[observed.error.form]
        for key in _ERROR_KEYS:
            value = getattr(observed.error, key)
            place = f"observe.{name}.error.{key}"
            if value is not None and key not in form.keys:
                what = f"an error of the form {observed.error.form} does not have {key}"
                yield place, what, "it takes " + " and ".join(form.keys)
            elif isinstance(value, int | float) and value <= 0 and form.is_positive(key):
                yield place, f"{key} is {value:g}", "it must be positive"


def _check_shapes(spec: ModelSpec) -> _Found:
    for name, parameter in spec.population.parameters.items():
        forms = [RANDOM_EFFECTS.get(n) for n in (parameter.iiv, parameter.iov) if n is not None]
        if parameter.shape is None or any(f is None or f.shape is not None for f in forms):
            continue
        with_shape = [n for n, form in RANDOM_EFFECTS.items() if form.shape is not None]
        remedy = f"it is of iiv or iov {', '.join(with_shape)}" if with_shape else "remove it"
        yield f"population.{name}.shape", "its random effects have no shape", remedy


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
            elif form := _excludes(parameter, float(value)):
                low, high = RANDOM_EFFECTS[form].bounds(lower, upper)
                what = f"{value:g} is not inside the range of a {form} effect, {low:g} to {high:g}"
                yield f"population.{name}.{key}", what, "change the value, or the form"


def _excludes(parameter: PopulationParameterSpec, value: float) -> str | None:
    """Return the form of a random effect that has no value there, or None."""
    for name in (parameter.iiv, parameter.iov):
        form = RANDOM_EFFECTS.get(name or "")
        if form is not None and (form.is_bounded or form.is_factor):
            low, high = (
                form.bounds(parameter.lower, parameter.upper) if form.is_bounded else form.domain
            )
            if not low < value < high:
                return name
    return None


def _check_effects(spec: ModelSpec) -> _Found:
    """Report effects of a covariate, or of a reference, that has no value there."""
    for parameter, stated in spec.population.parameters.items():
        for name, effect in stated.covariates.items():
            covariate = spec.covariates.get(name)
            own = covariate.reference if covariate is not None else None
            reference = own if effect.reference is None else effect.reference
            place = f"population.{parameter}.covariates.{name}"
            form = COVARIATE_EFFECTS.get(effect.form)
            lowest = -math.inf if form is None else form.lowest
            if reference is not None and not math.isfinite(reference):
                yield place, f"the reference is {reference:g}", "write a number"
            elif reference is not None and reference <= lowest:
                of = f"{name} relative to its reference {reference:g}"
                what = f"a {effect.form} of {of} is not defined"
                yield place, what, f"write a reference above {lowest:g}, or use {UNLIMITED_EFFECTS}"
            elif covariate is not None and _reaches_below(covariate, lowest):
                what = (
                    f"{name} may be {covariate.lower:g}, and a {effect.form} of that is not defined"
                )
                yield place, what, f"raise covariates.{name}.lower, or use {UNLIMITED_EFFECTS}"


def _reaches_below(covariate: CovariateSpec, lowest: float) -> bool:
    return covariate.lower is not None and covariate.lower < lowest


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
    _check_forms,
    _check_errors,
    _check_shapes,
    _check_scales,
    _check_bounds,
    _check_effects,
    _check_covariates,
)
"""Checks; each yields the location, the problem and the remedy."""


# A value outside is a mistake: superacids and superbases are not drugs.
_LOWEST_PKA, _HIGHEST_PKA = -5.0, 20.0


def _check_groups(spec: ModelSpec) -> _Found:
    if spec.drug is None:
        return
    for key in ("pKa_acid", "pKa_base"):
        for value in getattr(spec.drug, key):
            if not _LOWEST_PKA <= value <= _HIGHEST_PKA:
                remedy = f"write {_LOWEST_PKA:g} to {_HIGHEST_PKA:g}"
                yield f"drug.{key}", f"a pKa of {value:g} is not possible for a drug", remedy


def _check_fractions(spec: ModelSpec) -> _Found:
    for name, bound in spec.binding.items():
        share = bound.share
        if share is not None and _is_outside(share):
            what = f"the share is {share.value}"
            yield f"binding.{name}.share", what, "it must be above 0 and at most 1"
    shares = [b.share.value for b in spec.binding.values() if b.share and b.share.is_number]
    total = sum(float(share) for share in shares)
    if total > 1:
        yield "binding", f"the shares add up to {total:g}", "their sum must be at most 1"


def _is_outside(q: Quantity) -> bool:
    return q.is_number and not 0 < float(q.value) <= 1


def _check_trajectories(spec: ModelSpec) -> _Found:
    for name, t in spec.trajectory.items():
        where = f"trajectory.{name}"
        if t.mode == "joint" and t.value is None:
            what = "a joint trajectory needs an expression of the system's states"
            yield f"{where}.value", what, "state value"
        if t.mode != "joint" and t.value is not None:
            what = "only a joint trajectory has an expression"
            yield f"{where}.value", what, 'remove it, or write mode = "joint"'
        yield from _check_knots(spec, name, t)


def _check_knots(spec: ModelSpec, name: str, t: TrajectorySpec) -> _Found:
    where = f"trajectory.{name}"
    if t.mode != "uncertain":
        for key in ("knots", "typical", "omega", "error"):
            if getattr(t, key) not in (None, ()):
                what = f"{key} applies to uncertain trajectories only"
                yield f"{where}.{key}", what, 'remove it, or write mode = "uncertain"'
        return
    if not t.knots or any(b <= a for a, b in itertools.pairwise(t.knots)):
        what = "an uncertain trajectory needs knots at increasing times"
        yield f"{where}.knots", what, "state them, such as knots = [0, 24, 48]"
    if t.typical is None:
        yield f"{where}.typical", "the values at its knots have no prior", "state typical"
    tables = {"population": spec.population.parameters, "parameters": spec.parameters,
              "covariates": spec.covariates}  # fmt: skip
    own = {f"{name}_{kind}{i + 1}" for i in range(len(t.knots)) for kind in ("", "time_")}
    for section, table in tables.items():
        for taken in sorted(own & set(table)):
            yield f"{section}.{taken}", f"the trajectory {name} also defines {taken}", "rename it"
    if name in spec.observe:
        what = f"{name} is both an observed trajectory and an observation"
        yield f"observe.{name}", what, "rename the observation"


SCIENCE_CHECKS: tuple[Callable[[ModelSpec], _Found], ...] = (
    _check_groups,
    _check_fractions,
    _check_trajectories,
)
"""Checks; each yields the location, the problem and the remedy."""
