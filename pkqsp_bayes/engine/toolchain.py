"""Stan for unmodified cmdstanpy: an official CmdStan, or a CmdStan-like directory from a wheel.

The PyPI wheel ``httpstan`` contains Stan's headers, libraries and compiler, but no command line.
This module assembles its files in the user's cache as cmdstanpy expects them, with the driver of
this package (``stan/cpp/driver``). So Stan is available where only PyPI can be reached. The parts
that need compilation are compiled when they are first needed: see `compile_driver_parts`.
"""

import contextlib
import hashlib
import importlib.metadata
import json
import logging
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cmdstanpy

from pkqsp_bayes.assets import digest_files, stan_folder
from pkqsp_bayes.cached_text import cache_folder
from pkqsp_bayes.engine.cache import build_once
from pkqsp_bayes.engine.compiler import Compiler, find_compiler, find_make, install_hint
from pkqsp_bayes.engine.locks import hold_lock
from pkqsp_bayes.errors import ToolchainError

__all__ = [
    "Methods",
    "Stan",
    "compile_driver_parts",
    "explain_failure",
    "find_stan",
    "locate_stan",
    "remove_damaged_driver",
]

Methods = Literal["all", "sampling"]
"""Capabilities of a program: all of Stan's methods, or sampling with its companions."""

_LOGGER = logging.getLogger(__name__)
_KIND = "stan"
_BYTECODE = shutil.ignore_patterns("__pycache__")
_MARK = "pkqsp_bayes.json"
_OLDEST = (2, 35)
_DAMAGED = re.compile(
    r"(build/driver/\w+\.o)[^\n]*?((?:file )?(?:not recogni[sz]ed|truncated|in wrong format)"
    r"|unknown file type|malformed[^\n]*|empty file)",
    re.IGNORECASE,
)
_BYTES_NEEDED = 1_200_000_000
_NO_WHEEL = (
    "there is no CmdStan, and the package httpstan, which contains Stan, is not installed "
    f"(Python {sys.version_info.major}.{sys.version_info.minor}, {sys.platform})"
)
_GET_CMDSTAN = (
    "pip install httpstan (for Python 3.12 and 3.13 there are wheels for Linux x86-64, and for "
    "macOS 14 or newer on Apple silicon); "
    "on other systems install CmdStan with `python -m cmdstanpy.install_cmdstan`, or "
    "unpack a release and set CMDSTAN to its folder"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stan:
    """A directory that cmdstanpy accepts as CmdStan.

    Parameters
    ----------
    path : Path
        The directory.
    version : str
        Stan's version.
    source : {"cmdstan", "httpstan"}
        An official CmdStan, or one that was assembled from the wheel.
    found_by : str
        The setting or folder that named it.
    key : str
        Identifier of its content, for the compile cache.
    """

    path: Path
    version: str
    source: Literal["cmdstan", "httpstan"]
    found_by: str
    key: str

    @property
    def ready(self) -> bool:
        """Whether its driver is compiled; if not, the first program takes longer than others."""
        return self.has("sampling")

    def has(self, methods: Methods) -> bool:
        """Return whether the driver's methods are compiled; an official CmdStan has all of them."""
        if self.source == "cmdstan":
            return True
        needed = ("sampling.o", "methods.o") if methods == "all" else ("sampling.o",)
        return all((self.path / "build" / "driver" / name).is_file() for name in needed)


def find_stan() -> Stan:
    """Return a Stan for cmdstanpy, assembled if necessary, and point cmdstanpy to it.

    An official CmdStan is preferred: ``$CMDSTAN``, then cmdstanpy's default folder. Assembling a
    directory takes seconds, once per version of Stan, compiler and driver. The first program takes
    a minute longer than others because the driver is compiled at the same time.

    Returns
    -------
    Stan
        After the call, cmdstanpy uses it in this process.

    Raises
    ------
    ToolchainError
        With the missing part and how to install it.
    """
    stan = locate_stan()
    if stan.source == "httpstan":
        build_once(_KIND, stan.path.name, _assemble, is_complete=_is_complete)
    cmdstanpy.set_cmdstan_path(str(stan.path))
    # The tools next to stanc are Python scripts, which need this interpreter and its packages.
    os.environ["PKQSP_PYTHON"] = sys.executable
    return stan


@contextlib.contextmanager
def compile_driver_parts(stan: Stan, methods: Methods, *, plain: bool) -> Iterator[bool]:
    """Let the compilation of a program include the missing parts of the driver, once.

    While ``make`` compiles a program it compiles the parts of the driver that the program needs, on
    the other processor; with the second program it compiles the precompiled header. If several
    processes compile programs at once, one compiles these parts. The others wait for the parts that
    they need, but never for the header.

    Parameters
    ----------
    stan : Stan
        An assembled directory.
    methods : {"all", "sampling"}
        Methods that the program will be linked with.
    plain : bool
        Whether the program is compiled with the default flags, which the header requires.

    Yields
    ------
    bool
        Whether this process may compile the header: no other process is compiling it.
    """
    lock = stan.path.with_name(f".{stan.path.name}.driver.lock")
    if not _name_missing_part(stan, methods, plain=plain):
        yield True
        return
    with hold_lock(lock, stan.path, until=lambda: stan.has(methods)) as held:
        if held:
            _remove_leftovers(stan.path)
        lacks = _name_missing_part(stan, methods, plain=plain)
        if held and lacks:
            _LOGGER.warning("compiling %s, once (one or two minutes)", lacks)
        yield held


def _name_missing_part(stan: Stan, methods: Methods, *, plain: bool) -> str:
    """Return the part of the toolchain that will be compiled with a program, or an empty text."""
    if not stan.has("sampling"):
        return "Stan's driver and the program"
    if not stan.has(methods):
        return "Stan's methods other than sampling"
    return "Stan's headers" if plain and not _has_header(stan) else ""


def _remove_leftovers(folder: Path) -> None:
    """Remove what an interrupted make left; the caller holds the lock."""
    for pattern in ("build/driver/*.o.*", "pch/*/stan/model/*.gch.*"):
        for left in folder.glob(pattern):
            left.unlink(missing_ok=True)


def remove_damaged_driver(stan: Stan, output: str) -> bool:
    """Remove the compiled driver if the linker reports that it is damaged; return whether it was.

    Parameters
    ----------
    stan : Stan
        An assembled directory; an official CmdStan is never changed.
    output : str
        Output of ``make``.
    """
    found = _DAMAGED.search(output)
    if stan.source == "cmdstan" or found is None:
        return False
    _LOGGER.warning("%s is damaged (%s): it is built again", stan.path / found[1], found[2])
    for made in stan.path.glob("build/driver/*.o"):
        made.unlink(missing_ok=True)
    return True


def _has_header(stan: Stan) -> bool:
    """Return whether the header is precompiled; an official CmdStan manages this itself."""
    made = stan.path.glob("pch/*/stan/model/model_header.hpp.gch")
    return stan.source == "cmdstan" or any(made)


def locate_stan() -> Stan:
    """Return the Stan that `find_stan` would use, without building anything.

    Raises
    ------
    ToolchainError
        With the missing part and how to install it.
    """
    return _from_environment() or _from_default_place() or _from_wheel()


def _from_environment() -> Stan | None:
    text = os.environ.get("CMDSTAN", "")
    if not text or (Path(text) / _MARK).is_file() or _is_ours(Path(text)):
        return None  # this package set it, not the user
    return _official(Path(text), "$CMDSTAN")


def _is_ours(path: Path) -> bool:
    """Return whether a path is an entry of this cache, even one that has been removed."""
    return path.absolute().parent == (cache_folder() / _KIND).absolute()


def _from_default_place() -> Stan | None:
    folder = Path("~", ".cmdstan").expanduser()
    if not folder.is_dir():
        return None
    newest = cmdstanpy.utils.cmdstan.get_latest_cmdstan(str(folder))
    return _official(folder / newest, "~/.cmdstan") if newest else None


def _official(path: Path, found_by: str) -> Stan:
    makefile = path / "makefile"
    if not makefile.is_file():
        what = f"{found_by} names {path}, but there is no CmdStan in it"
        raise ToolchainError(what, "set CMDSTAN to the folder of a CmdStan release, or unset it")
    text = makefile.read_text(errors="replace")
    match = re.search(r"CMDSTAN_VERSION := (\d+)\.(\d+)\.(\d+)", text)
    if match is None:
        raise ToolchainError(f"the makefile of {path} states no version", "install CmdStan again")
    version = ".".join(match.groups())
    if (int(match[1]), int(match[2])) < _OLDEST:
        needed = ".".join(map(str, _OLDEST))
        what = f"CmdStan {version} of {found_by} is too old: version {needed} or newer is needed"
        raise ToolchainError(what, "update it, or unset CMDSTAN to use the one from httpstan")
    if not any((path / "bin").glob("stanc*")):
        raise ToolchainError(f"CmdStan in {path} is not built", f"run `make build` in {path}")
    key = _digest(str(path.resolve()), version, find_compiler().version)
    return Stan(path=path, version=version, source="cmdstan", found_by=found_by, key=key)


def _from_wheel() -> Stan:
    wheel = _wheel_folder()
    compiler, key = find_compiler(), _layout_key()
    find_make()
    path = cache_folder() / _KIND / f"cmdstan-{_stan_version(wheel)}-{key}"
    return Stan(
        path=path,
        version=_stan_version(wheel),
        source="httpstan",
        found_by=f"httpstan {importlib.metadata.version('httpstan')} and {compiler.command}",
        key=key,
    )


def _wheel_folder() -> Path:
    try:
        distribution = importlib.metadata.distribution("httpstan")
    except importlib.metadata.PackageNotFoundError:
        raise ToolchainError(_NO_WHEEL, _GET_CMDSTAN) from None
    folder = Path(str(distribution.locate_file("httpstan")))
    if not ((folder / "stanc").is_file() and (folder / "include" / "stan").is_dir()):
        raise ToolchainError(f"httpstan in {folder} lacks Stan's files", _GET_CMDSTAN)
    return folder


def _stan_version(wheel: Path) -> str:
    text = (wheel / "include" / "stan" / "version.hpp").read_text()
    found = dict(re.findall(r"#define STAN_(MAJOR|MINOR|PATCH) (\d+)", text))
    return ".".join(found[part] for part in ("MAJOR", "MINOR", "PATCH"))


def _layout_key() -> str:
    """Return a hash of all inputs of the directory: wheel, compiler, driver and makefile."""
    compiler = find_compiler()
    record = _shipped_files(importlib.metadata.distribution("httpstan").read_text("RECORD") or "")
    sources = digest_files([stan_folder() / "cpp" / "driver", stan_folder() / "cpp" / "cmdstan"])
    flags = os.environ.get("CXXFLAGS", "")
    return _digest(record, compiler.version, compiler.target, compiler.command, sources, flags)


def _shipped_files(record: str) -> str:
    """Omit the files that the installer adds: they differ between environments."""
    lines = record.splitlines()
    return "\n".join(ln for ln in lines if ln.startswith("httpstan/") and ".pyc," not in ln)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def _is_complete(folder: Path) -> bool:
    """Return whether the directory is complete: its marker, written last, lists all parts."""
    try:
        parts = json.loads((folder / _MARK).read_text())["parts"]
        return all((folder / name).stat().st_size == size for name, size in parts.items())
    except (OSError, ValueError, KeyError):
        return False


def _assemble(folder: Path) -> None:
    compiler = find_compiler()
    _check_space(folder)
    _copy_wheel(_wheel_folder(), folder)
    _copy_sources(folder)
    (folder / "make").mkdir()
    usual = os.environ.get("CXXFLAGS", "").replace("$", "$$").replace("#", "\\#")
    (folder / "make" / "local").write_text(
        f"CXX := {compiler.command}\nUSUAL_CXXFLAGS := {usual}\n"
    )
    _run_make(folder, "tools")
    _write_mark(folder, compiler)


def _check_space(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < _BYTES_NEEDED:
        what = f"only {free / 1e6:.0f} MB are free on the disk of {cache_folder()}"
        remedy = f"{_BYTES_NEEDED / 1e6:.0f} MB are needed: free some space, or set PKQSP_CACHE"
        raise ToolchainError(what, remedy)


def _copy_wheel(wheel: Path, folder: Path) -> None:
    """Hard-link the wheel's files, so that they outlive its environment; copy between disks."""
    skipped = shutil.ignore_patterns("pybind11", "__pycache__")
    for part in ("include", "lib"):
        shutil.copytree(wheel / part, folder / part, copy_function=_link_or_copy, ignore=skipped)
    (folder / "bin").mkdir()
    _link_or_copy(str(wheel / "stanc"), str(folder / "bin" / "stanc"))


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _copy_sources(folder: Path) -> None:
    cpp = stan_folder() / "cpp"
    shutil.copytree(cpp / "driver", folder / "src" / "driver", ignore=_BYTECODE)
    shutil.copytree(cpp / "cmdstan", folder, dirs_exist_ok=True)


def _run_make(folder: Path, target: str) -> None:
    # A parent make passes settings in the environment, which do not apply to this one.
    own = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    done = subprocess.run(
        [find_make(), target], cwd=folder, env=own, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise explain_failure(done.stdout + done.stderr, f"Stan's {target}", install_hint())


def explain_failure(output: str, what: str, remedy: str = "") -> ToolchainError:
    """Return the error for the output of a failed ``make``.

    Parameters
    ----------
    output : str
        Output of ``make``.
    what : str
        What was compiled.
    remedy : str
        Remedy if neither the disk nor the memory was too small.
    """
    if "No space left" in output:
        remedy = "free some space on the disk of the cache or of TMPDIR, or set PKQSP_CACHE"
        return ToolchainError(f"the disk is full: {what} was not compiled", remedy)
    if "Killed" in output or "out of memory" in output:
        remedy = "a compiler needs up to 2 GB: close other programs, or set PKQSP_JOBS=1"
        return ToolchainError(f"the memory was too small to compile {what}", remedy)
    return ToolchainError(f"{what} could not be compiled\n{output.strip()}", remedy)


def _write_mark(folder: Path, compiler: Compiler) -> None:
    sizes = {name: (folder / name).stat().st_size for name in _parts(folder)}
    record = {"compiler": compiler.version, "target": compiler.target, "parts": sizes}
    (folder / _MARK).write_text(json.dumps(record, indent=1) + "\n")


def _parts(folder: Path) -> Iterator[str]:
    yield from ("makefile", "bin/stanc", "bin/stansummary", "bin/diagnose")
    yield from (str(p.relative_to(folder)) for p in folder.glob("lib/*") if p.is_file())
