"""The account of a fit on disk: what it is a fit of, and which chains are done.

It is written anew, whole, after each chain, so that whatever dies, the next start knows what is
there. A fit is resumed only if everything that its draws depend on is the same.
"""

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.fitting.settings import FitSettings
from pkqsp_bayes.program.bind import BoundModel

__all__ = ["Manifest", "begin_manifest", "read_manifest", "write_manifest"]

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
    unfinished = folder / f".{_FILE}.{os.getpid()}.part"
    unfinished.write_text(json.dumps(dataclasses.asdict(manifest), indent=1) + "\n")
    unfinished.replace(folder / _FILE)
