"""Covariate effects on individual parameters: power, linear, exponential, categorical."""

from collections.abc import Iterator
from dataclasses import dataclass

from pkqsp_bayes.program.fragment import Fragment, join_fragments
from pkqsp_bayes.program.frame import Frame
from pkqsp_bayes.program.joint import joint_draws
from pkqsp_bayes.program.scalar import sampled_scalar
from pkqsp_bayes.program.text import StanProgram
from pkqsp_bayes.spec.body import level_code
from pkqsp_bayes.spec.labels import coefficient_label
from pkqsp_bayes.spec.population import CovariateEffectSpec
from pkqsp_bayes.spec.prior import PriorSpec

__all__ = [
    "covariate_arguments",
    "covariate_factors",
    "covariate_fragment",
    "shared_coefficients",
]


_IS_LEVEL = (
    "// 1 where a category has the code of a level, 0 elsewhere.",
    "vector is_level(data vector x, real code) {",
    "  vector[rows(x)] found;",
    "  for (i in 1 : rows(x)) found[i] = x[i] == code;",
    "  return found;",
    "}",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Coefficient:
    """A coefficient of an effect: what the user would call it, its identifier, its prior."""

    label: str
    identifier: str
    value: PriorSpec | float
    level: str = ""


def _coefficients(
    frame: Frame, parameter: str, covariate: str, effect: CovariateEffectSpec
) -> list[_Coefficient]:
    base = f"beta__{frame.identifiers[parameter]}__{frame.identifiers[covariate]}"
    if effect.form != "categorical":
        value = effect.coefficient
        label = coefficient_label(parameter, covariate)
        return [] if value is None else [_Coefficient(label=label, identifier=base, value=value)]
    return [
        _Coefficient(
            label=coefficient_label(parameter, covariate, level),
            identifier=f"{base}__{number}",
            value=value,
            level=level,
        )
        for number, (level, value) in enumerate(effect.levels.items(), start=1)
    ]


def _effects(frame: Frame) -> Iterator[tuple[str, str, CovariateEffectSpec]]:
    for parameter, stated in frame.population.items():
        for covariate, effect in stated.covariates.items():
            yield parameter, covariate, effect


def _fixed_effects(frame: Frame) -> Iterator[tuple[str, str, CovariateEffectSpec]]:
    """Effects of covariates that do not change over time; the others are in the equations."""
    return (found for found in _effects(frame) if found[1] in frame.covariates)


def shared_coefficients(frame: Frame) -> dict[str, str]:
    """Return the identifier of each estimated coefficient, by the user's name for it."""
    return {
        c.label: c.identifier
        for parameter, covariate, effect in _effects(frame)
        for c in _coefficients(frame, parameter, covariate, effect)
        if isinstance(c.value, PriorSpec)
    }


def covariate_fragment(frame: Frame) -> Fragment:
    """Declare the covariates that effects use, as data, and the coefficients that are estimated."""
    used = dict.fromkeys(covariate for _, covariate, _ in _fixed_effects(frame))
    data = StanProgram(
        data=tuple(
            f"vector[subjects] {_column(frame, name)}; // {_unit(frame, name)}" for name in used
        )
    )
    columns = Fragment(
        program=data, data={_column(frame, name): frame.covariates[name].tolist() for name in used}
    )
    drawn = joint_draws(frame.spec)
    estimated = [
        sampled_scalar(c.identifier, c.value, name=c.label, drawn=drawn.get(c.label, ""))
        for parameter, covariate, effect in _effects(frame)
        for c in _coefficients(frame, parameter, covariate, effect)
        if isinstance(c.value, PriorSpec)
    ]
    categorical = any(effect.form == "categorical" for _, _, effect in _fixed_effects(frame))
    levels = Fragment(program=StanProgram(functions=_IS_LEVEL if categorical else ()))
    return join_fragments([levels, columns, *estimated])


def covariate_arguments(frame: Frame) -> list[tuple[str, str]]:
    """Return type and name of what the effects need, as function arguments."""
    used = dict.fromkeys(covariate for _, covariate, _ in _fixed_effects(frame))
    data = [("data vector", _column(frame, name)) for name in used]
    return [*(("real", name) for name in shared_coefficients(frame).values()), *data]


def covariate_factors(frame: Frame, parameter: str) -> list[str]:
    """Return the factors (vectors over subjects) that covariates put on a parameter."""
    return [
        _factor(frame, covariate, effect, _coefficients(frame, parameter, covariate, effect))
        for covariate, effect in frame.population[parameter].covariates.items()
        if covariate in frame.covariates
    ]


def _factor(
    frame: Frame, covariate: str, effect: CovariateEffectSpec, coefficients: list[_Coefficient]
) -> str:
    column = _column(frame, covariate)
    if effect.form == "categorical":
        return _levels(frame, covariate, column, coefficients)
    centre = effect.reference
    if centre is None:
        centre = frame.spec.covariates[covariate].reference
    coefficient = _text(coefficients[0])
    match effect.form:
        case "power":
            return f"({column} / {_number(centre, 1.0)}) .^ {coefficient}"
        case "linear":
            return f"(1 + {coefficient} * ({column} - {_number(centre, 0.0)}))"
        case "exponential":
            return f"exp({coefficient} * ({column} - {_number(centre, 0.0)}))"


def _levels(frame: Frame, covariate: str, column: str, coefficients: list[_Coefficient]) -> str:
    stated = frame.spec.covariates[covariate]
    terms = [
        f"{_text(c)} * is_level({column}, {level_code(stated, c.level)!r})" for c in coefficients
    ]
    return f"exp({' + '.join(terms)})"


def _text(coefficient: _Coefficient) -> str:
    value = coefficient.value
    return coefficient.identifier if isinstance(value, PriorSpec) else repr(float(value))


def _number(centre: float | None, default: float) -> str:
    return repr(float(default if centre is None else centre))


def _column(frame: Frame, covariate: str) -> str:
    return f"x__{frame.identifiers[covariate]}"


def _unit(frame: Frame, covariate: str) -> str:
    spec = frame.spec.covariates[covariate]
    return "category" if spec.category else spec.unit or "dimensionless"
