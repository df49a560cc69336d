"""Read CSV files that Stan's sampler wrote: settings, draws and timings of each chain.

Part of the programs `stansummary` and `diagnose`, which run by themselves beside a laid-out Stan,
so nothing of pkqsp_bayes is imported here.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["Chain", "CsvError", "read_chains", "readable_name"]

_TIMING = re.compile(r"([\d.]+) seconds \((Warm-up|Sampling|Total)\)")


class CsvError(ValueError):
    """A file that is not a Stan CSV file of the sampler, or not like the first one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """One file: settings from its comments, column names, draws after warm-up, seconds."""

    path: Path
    settings: dict[str, str]
    columns: list[str]
    draws: NDArray[np.float64]
    seconds: dict[str, float]


def readable_name(column: str) -> str:
    """Return a column's name as in the Stan program.

    Examples
    --------
    >>> readable_name("theta.1.2"), readable_name("pair:2.1"), readable_name("lp__")
    ('theta[1,2]', 'pair.2[1]', 'lp__')
    """
    parts = [part.partition(".") for part in column.split(":")]
    return ".".join(
        f"{name}[{indices.replace('.', ',')}]" if dot else name for name, dot, indices in parts
    )


def read_chains(paths: list[str]) -> list[Chain]:
    """Return the chains in some files of the same program and of one length.

    Raises
    ------
    CsvError
        If a file cannot be read, is not a Stan CSV file, or does not go with the first one.
    """
    chains = [_read_chain(Path(path)) for path in paths]
    for chain in chains[1:]:
        if chain.columns != chains[0].columns:
            raise CsvError(f"{chain.path}: other columns than {chains[0].path}")
    shortest = min(len(chain.draws) for chain in chains)
    if shortest == 0:
        raise CsvError("there are no draws after warm-up in these files")
    if any(len(chain.draws) != shortest for chain in chains):
        raise CsvError("the files hold different numbers of draws: is one of them incomplete?")
    return chains


def _read_chain(path: Path) -> Chain:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise CsvError(f"cannot read {path}: {error.strerror}") from error
    comments = [line.lstrip("# ").strip() for line in lines if line.startswith("#")]
    rows = [line for line in lines if line and not line.startswith("#")]
    pairs = [line.partition(" = ") for line in comments if " = " in line]
    settings = {key: value.replace("(Default)", "").strip() for key, _, value in pairs}
    if not rows or "stan_version_major" not in settings:
        raise CsvError(f"{path} is not a Stan CSV file")
    matches = [match for line in comments for match in _TIMING.findall(line)]
    return Chain(
        path=path,
        settings=settings,
        columns=rows[0].split(","),
        draws=_numbers(path, rows)[_warmup_rows(settings) :],
        seconds={phase: float(seconds) for seconds, phase in matches},
    )


def _numbers(path: Path, rows: list[str]) -> NDArray[np.float64]:
    width = rows[0].count(",")
    if any(row.count(",") != width for row in rows):
        raise CsvError(f"{path}: rows of different lengths; was the sampler interrupted?")
    if len(rows) == 1:
        return np.empty((0, width + 1))
    try:
        return np.loadtxt(rows[1:], delimiter=",", ndmin=2)
    except ValueError as error:
        raise CsvError(f"{path}: {error}") from error


def _warmup_rows(settings: dict[str, str]) -> int:
    if settings.get("save_warmup") not in {"1", "true"} or settings["algorithm"] == "fixed_param":
        return 0
    return -(-int(settings["num_warmup"]) // int(settings["thin"]))
