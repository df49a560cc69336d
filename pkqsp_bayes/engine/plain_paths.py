"""Compilation in folders whose names ``make`` and linkers misread: blanks, quotes, commas.

The program is compiled in a folder with a plain name and then moved to its place. It finds its
shared libraries in its own folder.
"""

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pkqsp_bayes.errors import ToolchainError

__all__ = ["copy_libraries", "is_plain", "make_plain_link", "use_plain_folder"]

_PLAIN = re.compile(r"[A-Za-z0-9_./+-]*")
_PLACES = ("/tmp", "/var/tmp")  # noqa: S108 - where the usual one has an odd name


def is_plain(path: Path) -> bool:
    """Return whether make, the shell and the linker read a path literally.

    Examples
    --------
    >>> is_plain(Path("/home/me/.cache")), is_plain(Path("/home/me/my models"))
    (True, False)
    """
    return _PLAIN.fullmatch(str(path)) is not None


@contextlib.contextmanager
def use_plain_folder(folder: Path) -> Iterator[Path]:
    """Yield a folder with a plain name to compile in; the results are moved to the given folder.

    Parameters
    ----------
    folder : Path
        Destination of the results.

    Raises
    ------
    ToolchainError
        If the temporary folders have unsuitable names, too.
    """
    if is_plain(folder):
        yield folder
        return
    work = Path(tempfile.mkdtemp(prefix="pkqsp_", dir=_plain_place()))
    try:
        yield work
        for made in work.iterdir():
            if made.is_file() and not made.is_symlink():
                shutil.copy2(made, folder / made.name)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _plain_place() -> str:
    for place in (tempfile.gettempdir(), *_PLACES):
        if is_plain(Path(place)) and os.access(place, os.W_OK | os.X_OK):
            return place
    what = f"make cannot work in {tempfile.gettempdir()!r}: its name has special characters"
    raise ToolchainError(what, "set TMPDIR to a folder whose name has only letters and digits")


def make_plain_link(target: Path, work: Path) -> Path:
    """Return a path to a folder that make reads literally: its own, or a link in a plain folder."""
    if is_plain(target):
        return target
    if is_plain(work) and work.name.startswith("pkqsp_"):
        link = work / "linked"
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        return link
    what = f"make cannot use {target}: its name has special characters"
    raise ToolchainError(what, "install the package in a folder whose name has no blanks or quotes")


def copy_libraries(stan: Path, folder: Path) -> dict[str, str]:
    """Copy Stan's shared libraries next to a program; return the make variables that select them.

    Parameters
    ----------
    stan : Path
        Directory of Stan.
    folder : Path
        Folder of the program.
    """
    for library in stan.glob("lib/*tbb*"):
        if library.is_file():
            shutil.copy2(library, folder / library.name)
    own = os.environ.get("LDLIBS", "")
    return {"CURDIR": ".", "LDLIBS": f"{own} -Wl,-rpath,'$$ORIGIN'".strip()}
