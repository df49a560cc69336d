"""Studies by name: bundled ones, and others that must be downloaded because of their licence.

The module is ``pq.datasets``; `load` is ``pq.load_dataset``.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pkqsp_bayes.arguments import TEXT, checked
from pkqsp_bayes.assets import data_folder
from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.spec.identifiers import suggest
from pkqsp_bayes.study.downloads import DOWNLOADS, download, download_folder
from pkqsp_bayes.study.read import read_study
from pkqsp_bayes.study.study import Study

__all__ = ["Dataset", "describe", "load", "local_path", "names", "path"]

_VARIABLE = "PKQSP_DATA"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Description of a study.

    Parameters
    ----------
    title : str
        Drug, subjects and measurements.
    source : str
        Publication.
    units : mapping of str to str
        Units of columns.
    """

    title: str
    source: str
    units: Mapping[str, str] = field(default_factory=dict)


_DATASETS: dict[str, Dataset] = {
    "mavoglurant": Dataset(
        title="mavoglurant, i.v. infusion, the 20 subjects of the published analysis",
        source="Wendling et al. 2015; table of the R package nlmixr2data (GPL >= 3)",
        units={"TIME": "h", "AMT": "mg", "DV": "ng/mL", "WT": "kg", "AGE": "year"},
    ),
    "quinidine": Dataset(
        title="quinidine, oral, 136 patients, with alpha-1-acid glycoprotein over time",
        source="Verme et al. 1992; Pinheiro & Bates 2000",
        units={"TIME": "h", "AMT": "mg", "DV": "mg/L", "WT": "kg", "AGE": "year", "HT": "cm",
               "AAG": "g/L"},
    ),
    "theophylline": Dataset(
        title="theophylline, one oral dose, 12 subjects",
        source="Boeckmann, Sheiner & Beal 1994",
        units={"TIME": "h", "AMT": "mg", "DV": "mg/L", "WT": "kg"},
    ),
    "tutorial": Dataset(
        title="simulated: one oral dose of a drug with one compartment, 24 subjects",
        source="data/make_tutorial.py; its values are in docs/tutorial.md",
        units={"TIME": "h", "AMT": "mg", "DV": "mg/L", "WT": "kg"},
    ),
    "warfarin": Dataset(
        title="warfarin, one oral dose, 32 subjects: concentration and prothrombin complex",
        source="O'Reilly 1963, 1968; table of the R package nlmixr2data (GPL >= 3)",
        units={"TIME": "h", "AMT": "mg", "WT": "kg", "AGE": "year"},
    ),
}  # fmt: skip


def names() -> tuple[str, ...]:
    """Return the names of the studies.

    Examples
    --------
    >>> names()
    ('mavoglurant', 'quinidine', 'theophylline', 'tutorial', 'warfarin')
    """
    return tuple(_DATASETS)


@checked(name=TEXT)
def describe(name: str) -> Dataset:
    """Return title, source and units of a study.

    Parameters
    ----------
    name : str
        One of `names`.

    Raises
    ------
    CheckError
        If there is no study with this name.

    Examples
    --------
    >>> describe("theophylline").units["DV"]
    'mg/L'
    """
    if name in _DATASETS:
        return _DATASETS[name]
    remedy = suggest(name, _DATASETS)
    raise CheckError([Issue(where="data set", what=f"{name!r} is not a data set", remedy=remedy)])


@checked(name=TEXT)
def local_path(name: str) -> Path | None:
    """Return the table of a study if it is available on this machine, or None.

    The order of preference is: ``<name>/study.csv`` below the folder ``PKQSP_DATA``, the bundled
    table, an earlier download.

    Parameters
    ----------
    name : str
        One of `names`.

    Raises
    ------
    CheckError
        If there is no study with this name.

    Examples
    --------
    >>> local_path("theophylline").name
    'study.csv'
    """
    describe(name)
    named = os.environ.get(_VARIABLE)
    home = download_folder() if name in DOWNLOADS else data_folder()
    for folder in [*([Path(named)] if named else []), home]:
        table = folder / name / "study.csv"
        if table.is_file():
            return table
    return None


@checked(name=TEXT)
def path(name: str) -> Path:
    """Return the table of a study; download it once if it is not bundled.

    Parameters
    ----------
    name : str
        One of `names`.

    Raises
    ------
    CheckError
        If there is no study with this name.
    ToolchainError
        If the download is necessary but fails.

    Examples
    --------
    >>> path("theophylline").name
    'study.csv'
    """
    return local_path(name) or download(name, DOWNLOADS[name])


@checked(name=TEXT)
def load(name: str) -> Study:
    """Read a study by name, with its units.

    Parameters
    ----------
    name : str
        One of `names`.

    Raises
    ------
    CheckError, ToolchainError
        As `path`.

    Examples
    --------
    >>> len(load("theophylline").subjects)
    12
    """
    return read_study(path(name), units=describe(name).units)
