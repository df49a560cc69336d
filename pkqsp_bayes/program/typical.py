"""Typical values of the individual parameters: sampled under a prior, or known."""

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.ode.components.typical import typical_value
from pkqsp_bayes.program.fragment import Fragment
from pkqsp_bayes.program.frame import Frame
from pkqsp_bayes.program.priors import bounds_text, prior_bounds, prior_program
from pkqsp_bayes.program.starts import Start
from pkqsp_bayes.program.text import StanProgram, join_programs
from pkqsp_bayes.spec.population import PopulationParameterSpec
from pkqsp_bayes.spec.prior import PriorSpec

__all__ = ["typical_arguments", "typical_fragment"]


def typical_fragment(frame: Frame) -> Fragment:
    """Declare each typical value under its own name, on its natural scale, with its prior."""
    known, sampled = [], []
    starts: dict[str, Start] = {}
    for name, parameter in frame.population.items():
        identifier, prior = frame.identifiers[name], parameter.typical
        if isinstance(prior, PriorSpec):
            low, high = _bounds(parameter, prior)
            declared = f"real{bounds_text(low, high)} {identifier};{_unit(parameter)}"
            starts[identifier] = Start(value=_central(parameter), low=low, high=high)
            sampled += [StanProgram(parameters=(declared,)), prior_program(identifier, prior)]
        else:
            known.append(f"real {identifier} = {float(prior)!r};{_unit(parameter)}")
    return Fragment(
        program=join_programs([StanProgram(transformed_data=tuple(known)), *sampled]),
        dims={frame.identifiers[name]: () for name in frame.population},
        names={frame.identifiers[name]: name for name in frame.population},
        starts=starts,
    )


def typical_arguments(frame: Frame) -> list[tuple[str, str]]:
    """Return type and identifier of each typical value, as function arguments."""
    return [("real", frame.identifiers[name]) for name in frame.population]


def _bounds(parameter: PopulationParameterSpec, prior: PriorSpec) -> tuple[float, float]:
    low, high = prior_bounds(prior)
    if parameter.lower is not None:
        low = max(low, parameter.lower)
    if parameter.upper is not None:
        high = min(high, parameter.upper)
    return low, high


def _central(parameter: PopulationParameterSpec) -> NDArray[np.float64]:
    return np.array(1.0 if (value := typical_value(parameter)) is None else value)


def _unit(parameter: PopulationParameterSpec) -> str:
    return f" // {parameter.unit}" if parameter.unit else ""
