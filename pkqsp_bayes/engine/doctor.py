"""Report on this machine: what Stan needs, what is missing, and the remedy."""

import importlib.metadata
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cpuinfo
import numpy as np
import psutil

from pkqsp_bayes.cached_text import cache_folder
from pkqsp_bayes.engine.cache import entries, limit_bytes
from pkqsp_bayes.engine.compile import load_program
from pkqsp_bayes.engine.compiler import find_compiler, find_make
from pkqsp_bayes.engine.toolchain import locate_stan
from pkqsp_bayes.errors import ToolchainError
from pkqsp_bayes.processors import count_processors

__all__ = ["Finding", "check_compilation", "examine_machine"]

_PACKAGES = (
    "pkqsp-bayes", "cmdstanpy", "httpstan", "arviz", "numpy", "pandas", "xarray", "sympy"
)  # fmt: skip
_SIMD = ("avx512f", "avx2", "avx", "sse4_2", "asimd")
_LEAST_FREE = 1_000_000_000
_LEAST_MEMORY = 2_000_000_000
_PROBLEM_FREE = "free some space, or set PKQSP_CACHE to a folder on another disk"
_PROGRAM = """
data { int<lower=0> n; vector[n] y; }
parameters { real mu; real<lower=0> sigma; }
model { mu ~ normal(0, 10); sigma ~ exponential(1); y ~ normal(mu, sigma); }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the report: topic, finding and status."""

    topic: str
    value: str
    status: Literal["ok", "warning", "error"] = "ok"
    remedy: str = ""


def examine_machine() -> list[Finding]:
    """Check Stan, compiler, processor, memory, cache and versions, without building anything.

    Returns
    -------
    list of Finding
        One or more per topic; the status ``error`` means that Stan cannot work.

    Examples
    --------
    >>> {"Stan", "compiler", "cache"} <= {f.topic for f in examine_machine()}
    True
    """
    looks: tuple[Callable[[], Iterator[Finding]], ...] = (
        _stan, _compiler, _make, _processor, _memory, _cache, _temporary, _versions
    )  # fmt: skip
    return [finding for look in looks for finding in look()]


def _stan() -> Iterator[Finding]:
    try:
        stan = locate_stan()
    except ToolchainError as error:
        yield Finding(topic="Stan", value=error.what, status="error", remedy=error.remedy)
        return
    kind = "official CmdStan" if stan.source == "cmdstan" else "assembled from httpstan"
    yield Finding(topic="Stan", value=f"{stan.version}, {kind} (found by {stan.found_by})")
    place = str(stan.path) if stan.ready else f"{stan.path} (will be built at the first use)"
    yield Finding(topic="Stan's folder", value=place)


def _compiler() -> Iterator[Finding]:
    try:
        compiler = find_compiler()
    except ToolchainError as error:
        yield Finding(topic="compiler", value=error.what, status="error", remedy=error.remedy)
        return
    yield Finding(topic="compiler", value=f"{compiler.version} ({compiler.target})")


def _make() -> Iterator[Finding]:
    try:
        command = find_make()
    except ToolchainError as error:
        yield Finding(topic="make", value=error.what, status="error", remedy=error.remedy)
        return
    yield Finding(topic="make", value=shutil.which(command) or command)


def _processor() -> Iterator[Finding]:
    info = cpuinfo.get_cpu_info()
    features = [name for name in _SIMD if name in info.get("flags", ())]
    name = info.get("brand_raw", platform.processor() or "unknown")
    yield Finding(topic="processor", value=f"{name}; {', '.join(features) or 'no SIMD known'}")
    yield Finding(topic="cores", value=str(count_processors()))


def _memory() -> Iterator[Finding]:
    memory = psutil.virtual_memory()
    value = f"{memory.available / 1e9:.1f} GB free of {memory.total / 1e9:.1f} GB"
    if memory.available < _LEAST_MEMORY:
        remedy = "compiling a Stan program needs about 2 GB: close other programs"
        yield Finding(topic="memory", value=value, status="warning", remedy=remedy)
    else:
        yield Finding(topic="memory", value=value)


def _cache() -> Iterator[Finding]:
    folder = cache_folder()
    yield _folder_finding("cache", folder)
    try:
        size = sum(entry.size for entry in entries(toolchain=False))
        limit = limit_bytes()
    except (OSError, ToolchainError) as error:
        yield Finding(topic="cache size", value=str(error), status="error")
        return
    value = f"{size / 1e6:.0f} MB of compiled programs, at most {limit / 1e6:.0f} MB"
    yield Finding(topic="cache size", value=value)


def _temporary() -> Iterator[Finding]:
    yield _folder_finding("temporary folder", Path(tempfile.gettempdir()))


def _folder_finding(topic: str, folder: Path) -> Finding:
    """Return whether a folder, or its first existing parent, can be written and has space."""
    there = next(p for p in (folder, *folder.parents) if p.exists())
    free = shutil.disk_usage(there).free
    value = f"{folder}, {free / 1e9:.1f} GB free"
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        what = f"{value}: {there} cannot be written"
        remedy = "set PKQSP_CACHE (or TMPDIR) to a folder that you can write"
        return Finding(topic=topic, value=what, status="error", remedy=remedy)
    if free < _LEAST_FREE:
        return Finding(topic=topic, value=value, status="warning", remedy=_PROBLEM_FREE)
    return Finding(topic=topic, value=value)


def _versions() -> Iterator[Finding]:
    yield Finding(topic="python", value=f"{platform.python_version()} ({sys.executable})")
    yield Finding(topic="system", value=platform.platform())
    for name in _PACKAGES:
        try:
            yield Finding(topic=name, value=importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            # An official CmdStan makes httpstan unnecessary; the topic `Stan` has the result.
            yield Finding(topic=name, value="not installed")


def check_compilation() -> list[Finding]:
    """Compile a small model, sample from it, and compare the result with the known posterior.

    Returns
    -------
    list of Finding
        Run times, and whether the posterior mean is correct; an error if anything failed.
    """
    started = time.perf_counter()
    try:
        model = load_program(_PROGRAM, name="doctor", methods="sampling")
    except ToolchainError as error:
        return [Finding(topic="compile", value=error.what, status="error", remedy=error.remedy)]
    compiled = time.perf_counter()
    found = [Finding(topic="compile", value=f"a small model in {compiled - started:.1f} s")]
    y = np.random.default_rng(1).normal(3.0, 2.0, 200)
    try:
        fit = model.sample(
            data={"n": y.size, "y": y.tolist()}, seed=1, chains=2, show_progress=False
        )
    except RuntimeError as error:
        return [*found, Finding(topic="sample", value=str(error), status="error")]
    seconds = time.perf_counter() - compiled
    wrong = abs(float(fit.stan_variable("mu").mean()) - y.mean()) > 0.03
    value = f"2 x 1000 draws in {seconds:.1f} s, posterior mean {'wrong' if wrong else 'right'}"
    remedy = "run `pkqsp cache --clear` and try again; then report this" if wrong else ""
    found.append(
        Finding(topic="sample", value=value, status="error" if wrong else "ok", remedy=remedy)
    )
    return found
