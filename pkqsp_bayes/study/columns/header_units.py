"""Units of columns, stated in the header or by the user."""

import re
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pkqsp_bayes.errors import Issue
from pkqsp_bayes.units import UnitError, check_unit, convert_values, split_log

__all__ = ["MEASURED", "align_limits", "read_units", "unit_of"]

MEASURED = ("DV", "LLOQ", "ULOQ", "LIMIT")
"""Columns whose unit may differ between endpoints, ``DV.cp``."""

_EACH = re.compile(r"\s*(?P<name>[^:;]+?)\s*:\s*(?P<unit>[^:;]+?)\s*")
_REMEDY = "write a unit such as mg/L"


def read_units(
    stated: Mapping[str, str], names: Sequence[str], source: str
) -> tuple[dict[str, str], list[Issue]]:
    """Return the unit of each column, and all problems.

    Parameters
    ----------
    stated : mapping of str to str
        Unit text by column, or by ``DV.<endpoint>``. ``cp: ng/mL; pca: %`` states one unit of DV
        per endpoint (``*``: all others); ``log(ng/mL)`` is the unit of a log-transformed DV.
    names : sequence of str
        Names of the columns.
    source : str
        File name, for messages.

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
            issues.append(Issue(where=place, what="a unit is stated for a missing column",
                                remedy="use one of the columns " + ", ".join(names)))  # fmt: skip
            continue
        wrong = _complaint(unit, is_measured=column in MEASURED)
        if wrong:
            issues.append(Issue(where=place, what=wrong, remedy=_REMEDY))
        else:
            units[f"{column}.{endpoint}" if per_endpoint else column] = unit
    return units, issues


def unit_of(units: Mapping[str, str], column: str, labels: Iterable[str]) -> str | None:
    """Return the unit of a column in the rows of an endpoint, or None.

    Parameters
    ----------
    units : mapping of str to str
        Units of a `Study`.
    column : str
        ``DV`` or a limit.
    labels : iterable of str
        Names of the endpoint.

    Examples
    --------
    >>> unit_of({"DV": "%", "DV.cp": "mg/L"}, "DV", ["CP"])
    'mg/L'
    """
    wanted = {f"{column}.{label}".lower() for label in labels}
    own = next((unit for key, unit in units.items() if key.lower() in wanted), None)
    return units.get(column) if own is None else own


def align_limits(
    parts: MutableMapping[str, NDArray[np.float64]],
    label: pd.Series,
    units: Mapping[str, str],
    source: str,
) -> tuple[dict[str, str], list[Issue]]:
    """Convert limits that state their own unit to the unit of DV, and return the remaining units.

    Parameters
    ----------
    parts : mapping of str to (n,) array of float
        ``LLOQ``, ``ULOQ`` and ``LIMIT`` are changed.
    label : (n,) Series of str
        Endpoint of each row (DVID).
    units : mapping of str to str
        Units of the columns.
    source : str
        File name, for messages.
    """
    issues: list[Issue] = []
    for column in MEASURED[1:]:
        if not any(key == column or key.startswith(f"{column}.") for key in units):
            continue
        for name in label.unique():
            own, wanted = (unit_of(units, c, [str(name)]) for c in (column, "DV"))
            mine = (label == name).to_numpy() & ~np.isnan(parts[column])
            if own is None or own == wanted or not mine.any():
                continue
            try:
                target = _known(wanted, column)
                values = parts[column][mine]
                if split_log(target)[0] and not split_log(own)[0]:
                    values = _positive(values, column, target)
                parts[column] = parts[column].copy()
                parts[column][mine] = _rounded(convert_values(values, own, target))
            except UnitError as error:
                place = f"{source}, column {column}"
                issues.append(
                    Issue(where=place, what=str(error), remedy="correct the units or the limits")
                )
    kept = {k: u for k, u in units.items() if k.partition(".")[0] not in MEASURED[1:]}
    return kept, issues


def _rounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values without the rounding error of a conversion: 200 pg/mL is 0.2 ng/mL."""
    return np.array([float(f"{value:.12g}") for value in values])


def _positive(values: NDArray[np.float64], column: str, unit: str) -> NDArray[np.float64]:
    """Return values that have a logarithm; an interval from 0 has no lower bound on that scale."""
    values = np.where((values == 0) & (column == "LIMIT"), np.nan, values)
    least = float(np.fmin.reduce(values, initial=np.inf))
    if least <= 0:
        raise UnitError(f"{column} is {least:g}, which has no logarithm, but DV is in {unit}")
    return values


def _known(unit: str | None, column: str) -> str:
    if unit is None:
        raise UnitError(f"{column} has a unit, but DV has none; state the unit of DV")
    return unit


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
        check_unit(split_log(unit)[1] if is_measured else unit)
    except UnitError as error:
        return str(error)
    return ""
