"""Physicochemical properties of a drug that partition coefficients need, and its ionisation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pkqsp_bayes.arguments.rule import shown
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.ops import Value, is_number, is_value
from pkqsp_bayes.physiology.ionisation import charge_fractions, ionised_ratio

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
        Dissociation constants of the acidic and of the basic groups. Numbers may be in any
        order; symbols must be in the order of ionisation.
    logMA : Value, optional
        Membrane affinity, decadic logarithm; by default logP.
    haematocrit : Value
        Haematocrit of the blood in which BP was measured.

    Raises
    ------
    CheckError
        With all problems.

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
        """Check that the numbers are possible for a drug."""
        issues = [*self._misplaced(), *self._out_of_range()]
        if issues:
            raise CheckError(issues)

    @property
    def drug_class(self) -> DrugClass:
        """Class of the drug by its ionisable groups."""
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

    def charge_fractions(self, pH: Value) -> Mapping[int, Value]:
        """Return the share of the drug by net charge in water of this pH."""
        return charge_fractions(pH, acid=self.pKa_acid, base=self.pKa_base)

    def _misplaced(self) -> list[Issue]:
        return [
            Issue(
                where=f"drug.{name}",
                what=f"pKa of {getattr(self, name)!r} is not a tuple of constants",
                remedy="use the field of the type and a tuple, such as pKa_base=(9.4,)",
            )
            for name in ("pKa_acid", "pKa_base")
            if not isinstance(getattr(self, name), tuple)
        ]

    def _out_of_range(self) -> list[Issue]:
        named = [(name, getattr(self, name)) for name in _RANGES]
        for name in ("pKa_acid", "pKa_base"):
            constants = getattr(self, name)
            named += [(name, c) for c in constants] if isinstance(constants, tuple) else []
        issues = [i for name, value in named if (i := _issue(name, value)) is not None]
        return issues or self._too_little_in_blood()

    def _too_little_in_blood(self) -> list[Issue]:
        """Report a BP that implies a negative concentration in red cells."""
        if not (is_number(self.BP) and is_number(self.haematocrit)):
            return []
        least = 1.0 - self.haematocrit
        if least - _ROUNDING <= self.BP:
            return []
        what = f"BP is {self.BP:g}, but the plasma alone contributes {least:g}"
        remedy = f"it must be at least 1 - haematocrit, {least:g}"
        return [Issue(where="drug.BP", what=what, remedy=remedy)]


# Plausible ranges; a value outside has another unit or is a mistake.
_RANGES: Mapping[str, tuple[float, float]] = {
    "fup": (0.0, 1.0),
    "haematocrit": (0.0, 1.0),
    "BP": (0.0, 1e6),
    "logP": (-15.0, 15.0),
    "logMA": (-15.0, 15.0),
}
_PKA_RANGE = (-15.0, 25.0)
_ROUNDING = 1e-9


def _issue(name: str, value: Value) -> Issue | None:
    low, high = _RANGES.get(name, _PKA_RANGE)
    if value is None and name == "logMA":
        return None
    remedy = f"it must be above {low:g} and at most {high:g}"
    if not is_value(value):
        what = f"{name} is {shown(value)}, not a number"
        return Issue(where=f"drug.{name}", what=what, remedy=remedy)
    if is_number(value) and not low < value <= high:
        return Issue(where=f"drug.{name}", what=f"{name} is {value}", remedy=remedy)
    return None
