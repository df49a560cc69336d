"""Units: one Pint registry for the whole package, with what this field adds to it."""

import functools
import math
import re

import pint

__all__ = ["UnitError", "conversion_factor", "dimension", "parse_unit", "same_dimension", "split_log"]

LONGEST_UNIT = 80

# Pint's own parser follows Python's, so 9**9**9 would keep it busy: let only plain units through.
_POWER = r"(?:\s*(?:\^|\*\*)\s*\(?[-+]?[0-9](?:\.[0-9]{1,3})?\)?)?"
_FACTOR = rf"\(*\s*(?:1|%|[A-Za-zµμ°][A-Za-z_µμ]*){_POWER}\s*(?:\)+{_POWER})*"
_PLAIN = re.compile(rf"\s*{_FACTOR}(?:\s*[*/·]\s*{_FACTOR}|\s+{_FACTOR})*\s*")


class UnitError(ValueError):
    """A unit text that means nothing; the message says why."""


@functools.cache
def _registry() -> "pint.UnitRegistry[float]":
    registry: pint.UnitRegistry[float] = pint.UnitRegistry(cache_folder=None)
    for definition in (
        "international_unit = [international_activity] = IU",
        "cell = [] = cells",
        "copies = [] = copy",
    ):
        registry.define(definition)
    return registry


@functools.lru_cache(maxsize=4096)
def parse_unit(text: str) -> pint.Unit:
    """Return the Pint unit of a text.

    Parameters
    ----------
    text : str
        Such as ``"mg/L"``, ``"L/h/kg^0.75"``, ``"1/h"``, ``"nM"``, ``"%"``; ``""`` is
        dimensionless.

    Raises
    ------
    UnitError
        If the text is no unit.

    Examples
    --------
    >>> str(parse_unit("ng/mL"))
    'nanogram / milliliter'
    """
    if not text.strip():
        return _registry().dimensionless
    if len(text) > LONGEST_UNIT or not _PLAIN.fullmatch(text):
        raise UnitError(f"{text[:LONGEST_UNIT]!r} is not a unit, such as mg/L or 1/h")
    # Pint takes a factor of one before a division only.
    plain = text.replace("·", "*").replace("%", "percent").replace("^", "**")
    try:
        return _registry().parse_units(plain)
    except pint.UndefinedUnitError as error:
        names = ", ".join(repr(name) for name in _names(error))
        raise UnitError(f"unknown unit {names} in {text!r}") from None
    except Exception as error:  # Pint raises what its tokenizer raises, of many types
        raise UnitError(f"{text!r} is not a unit ({error})") from None


def _names(error: pint.UndefinedUnitError) -> tuple[str, ...]:
    names = error.unit_names
    return (names,) if isinstance(names, str) else tuple(names)


_LOG = re.compile(
    r"\s*(?P<log>log10|log2|log|ln)(?:\s*\((?P<inner>.*)\)|\s+(?P<plain>[^()\s][^()]*?))\s*"
)
_BASE = {"log": math.e, "ln": math.e, "log10": 10.0, "log2": 2.0}


def split_log(text: str) -> tuple[float, str]:
    """Take the unit of a logarithm apart: its base, and the unit of what it is of.

    Returns
    -------
    float
        Base of the logarithm; 0 where the text is a plain unit.
    str
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


def dimension(text: str) -> str:
    """Return the dimension of a unit text, ``"[mass] / [length] ** 3"``.

    Raises
    ------
    UnitError
        If the text is no unit.

    Examples
    --------
    >>> dimension("mg/L") == dimension("kg/m^3")
    True
    """
    return str(parse_unit(text).dimensionality)


def same_dimension(a: str, b: str) -> bool:
    """Whether two unit texts measure the same kind of quantity."""
    return bool(parse_unit(a).dimensionality == parse_unit(b).dimensionality)


@functools.lru_cache(maxsize=4096)
def conversion_factor(source: str, target: str) -> float:
    """Return the number by which a value in one unit is multiplied to be in another.

    Raises
    ------
    UnitError
        If the dimensions differ, or the units have offsets (degrees Celsius).

    Examples
    --------
    >>> conversion_factor("mL/min", "L/h")
    0.06
    """
    one, other = parse_unit(source), parse_unit(target)
    no_factor = UnitError(f"no plain factor between {source!r} and {target!r}")
    try:
        if float(_registry().Quantity(0.0, one).to(other).magnitude) != 0:
            raise no_factor
        return float(_registry().Quantity(1.0, one).to(other).magnitude)
    except pint.DimensionalityError:
        what = f"{source!r} is {dimension(source)}, {target!r} is {dimension(target)}"
        raise UnitError(f"no conversion: {what}") from None
    except pint.OffsetUnitCalculusError:
        raise no_factor from None
