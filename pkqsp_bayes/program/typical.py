"""Typical values of the individual parameters: sampled under a prior, or known."""

from pkqsp_bayes.program.fragment import Fragment
from pkqsp_bayes.program.frame import Frame
from pkqsp_bayes.program.priors import bounds_text, prior_bounds, prior_program
from pkqsp_bayes.program.text import StanProgram, join_programs
from pkqsp_bayes.spec.population import PopulationParameterSpec
from pkqsp_bayes.spec.prior import PriorSpec

__all__ = ["typical_arguments", "typical_fragment"]


def typical_fragment(frame: Frame) -> Fragment:
    """Declare each typical value under its own name, on its natural scale, with its prior."""
    known, sampled = [], []
    for name, parameter in frame.population.items():
        identifier, prior = frame.identifiers[name], parameter.typical
        if isinstance(prior, PriorSpec):
            bounds = _bounds(parameter, prior)
            declared = f"real{bounds} {identifier};{_unit(parameter)}"
            sampled += [StanProgram(parameters=(declared,)), prior_program(identifier, prior)]
        else:
            known.append(f"real {identifier} = {float(prior)!r};{_unit(parameter)}")
    return Fragment(
        program=join_programs([StanProgram(transformed_data=tuple(known)), *sampled]),
        dims={frame.identifiers[name]: () for name in frame.population},
        names={frame.identifiers[name]: name for name in frame.population},
    )


def typical_arguments(frame: Frame) -> list[tuple[str, str]]:
    """Return type and identifier of each typical value, as function arguments."""
    return [("real", frame.identifiers[name]) for name in frame.population]


def _bounds(parameter: PopulationParameterSpec, prior: PriorSpec) -> str:
    low, high = prior_bounds(prior)
    if parameter.lower is not None:
        low = max(low, parameter.lower)
    if parameter.upper is not None:
        high = min(high, parameter.upper)
    return bounds_text(low, high)


def _unit(parameter: PopulationParameterSpec) -> str:
    return f" // {parameter.unit}" if parameter.unit else ""
