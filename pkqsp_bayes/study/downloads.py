"""Studies that users download: a table of an R package, checked by its hash, as a study table."""

import contextlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import platformdirs

from pkqsp_bayes.errors import ToolchainError
from pkqsp_bayes.outputs import unfinished

__all__ = ["DOWNLOADS", "Download", "download", "download_folder"]

_HOME = "https://raw.githubusercontent.com/nlmixr2/nlmixr2data/main/data"
_SECONDS = 30.0
_LAST_PUBLISHED = 812
"""The published analysis of mavoglurant is of the first 20 subjects, up to this ID."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """Where a table of R lies, and what our study is of it.

    Parameters
    ----------
    table : str
        Name of the data frame in the ``.rda`` file.
    url, sha256 : str
        Address of the file, and its hash.
    convert : callable
        Data frame to study table.
    """

    table: str
    url: str
    sha256: str
    convert: Callable[[pd.DataFrame], pd.DataFrame]


def _mavoglurant(table: pd.DataFrame) -> pd.DataFrame:
    """Subjects of the published analysis; a sample without a concentration is none."""
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
    """Return where downloads are kept: the user's data folder, which no cache sweeps."""
    return platformdirs.user_data_path("pkqsp_bayes") / "studies"


def download(name: str, wanted: Download) -> Path:
    """Return the study table, downloading the file where it is not yet.

    Parameters
    ----------
    name : str
        Folder below `download_folder`.
    wanted : Download
        What to get.

    Returns
    -------
    Path
        ``study.csv``, made anew from the file, whose hash is checked even if it was there.

    Raises
    ------
    ToolchainError
        If the file cannot be reached, is not the one that was expected, or cannot be kept.
    """
    folder = download_folder() / name
    with _explained(name, wanted, folder):
        rda = _fetch(wanted, folder)
        table = wanted.convert(_read(rda, wanted.table))
        with unfinished(folder / "study.csv") as part:
            table.to_csv(part, index=False)
        return folder / "study.csv"


def _fetch(wanted: Download, folder: Path) -> Path:
    import pooch  # with requests: half a second that only downloads need

    pooch.get_logger().setLevel(logging.WARNING)
    file = pooch.retrieve(
        wanted.url,
        known_hash=f"sha256:{wanted.sha256}",
        fname=f"{wanted.table}.rda",
        path=folder,
        downloader=pooch.HTTPDownloader(timeout=_SECONDS),
    )
    return Path(file)


def _read(rda: Path, table: str) -> pd.DataFrame:
    import rdata  # it brings xarray

    frame = rdata.read_rda(rda, default_encoding="utf-8")[table]
    return pd.DataFrame(frame).reset_index(drop=True)


@contextlib.contextmanager
def _explained(name: str, wanted: Download, folder: Path) -> Iterator[None]:
    """Turn what network, file system and reader say into what the user can do."""
    by_hand = (
        f"save {wanted.url} as {folder / wanted.table}.rda where a browser reaches it, or set "
        f"PKQSP_DATA to a folder that holds {name}/study.csv"
    )
    try:
        yield
    except ValueError as error:
        if "hash" not in str(error):
            raise
        what = f"what {wanted.url} sent is not the file that was expected: its SHA-256 differs"
        raise ToolchainError(what, by_hand) from error
    except OSError as error:  # requests' errors are OSErrors too
        what = f"the study {name!r} cannot be downloaded: {error.strerror or error}"
        raise ToolchainError(what, by_hand) from error
