"""Locations of the files that are not Python, in the wheel or in the checkout."""

import functools
import hashlib
from collections.abc import Iterable
from pathlib import Path

from pkqsp_bayes.errors import ToolchainError

__all__ = ["data_folder", "digest_files", "library_folder", "stan_folder"]


@functools.cache
def stan_folder() -> Path:
    """Return the path of the folder ``stan/`` (``cpp``, ``programs``).

    Raises
    ------
    ToolchainError
        If the installed package lacks the folder.

    Examples
    --------
    >>> (stan_folder() / "cpp").is_dir()
    True
    """
    return _find("_stan", "stan", holds="cpp")


@functools.cache
def data_folder() -> Path:
    """Return the path of the folder ``data/`` with the bundled studies.

    Raises
    ------
    ToolchainError
        If the installed package lacks the folder.

    Examples
    --------
    >>> (data_folder() / "theophylline" / "study.csv").is_file()
    True
    """
    return _find("_data", "data", holds="theophylline")


def library_folder() -> Path:
    """Return the path of the folder of the library models.

    Examples
    --------
    >>> (library_folder() / "theophylline.toml").is_file()
    True
    """
    return Path(__file__).parent / "library"


def _find(packaged: str, checkout: str, *, holds: str) -> Path:
    package = Path(__file__).parent
    for candidate in (package / packaged, package.parent / checkout):
        if (candidate / holds).is_dir():
            return candidate
    what = f"the package in {package} lacks its folder {checkout}"
    raise ToolchainError(what, "install pkqsp_bayes again, from a wheel or a full checkout")


def digest_files(folders: Iterable[Path]) -> str:
    """Return a hash of the names and contents of all files in some folders, except byte code.

    Examples
    --------
    >>> len(digest_files([stan_folder() / "cpp"]))
    64
    """
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix != ".pyc"):
            digest.update(str(path.relative_to(folder)).encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
