"""Where the hand-written Stan and C++ sources are: in the wheel, or in the checkout."""

import functools
import hashlib
from collections.abc import Iterable
from pathlib import Path

import pkqsp_bayes
from pkqsp_bayes.errors import ToolchainError

__all__ = ["digest_files", "stan_folder"]


@functools.cache
def stan_folder() -> Path:
    """Return the tree ``stan/`` (``cpp``, ``functions``, ``programs``).

    Raises
    ------
    ToolchainError
        If the package was installed without it.

    Examples
    --------
    >>> (stan_folder() / "cpp").is_dir()
    True
    """
    package = Path(pkqsp_bayes.__file__).parent
    for candidate in (package / "_stan", package.parent / "stan"):
        if (candidate / "cpp").is_dir():
            return candidate
    what = f"the package in {package} came without its C++ sources"
    raise ToolchainError(what, "install pkqsp_bayes again, from a wheel or a full checkout")


def digest_files(folders: Iterable[Path]) -> str:
    """Return a hash of names and contents of all files below some folders.

    Examples
    --------
    >>> len(digest_files([stan_folder() / "cpp"]))
    64
    """
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            digest.update(str(path.relative_to(folder)).encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
