"""Typical values of the individual parameters, sampled under a prior or fixed."""

from pkqsp_bayes.program.bound_data import BoundData
from pkqsp_bayes.program.fragment import Fragment, join_fragments
from pkqsp_bayes.program.joint_priors import joint_draws
from pkqsp_bayes.program.scalar import sampled_scalar
from pkqsp_bayes.program.text import StanProgram
from pkqsp_bayes.spec.effects import sampled_bounds, typical_value
from pkqsp_bayes.spec.priors.prior import PriorSpec

__all__ = ["typical_arguments", "typical_fragment"]


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
                    start=typical_value(parameter),
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
