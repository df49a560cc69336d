"""Covariate effects on individual parameters: power, linear, exponential, categorical."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.engine.effects import coefficients_of, effect_factor
from pkqsp_bayes.program.bound_data import BoundData
from pkqsp_bayes.program.fragment import Fragment, join_fragments
from pkqsp_bayes.program.joint_priors import joint_draws
from pkqsp_bayes.program.prior_text import prior_centre
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
    "covariate_logarithms",
    "covariate_values",
    "shared_coefficients",
]

FloatArray = NDArray[np.float64]

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
    bound: BoundData, parameter: str, covariate: str, effect: CovariateEffectSpec
) -> list[_Coefficient]:
    base = f"beta__{bound.identifiers[parameter]}__{bound.identifiers[covariate]}"
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


def _effects(bound: BoundData) -> Iterator[tuple[str, str, CovariateEffectSpec]]:
    for parameter, stated in bound.population.items():
        for covariate, effect in stated.covariates.items():
            yield parameter, covariate, effect


def _fixed_effects(bound: BoundData) -> Iterator[tuple[str, str, CovariateEffectSpec]]:
    """Effects of covariates that do not change over time; the others are in the equations."""
    return (found for found in _effects(bound) if found[1] in bound.covariates)


def shared_coefficients(bound: BoundData) -> dict[str, str]:
    """Return the identifier of each estimated coefficient, by the user's name for it."""
    return {
        c.label: c.identifier
        for parameter, covariate, effect in _effects(bound)
        for c in _coefficients(bound, parameter, covariate, effect)
        if isinstance(c.value, PriorSpec)
    }


def covariate_fragment(bound: BoundData) -> Fragment:
    """Declare the covariates that effects use, as data, and the coefficients that are estimated."""
    used = dict.fromkeys(covariate for _, covariate, _ in _fixed_effects(bound))
    data = StanProgram(
        data=tuple(
            f"vector[subjects] {_column(bound, name)}; // {_unit(bound, name)}" for name in used
        )
    )
    columns = Fragment(
        program=data, data={_column(bound, name): bound.covariates[name].tolist() for name in used}
    )
    drawn = joint_draws(bound.spec)
    estimated = [
        sampled_scalar(c.identifier, c.value, name=c.label, drawn=drawn.get(c.label, ""))
        for parameter, covariate, effect in _effects(bound)
        for c in _coefficients(bound, parameter, covariate, effect)
        if isinstance(c.value, PriorSpec)
    ]
    categorical = any(effect.form == "categorical" for _, _, effect in _fixed_effects(bound))
    levels = Fragment(program=StanProgram(functions=_IS_LEVEL if categorical else ()))
    return join_fragments([levels, columns, *estimated])


def covariate_arguments(bound: BoundData) -> list[tuple[str, str]]:
    """Return type and name of what the effects need, as function arguments."""
    used = dict.fromkeys(covariate for _, covariate, _ in _fixed_effects(bound))
    data = [("data vector", _column(bound, name)) for name in used]
    return [*(("real", name) for name in shared_coefficients(bound).values()), *data]


def covariate_factors(bound: BoundData, parameter: str) -> list[str]:
    """Return the factors (vectors over subjects) that covariates put on a parameter."""
    return [_Effect.of(bound, *found).factor() for found in _effects_on(bound, parameter)]


def covariate_logarithms(bound: BoundData, parameter: str) -> list[str]:
    """Return the logarithms of the factors' sizes: a linear effect may go below 0."""
    return [_Effect.of(bound, *found).logarithm() for found in _effects_on(bound, parameter)]


def covariate_values(bound: BoundData, parameter: str) -> FloatArray:
    """Return the product of the factors (subjects,) where each coefficient begins."""
    product = np.ones(len(bound.timelines))
    for name, covariate, effect in _effects_on(bound, parameter):
        stated = {c.label: _begins(c.value) for c in _coefficients(bound, name, covariate, effect)}
        labels = coefficients_of(name, covariate, effect)
        numbers = {level: stated[label] for level, label in labels.items()}
        x = bound.covariates[covariate]
        product = product * effect_factor(bound.spec, covariate, effect, x, numbers)
    return product


def _begins(value: PriorSpec | float) -> float:
    return prior_centre(value) if isinstance(value, PriorSpec) else float(value)


def _effects_on(bound: BoundData, parameter: str) -> Iterator[tuple[str, str, CovariateEffectSpec]]:
    return (found for found in _fixed_effects(bound) if found[0] == parameter)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Effect:
    """An effect as Stan text: a function of a column of the data, and of its exponent.

    Parameters
    ----------
    form : str
        How it moves the parameter.
    column : str
        The covariate.
    centre : str
        Its reference.
    slope : str
        The coefficient; for categories the sum of those of the levels, a vector.
    """

    form: str
    column: str
    centre: str
    slope: str

    @classmethod
    def of(
        cls, bound: BoundData, parameter: str, covariate: str, effect: CovariateEffectSpec
    ) -> "_Effect":
        stated, column = bound.spec.covariates[covariate], _column(bound, covariate)
        coefficients = _coefficients(bound, parameter, covariate, effect)
        centre = stated.reference if effect.reference is None else effect.reference
        if effect.form == "categorical":
            codes = [level_code(stated, c.level) for c in coefficients]
            pairs = zip(coefficients, codes, strict=True)
            slope = " + ".join(f"{_text(c)} * is_level({column}, {code!r})" for c, code in pairs)
        else:
            slope = _text(coefficients[0])
        default = 1.0 if effect.form == "power" else 0.0
        return cls(form=effect.form, column=column, centre=_number(centre, default), slope=slope)

    def factor(self) -> str:
        match self.form:
            case "power":
                return f"({self.column} / {self.centre}) .^ {self.slope}"
            case "linear":
                return f"(1 + {self.slope} * ({self.column} - {self.centre}))"
            case _:
                return f"exp({self.logarithm()})"

    def logarithm(self) -> str:
        match self.form:
            case "power":
                return f"{self.slope} * log({self.column} / {self.centre})"
            case "linear":
                return f"log(abs(1 + {self.slope} * ({self.column} - {self.centre})))"
            case "exponential":
                return f"{self.slope} * ({self.column} - {self.centre})"
            case _:
                return self.slope


def _text(coefficient: _Coefficient) -> str:
    value = coefficient.value
    return coefficient.identifier if isinstance(value, PriorSpec) else repr(float(value))


def _number(centre: float | None, default: float) -> str:
    return repr(float(default if centre is None else centre))


def _column(bound: BoundData, covariate: str) -> str:
    return f"x__{bound.identifiers[covariate]}"


def _unit(bound: BoundData, covariate: str) -> str:
    spec = bound.spec.covariates[covariate]
    return "category" if spec.category else spec.unit or "dimensionless"
