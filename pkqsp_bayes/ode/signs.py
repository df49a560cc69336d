"""Checks of the sign and range of physiological quantities, by their names."""

from collections.abc import Iterator

from pkqsp_bayes.errors import Issue

__all__ = ["sign_issues"]

_FRACTIONS = ("fup", "Hct")
_LOGARITHMS, _LARGEST_LOGARITHM = ("logP", "logMA"), 15.0
_POSITIVE = ("V", "Q", "Qart", "Qout", "Kp", "Kb", "Kpu")
_BODY = ("organs", "pools", "lump", "body", "antibody")


def sign_issues(name: str, where: str, value: float) -> Iterator[Issue]:
    """Yield the problems of the value of a helper with a physiological name."""
    if name == "red_cells.Kpu" and value < 0:
        what = f"the ratio of drug in red cells to unbound drug in plasma is negative, {value:.3g}"
        yield Issue(where=where, what=what, remedy="BP must be at least 1 - Hct: correct BP or Hct")
    kind = _kind(name, where)
    plain = name.removesuffix(".driven")
    if kind and not value > 0:
        remedy = "it must be positive: correct the quantities that it is computed from"
        yield Issue(where=where, what=f"the {kind} {name} is {value:.6g}", remedy=remedy)
    elif plain in _FRACTIONS and not 0 < value <= 1:
        what = f"{name} is {value:.6g}"
        yield Issue(where=where, what=what, remedy="it must be a fraction between 0 and 1")
    elif plain in _LOGARITHMS and not abs(value) <= _LARGEST_LOGARITHM:
        what = f"{name} is {value:.6g}"
        yield Issue(
            where=where, what=what, remedy="it must be a logarithm to base 10, from -15 to 15"
        )
    elif plain in ("BP", "CO", "MW", "GFR") and not value > 0:
        yield Issue(where=where, what=f"{name} is {value:.6g}", remedy="it must be positive")


def _kind(name: str, where: str) -> str:
    """Return the kind of a positive helper by its name and its path; empty if unknown."""
    quantity = name.removesuffix(".driven").rpartition(".")[2]
    if ".volumes." in where or where.endswith((".volume", ".parameters.V")):
        return "volume"
    if quantity not in _POSITIVE or not where.startswith(_BODY):
        return ""
    return "volume" if quantity == "V" else "flow" if quantity[0] == "Q" else "partition"
