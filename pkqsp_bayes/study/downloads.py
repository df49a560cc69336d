"""Download of studies: tables of R packages, verified by hash and converted."""

import contextlib
import importlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import platformdirs

from pkqsp_bayes.errors import ToolchainError
from pkqsp_bayes.outputs import stage_output

__all__ = ["DOWNLOADS", "Download", "download", "download_folder"]

_HOME = "https://raw.githubusercontent.com/nlmixr2/nlmixr2data/main/data"
_SECONDS = 30.0
_LAST_PUBLISHED = 812
"""Last ID of the published analysis of mavoglurant, which has the first 20 subjects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """Location of a table of R, and its conversion to a study.

    Parameters
    ----------
    table : str
        Name of the data frame in the ``.rda`` file.
    url, sha256 : str
        Address of the file, and its hash.
    convert : callable
        Converts the data frame to a study table.
    """

    table: str
    url: str
    sha256: str
    convert: Callable[[pd.DataFrame], pd.DataFrame]


def _mavoglurant(table: pd.DataFrame) -> pd.DataFrame:
    """Return the subjects of the published analysis, without samples that have no concentration."""
    kept = table[table["ID"] <= _LAST_PUBLISHED].reset_index(drop=True)
    absent = (kept["EVID"] == 0) & (kept["DV"] <= 0)
    return kept.assign(MDV=kept["MDV"].mask(absent, 1))


def _warfarin(table: pd.DataFrame) -> pd.DataFrame:
    return table


DOWNLOADS: dict[str, Download] = {
    "mavoglurant": Download(
        table="mavoglurant",
        url=f"{_HOME}/mavoglurant.rda",
        sha256="ba1d75e20bcc09f20a55a05a9e4424244efa15b2dfcef6079cd27385d5876174",
        convert=_mavoglurant,
    ),
    "warfarin": Download(
        table="warfarin",
        url=f"{_HOME}/warfarin.rda",
        sha256="331274f96ee87506c4360c7642f1d625735b6ebd14e5e1b2df5fece355438a51",
        convert=_warfarin,
    ),
}


def download_folder() -> Path:
    """Return the folder of downloads, in the user's data folder, which is never trimmed."""
    return platformdirs.user_data_path("pkqsp_bayes") / "studies"


def download(name: str, wanted: Download) -> Path:
    """Return the study table; download the file if necessary.

    Parameters
    ----------
    name : str
        Folder below `download_folder`.
    wanted : Download
        The file and its conversion.

    Returns
    -------
    Path
        ``study.csv``, always made from the file, whose hash is verified each time.

    Raises
    ------
    ToolchainError
        If the file cannot be downloaded, is not the expected one, or cannot be stored.
    """
    folder = download_folder() / name
    with _explained(name, wanted, folder):
        rdata = _package("rdata", wanted)
        rda = _fetch(wanted, folder)
        frame = rdata.read_rda(rda, default_encoding="utf-8")[wanted.table]
        table = wanted.convert(pd.DataFrame(frame).reset_index(drop=True))
        with stage_output(folder / "study.csv") as part:
            table.to_csv(part, index=False)
        return folder / "study.csv"


def _fetch(wanted: Download, folder: Path) -> Path:
    pooch = _package("pooch", wanted)
    pooch.get_logger().setLevel(logging.WARNING)
    file = pooch.retrieve(
        wanted.url,
        known_hash=f"sha256:{wanted.sha256}",
        fname=f"{wanted.table}.rda",
        path=folder,
        downloader=pooch.HTTPDownloader(timeout=_SECONDS),
    )
    return Path(file)


def _package(name: str, wanted: Download) -> Any:
    """Import a package of the extra ``downloads``."""
    try:
        return importlib.import_module(name)
    except ImportError:
        what = f"the package {name}, which downloads of studies need, is not installed"
        remedy = (
            "pip install 'pkqsp-bayes[downloads]', or set PKQSP_DATA to a folder that holds "
            f"{wanted.table}/study.csv"
        )
        raise ToolchainError(what, remedy) from None


@contextlib.contextmanager
def _explained(name: str, wanted: Download, folder: Path) -> Iterator[None]:
    """Convert errors of network, file system and reader to errors with a remedy."""
    by_hand = (
        f"save {wanted.url} as {folder / wanted.table}.rda with a browser, or set "
        f"PKQSP_DATA to a folder that holds {name}/study.csv"
    )
    try:
        yield
    except ValueError as error:
        if "hash" not in str(error):
            raise
        what = f"the file from {wanted.url} is not the expected one: its SHA-256 differs"
        raise ToolchainError(what, by_hand) from error
    except OSError as error:  # the errors of requests are OSErrors
        what = f"the study {name!r} cannot be downloaded: {error.strerror or error}"
        raise ToolchainError(what, by_hand) from error
