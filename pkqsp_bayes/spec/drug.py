"""The drug: its properties, its binding in blood, and its partition into tissues."""

from dataclasses import dataclass
from typing import Literal

from pkqsp_bayes.spec.quantity import Quantity

__all__ = ["BindingSpec", "BloodSpec", "DrugSpec", "PartitionSpec"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrugSpec:
    """The drug.

    Its quantities are names in all expressions of the model: ``fup``, ``BP``, ``MW``, ``logP``.

    Parameters
    ----------
    name : str
        Name of the drug.
    fup : Quantity [1], optional
        Unbound fraction in plasma.
    BP : Quantity [1], optional
        Blood-to-plasma concentration ratio.
    MW : Quantity [g/mol], optional
        Molar mass. It is needed to convert between mg and nmol.
    logP : Quantity [1], optional
        Octanol-water partition coefficient, decadic logarithm.
    pKa_acid, pKa_base : tuple of float
        Dissociation constants of the acidic and basic groups.
    logMA : Quantity [1], optional
        Membrane affinity, decadic logarithm, for the partition methods that use it; by default
        ``logP``.
    """

    name: str
    fup: Quantity | None = None
    BP: Quantity | None = None
    MW: Quantity | None = None
    logP: Quantity | None = None
    pKa_acid: tuple[float, ...] = ()
    pKa_base: tuple[float, ...] = ()
    logMA: Quantity | None = None


_ONE = Quantity(value=1)
_HAEMATOCRIT = Quantity(value=0.45)


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingSpec:
    """A protein that binds the drug in plasma, ``[binding.albumin]``.

    ``fup`` results from all proteins together. Every quantity that depends on binding (partition
    coefficients, filtration, unbound concentrations) uses this ``fup``. The binding of a protein is
    stated in one of two ways: by the concentration at which ``drug.fup`` was measured, or by ``Kd``
    and ``n``; ``drug.fup`` is not stated in the second case.

    Parameters
    ----------
    concentration : Quantity [its own, else amount/L]
        Concentration of the protein: a covariate, a state, or any expression.
    reference : Quantity [that of concentration], optional
        Concentration at which ``drug.fup`` holds; by default the reference of the covariate.
    share : Quantity [1], optional
        Fraction of the bound drug, at the reference, that this protein binds. By default 1. The
        remainder is bound in proportion to the unbound drug in all conditions.
    Kd : Quantity [amount/L], optional
        Dissociation constant, a concentration of unbound drug.
    n : Quantity [1]
        Number of binding sites per protein molecule.
    MW : Quantity [g/mol], optional
        Molar mass of the protein, if its concentration is a mass.
    saturable : bool
        Whether the drug saturates the sites: ``fup`` then rises with the plasma concentration of
        the venous pool. It needs ``Kd``; only one protein can be saturable.
    """

    concentration: Quantity
    reference: Quantity | None = None
    share: Quantity | None = None
    Kd: Quantity | None = None
    n: Quantity = _ONE
    MW: Quantity | None = None
    saturable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BloodSpec:
    """Red cells and plasma, ``[blood]``: ``BP`` follows from haematocrit and binding.

    ``BP = 1 + Hct (red_cells fup - 1)``. With proteins in ``[binding]`` this relation holds by
    default if ``BP`` and ``Hct`` are known.

    Parameters
    ----------
    red_cells : Quantity [1], optional
        Ratio of the concentration in red cells to the unbound concentration in plasma. By default
        it follows from ``drug.BP`` and ``drug.fup`` at the reference haematocrit.
    reference_haematocrit : Quantity [1]
        Haematocrit at which ``drug.BP`` was measured.
    """

    red_cells: Quantity | None = None
    reference_haematocrit: Quantity = _HAEMATOCRIT


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionSpec:
    """``[partition]``: the method for the ``Kp`` of organs that state no partition coefficient.

    The coefficients are equations in ``fup``, ``BP``, ``logP`` and the pKa in the system. If one
    of these is estimated, varies between subjects or is the target of a link, every ``Kp`` follows.
    ``Vss``, the implied volume of distribution at steady state, is available in expressions.

    Parameters
    ----------
    method : str
        ``rodgers-rowland``, ``poulin-theil``, ``berezhkovskiy``, ``schmitt`` or ``pksim``
        (`pkqsp_bayes.physiology.kp`).
    scale : Quantity [1], optional
        Factor of all coefficients, for instance a population parameter.
    """

    method: Literal["rodgers-rowland", "poulin-theil", "berezhkovskiy", "schmitt", "pksim"]
    scale: Quantity | None = None
