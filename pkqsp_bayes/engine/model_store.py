"""Parts of compiled models on disk, by the content of the model and the version of the code."""

import functools
import hashlib
import importlib.util
import json
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cattrs

from pkqsp_bayes.assets import digest_files
from pkqsp_bayes.cached_text import read_signed, write_signed
from pkqsp_bayes.engine.cache import build_once
from pkqsp_bayes.errors import ToolchainError
from pkqsp_bayes.ode.expression_graph import NotStorableError, read_number

__all__ = ["ModelStore", "code_version", "format_plain", "parse_plain"]

_LOGGER = logging.getLogger(__name__)
_KIND = "model"
_FILE = "part.json"
_CODE = ("ode", "emit", "spec", "physiology", "statistics", "arguments")
_FILES = (
    "ops.py", "units.py", "cached_text.py", "errors.py", "remedies.py", "files.py", "assets.py",
    "engine/compiled_model.py", "engine/model_store.py",
)  # fmt: skip
_FOREIGN = (
    ("sympy", "release.py"),
    ("mpmath", "__init__.py"),
    ("numpy", "version.py"),
    ("cattrs", "converters.py"),
    ("pint", "default_en.txt"),
    ("pint", "constants_en.txt"),
)
"""Files of other packages that give their version or their units."""


@functools.cache
def code_version() -> str:
    """Return a hash of all code that determines a compiled model.

    Examples
    --------
    >>> len(code_version())
    64
    """
    package = Path(__file__).parent.parent
    folders = [package / name for name in _CODE]
    digest = hashlib.sha256(sys.version.encode())
    digest.update(digest_files(f for f in folders if f.is_dir()).encode())
    foreign = (_foreign(package, name) for package, name in _FOREIGN)
    for path in (*(package / name for name in _FILES), *foreign):
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()


def _foreign(package: str, name: str) -> Path:
    """Return the path of a file of another package, without importing the package."""
    found = importlib.util.find_spec(package)
    origin = found.origin if found is not None else None
    return Path(origin or "").parent / name


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStore:
    """The parts of one compiled model in the user's cache.

    Parameters
    ----------
    content : str
        All that determines the parts, except the code.
    """

    content: str

    @property
    def key(self) -> str:
        """Return the name of the model's entries."""
        text = f"{code_version()}\0{self.content}"
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]

    def fetch[Part](
        self,
        name: str,
        make: Callable[[], Part],
        *,
        write: Callable[[Part], str],
        read: Callable[[str], Part],
    ) -> Part:
        """Return a part from the disk, or compute it and write it there.

        Parameters
        ----------
        name : str
            Name of the part.
        make : callable
            Computes the part.
        write, read : callable
            Convert the part to text and back; ``read`` raises `ValueError` if the text is damaged,
            and the part is then computed again.

        Notes
        -----
        If the cache cannot be used, the part is computed and not stored.
        """
        found: list[Part] = []
        entry = f"{self.key}-{name}"

        def build(folder: Path) -> None:
            found[:] = [make()]
            write_signed(folder / _FILE, entry, write(found[0]))

        def is_complete(folder: Path) -> bool:
            try:
                found[:] = [read(read_signed(folder / _FILE, entry))]
            except (OSError, ValueError) as error:
                _LOGGER.debug("%s is damaged (%s) and is computed again", folder, error)
                return False
            return True

        try:
            build_once(_KIND, entry, build, is_complete=is_complete)
        except (ToolchainError, NotStorableError) as error:
            _LOGGER.debug("the %s of a model is not stored: %s", name, error)
        return found[0] if found else make()


def format_plain(record: object) -> str:
    """Return the text of a record without expressions."""
    return json.dumps(cattrs.Converter().unstructure(record), separators=(",", ":"))


def parse_plain[Part](text: str, kind: type[Part]) -> Part:
    """Return the record of a text.

    Raises
    ------
    ValueError
        If the text is damaged.

    Examples
    --------
    >>> parse_plain(format_plain({"CL": (0, 1)}), dict[str, tuple[int, ...]])
    {'CL': (0, 1)}
    """
    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_structure_hook(float, read_number)
    try:
        return converter.structure(json.loads(text), kind)
    except Exception as error:  # damaged text can cause an error of any kind
        raise ValueError(f"the text is damaged: {error}") from error
