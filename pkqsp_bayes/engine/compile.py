"""Compilation of Stan programs to executables, cached by the content of all inputs."""

import hashlib
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path

import cmdstanpy
from cmdstanpy.compilation import compile_stan_file

from pkqsp_bayes.assets import digest_files, stan_folder
from pkqsp_bayes.cached_text import cache_folder
from pkqsp_bayes.engine.cache import build_once
from pkqsp_bayes.engine.cmdstanpy_log import quiet_stan
from pkqsp_bayes.engine.executables import explain_run_failure, is_unchanged, record_checksum
from pkqsp_bayes.engine.plain_paths import (
    copy_libraries,
    is_plain,
    make_plain_link,
    use_plain_folder,
)
from pkqsp_bayes.engine.toolchain import (
    Methods,
    Stan,
    compile_driver_parts,
    explain_failure,
    find_stan,
    remove_damaged_driver,
)
from pkqsp_bayes.errors import ToolchainError

__all__ = ["compile_program", "load_program"]

_LOGGER = logging.getLogger(__name__)
_KIND, _HEADER = "program", "user_header.hpp"
_PART = "-sampling"
"""Suffix of the entries that are linked for sampling only; they keep their object file."""


@quiet_stan()
def compile_program(
    code: str,
    *,
    user_header: str | None = None,
    name: str = "model",
    stanc_options: Mapping[str, str | bool] | None = None,
    cpp_options: Mapping[str, str | bool] | None = None,
    methods: Methods = "all",
) -> Path:
    """Compile a Stan program, or return the executable of an identical earlier compilation.

    Parameters
    ----------
    code : str
        The Stan program.
    user_header : str, optional
        Text of a C++ header with the external functions; it may include headers below
        Text of a C++ header with the external functions; it may include headers below
    name : str
        Name of the model and of the executable.
    stanc_options, cpp_options : mapping, optional
        As for cmdstanpy.
    methods : {"all", "sampling"}
        Required capabilities: "sampling" includes log_prob, generated quantities and the check of
        gradients. On a new machine it saves a minute.

    Returns
    -------
    Path
        The executable. The text of the program is in the same folder.

    Raises
    ------
    ToolchainError
        With the output of stanc or of the C++ compiler.
    """
    stan = find_stan()
    stanc, cpp = dict(stanc_options or {}), dict(cpp_options or {})
    if stan.source == "cmdstan":
        cpp.setdefault("STAN_THREADS", True)  # an assembled Stan always has threads
    options = repr((sorted(stanc.items()), sorted(cpp.items())))
    key = _key(stan.key, code, user_header, name, options)
    entry = _entry(stan, key, methods)
    if entry != key:
        cpp["METHODS"] = "sampling"

    def build(folder: Path) -> None:
        with use_plain_folder(folder) as work:
            _reuse(cache_folder() / _KIND / f"{key}{_PART}", work)
            source = _write_missing(work / f"{name}.stan", code)
            header = None if user_header is None else _write_missing(work / _HEADER, user_header)
            if header is not None:
                cpp.setdefault("CPPFLAGS", f"-I{make_plain_link(stan_folder() / 'cpp', work)}")
            if stan.source == "httpstan" and not is_plain(stan.path):
                cpp.update(copy_libraries(stan.path, folder))
            with compile_driver_parts(stan, methods, plain=not cpp_options) as alone:
                if not alone:
                    cpp["MODELS_PCH"] = ""
                _compile_with_repair(stan, source, header, stanc, cpp)
        _check_executable(folder / name)

    def is_complete(folder: Path) -> bool:
        return is_unchanged(folder / name, run=True)

    folder = build_once(_KIND, entry, build, is_complete=is_complete)
    return folder / name


def _entry(stan: Stan, key: str, methods: Methods) -> str:
    """Return the name of an existing entry, or of the one that the driver can link at once."""
    part, programs = f"{key}{_PART}", cache_folder() / _KIND
    if methods == "all" or (programs / key).is_dir():
        return key
    return part if (programs / part).is_dir() or not stan.has("all") else key


def _reuse(part: Path, folder: Path) -> None:
    """Reuse an entry that was linked for sampling only; make compares the times of files."""
    for path in (p for p in part.glob("*.*") if p.suffix != ".json"):
        shutil.copy2(path, folder / path.name)


@quiet_stan()
def load_program(
    code: str,
    *,
    user_header: str | None = None,
    name: str = "model",
    methods: Methods = "all",
) -> cmdstanpy.CmdStanModel:
    """Compile a Stan program and return the cmdstanpy model.

    Parameters
    ----------
    code, user_header, name, methods : str
        As in `compile_program`.

    Raises
    ------
    ToolchainError
        With the output of stanc or of the C++ compiler.
    """
    executable = compile_program(code, user_header=user_header, name=name, methods=methods)
    return cmdstanpy.CmdStanModel(
        exe_file=str(executable), stan_file=str(executable.with_suffix(".stan"))
    )


def _key(toolchain: str, code: str, header: str | None, name: str, options: str) -> str:
    """Return the hash of all inputs, with the kernel, which a header can include."""
    kernel = digest_files([stan_folder() / "cpp" / "kernel"]) if header is not None else ""
    parts = (toolchain, code, header or "", kernel, name, options)
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part.encode()).digest())
    return digest.hexdigest()[:24]


def _check_executable(executable: Path) -> None:
    """Check that the executable runs, and record its checksum."""
    reason = explain_run_failure(executable)
    if reason:
        what = f"the Stan program was compiled, but {reason}"
        remedy = (
            "if files in the cache may not be executed, set PKQSP_CACHE to another folder; if a "
            "library is missing, run `pkqsp cache --clear` and try again"
        )
        raise ToolchainError(what, remedy)
    record_checksum(executable)


def _write_missing(path: Path, text: str) -> Path:
    """Write a file if it is not there yet: make decides by its time what to compile."""
    if not path.is_file():
        path.write_text(text, encoding="utf-8")
    return path


def _compile_with_repair(
    stan: Stan,
    source: Path,
    header: Path | None,
    stanc: dict[str, str | bool],
    cpp: dict[str, str | bool],
) -> None:
    """Compile; repeat once if the linker reports that Stan's own objects are damaged."""
    try:
        _compile(source, header, stanc, cpp)
    except ToolchainError as error:
        if not remove_damaged_driver(stan, error.what):
            raise
        _compile(source, header, stanc, cpp)


def _compile(
    source: Path, header: Path | None, stanc: dict[str, str | bool], cpp: dict[str, str | bool]
) -> None:
    _LOGGER.info("compiling the Stan program %s", source.stem)
    try:
        compile_stan_file(str(source), stanc_options=stanc, cpp_options=cpp, user_header=header)
    except ValueError as error:
        raise _explain_failure(str(error)) from None
    done_with = (".hpp", ".d") if cpp.get("METHODS") == "sampling" else (".hpp", ".d", ".o")
    for suffix in done_with:
        source.with_suffix(suffix).unlink(missing_ok=True)


def _explain_failure(message: str) -> ToolchainError:
    return explain_failure(message.partition("Console:\n")[2] or message, "the Stan program")
