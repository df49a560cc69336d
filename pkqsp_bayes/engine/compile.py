"""Stan programs to executables, cached by the content of all that goes into them."""

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path

import cmdstanpy
from cmdstanpy.compilation import compile_stan_file

from pkqsp_bayes.assets import digest_files, stan_folder
from pkqsp_bayes.engine.cache import build_once
from pkqsp_bayes.engine.toolchain import find_stan
from pkqsp_bayes.errors import ToolchainError

__all__ = ["compile_program", "load_program"]

_LOGGER = logging.getLogger(__name__)
_KIND = "program"


def compile_program(
    code: str,
    *,
    user_header: str | None = None,
    name: str = "model",
    stanc_options: Mapping[str, str | bool] | None = None,
    cpp_options: Mapping[str, str | bool] | None = None,
) -> Path:
    """Compile a Stan program, or return the executable that was made of the same before.

    Parameters
    ----------
    code : str
        The Stan program.
    user_header : str, optional
        Text of a C++ header with the external functions; it may include headers below
        ``stan/cpp`` of this package as ``"kernel/..."``.
    name : str
        Name of the model, which the executable gets too.
    stanc_options, cpp_options : mapping, optional
        As cmdstanpy takes them.

    Returns
    -------
    Path
        The executable. The program's text lies beside it.

    Raises
    ------
    ToolchainError
        With what stanc or the C++ compiler said.
    """
    stan = find_stan()
    stanc, cpp = dict(stanc_options or {}), dict(cpp_options or {})
    options = repr((sorted(stanc.items()), sorted(cpp.items())))
    key = _key(stan.key, code, user_header, name, options)

    def build(folder: Path) -> None:
        source = folder / f"{name}.stan"
        source.write_text(code)
        header = _write_header(folder, user_header)
        if header is not None:
            cpp.setdefault("CPPFLAGS", f"-I{stan_folder() / 'cpp'}")
        _compile(source, header, stanc, cpp)

    folder = build_once(_KIND, key, build, is_whole=lambda f: _is_whole(f / name))
    return folder / name


def load_program(
    code: str, *, user_header: str | None = None, name: str = "model"
) -> cmdstanpy.CmdStanModel:
    """Compile a Stan program and return cmdstanpy's model of it.

    Parameters
    ----------
    code, user_header, name : str
        As in `compile_program`.

    Raises
    ------
    ToolchainError
        With what stanc or the C++ compiler said.
    """
    executable = compile_program(code, user_header=user_header, name=name)
    return cmdstanpy.CmdStanModel(
        exe_file=str(executable), stan_file=str(executable.with_suffix(".stan"))
    )


def _key(toolchain: str, code: str, header: str | None, name: str, options: str) -> str:
    """Hash what goes in; a header can include the kernel, so that counts with it."""
    kernel = digest_files([stan_folder() / "cpp" / "kernel"]) if header is not None else ""
    parts = (toolchain, code, header or "", kernel, name, options)
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part.encode()).digest())
    return digest.hexdigest()[:24]


def _is_whole(executable: Path) -> bool:
    return executable.is_file() and executable.stat().st_size > 0


def _write_header(folder: Path, text: str | None) -> Path | None:
    if text is None:
        return None
    path = folder / "user_header.hpp"
    path.write_text(text)
    return path


def _compile(
    source: Path, header: Path | None, stanc: dict[str, str | bool], cpp: dict[str, str | bool]
) -> None:
    _LOGGER.info("compiling the Stan program %s", source.stem)
    try:
        compile_stan_file(str(source), stanc_options=stanc, cpp_options=cpp, user_header=header)
    except ValueError as error:
        raise _explain(str(error)) from None
    for suffix in (".hpp", ".o", ".d"):
        source.with_suffix(suffix).unlink(missing_ok=True)


def _explain(message: str) -> ToolchainError:
    if "No space left" in message:
        remedy = "free some space on the disk of the cache or of TMPDIR, or set PKQSP_CACHE"
        return ToolchainError("the disk is full: the program was not compiled", remedy)
    console = message.partition("Console:\n")[2] or message
    return ToolchainError(f"the Stan program could not be compiled\n{console.strip()}")
