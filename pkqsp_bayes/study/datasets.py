"""Studies by name: two that come with the package, two that its licence keeps out of it."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from pkqsp_bayes.assets import data_folder
from pkqsp_bayes.errors import CheckError, Issue, ToolchainError
from pkqsp_bayes.spec.names import nearest
from pkqsp_bayes.study.read import read_study
from pkqsp_bayes.study.study import Study

__all__ = ["dataset_names", "dataset_path", "load_dataset"]

_VARIABLE = "PKQSP_DATA"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dataset:
    units: dict[str, str] = field(default_factory=dict)
    origin: str = ""
    """Where to get it, for a study that does not come with the package."""


_DATASETS: dict[str, _Dataset] = {
    "mavoglurant": _Dataset(
        units={"TIME": "h", "AMT": "mg", "DV": "ng/mL", "WT": "kg", "AGE": "year"},
        origin="table `mavoglurant` of the R package nlmixr2data, subjects with ID <= 812",
    ),
    "quinidine": _Dataset(
        units={"TIME": "h", "AMT": "mg", "DV": "mg/L", "WT": "kg", "AGE": "year", "HT": "cm",
               "AAG": "g/L"},
    ),
    "theophylline": _Dataset(units={"TIME": "h", "AMT": "mg", "DV": "mg/L", "WT": "kg"}),
    "warfarin": _Dataset(
        units={"TIME": "h", "AMT": "mg", "WT": "kg", "AGE": "year"},
        origin="table `warfarin` of the R package nlmixr2data",
    ),
}  # fmt: skip


def dataset_names() -> tuple[str, ...]:
    """Return the names that `load_dataset` knows.

    Examples
    --------
    >>> dataset_names()
    ('mavoglurant', 'quinidine', 'theophylline', 'warfarin')
    """
    return tuple(_DATASETS)


def dataset_path(name: str) -> Path:
    """Return the table of a study.

    Parameters
    ----------
    name : str
        One of `dataset_names`.

    Raises
    ------
    CheckError
        If there is no study of this name.
    ToolchainError
        If it does not come with the package, and is not below the folder ``PKQSP_DATA`` either.
    """
    if name not in _DATASETS:
        guess = nearest(name, _DATASETS)
        remedy = f"did you mean {guess}?" if guess else "known: " + ", ".join(_DATASETS)
        raise CheckError([Issue(where="data set", what=f"there is no {name!r}", remedy=remedy)])
    folder = os.environ.get(_VARIABLE, "")
    places = [Path(folder) / name / "study.csv"] if folder else []
    if not _DATASETS[name].origin:
        places.append(data_folder() / name / "study.csv")
    for place in places:
        if place.is_file():
            return place
    raise ToolchainError(*_where_to_get(name, folder))


def _where_to_get(name: str, folder: str) -> tuple[str, str]:
    looked = f"{folder}/{name}/study.csv is not there" if folder else f"{_VARIABLE} is not set"
    what = f"the study {name!r} does not come with the package, for its licence, and {looked}"
    remedy = (
        f"save {_DATASETS[name].origin} as {name}/study.csv in a folder, "
        f"and set the environment variable {_VARIABLE} to that folder"
    )
    return what, remedy


def load_dataset(name: str) -> Study:
    """Read a study by name, with its units.

    Parameters
    ----------
    name : str
        One of `dataset_names`.

    Raises
    ------
    CheckError, ToolchainError
        As `dataset_path`.

    Examples
    --------
    >>> len(load_dataset("theophylline").subjects)
    12
    """
    return read_study(dataset_path(name), units=_DATASETS[name].units)
