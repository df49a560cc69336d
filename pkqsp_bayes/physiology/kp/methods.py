"""The methods by name, and the volume of distribution that follows from each of them."""

from collections.abc import Iterable
from typing import Protocol

from pkqsp_bayes.ops import NUMPY, Ops, Value
from pkqsp_bayes.physiology.kp import (
    berezhkovskiy,
    pksim,
    poulin_theil,
    rodgers_rowland,
    schmitt,
)
from pkqsp_bayes.physiology.kp.composition import Composition, load_composition
from pkqsp_bayes.physiology.kp.drug import DrugChemistry
from pkqsp_bayes.spec.identifiers import suggest

__all__ = [
    "KpFunction",
    "default_composition",
    "kp_function",
    "kp_methods",
    "steady_state_volume",
]


class KpFunction(Protocol):
    """A function that returns the tissue-to-plasma partition coefficient of total drug."""

    def __call__(
        self,
        tissue: str,
        drug: DrugChemistry,
        *,
        composition: Composition | None = None,
        ops: Ops = NUMPY,
    ) -> Value:
        """Return the coefficient of one tissue."""


_METHODS: dict[str, KpFunction] = {
    "rodgers-rowland": rodgers_rowland.kp,
    "poulin-theil": poulin_theil.kp,
    "berezhkovskiy": berezhkovskiy.kp,
    "schmitt": schmitt.kp,
    "pksim": pksim.kp,
}

_COMPOSITIONS = {
    "poulin-theil": "pksim-lipid",
    "berezhkovskiy": "pksim-lipid",
    "schmitt": "pksim-schmitt",
    "pksim": "pksim-standard",
}


def kp_methods() -> tuple[str, ...]:
    """Return the names of the methods.

    Examples
    --------
    >>> kp_methods()
    ('rodgers-rowland', 'poulin-theil', 'berezhkovskiy', 'schmitt', 'pksim')
    """
    return tuple(_METHODS)


def kp_function(method: str) -> KpFunction:
    """Return the function of a method.

    Raises
    ------
    ValueError
        If there is no such method.

    Examples
    --------
    >>> digoxin = DrugChemistry(logP=1.48, fup=0.87)
    >>> round(float(kp_function("berezhkovskiy")("liver", digoxin)), 2)
    1.72
    """
    if method not in _METHODS:
        raise ValueError(f"method {method!r} is unknown: {suggest(method, sorted(_METHODS))}")
    return _METHODS[method]


def default_composition(method: str, drug: DrugChemistry) -> Composition:
    """Return the composition that a method uses by default.

    Raises
    ------
    ValueError
        If there is no such method.

    Examples
    --------
    >>> default_composition("schmitt", DrugChemistry(logP=2.0, fup=1.0)).name
    'pksim-schmitt'
    """
    kp_function(method)
    if method == "rodgers-rowland":
        return rodgers_rowland.choose_composition(drug)
    return load_composition(_COMPOSITIONS[method])


def steady_state_volume(
    plasma: Value,
    erythrocytes: Value,
    erythrocyte_ratio: Value,
    tissues: Iterable[tuple[Value, Value]],
) -> Value:
    """Return the volume of distribution at steady state, V_p + V_e E:P + sum of V_t Kp_t.

    Parameters
    ----------
    plasma, erythrocytes : Value
        Volumes, L (or L/kg for all volumes).
    erythrocyte_ratio : Value
        Ratio of concentrations in red cells and plasma; see `pkqsp_bayes.physiology.blood`.
    tissues : iterable of (volume, Kp)
        All other tissues.

    Notes
    -----
    Oie & Tozer 1979; the Kp of eliminating organs must be that at steady state.

    Examples
    --------
    A drug that does not leave the plasma:

    >>> steady_state_volume(3.0, 2.3, 0.0, [(29.0, 0.0), (1.8, 0.0)])
    3.0
    """
    return plasma + erythrocytes * erythrocyte_ratio + sum(v * kp for v, kp in tissues)
