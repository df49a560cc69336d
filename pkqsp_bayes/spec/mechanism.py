"""QSP modules, free equations, and links between quantities."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pkqsp_bayes.spec.quantity import Quantity

__all__ = ["EquationsSpec", "LinkSpec", "MetabolismSpec", "QspSpec"]

_ONE = Quantity(value=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class EquationsSpec:
    """Equations of the model's own; ``equations = "..."`` is enough where no unit is stated.

    Parameters
    ----------
    text : str
        Text of the equation grammar: ``d(A)/dt = ...``, ``A(0) = ...``, ``name = ...``.
    units : mapping of str to str
        Unit of each state or helper that has one.
    drug : mapping of str to Quantity
        Amount of drug in one unit of a state (1 for a drug amount), for the mass balance.
    eliminated : Quantity, optional
        Rate at which drug leaves for good; with it the mass balance is proved.
    """

    text: str
    units: Mapping[str, str] = field(default_factory=dict)
    drug: Mapping[str, Quantity] = field(default_factory=dict)
    eliminated: Quantity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetabolismSpec:
    """Drug metabolism inside a QSP module: rate = k_met K V C in one of its sub-volumes.

    Parameters
    ----------
    volume : str
        The sub-volume (a key of `QspSpec.volumes`) where it takes place.
    k_met : Quantity, optional
        First-order rate constant; not stated if it is calibrated.
    K : Quantity
        Partition coefficient of the sub-volume against the organ.
    replaces_clint : bool
        Set the organ's phenomenological CLint to zero, which would count the process twice.
    calibrate : bool
        Take k_met = CL / (K V') from the clearance that is replaced (or from ``clearance``).
    clearance : Quantity, optional
        The clearance to calibrate to, where the organ states none.
    """

    volume: str
    k_met: Quantity | None = None
    K: Quantity = _ONE
    replaces_clint: bool = False
    calibrate: bool = False
    clearance: Quantity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QspSpec:
    """A QSP module, ``[qsp.<name>]``: a template with its parameters, or equations.

    Parameters
    ----------
    template : str, optional
        ``receptor-turnover``, ``indirect-response``, ``transduction-chain``,
        ``effect-compartment``, ``friberg``, ``enzyme-turnover``; the templates say which
        parameters they take.
    variant : str, optional
        Which form of the template: ``full``, ``qe``, ``qss``, ``mm`` for binding;
        ``inhibit-input``, ``inhibit-loss``, ``stimulate-input``, ``stimulate-loss`` for indirect
        responses; ``linear`` or ``emax`` for drug effects; ``synthesis`` or ``degradation`` for
        what a signal does to an enzyme.
    parameters : mapping of str to Quantity
        The template's parameter to its expression: ``{ kon = "kon", C = "liver.Cu" }``.
    n : int, optional
        Number of compartments of a chain.
    equations : str, optional
        Text of the equation grammar. Names that it defines are known outside as they are, unless
        two modules define the same, and always as ``<module>.<name>``.
    units, drug : mapping
        As in `EquationsSpec`.
    organ : str, optional
        The organ in which it is embedded. Inside, ``C``, ``Cu``, ``A`` and ``V`` are those of the
        organ, unless defined otherwise.
    drug_uptake : Quantity, optional
        Net rate (amount per time) at which equations take free drug from the organ; templates
        that bind drug know their own.
    concentration_unit : str, optional
        Unit in which the module sees drug concentrations (``nM``); needs the drug's ``MW`` if
        that changes between mass and moles.
    volumes : mapping of str to Quantity
        Sub-volumes of the organ that the module uses, L.
    rescale_volumes : bool
        Shrink the sub-volumes in proportion where they exceed the organ.
    metabolism : MetabolismSpec, optional
        Metabolism inside the module.
    """

    template: str | None = None
    variant: str | None = None
    parameters: Mapping[str, Quantity] = field(default_factory=dict)
    n: int | None = None
    equations: str | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    drug: Mapping[str, Quantity] = field(default_factory=dict)
    organ: str | None = None
    drug_uptake: Quantity | None = None
    concentration_unit: str | None = None
    volumes: Mapping[str, Quantity] = field(default_factory=dict)
    rescale_volumes: bool = False
    metabolism: MetabolismSpec | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSpec:
    """A quantity that drives another, ``[[link]]``, wherever the other enters the equations.

    Parameters
    ----------
    target : str
        Name of the driven quantity: ``fup``, ``liver.Kp``, ``BP``, a parameter, ...
    value : Quantity
        Expression in covariates, states and parameters; in it ``base`` is the value that the
        target would have without the link.
    mode : {"replace", "multiply"}
        The value takes the target's place, or multiplies it.
    note : str
        Why.
    """

    target: str
    value: Quantity
    mode: Literal["replace", "multiply"] = "replace"
    note: str = ""
