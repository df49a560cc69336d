"""Where the bundled studies are: in the wheel, or in the checkout."""

import functools
from pathlib import Path

from pkqsp_bayes.errors import ToolchainError

__all__ = ["data_folder"]


@functools.cache
def data_folder() -> Path:
    """Return the tree ``data/``.

    Raises
    ------
    ToolchainError
        If the package was installed without it.

    Examples
    --------
    >>> (data_folder() / "theophylline" / "study.csv").is_file()
    True
    """
    package = Path(__file__).parents[1]
    for candidate in (package / "_data", package.parent / "data"):
        if (candidate / "theophylline").is_dir():
            return candidate
    what = f"the package in {package} came without its data"
    raise ToolchainError(what, "install pkqsp_bayes again, from a wheel or a full checkout")
