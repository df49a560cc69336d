"""Units of the package: one Pint registry, with the units that pharmacometrics adds.

Pint takes half a second to import and to read its definitions. Dimensions and factors that it has
given once are kept in the user's cache, by the versions of Pint and of this file.
"""

import functools
import importlib.metadata
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pkqsp_bayes.cached_text import StoredAnswers

if TYPE_CHECKING:
    import pint

__all__ = [
    "UnitError",
    "amount_factor",
    "check_unit",
    "conversion_factor",
    "convert_values",
    "dimension",
    "parse_unit",
    "same_dimension",
    "split_log",
]

Array = NDArray[np.float64]

LONGEST_UNIT = 80

# Pint's parser accepts powers such as 9**9**9, which take very long: only plain units are allowed.
_POWER = r"(?:\s*(?:\^|\*\*)\s*\(?[-+]?[0-9](?:\.[0-9]{1,3})?\)?)?"
_FACTOR = rf"\(*\s*(?:1|%|[A-Za-zµμ°][A-Za-z_µμ]*){_POWER}\s*(?:\)+{_POWER})*"
_PLAIN = re.compile(rf"\s*{_FACTOR}(?:\s*[*/·]\s*{_FACTOR}|\s+{_FACTOR})*\s*")


_NAME = re.compile(r"[A-Za-zµμ°][A-Za-z_µμ]*")
_MISREAD: Mapping[str, tuple[str, str]] = {
    "gr": ("the grain (64.8 mg)", "'g' for gram, or 'grain'"),
    "Mg": ("the megagram (1000 kg)", "'mg' for milligram, or 'tonne'"),
    "ML": ("the megalitre", "'mL' for millilitre, or 'megaliter'"),
    "Ml": ("the megalitre", "'mL' for millilitre, or 'megaliter'"),
    "MM": ("megamolar", "'mM' for millimolar, or 'megamolar'"),
    "pct": ("the picocarat", "'%' for per cent, or 'picocarat'"),
    "u": ("the atomic mass unit", "'IU' for international units, or 'Da'"),
    "unit": ("the micronit, a luminance", "'IU' for international units, or 'micronit'"),
    "units": ("the micronit, a luminance", "'IU' for international units, or 'micronit'"),
    "Min": ("the megainch", "'min' for minute, or 'megainch'"),
    "pH": ("the picohenry", "'' for a pH, or 'picohenry'"),
    "H": ("the henry", "'h' for hour, or 'henry'"),
    "D": ("the debye", "'day', or 'debye'"),
    "S": ("the siemens", "'s' for second, or 'siemens'"),
    "G": ("the gauss", "'g' for gram, or 'gauss'"),
    "mG": ("the milligauss", "'mg' for milligram, or 'milligauss'"),
    "uG": ("the microgauss", "'ug' for microgram, or 'microgauss'"),
    "nG": ("the nanogauss", "'ng' for nanogram, or 'nanogauss'"),
    "MG": ("the megagauss", "'mg' for milligram, or 'megagauss'"),
}
"""Symbols that Pint reads otherwise than most pharmacometricians mean them: reading, remedy."""


class UnitError(ValueError):
    """A unit text that is not valid; the message states the reason."""


def _version() -> str:
    return f"{importlib.metadata.version('pint')}\0{Path(__file__).read_text(encoding='utf-8')}"


_ANSWERS = StoredAnswers("units", _version)


@functools.cache
def _registry() -> "pint.UnitRegistry[float]":
    import pint

    registry: pint.UnitRegistry[float] = pint.UnitRegistry(cache_folder=None)
    for definition in (
        "international_unit = [international_activity] = IU",
        "cell = [] = cells",
        "copies = [] = copy",
        "@alias week = wk",
    ):
        registry.define(definition)
    return registry


@functools.lru_cache(maxsize=4096)
def parse_unit(text: str) -> "pint.Unit":
    """Return the Pint unit of a text.

    Parameters
    ----------
    text : str
        Such as ``"mg/L"``, ``"L/h/kg^0.75"``, ``"1/h"``, ``"nM"``, ``"%"``; ``""`` is
        dimensionless.

    Raises
    ------
    UnitError
        If the text is not a unit.

    Examples
    --------
    >>> str(parse_unit("ng/mL"))
    'nanogram / milliliter'
    """
    import pint

    if not text.strip():
        return _registry().dimensionless
    if len(text) > LONGEST_UNIT or not _PLAIN.fullmatch(text):
        raise UnitError(f"{text[:LONGEST_UNIT]!r} is not a unit, such as mg/L or 1/h")
    for name in _NAME.findall(text):
        if name in _MISREAD:
            reading, remedy = _MISREAD[name]
            raise UnitError(f"{name!r} is the symbol of {reading}: write {remedy}")
    # Pint takes a factor of one before a division only.
    plain = text.replace("·", "*").replace("%", "percent").replace("^", "**")
    try:
        return _registry().parse_units(plain)
    except pint.UndefinedUnitError as error:
        names = ", ".join(repr(name) for name in _names(error))
        raise UnitError(f"unknown unit {names} in {text!r}") from None
    except Exception as error:  # Pint's tokenizer raises exceptions of many types
        raise UnitError(f"{text!r} is not a unit ({error})") from None


def _names(error: "pint.UndefinedUnitError") -> tuple[str, ...]:
    names = error.unit_names
    return (names,) if isinstance(names, str) else tuple(names)


_LOG = re.compile(
    r"\s*(?P<log>log10|log2|log|ln)(?:\s*\((?P<inner>.*)\)|\s+(?P<plain>[^()\s][^()]*?))\s*"
)
_BASE = {"log": math.e, "ln": math.e, "log10": 10.0, "log2": 2.0}


def split_log(text: str) -> tuple[float, str]:
    """Split the unit of a logarithm into its base and the unit of its argument.

    Returns
    -------
    float
        Base of the logarithm; 0 where the text is a plain unit.
    The unit of the argument.
        The unit.

    Examples
    --------
    >>> split_log("log10(ng/mL)"), split_log("mg/L")
    ((10.0, 'ng/mL'), (0.0, 'mg/L'))
    """
    found = _LOG.fullmatch(text)
    if found is None:
        return 0.0, text
    return _BASE[found["log"]], found["inner"] if found["plain"] is None else found["plain"]


def check_unit(text: str) -> None:
    """Check that a text is a unit, as `parse_unit` reads it.

    Raises
    ------
    UnitError
        If it is not.

    Examples
    --------
    >>> check_unit("mg/L")
    >>> check_unit("mgg/L")
    Traceback (most recent call last):
    ...
    pkqsp_bayes.units.UnitError: unknown unit 'mgg' in 'mgg/L'
    """
    dimension(text)


@functools.lru_cache(maxsize=4096)
def dimension(text: str) -> str:
    """Return the dimension of a unit text, ``"[mass] / [length] ** 3"``.

    Raises
    ------
    UnitError
        If the text is not a unit.

    Examples
    --------
    >>> dimension("mg/L") == dimension("kg/m^3")
    True
    """
    question = f"dimension\0{text}"
    return _ANSWERS.ask(question, str, lambda: str(parse_unit(text).dimensionality))


def same_dimension(a: str, b: str) -> bool:
    """Return whether two unit texts have the same dimension."""
    return dimension(a) == dimension(b)


@functools.lru_cache(maxsize=4096)
def conversion_factor(source: str, target: str) -> float:
    """Return the factor that converts a value from one unit to another.

    Raises
    ------
    UnitError
        If the dimensions differ, or the units have offsets (degrees Celsius).

    Examples
    --------
    >>> conversion_factor("mL/min", "L/h")
    0.06
    """
    question = f"factor\0{source}\0{target}"
    return _ANSWERS.ask(question, float, lambda: _factor(source, target))


def _factor(source: str, target: str) -> float:
    import pint

    one, other = parse_unit(source), parse_unit(target)
    no_factor = UnitError(f"there is no constant factor between {source!r} and {target!r}")
    try:
        if float(_registry().Quantity(0.0, one).to(other).magnitude) != 0:
            raise no_factor
        return float(_registry().Quantity(1.0, one).to(other).magnitude)
    except pint.DimensionalityError:
        what = f"{source!r} is {dimension(source)}, {target!r} is {dimension(target)}"
        raise UnitError(f"no conversion: {what}") from None
    except pint.OffsetUnitCalculusError:
        raise no_factor from None


def amount_factor(source: str, target: str, molar_mass: float | None = None) -> float:
    """Return the factor between two amounts or rates, by the molar mass between mass and moles.

    Parameters
    ----------
    source, target : str
        Units of mass or of substance; both may be per time or per volume.
    molar_mass : float, optional
        g/mol; if missing, both units must have one dimension.

    Raises
    ------
    UnitError
        If there is no such factor.

    Examples
    --------
    >>> round(amount_factor("mg", "umol", 500), 12), amount_factor("mg/h", "g/h")
    (2.0, 0.001)
    """
    if same_dimension(source, target) or molar_mass is None:
        return conversion_factor(source, target)
    if same_dimension(f"({source})*g/mol", target):
        return molar_mass * conversion_factor(f"({source})*g/mol", target)
    if same_dimension(source, f"({target})*g/mol"):
        return conversion_factor(source, f"({target})*g/mol") / molar_mass
    return conversion_factor(source, target)


def convert_values(values: Array, source: str, target: str) -> Array:
    """Convert values between units; either unit may be that of a logarithm.

    Parameters
    ----------
    values : array
        Values in the unit ``source``.
    source, target : str
        Such as ``"ng/mL"`` or ``"log(mg/L)"``.

    Raises
    ------
    UnitError
        If the dimensions differ.

    Examples
    --------
    >>> convert_values(np.array([1000.0]), "ng/mL", "mg/L").tolist()
    [1.0]
    >>> convert_values(np.array([np.log(1000.0)]), "log(ng/mL)", "log(mg/L)").round(9).tolist()
    [0.0]
    >>> convert_values(np.array([100.0]), "mg/L", "log10(mg/L)").tolist()
    [2.0]
    """
    (base, unit), (wanted_base, wanted) = split_log(source), split_log(target)
    factor = conversion_factor(unit, wanted)
    if not base and not wanted_base:
        return values * factor
    with np.errstate(divide="ignore", invalid="ignore"):
        logged = values * math.log(base) if base else np.log(values)
    logged = logged + math.log(factor)
    result: Array = logged / math.log(wanted_base) if wanted_base else np.exp(logged)
    return result
