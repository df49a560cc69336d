"""What partition coefficients ask of a drug, and how ionised it is."""

from dataclasses import dataclass
from typing import Literal

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.physiology.ionisation import ionised_ratio
from pkqsp_bayes.physiology.ops import Value, is_number

__all__ = ["DrugChemistry", "DrugClass"]

type DrugClass = Literal["neutral", "acid", "base", "zwitterion"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrugChemistry:
    """Lipophilicity, ionisation and binding of a drug; its numbers may be symbols.

    Parameters
    ----------
    logP : Value
        Octanol-water partition coefficient of the un-ionised drug, decadic logarithm.
    fup : Value
        Unbound fraction in plasma, in (0, 1].
    BP : Value
        Blood-to-plasma concentration ratio.
    pKa_acid, pKa_base : tuple of Value
        Dissociation constants of the acidic and of the basic groups; numbers in any
        order, symbols in that in which the groups ionise.
    logMA : Value, optional
        Membrane affinity, decadic logarithm; logP stands in for it.
    haematocrit : Value
        Of the blood in which BP was measured.

    Raises
    ------
    CheckError
        With everything that is wrong.

    Examples
    --------
    >>> drug = DrugChemistry(logP=1.87, fup=0.85, BP=1.36, pKa_base=(9.4,))
    >>> drug.drug_class, round(drug.ionised_ratio(7.4), 6)
    ('base', 100.0)
    """

    logP: Value
    fup: Value
    BP: Value = 1.0
    pKa_acid: tuple[Value, ...] = ()
    pKa_base: tuple[Value, ...] = ()
    logMA: Value | None = None
    haematocrit: Value = 0.45

    def __post_init__(self) -> None:
        """Refuse numbers that no drug has."""
        issues = [*self._misplaced(), *self._out_of_range()]
        if issues:
            raise CheckError(issues)

    @property
    def drug_class(self) -> DrugClass:
        """What the drug is, by the groups that it has."""
        if self.pKa_acid and self.pKa_base:
            return "zwitterion"
        if self.pKa_acid:
            return "acid"
        return "base" if self.pKa_base else "neutral"

    @property
    def membrane_affinity(self) -> Value:
        """Membrane-to-water partition coefficient."""
        return 10.0 ** (self.logP if self.logMA is None else self.logMA)

    def ionised_ratio(self, pH: Value) -> Value:
        """Return the ratio of ionised to un-ionised drug in water of this pH."""
        return ionised_ratio(pH, acid=self.pKa_acid, base=self.pKa_base)

    def _misplaced(self) -> list[Issue]:
        return [
            Issue(
                where=f"drug.{name}",
                what=f"pKa of {getattr(self, name)!r} is no tuple of constants",
                remedy="give the type by the field and a tuple, as pKa_base=(9.4,)",
            )
            for name in ("pKa_acid", "pKa_base")
            if not isinstance(getattr(self, name), tuple)
        ]

    def _out_of_range(self) -> list[Issue]:
        ranges = {"fup": (0.0, 1.0), "haematocrit": (0.0, 1.0), "BP": (0.0, float("inf"))}
        return [
            Issue(
                where=f"drug.{name}",
                what=f"{name} is {value}",
                remedy=f"above {low:g}" if high == float("inf") else f"in ({low:g}, {high:g}]",
            )
            for name, (low, high) in ranges.items()
            if is_number(value := getattr(self, name)) and not low < value <= high
        ]
