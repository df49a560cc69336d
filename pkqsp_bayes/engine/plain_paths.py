"""Folders of any name for ``make`` and linkers, which take blanks, quotes and commas for their own.

What has such a name is compiled under a plain one and put in its place; a program then finds its
libraries beside itself.
"""

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pkqsp_bayes.errors import ToolchainError

__all__ = ["bring_libraries", "is_plain", "plain_folder", "plain_link"]

_PLAIN = re.compile(r"[A-Za-z0-9_./+-]*")
_PLACES = ("/tmp", "/var/tmp")  # noqa: S108 - where the usual one has an odd name


def is_plain(path: Path) -> bool:
    """Whether a path means itself to make, the shell and the linker.

    Examples
    --------
    >>> is_plain(Path("/home/me/.cache")), is_plain(Path("/home/me/my models"))
    (True, False)
    """
    return _PLAIN.fullmatch(str(path)) is not None


@contextlib.contextmanager
def plain_folder(folder: Path) -> Iterator[Path]:
    """Yield a folder with a plain name to compile in; what is made in it ends up in the one given.

    Parameters
    ----------
    folder : Path
        Where results are wanted.

    Raises
    ------
    ToolchainError
        If temporary folders have odd names too.
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
    what = f"make cannot work in {tempfile.gettempdir()!r}, for its name"
    raise ToolchainError(what, "set TMPDIR to a folder whose name has letters and digits only")


def plain_link(target: Path, work: Path) -> Path:
    """Return a path to a folder that means itself: its own, or a link in a plain folder."""
    if is_plain(target):
        return target
    if is_plain(work) and work.name.startswith("pkqsp_"):
        link = work / "linked"
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        return link
    what = f"make cannot use {target}, for its name"
    raise ToolchainError(what, "install the package in a folder whose name has no blanks or quotes")


def bring_libraries(stan: Path, folder: Path) -> dict[str, str]:
    """Put the shared libraries of Stan beside a program; return what tells make to use them.

    Parameters
    ----------
    stan : Path
        The directory of Stan.
    folder : Path
        The program's.
    """
    for library in stan.glob("lib/*tbb*"):
        if library.is_file():
            shutil.copy2(library, folder / library.name)
    own = os.environ.get("LDLIBS", "")
    return {"CURDIR": ".", "LDLIBS": f"{own} -Wl,-rpath,'$$ORIGIN'".strip()}
