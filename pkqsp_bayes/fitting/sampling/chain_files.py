"""Checks of files of chains in a folder: whether each belongs to the fit and its number."""

import hashlib
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

from pkqsp_bayes.engine.cmdstanpy_log import quiet_stan
from pkqsp_bayes.errors import Issue
from pkqsp_bayes.fitting.sampling.settings import FitSettings
from pkqsp_bayes.remedies import setting

__all__ = ["ChainIdentity", "chain_issues", "digest_file"]

_MOST_LINES = 1000
_LINE = 1 << 16
_ROW = 1 << 30
_VALUE = re.compile(r"^#\s*([\w.]+) = (.*?)(?: \(Default\))?$")
_REMEDY = f"put the right file in its place, or delete it and resume the fit: {setting('resume')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainIdentity:
    """Properties that the chains of a fit have in common.

    Parameters
    ----------
    key : str
        Digest of program and data. It is part of the name of the file with the initial values,
        which the header contains.
    settings : FitSettings
        Iterations, seed, tuning.
    columns : mapping of str to int
        Required variables, with the number of their columns.
    marked : bool
        Whether the name of that file must contain the key; earlier versions omitted it.
    """

    key: str
    settings: FitSettings
    columns: Mapping[str, int]
    marked: bool = True


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@quiet_stan()
def chain_issues(
    path: Path, number: int, identity: ChainIdentity, digest: str | None
) -> list[Issue]:
    """Return the reasons why a file is not the chain with a number.

    Parameters
    ----------
    path : Path
        The file.
    number : int
        Number of the chain.
    identity : ChainIdentity
        The required properties.
    digest : str or None
        SHA-256 that was recorded when the chain finished; None if it was not recorded.
    """
    try:
        found = list(_errors(path, number, identity, digest))
    except (OSError, ValueError) as error:
        found = [f"it cannot be read: {error}"]
    return [Issue(where=str(path), what=what, remedy=_REMEDY) for what in found]


def _errors(path: Path, number: int, identity: ChainIdentity, digest: str | None) -> Iterator[str]:
    if not stat.S_ISREG(path.stat().st_mode):
        yield "this is not a file"
        return
    with path.open("rb") as file:
        stated, names = _header(file)
        different = list(_differences(stated, number, identity))
        if different:
            yield "its header belongs to another chain: " + "; ".join(different)
            return
        yield from _columns(names, identity.columns)
        yield from _rows(file, len(names), identity.settings.draws)
    if digest is not None and digest_file(path) != digest:
        yield "its content has changed since the chain finished"


def _header(file: BinaryIO) -> tuple[dict[str, str], list[str]]:
    """Return the entries of a header, and the names of the columns."""
    stated: dict[str, str] = {}
    for _ in range(_MOST_LINES):
        start = file.read(1)
        if start != b"#":
            line = (start + file.readline(_ROW)).decode()
            return stated, line.rstrip("\r\n").split(",")
        found = _VALUE.match("#" + file.readline(_LINE).decode().rstrip("\r\n"))
        if found:
            stated.setdefault(found[1], found[2])
    raise ValueError("its header has no end")


def _differences(stated: Mapping[str, str], number: int, identity: ChainIdentity) -> Iterator[str]:
    chosen = identity.settings
    wanted: dict[str, Any] = {
        "model": "model_model", "method": "sample", "id": number, "seed": chosen.seed,
        "num_samples": chosen.draws, "num_warmup": chosen.warmup, "thin": 1,
        "delta": chosen.adapt_delta, "max_depth": chosen.max_treedepth,
    }  # fmt: skip
    for name, value in wanted.items():
        found = stated.get(name, "missing")
        if not _is_same(found, value):
            yield f"{name} = {found[:60]}, not {value}"
    init_files = {f"start_{number}_{identity.key}.json"}
    if not identity.marked:
        init_files.add(f"start_{number}.json")
    if Path(stated.get("init", "")).name not in init_files:
        yield "it belongs to another model or study"


def _is_same(text: str, value: Any) -> bool:
    if isinstance(value, float):  # CmdStan writes six digits
        try:
            return abs(float(text) - value) <= 1e-5 * abs(value)
        except ValueError:
            return False
    return text == str(value)


def _columns(names: list[str], wanted: Mapping[str, int]) -> Iterator[str]:
    """Yield variables with another number of columns than required."""
    counts: dict[str, int] = {}
    for name in names:
        root = name.partition(".")[0]
        counts[root] = counts.get(root, 0) + 1
    for name, count in wanted.items():
        if counts.get(name, 0) != count:
            yield f"it has {counts.get(name, 0)} columns of {name}, not {count}"
    if any(a == b for a, b in pairwise(sorted(names))):
        yield "two columns have the same name"


def _rows(file: BinaryIO, cells: int, draws: int) -> Iterator[str]:
    rows = 0
    for line in file:
        if line.startswith(b"#") or not line.strip():
            continue
        rows += 1
        if line.count(b",") != cells - 1:
            yield f"draw {rows} has {line.count(b',') + 1} values, not {cells}"
            return
    if rows != draws:
        yield f"it has {rows} draws, not {draws}"
