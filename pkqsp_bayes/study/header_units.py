"""Units of columns as a header or the user states them."""

import re
from collections.abc import Iterator, Mapping, Sequence

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.units import UnitError, parse_unit, split_log

__all__ = ["MEASURED", "read_units"]

MEASURED = ("DV", "LLOQ", "ULOQ", "LIMIT")
"""Columns whose unit may differ from endpoint to endpoint, ``DV.cp``."""

_EACH = re.compile(r"\s*(?P<name>[^:;]+?)\s*:\s*(?P<unit>[^:;]+?)\s*")
_REMEDY = "write a unit such as mg/L"


def read_units(
    stated: Mapping[str, str], names: Sequence[str], source: str
) -> tuple[dict[str, str], list[Issue]]:
    """Return the unit of each column, and what is wrong.

    Parameters
    ----------
    stated : mapping of str to str
        Column, or ``DV.<endpoint>``, to unit text. ``cp: ng/mL; pca: %`` states several units of
        DV, one an endpoint (``*``: the others); ``log(ng/mL)`` is the unit of a log-transformed DV.
    names : sequence of str
        The columns.
    source : str
        The file, for messages.

    Examples
    --------
    >>> read_units({"DV": "cp: ng/mL; pca: %"}, ["ID", "DV"], "t")[0]
    {'DV.cp': 'ng/mL', 'DV.pca': '%'}
    """
    by_lower = {name.lower(): name for name in names}
    units: dict[str, str] = {}
    issues: list[Issue] = []
    for name, unit in _single(stated):
        base, dot, endpoint = name.partition(".")
        per_endpoint = bool(dot) and base.upper() in MEASURED and name.lower() not in by_lower
        column = by_lower.get(base.lower() if per_endpoint else name.lower())
        place = f"{source}, column {name}"
        if column is None:
            issues.append(Issue(where=place, what="a unit of a column that is not there",
                                remedy="the columns are " + ", ".join(names)))  # fmt: skip
            continue
        wrong = _complaint(unit, is_measured=column in MEASURED)
        if wrong:
            issues.append(Issue(where=place, what=wrong, remedy=_REMEDY))
        else:
            units[f"{column}.{endpoint}" if per_endpoint else column] = unit
    return units, issues


def _single(stated: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, text in stated.items():
        parts = [_EACH.fullmatch(part) for part in text.split(";")]
        if name.upper() in MEASURED and all(parts):
            for part in filter(None, parts):
                yield name if part["name"] == "*" else f"{name}.{part['name']}", part["unit"]
        else:
            yield name, text


def _complaint(unit: str, *, is_measured: bool) -> str:
    try:
        parse_unit(split_log(unit)[1] if is_measured else unit)
    except UnitError as error:
        return str(error)
    return ""
