"""Detection of the C++ compiler and of make, with advice on their installation."""

import functools
import os
import platform
import shutil
import subprocess
from dataclasses import dataclass

from pkqsp_bayes.errors import ToolchainError

__all__ = ["Compiler", "find_compiler", "find_make"]

_INSTALL = {
    "Linux": "Debian and Ubuntu: apt install g++ make; Fedora: dnf install gcc-c++ make; "
    "conda: conda install gxx make",
    "Darwin": "xcode-select --install",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """A C++ compiler: its command, and the version and target that it reports."""

    command: str
    version: str
    target: str


def install_hint() -> str:
    """Return advice on how to install a compiler and make on this system."""
    default = "install a C++17 compiler and GNU make"
    return _INSTALL.get(platform.system(), default)


def find_compiler() -> Compiler:
    """Return ``$CXX``, or the first of g++, clang++, c++ on the path.

    Raises
    ------
    ToolchainError
        If there is no compiler, or if it does not run.

    Examples
    --------
    >>> bool(find_compiler().version)
    True
    """
    named = os.environ.get("CXX", "").strip()
    for command in (named,) if named else ("g++", "clang++", "c++"):
        if shutil.which(command.split()[0]):
            return _describe(command)
    what = f"the compiler {named!r} of $CXX was not found" if named else "no C++ compiler was found"
    raise ToolchainError(what, install_hint())


@functools.lru_cache(maxsize=8)
def _describe(command: str) -> Compiler:
    try:
        version = _ask([*command.split(), "--version"]).splitlines()[0]
        target = _ask([*command.split(), "-dumpmachine"]).strip()
    except (OSError, subprocess.SubprocessError, IndexError) as error:
        what = f"the compiler {command!r} does not run: {error}"
        raise ToolchainError(what, install_hint()) from error
    return Compiler(command=command, version=version, target=target)


def _ask(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout


def find_make() -> str:
    """Return the command of GNU make: ``$MAKE`` (which cmdstanpy uses, too), or else make.

    Raises
    ------
    ToolchainError
        If it was not found.
    """
    command = os.environ.get("MAKE") or "make"
    if shutil.which(command) is None:
        raise ToolchainError(f"{command} was not found", install_hint())
    return command
