"""QSP modules, free equations, trajectories, and links between quantities."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pkqsp_bayes.spec.population import ErrorSpec
from pkqsp_bayes.spec.priors.prior import PriorSpec
from pkqsp_bayes.spec.quantity import Quantity

__all__ = ["EquationsSpec", "LinkSpec", "MetabolismSpec", "QspSpec", "TrajectorySpec"]

_ONE = Quantity(value=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class EquationsSpec:
    """Equations of the model; ``equations = "..."`` is sufficient if no unit is stated.

    Parameters
    ----------
    text : str
        Text in the equation grammar: ``d(A)/dt = ...``, ``A(0) = ...``, ``name = ...``.
    units : mapping of str to str
        Units of states and helpers.
    drug : mapping of str to Quantity [amount per unit of the state]
        Amount of drug in one unit of a state (1 for a drug amount), for the mass balance.
    eliminated : Quantity [amount/time], optional
        Rate of irreversible elimination of drug; if stated, the mass balance is verified.
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
        The sub-volume (a key of `QspSpec.volumes`) of the metabolism.
    k_met : Quantity [1/time], optional
        First-order rate constant; not stated if it is calibrated.
    K : Quantity [1]
        Partition coefficient of the sub-volume against the organ.
    replaces_clint : bool
        Whether to set the organ's phenomenological CLint to zero, to avoid counting it twice.
    calibrate : bool
        Whether to set k_met = CL / (K V') from the replaced clearance (or from ``clearance``).
    clearance : Quantity [L/time], optional
        The clearance to calibrate to, if the organ states none.
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
        ``effect-compartment``, ``friberg``, ``enzyme-turnover``; each template has its own
        parameters.
    variant : str, optional
        Variant of the template: ``full``, ``qe``, ``qss``, ``mm`` for binding;
        ``inhibit-input``, ``inhibit-loss``, ``stimulate-input``, ``stimulate-loss`` for indirect
        responses; ``linear`` or ``emax`` for drug effects; ``synthesis`` or ``degradation`` for
        the effect of a signal on an enzyme.
    parameters : mapping of str to Quantity [that of the template]
        Expression of each template parameter: ``{ kon = "kon", C = "liver.Cu" }``.
    n : int, optional
        Number of compartments of a chain.
    equations : str, optional
        Text in the equation grammar. The names that it defines are always available as
        ``<module>.<name>``, and also without the prefix if no other module defines them.
    units : mapping of str to str
        Units of states and helpers of ``equations``.
    drug : mapping of str to Quantity [amount per unit of the state]
        Amount of drug in one unit of a state, for the mass balance.
    organ : str, optional
        The organ that contains the module. Inside, ``C``, ``Cu``, ``A`` and ``V`` are those of the
        organ unless defined otherwise.
    drug_uptake : Quantity [amount/time], optional
        Net rate at which the equations remove unbound drug from the organ;
        templates with drug binding define it themselves.
    concentration_unit : str, optional
        Unit of drug concentrations inside the module (``nM``); it needs the drug's ``MW`` to
        convert between mass and moles.
    volumes : mapping of str to Quantity [L]
        Sub-volumes of the organ that the module uses.
    rescale_volumes : bool
        Whether to reduce the sub-volumes proportionally if their sum exceeds the organ.
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
    """A link, ``[[link]]``: a quantity replaces or multiplies another one in all equations.

    Parameters
    ----------
    target : str
        Name of the driven quantity: ``fup``, ``liver.Kp``, ``BP``, a parameter, ...
    value : Quantity [that of target]
        Expression of covariates, states and parameters; ``base`` is the value of the target
        without the link.
    mode : {"replace", "multiply"}
        Whether the value replaces the target, or multiplies it.
    note : str
        Reason for the link.
    """

    target: str
    value: Quantity
    mode: Literal["replace", "multiply"] = "replace"
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrajectorySpec:
    """A trajectory, ``[trajectory.E]``; ``E`` is a name in expressions, as in ``CLint = "CL * E"``.

    Parameters
    ----------
    mode : {"fixed", "joint", "uncertain"}
        ``fixed``: the study has a column of this name; its values are interpolated, and each of
        them is a break point of the solver. ``joint``: an expression of states of the same system,
        for instance of a QSP module, which is estimated together with all other parameters.
        ``uncertain``: linear interpolation between values at ``knots``, which are sampled; each is
        a population parameter (``E_1`` at ``E_time_1``, ...) with lognormal variability between
        subjects. Measurements are observations of ``E`` in the study, with their own ``error``.
    unit : str
        Unit of the quantity.
    value : Quantity [unit], optional
        ``joint``: the expression.
    interpolation : {"linear", "locf", "nocb"}
        ``fixed``: linear interpolation, or steps.
    reference : float, optional [unit]
        ``fixed``: value in a simulation without a study.
    knots : tuple of float [time]
        ``uncertain``: increasing times; outside them the value is constant.
    typical : PriorSpec or float or None [unit]
        ``uncertain``: prior of the typical value at each knot.
    omega : PriorSpec or float or None
        ``uncertain``: standard deviation of the variability at each knot.
    error : ErrorSpec or None
        ``uncertain``: residual error of the measurements; None if there are no measurements.
    """

    mode: Literal["fixed", "joint", "uncertain"]
    unit: str = ""
    value: Quantity | None = None
    interpolation: Literal["linear", "locf", "nocb"] = "linear"
    reference: float | None = None
    knots: tuple[float, ...] = ()
    typical: PriorSpec | float | None = None
    omega: PriorSpec | float | None = None
    error: ErrorSpec | None = None
