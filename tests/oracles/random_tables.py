"""Random tables of one subject, as a NONMEM user writes them, with every kind of event."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from tests.oracles.record_models import OCCASIONS, RecordModel

__all__ = ["random_parameters", "random_rows", "show_rows", "table_of"]

_NO_DOSE = {"AMT": 0.0, "RATE": 0.0, "II": 0.0, "ADDL": 0, "SS": 0, "CMT": None}
_WEIGHTS = (35.0, 50.0, 70.0, 84.0, 140.0)
_MISSING = 0.12

Rng = np.random.Generator
Row = dict[str, Any]


def random_parameters(
    rng: Rng, model: RecordModel, *, grid: float = 1.0, ties: bool = True
) -> dict[str, float]:
    """Return individual parameters, and deviations of about half of the occasions.

    With ``ties`` lags are often on the grid of the records' times, else nothing is.
    """
    values = {n: float(rng.choice(choices)) for n, choices in model.parameters.items()}
    for name in model.varying:
        values[name] *= float(np.exp(0.3 * rng.normal()))
    values["tlag"] *= grid
    if not ties:
        values = {n: v * float(rng.uniform(1.0, 1.1)) + 0.0131 for n, v in values.items()}
    for name in model.occasional:
        for occasion in OCCASIONS:
            deviates = not ties or rng.random() < 0.5
            values[f"kappa[{name},{occasion}]"] = float(0.3 * rng.normal()) if deviates else 0.0
    return values


def random_rows(rng: Rng, model: RecordModel, *, grid: float = 1.0) -> list[Row]:
    """Return the rows of one subject: one to three stretches, several rows at many times.

    Times and intervals are multiples of half of ``grid``: as decimals, they may be off by rounding.
    """
    rows: list[Row] = []
    for stretch in range(rng.choice([1, 1, 2, 3])):
        is_reset = stretch > 0 or rng.random() < 0.1
        for number, time in enumerate(_times(rng, rows)):
            begins = is_reset and number == 0
            evid = rng.choice([3, 4]) if begins else rng.choice([0, 1, 2], p=[0.48, 0.42, 0.1])
            dose = _dose(rng, model) if evid in (1, 4) else _NO_DOSE
            rows.append({"TIME": time, "EVID": int(evid), **dose, "first": number == 0})
    for row in rows:
        row["TIME"], row["II"] = (round(row[name] * grid, 9) for name in ("TIME", "II"))
    _set_occasions(rng, rows)
    for name, choices in (("WT", _WEIGHTS), ("FORM", (0.0, 0.5, 1.0))):
        _set_covariate(rng, rows, name, choices, model.linear.covariates[name])
    _set_fixed(rng, rows)
    for row in rows:
        del row["first"]
    return rows


def _times(rng: Rng, rows: Sequence[Row]) -> list[float]:
    """Return times of a stretch: it begins again, or goes on at once or later."""
    last = rows[-1]["TIME"] if rows else 0.0
    start = float(rng.choice([0.0, 0.0, 1.5, last, last + 1.0] if rows else [0.0, 0.0, 0.5, 3.0]))
    gaps = rng.choice([0.5, 1.0, 1.0, 2.0, 3.0, 4.5, 8.0], size=rng.integers(0, 6))
    moments = start + np.concatenate([[0.0], np.cumsum(gaps)])
    times = np.repeat(moments, rng.choice([1, 1, 2, 3, 4], size=moments.size))
    return [float(t) for t in times]


def _dose(rng: Rng, model: RecordModel) -> Row:
    place = str(rng.choice(list(model.doses)))
    kind = int(rng.choice(model.doses[place]))
    rate = float(rng.choice([10.0, 25.0, 80.0])) if kind == 1 else float(kind)
    dose = _NO_DOSE | {"CMT": place, "RATE": rate, "AMT": float(rng.choice([50.0, 100.0]))}
    interval = float(rng.choice([2.0, 3.5, 4.0, 6.0, 12.0]))
    match rng.choice(
        ["once", "again", "steady", "constant", "rest"], p=[0.4, 0.25, 0.25, 0.05, 0.05]
    ):
        case "again":
            return dose | {"ADDL": int(rng.integers(1, 4)), "II": interval}
        case "steady":
            more = int(rng.choice([0, 0, 1, 3]))
            return dose | {"SS": int(rng.choice([1, 2])), "II": interval, "ADDL": more}
        case "constant" if kind in (1, -1):
            return dose | {"AMT": 0.0, "SS": 1}
        case "rest":
            return dose | {"AMT": 0.0, "RATE": 0.0, "SS": 1}
    return dose


def _set_occasions(rng: Rng, rows: list[Row]) -> None:
    occasion = str(rng.choice(OCCASIONS))
    for number, row in enumerate(rows):
        if rng.random() < 0.3:
            occasion = str(rng.choice(OCCASIONS))
        row["OCC"] = None if number and rng.random() < _MISSING else occasion


def _set_covariate(
    rng: Rng, rows: list[Row], name: str, choices: Sequence[float], rule: str
) -> None:
    for number, row in enumerate(rows):
        needed = {"locf": number == 0, "linear": row["first"], "nocb": number == len(rows) // 2}
        missing = not needed[rule] and rng.random() < _MISSING
        row[name] = None if missing else float(rng.choice(choices))


def _set_fixed(rng: Rng, rows: list[Row]) -> None:
    age = float(rng.choice([20.0, 40.0, 60.0]))
    for number, row in enumerate(rows):
        row["AGE"] = None if number and rng.random() < _MISSING else age


def table_of(model: RecordModel, subjects: Sequence[Sequence[Row]]) -> pd.DataFrame:
    """Return one table: ID from 1, DV missing, CMT a number in every other subject."""
    numbers: dict[Any, str] = {name: str(i) for i, name in enumerate(model.doses, start=1)}
    rows = [{"ID": i, **row} for i, rows in enumerate(subjects, start=1) for row in rows]
    for row in rows:
        if row["ID"] % 2:
            row["CMT"] = numbers.get(row["CMT"])
    return pd.DataFrame(rows).assign(DV=np.nan)


def show_rows(rows: Sequence[Row]) -> str:
    """Return the rows of a subject as text."""
    return pd.DataFrame(rows).fillna(".").to_string()
