"""Individual parameters from typical value, covariate effects and random effect."""

from collections.abc import Iterator

from pkqsp_bayes.program.bound_data import BoundData
from pkqsp_bayes.program.covariates import (
    covariate_arguments,
    covariate_factors,
    mean_expression,
    shared_coefficients,
)
from pkqsp_bayes.program.fragment import Fragment, StanProgram, join_fragments
from pkqsp_bayes.program.priors.joint_priors import joint_draws
from pkqsp_bayes.program.priors.sampled import sampled_scalar
from pkqsp_bayes.program.variability import (
    occasion_arguments,
    occasion_columns,
    sampled_shapes,
    shape_expression,
)
from pkqsp_bayes.spec.effects import apply_effect, sampled_bounds, typical_value
from pkqsp_bayes.spec.population import PopulationParameterSpec
from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.statistics.stan import STAN, StanExpression, called_functions, stan_vector

__all__ = ["individual_call", "individual_fragment", "typical_arguments", "typical_fragment"]


def typical_fragment(bound: BoundData) -> Fragment:
    """Declare each typical value with its own name, on its natural scale, with its prior."""
    known, sampled = [], []
    drawn = joint_draws(bound.spec)
    for name, parameter in bound.population.items():
        identifier, prior = bound.identifiers[name], parameter.typical
        if isinstance(prior, PriorSpec):
            low, high = sampled_bounds(parameter)
            sampled.append(
                sampled_scalar(
                    identifier,
                    prior,
                    name=name,
                    note=parameter.unit,
                    low=low,
                    high=high,
                    init=typical_value(parameter),
                    drawn=drawn.get(name, ""),
                )
            )
        else:
            unit = f" // {parameter.unit}" if parameter.unit else ""
            known.append(f"real {identifier} = {float(prior)!r};{unit}")
    return join_fragments([Fragment(program=StanProgram(transformed_data=tuple(known))), *sampled])


def typical_arguments(bound: BoundData) -> list[tuple[str, str]]:
    """Return type and identifier of each typical value, as function arguments."""
    return [("real", bound.identifiers[name]) for name in bound.population]


_NAME = "individual_parameters"


def individual_call(bound: BoundData) -> str:
    """Return the expression for the individual parameters: one vector per subject."""
    return f"{_NAME}({', '.join(name for _, name in _arguments(bound))})"


def individual_fragment(bound: BoundData) -> Fragment:
    """Print the function that computes individual parameters of all subjects."""
    return Fragment(program=StanProgram(functions=tuple(_function(bound))))


def _arguments(bound: BoundData) -> list[tuple[str, str]]:
    return [
        *typical_arguments(bound),
        *(("real", name) for name in sampled_shapes(bound).values()),
        ("matrix", "eta"),
        *occasion_arguments(bound),
        *covariate_arguments(bound),
    ]


def _function(bound: BoundData) -> Iterator[str]:
    arguments = ", ".join(f"{kind} {name}" for kind, name in _arguments(bound))
    yield from _functions(bound)
    size = len(bound.ode.parameters)
    yield "// Individual parameters: one vector per subject."
    yield f"array[] vector {_NAME}({arguments}) {{"
    # stanc warns of a matrix without columns that nothing is assigned to
    empty = "" if size else " = rep_matrix(0, rows(eta), 0)"
    yield f"  matrix[rows(eta), {size}] each{empty};"
    implied = {
        **{n: f"rep_vector({c}, rows(eta))" for n, c in _shared(bound).items()},
        **occasion_columns(bound),
    }
    for column, name in enumerate(bound.ode.parameters, start=1):
        parameter = bound.population.get(name)
        text = implied[name] if parameter is None else _column(_value(bound, name, parameter))
        yield f"  each[ : , {column}] = {text}; // {name}"
    yield f"  array[rows(eta)] vector[{size}] theta;"
    yield "  for (s in 1 : rows(eta)) {"
    yield "    theta[s] = each[s]';"
    yield "  }"
    yield "  return theta;"
    yield "}"


def _shared(bound: BoundData) -> dict[str, str]:
    """Return the identifiers of estimated quantities common to all subjects, by name."""
    return shared_coefficients(bound) | sampled_shapes(bound)


def _functions(bound: BoundData) -> Iterator[str]:
    """Define the functions that random effects call; covariates define their own."""
    values = [_value(bound, name, stated) for name, stated in bound.population.items()]
    factors = [factor for name in bound.population for factor in covariate_factors(bound, name)]
    yield from called_functions(values, known=factors)


def _value(bound: BoundData, name: str, parameter: PopulationParameterSpec) -> StanExpression:
    """Return a parameter of all subjects, a scalar if subjects do not differ."""
    mean, effect = mean_expression(bound, name), bound.effect_of(name)
    if effect is None:
        return mean
    eta = stan_vector(f"eta[ : , {effect + 1}]")
    shape = shape_expression(bound, name)
    value: StanExpression = apply_effect(parameter, mean, eta, shape=shape, ops=STAN)
    return value


def _column(value: StanExpression) -> str:
    return value.text if value.is_vector else f"rep_vector({value.text}, rows(eta))"
