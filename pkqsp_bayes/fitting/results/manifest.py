"""The manifest of a fit on disk: digests of its inputs, its settings and its finished chains.

It is written again atomically after each chain. If the process ends, the next start finds the
finished chains. A fit is resumed only if all inputs that its draws depend on are the same.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.files import read_json
from pkqsp_bayes.fitting.results.metadata import settings_issues
from pkqsp_bayes.fitting.sampling.chain_files import digest_file
from pkqsp_bayes.fitting.sampling.settings import FitSettings
from pkqsp_bayes.outputs import write_text
from pkqsp_bayes.program.bind import BoundModel

__all__ = ["Manifest", "begin_manifest", "changes", "read_manifest", "write_manifest"]

_FILE = "manifest.json"
_WITHOUT_EFFECT = frozenset({"threads_per_chain"})
_MOST = 10_000
_MOST_BYTES = 10_000_000
_REMEDY = "the file is damaged: restore it from a copy, or fit into another folder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Contents of the folder of a fit.

    Parameters
    ----------
    program, data : str
        Digests of the program (with its header) and of the data.
    settings : mapping
        The `FitSettings`.
    chains : mapping of str to str
        File name of each finished chain, by its number.
    digests : mapping of str to str
        SHA-256 of the file of each finished chain, by its number; fits of earlier versions do not
        have it.
    """

    program: str
    data: str
    settings: Mapping[str, Any]
    chains: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """A short digest of program and data."""
        return _digest(self.program + self.data)[:16]

    def with_chain(self, folder: Path, number: int) -> "Manifest":
        """Return the manifest with a finished chain, whose file is in a folder."""
        name = f"chain_{number}.csv"
        return dataclasses.replace(
            self,
            chains={**self.chains, str(number): name},
            digests={**self.digests, str(number): digest_file(folder / name)},
        )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def begin_manifest(bound: BoundModel, settings: FitSettings) -> Manifest:
    """Return the manifest of a fit without finished chains."""
    return Manifest(
        program=_digest(bound.program + "\0" + (bound.header or "")),
        data=_digest(json.dumps(bound.plain_data(), sort_keys=True)),
        settings=dataclasses.asdict(settings),
    )


def changes(old: Manifest, new: Manifest) -> list[str]:
    """Describe the differences between two fits that affect their draws.

    Parameters
    ----------
    old, new : Manifest
        The manifest on disk, and the manifest of the requested fit.

    Examples
    --------
    >>> old = Manifest(program="a", data="b", settings={"chains": 4, "draws": 500})
    >>> new = Manifest(program="a", data="c", settings={"chains": 4, "draws": 1000})
    >>> changes(old, new)
    ['another study or solver tolerance', 'draws = 1000 (it was 500)']
    """
    found = []
    if old.program != new.program:
        found.append("another model, prior, backend or centring")
    if old.data != new.data:
        found.append("another study or solver tolerance")
    for name, value in new.settings.items():
        if name not in _WITHOUT_EFFECT and old.settings.get(name) != value:
            found.append(f"{name} = {value} (it was {old.settings.get(name)})")
    return found


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of a folder, or None if the folder has no fit.

    Raises
    ------
    CheckError
        If it cannot be read, or its contents are not valid.
    """
    path = folder / _FILE
    if not path.exists():
        return None
    found = read_json(path, limit=_MOST_BYTES, remedy=_REMEDY)
    issues = [Issue(where=str(path), what=what, remedy=_REMEDY) for what in _problems(found)]
    if not issues:
        issues = list(settings_issues(found["settings"], str(path), whole=False))
    if issues:
        raise CheckError(issues)
    return Manifest(**found)


def _problems(found: Any) -> Iterator[str]:
    """Yield the errors in a manifest; file names outside the folder are not accepted."""
    if not isinstance(found, dict):
        yield "it is not a table"
        return
    known = {f.name for f in dataclasses.fields(Manifest)}
    yield from (f"it has an unknown entry {str(name)[:40]!r}" for name in found.keys() - known)
    yield from (f"{n} is not a text" for n in ("program", "data") if type(found.get(n)) is not str)
    settings = found.get("settings")
    if not isinstance(settings, dict) or type(settings.get("chains")) is not int:
        yield "its settings are not a table with the number of chains"
        return
    chains, digests = found.get("chains", {}), found.get("digests", {})
    right = {str(k): f"chain_{k}.csv" for k in range(1, min(settings["chains"], _MOST) + 1)}
    if not isinstance(chains, dict) or not chains.items() <= right.items():
        yield "its chains are not those of the fit"
    elif not isinstance(digests, dict) or not digests.keys() <= chains.keys():
        yield "its digests are not those of its chains"
    elif not all(isinstance(text, str) for text in digests.values()):
        yield "its digests are not texts"


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest atomically."""
    write_text(folder / _FILE, json.dumps(dataclasses.asdict(manifest), indent=1) + "\n")
