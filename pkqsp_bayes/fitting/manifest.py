"""The account of a fit on disk: what it is a fit of, and which chains are done.

It is written anew, whole, after each chain, so that whatever dies, the next start knows what is
there. A fit is resumed only if everything that its draws depend on is the same.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.fitting.files import write_text
from pkqsp_bayes.fitting.settings import FitSettings
from pkqsp_bayes.program.bind import BoundModel

__all__ = ["Manifest", "begin_manifest", "changes", "read_manifest", "write_manifest"]

_FILE = "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a folder holds.

    Parameters
    ----------
    program, data : str
        Hashes of the program (with its header) and of the data.
    settings : mapping
        The `FitSettings`.
    chains : mapping of str to str
        Number of each finished chain to the name of its file.
    """

    program: str
    data: str
    settings: Mapping[str, Any]
    chains: Mapping[str, str] = field(default_factory=dict)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def begin_manifest(bound: BoundModel, settings: FitSettings) -> Manifest:
    """Return the manifest of a fit that has no chain yet."""
    return Manifest(
        program=_digest(bound.program + "\0" + (bound.header or "")),
        data=_digest(json.dumps(bound.plain_data(), sort_keys=True)),
        settings=dataclasses.asdict(settings),
    )


def changes(old: Manifest, new: Manifest) -> list[str]:
    """Return in words what draws depend on, and differs between two fits.

    Parameters
    ----------
    old, new : Manifest
        What is on disk, and what was asked for.

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
        if old.settings.get(name) != value:
            found.append(f"{name} = {value} (it was {old.settings.get(name)})")
    return found


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of a folder, or None if it holds no fit.

    Raises
    ------
    CheckError
        If it cannot be read.
    """
    path = folder / _FILE
    if not path.exists():
        return None
    try:
        return Manifest(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        what, remedy = f"it cannot be read: {error}", "use another folder"
        raise CheckError([Issue(where=str(path), what=what, remedy=remedy)]) from None


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest, whole or not at all."""
    write_text(folder / _FILE, json.dumps(dataclasses.asdict(manifest), indent=1) + "\n")
