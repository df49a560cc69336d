"""What binds the drug in blood: plasma proteins and red cells."""

from dataclasses import dataclass

from pkqsp_bayes.spec.quantity import Quantity

__all__ = ["BindingSpec", "BloodSpec"]

_ONE = Quantity(value=1)
_HAEMATOCRIT = Quantity(value=0.45)


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingSpec:
    """A protein that binds the drug in plasma, ``[binding.albumin]``.

    All proteins together make ``fup``, and everything that depends on binding (partition
    coefficients, filtration, unbound concentrations) reads that one ``fup``. A protein's binding
    is stated in one of two ways: by the concentration at which ``drug.fup`` was measured, or by
    ``Kd`` and ``n``, and then ``drug.fup`` is left out.

    Parameters
    ----------
    concentration : Quantity
        Concentration of the protein: a covariate, a state, any expression.
    reference : Quantity, optional
        Its concentration where ``drug.fup`` holds; by default the reference of the covariate.
    share : Quantity, optional
        Share of the bound drug, at the reference, that this protein binds. Default: all of it.
        What the shares leave is bound in proportion to the unbound drug, come what may.
    Kd : Quantity, optional
        Dissociation constant, a concentration of unbound drug.
    n : Quantity
        Binding sites of a protein.
    MW : Quantity, optional
        Molar mass of the protein (natural unit g/mol), where its concentration is a mass.
    saturable : bool
        Whether drug fills the sites: ``fup`` then rises with the plasma concentration, that of
        the venous pool. Needs ``Kd``; one protein at most.
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
    """Red cells in plasma, ``[blood]``: ``BP`` follows from haematocrit and binding.

    ``BP = 1 + Hct (red_cells fup - 1)``. With proteins in ``[binding]`` this is so without being
    stated, wherever ``BP`` and ``Hct`` are known.

    Parameters
    ----------
    red_cells : Quantity, optional
        Ratio of the concentrations in red cells and unbound in plasma. By default the one that
        ``drug.BP`` and ``drug.fup`` imply at the reference haematocrit.
    reference_haematocrit : Quantity
        Haematocrit at which ``drug.BP`` was measured.
    """

    red_cells: Quantity | None = None
    reference_haematocrit: Quantity = _HAEMATOCRIT
