"""The interface of a system: names, units and kinds of its quantities, without any expression."""

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pkqsp_bayes.ode.system import OdeSystem

__all__ = [
    "Covariate",
    "OdeInterface",
    "Parameter",
    "ParameterKind",
    "describe_interface",
    "interface_fields",
]


class ParameterKind(StrEnum):
    """The kind of a parameter: individual or constant."""

    INDIVIDUAL = "individual"
    """A parameter that varies between solves and has sensitivities."""
    CONSTANT = "constant"
    """A number in the model file, which is part of the generated code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A named quantity that is neither a state nor a covariate.

    Parameters
    ----------
    name : str
        Name in the model file.
    unit : str
        Pint unit text; ``""`` is dimensionless.
    kind : ParameterKind
        Individual parameters have sensitivities, constants have a value.
    value : float or None
        The number of a constant, or the stated typical value of an individual parameter, which is
        the default in simulations.
    where : str
        Its path in the model file, for messages.
    """

    name: str
    unit: str = ""
    kind: ParameterKind = ParameterKind.INDIVIDUAL
    value: float | None = None
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Covariate:
    """A column of the study, constant within a subject or changing over time.

    Parameters
    ----------
    name, unit : str
        Name in the model and Pint unit text.
    interpolation : {"fixed", "locf", "nocb", "linear"}
        ``fixed``: one value per subject (subject stage). ``locf``/``nocb``: a step function
        (segment stage). ``linear``: piecewise linear, so that time enters the right-hand side.
    reference : float or None
        Value in simulations without a study.
    """

    name: str
    unit: str = ""
    interpolation: Literal["fixed", "locf", "nocb", "linear"] = "fixed"
    reference: float | None = None
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OdeInterface:
    """Names and kinds, in the order of generated code and arrays.

    Parameters
    ----------
    title, time_unit : str
        Title and time unit of the model.
    states, parameters, fixed_covariates, output_names, dose_names : tuple of str
        ``parameters`` are the individual ones.
    varying_covariates : tuple of Covariate
        Covariates that change over time.
    quantities : tuple of Parameter
        All parameters, individual and constant, with their stated values.
    stated_units : tuple of str
        Unit that the model states for each output; empty if it states none.
    dose_states : tuple of int
        State that each dosing compartment enters.
    dose_has_rate, dose_has_duration, dose_has_lag : tuple of bool
        Whether each dosing compartment has a rate, a duration, a lag.
    molar_mass : float or None
        Molar mass of the drug, g/mol, if the model states it as a number.
    notes : tuple of str
        Decisions made for the user.
    """

    title: str
    time_unit: str
    states: tuple[str, ...]
    parameters: tuple[str, ...]
    fixed_covariates: tuple[str, ...]
    varying_covariates: tuple[Covariate, ...]
    quantities: tuple[Parameter, ...]
    output_names: tuple[str, ...]
    stated_units: tuple[str, ...]
    dose_names: tuple[str, ...]
    dose_states: tuple[int, ...]
    dose_has_rate: tuple[bool, ...]
    dose_has_duration: tuple[bool, ...]
    dose_has_lag: tuple[bool, ...]
    molar_mass: float | None
    notes: tuple[str, ...]


def describe_interface(system: "OdeSystem") -> OdeInterface:
    """Return the interface of a composed system.

    Parameters
    ----------
    system : OdeSystem
        The composed system.
    """
    states = tuple(s.name for s in system.states)
    individual = ParameterKind.INDIVIDUAL
    return OdeInterface(
        title=system.title,
        time_unit=system.time_unit,
        states=states,
        parameters=tuple(p.name for p in system.parameters if p.kind is individual),
        fixed_covariates=tuple(c.name for c in system.covariates if c.interpolation == "fixed"),
        varying_covariates=tuple(c for c in system.covariates if c.interpolation != "fixed"),
        quantities=system.parameters,
        output_names=tuple(o.name for o in system.outputs),
        stated_units=tuple(o.unit for o in system.outputs),
        dose_names=tuple(d.name for d in system.doses),
        dose_states=tuple(states.index(d.state) for d in system.doses),
        dose_has_rate=tuple(d.rate is not None for d in system.doses),
        dose_has_duration=tuple(d.duration is not None for d in system.doses),
        dose_has_lag=tuple(bool(d.lag != 0) for d in system.doses),
        molar_mass=_molar_mass(system),
        notes=system.notes,
    )


def _molar_mass(system: "OdeSystem") -> float | None:
    for helper in system.assignments:
        if helper.name == "MW" and helper.expr.is_number:
            return float(helper.expr)
    stated = (p for p in system.parameters if p.name == "MW")
    return next((p.value for p in stated if p.kind is ParameterKind.CONSTANT), None)


def interface_fields(interface: OdeInterface) -> dict[str, Any]:
    """Return the fields of an interface, for classes that extend it."""
    return {field.name: getattr(interface, field.name) for field in fields(OdeInterface)}
