"""Tables of simulations, and settings given as text, for the command line."""

import itertools
import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.spec.identifiers import suggest
from pkqsp_bayes.spec.model import ModelSpec

__all__ = [
    "parse_settings",
    "parse_times",
    "parse_values",
    "repeated_names",
    "simulation_table",
    "undefined_counts",
]

_MOST = 1e6
"""Maximal number of times in one grid."""


def parse_settings(
    model: ModelSpec, settings: Sequence[str]
) -> tuple[dict[str, float], dict[str, float]]:
    """Parse ``NAME=VALUE`` texts into parameters (including constants) and covariates.

    Parameters
    ----------
    model : ModelSpec
        Model with the known names.
    settings : sequence of str
        Texts of the form ``NAME=VALUE``.

    Raises
    ------
    CheckError
        With every invalid text and every unknown name.

    Examples
    --------
    >>> import pkqsp_bayes as pq
    >>> parse_settings(pq.load_model("one-compartment"), ["CL=2", "WT=60"])
    ({'CL': 2.0}, {'WT': 60.0})
    """
    known = [*model.population.parameters, *model.parameters]
    values = parse_values(settings, [*known, *model.covariates], where="--set")
    return (
        {name: value for name, value in values.items() if name in known},
        {name: value for name, value in values.items() if name not in known},
    )


def parse_values(
    texts: Sequence[str], known: Collection[str] | None, *, where: str
) -> dict[str, float]:
    """Read ``NAME=VALUE`` texts.

    Parameters
    ----------
    texts : sequence of str
        The texts.
    known : collection of str or None
        Names that there are; None for any.
    where : str
        Where they were given.

    Raises
    ------
    CheckError
        With every text that is not of this form, every unknown name, and every name that is there
        twice.

    Examples
    --------
    >>> parse_values(["WT=60"], ["WT", "AGE"], where="--covariate")
    {'WT': 60.0}
    """
    pairs = [(text, *(part.strip() for part in text.partition("=")[::2])) for text in texts]
    issues = [
        Issue(where=where, what=what, remedy=remedy)
        for text, name, number in pairs
        for what, remedy in _problems(text, name, number, known)
    ]
    issues += repeated_names((name for _, name, _ in pairs), where=where)
    if issues:
        raise CheckError(issues)
    return {name: float(number) for _, name, number in pairs}


def repeated_names(names: Iterable[str], *, where: str) -> list[Issue]:
    """Return an issue for each name that has several values, of which only one could be used.

    Parameters
    ----------
    names : iterable of str
        Names, each as often as it was given.
    where : str
        Where they were given.

    Examples
    --------
    >>> [str(issue) for issue in repeated_names(["CL", "V", "CL"], where="--set")]
    ['error: --set: CL has several values (give one)']
    """
    counts = Counter(names)
    return [
        Issue(where=where, what=f"{name} has several values", remedy="give one")
        for name, count in counts.items()
        if name and count > 1
    ]


def _problems(
    text: str, name: str, number: str, known: Collection[str] | None
) -> Iterator[tuple[str, str]]:
    if not name or _number(number) is None:
        yield f"{text!r} is not a setting", "write NAME=VALUE with a finite number"
    elif known is not None and name not in known:
        remedy = suggest(name, known, None if known else "leave it out")
        yield f"there is no {name!r} to set", remedy


def parse_times(text: str) -> list[float]:
    """Parse times: ``START:STOP:STEP`` including the end, or numbers separated by commas.

    Raises
    ------
    CheckError
        If the text is neither, or if the times do not increase.

    Examples
    --------
    >>> parse_times("0:2:0.5"), parse_times("1, 2, 4")
    ([0.0, 0.5, 1.0, 1.5, 2.0], [1.0, 2.0, 4.0])
    """
    parts = [_number(part.strip()) for part in text.replace(":", ",").split(",")]
    numbers = [value for value in parts if value is not None]
    times = numbers if len(numbers) == len(parts) else []
    if ":" in text and times:
        start, stop, step = times if len(times) == 3 else (0.0, -1.0, 1.0)
        count = (stop - start) / step if step > 0 else -1.0
        last = int(count + 1e-9) if 0 <= count < _MOST else -1
        times = [start + k * step for k in range(last + 1)]
    if not times or any(b <= a for a, b in itertools.pairwise(times)):
        remedy = "write START:STOP:STEP, such as 0:72:1, or increasing numbers with commas"
        raise CheckError([Issue(where="times", what=f"{text!r} is not valid", remedy=remedy)])
    return times


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def simulation_table(result: xr.Dataset) -> pd.DataFrame:
    """Return ID, TIME and the outputs of a simulation, one row per record.

    If the time of a subject restarts, or a reset divides it, STRETCH and TAD follow TIME.

    Parameters
    ----------
    result : xarray.Dataset
        Result of `pkqsp_bayes.simulate`.
    """
    outputs = [str(name) for name, values in result.data_vars.items() if values.dims == ("record",)]
    divided = ("STRETCH", "TAD") if (result.STRETCH > 1).any() else ()
    columns = {name: result[name].to_numpy() for name in ("ID", "TIME", *divided, *outputs)}
    return pd.DataFrame(columns)


def undefined_counts(result: xr.Dataset) -> dict[str, int]:
    """Return, per output, the number of records without a value although the subject was solved.

    Parameters
    ----------
    result : xarray.Dataset
        Result of `pkqsp_bayes.simulate`.
    """
    solved = set(result.subject[result.reason == "ok"].to_numpy().tolist())
    mine = np.array([subject in solved for subject in result.ID.to_numpy().tolist()])
    found = {
        str(name): int((np.isnan(values.to_numpy()) & mine).sum())
        for name, values in result.data_vars.items()
        if values.dims == ("record",)
    }
    return {name: count for name, count in found.items() if count}
