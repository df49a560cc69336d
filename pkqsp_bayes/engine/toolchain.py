"""Stan for stock cmdstanpy: an official CmdStan, or a directory of its shape around a wheel.

The PyPI wheel ``httpstan`` carries Stan's headers, libraries and compiler, but no command line.
Here its files are laid out in the user's cache as cmdstanpy expects them, with our own driver
(``stan/cpp/driver``), so that Stan can be had where only PyPI is reached. What has to be compiled
of it is compiled when it is first wanted: see `complete`.
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
from pkqsp_bayes.engine.cache import build_once, cache_folder
from pkqsp_bayes.engine.compiler import Compiler, find_compiler, find_make, install_hint
from pkqsp_bayes.engine.locks import hold_lock
from pkqsp_bayes.errors import ToolchainError

__all__ = [
    "Methods",
    "Stan",
    "complete",
    "drop_damaged",
    "explain_failure",
    "find_stan",
    "locate_stan",
]

Methods = Literal["all", "sampling"]
"""What a program can do: all that Stan can, or sampling and what goes with it."""

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
    "no CmdStan, and the package httpstan, which carries Stan, is not installed "
    f"(Python {sys.version_info.major}.{sys.version_info.minor}, {sys.platform})"
)
_GET_CMDSTAN = (
    "pip install httpstan (there are wheels for Python 3.12 and 3.13 on Linux x86-64 and macOS); "
    "elsewhere install CmdStan with `python -m cmdstanpy.install_cmdstan`, or unpack a release "
    "and set CMDSTAN to its folder"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stan:
    """A directory that cmdstanpy takes as CmdStan.

    Parameters
    ----------
    path : Path
        The directory.
    version : str
        Stan's version.
    source : {"cmdstan", "httpstan"}
        An official CmdStan, or one laid out here from the wheel.
    found_by : str
        What pointed to it.
    key : str
        Names its content, for the compile cache.
    """

    path: Path
    version: str
    source: Literal["cmdstan", "httpstan"]
    found_by: str
    key: str

    @property
    def ready(self) -> bool:
        """Whether its driver is compiled: if not, the first program takes longer than others."""
        return self.has("sampling")

    def has(self, methods: Methods) -> bool:
        """Whether the driver's methods are compiled; an official CmdStan has all."""
        if self.source == "cmdstan":
            return True
        needed = ("sampling.o", "methods.o") if methods == "all" else ("sampling.o",)
        return all((self.path / "build" / "driver" / name).is_file() for name in needed)


def find_stan() -> Stan:
    """Return a Stan that cmdstanpy can use, laid out if need be, and tell cmdstanpy of it.

    An official CmdStan comes first: ``$CMDSTAN``, then cmdstanpy's default place. Laying one out
    takes seconds, once for each version of Stan, compiler and driver. The first program takes a
    minute more than others, for the driver is compiled beside it.

    Returns
    -------
    Stan
        After the call stock cmdstanpy uses it in this process.

    Raises
    ------
    ToolchainError
        With what is missing and how to get it.
    """
    stan = locate_stan()
    if stan.source == "httpstan":
        build_once(_KIND, stan.path.name, _lay_out, is_whole=_is_whole)
    cmdstanpy.set_cmdstan_path(str(stan.path))
    # The tools beside stanc are Python: they shall run with this interpreter and its packages.
    os.environ["PKQSP_PYTHON"] = sys.executable
    return stan


@contextlib.contextmanager
def complete(stan: Stan, methods: Methods, *, plain: bool) -> Iterator[bool]:
    """While a program is compiled: let it have the driver compiled too, once.

    ``make`` compiles what a program needs of the driver, on the other processor, and for the second
    program the precompiled header. Of the many that may ask for a program at once, one shall do
    so: the others wait until what they need is there, and for the header not at all.

    Parameters
    ----------
    stan : Stan
        Laid out.
    methods : {"all", "sampling"}
        What the program shall be linked with.
    plain : bool
        Whether the program is compiled with the usual flags, hence has use for the header.

    Yields
    ------
    bool
        Whether the program may have the header made: nobody else is at it.
    """
    lock = stan.path.with_name(f".{stan.path.name}.driver.lock")
    if not _lacks(stan, methods, plain=plain):
        yield True
        return
    with hold_lock(lock, stan.path, until=lambda: stan.has(methods)) as held:
        if held:
            _sweep(stan.path)
        lacks = _lacks(stan, methods, plain=plain)
        if held and lacks:
            _LOGGER.warning("compiling %s: once, a minute or two", lacks)
        yield held


def _lacks(stan: Stan, methods: Methods, *, plain: bool) -> str:
    """Return the part of the toolchain that will be compiled with a program, if there is one."""
    if not stan.has("sampling"):
        return "Stan's driver beside the program"
    if not stan.has(methods):
        return "Stan's methods other than sampling"
    return "Stan's headers" if plain and not _has_header(stan) else ""


def _sweep(folder: Path) -> None:
    """Take away what a killed make has left; the lock is held."""
    for pattern in ("build/driver/*.o.*", "pch/*/stan/model/*.gch.*"):
        for left in folder.glob(pattern):
            left.unlink(missing_ok=True)


def drop_damaged(stan: Stan, said: str) -> bool:
    """Take away the compiled driver if the linker says that it is damaged; return whether it was.

    Parameters
    ----------
    stan : Stan
        Laid out here: an official CmdStan is left alone.
    said : str
        What ``make`` printed.
    """
    found = _DAMAGED.search(said)
    if stan.source == "cmdstan" or found is None:
        return False
    _LOGGER.warning("%s is damaged (%s): it is built anew", stan.path / found[1], found[2])
    for made in stan.path.glob("build/driver/*.o"):
        made.unlink(missing_ok=True)
    return True


def _has_header(stan: Stan) -> bool:
    """Whether the header is precompiled; an official CmdStan sees to that itself."""
    made = stan.path.glob("pch/*/stan/model/model_header.hpp.gch")
    return stan.source == "cmdstan" or any(made)


def locate_stan() -> Stan:
    """Return the Stan that `find_stan` would use, without building anything.

    Raises
    ------
    ToolchainError
        With what is missing and how to get it.
    """
    return _from_environment() or _from_default_place() or _from_wheel()


def _from_environment() -> Stan | None:
    text = os.environ.get("CMDSTAN", "")
    if not text or (Path(text) / _MARK).is_file() or _is_ours(Path(text)):
        return None  # what we told cmdstanpy ourselves is no choice of the user's
    return _official(Path(text), "$CMDSTAN")


def _is_ours(path: Path) -> bool:
    """Whether a path names an entry of our cache, even one that has been cleared away."""
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
        what = f"{found_by} names {path}, but no CmdStan is there"
        raise ToolchainError(what, "set CMDSTAN to the folder of a CmdStan release, or unset it")
    text = makefile.read_text(errors="replace")
    match = re.search(r"CMDSTAN_VERSION := (\d+)\.(\d+)\.(\d+)", text)
    if match is None:
        raise ToolchainError(f"the makefile of {path} states no version", "install CmdStan again")
    version = ".".join(match.groups())
    if (int(match[1]), int(match[2])) < _OLDEST:
        needed = ".".join(map(str, _OLDEST))
        what = f"CmdStan {version} of {found_by} is too old: at least {needed} is needed"
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
        raise ToolchainError(f"httpstan in {folder} came without Stan's files", _GET_CMDSTAN)
    return folder


def _stan_version(wheel: Path) -> str:
    text = (wheel / "include" / "stan" / "version.hpp").read_text()
    found = dict(re.findall(r"#define STAN_(MAJOR|MINOR|PATCH) (\d+)", text))
    return ".".join(found[part] for part in ("MAJOR", "MINOR", "PATCH"))


def _layout_key() -> str:
    """Name everything that goes into the directory: wheel, compiler, driver and makefile."""
    compiler = find_compiler()
    record = _shipped_files(importlib.metadata.distribution("httpstan").read_text("RECORD") or "")
    sources = digest_files([stan_folder() / "cpp" / "driver", stan_folder() / "cpp" / "cmdstan"])
    flags = os.environ.get("CXXFLAGS", "")
    return _digest(record, compiler.version, compiler.target, compiler.command, sources, flags)


def _shipped_files(record: str) -> str:
    """Leave out what the installer adds (byte code, notes): it differs between environments."""
    lines = record.splitlines()
    return "\n".join(ln for ln in lines if ln.startswith("httpstan/") and ".pyc," not in ln)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def _is_whole(folder: Path) -> bool:
    """Whether the directory was finished: the mark is written last, with the size of each part."""
    try:
        parts = json.loads((folder / _MARK).read_text())["parts"]
        return all((folder / name).stat().st_size == size for name, size in parts.items())
    except (OSError, ValueError, KeyError):
        return False


def _lay_out(folder: Path) -> None:
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
        what = f"{free / 1e6:.0f} MB are free on the disk of {cache_folder()}"
        remedy = f"{_BYTES_NEEDED / 1e6:.0f} MB are needed: free some, or set PKQSP_CACHE"
        raise ToolchainError(what, remedy)


def _copy_wheel(wheel: Path, folder: Path) -> None:
    """Link the wheel's files, so that they stay when its environment goes; copy across disks."""
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
    # A make that started us has its own say in the environment; this one is none of its children.
    own = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    done = subprocess.run(
        [find_make(), target], cwd=folder, env=own, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise explain_failure(done.stdout + done.stderr, f"Stan's {target}", install_hint())


def explain_failure(output: str, what: str, remedy: str = "") -> ToolchainError:
    """Return the error for what ``make`` printed when it could not compile something.

    Parameters
    ----------
    output : str
        What it printed.
    what : str
        What was to be compiled.
    remedy : str
        What to do, where neither the disk nor the memory was too small.
    """
    if "No space left" in output:
        remedy = "free some space on the disk of the cache or of TMPDIR, or set PKQSP_CACHE"
        return ToolchainError(f"the disk is full: {what} was not compiled", remedy)
    if "Killed" in output or "out of memory" in output:
        remedy = (
            "a compiler needs up to 2 GB: close other programs, or set PKQSP_JOBS=1, for one only"
        )
        return ToolchainError(f"no memory left to compile {what}", remedy)
    return ToolchainError(f"{what} could not be compiled\n{output.strip()}", remedy)


def _write_mark(folder: Path, compiler: Compiler) -> None:
    sizes = {name: (folder / name).stat().st_size for name in _parts(folder)}
    record = {"compiler": compiler.version, "target": compiler.target, "parts": sizes}
    (folder / _MARK).write_text(json.dumps(record, indent=1) + "\n")


def _parts(folder: Path) -> Iterator[str]:
    yield from ("makefile", "bin/stanc", "bin/stansummary", "bin/diagnose")
    yield from (str(p.relative_to(folder)) for p in folder.glob("lib/*") if p.is_file())
