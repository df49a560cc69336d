"""Text in the user's cache, with a checksum of the text and of the entry that it belongs to."""

import atexit
import hashlib
import json
import logging
import os
import stat
from collections.abc import Callable
from pathlib import Path

import platformdirs

from pkqsp_bayes.errors import PkqspError, ToolchainError
from pkqsp_bayes.outputs import stage_output

__all__ = [
    "StoredAnswers",
    "cache_folder",
    "explain_distrust",
    "read_signed",
    "sign_entry",
    "write_signed",
]

_LOGGER = logging.getLogger(__name__)
_MOST_BYTES = 256_000_000
_FILE = "answers.json"


def cache_folder() -> Path:
    """Return the root of the cache: ``$PKQSP_CACHE``, or else the user's cache directory.

    Raises
    ------
    ToolchainError
        If the variable has line ends or other characters that are not text.

    Examples
    --------
    >>> cache_folder().is_absolute()
    True
    """
    named = os.environ.get("PKQSP_CACHE")
    if named and (not named.isprintable() or "\ufffd" in named):
        what = f"PKQSP_CACHE is {named!a}, which contains unprintable characters"
        raise ToolchainError(what, "set it to a folder whose name can be printed, or unset it")
    if named:
        return Path(named).expanduser().absolute()
    return platformdirs.user_cache_path("pkqsp_bayes")


def explain_distrust(path: Path) -> str:
    """Return why another user may have written a file of the cache; an empty text if none may.

    Raises
    ------
    OSError
        If it is not there.
    """
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        return "it is not a regular file"
    if hasattr(os, "geteuid") and found.st_uid not in (os.geteuid(), 0, _owner()):
        return f"it belongs to another user ({found.st_uid})"
    return "every user may write to it" if found.st_mode & stat.S_IWOTH else ""


def _owner() -> int:
    """Return the owner of the cache, which a group of users may share."""
    return cache_folder().stat().st_uid


def write_signed(path: Path, entry: str, text: str) -> None:
    """Write a text and its checksum to a file.

    Parameters
    ----------
    path : Path
        The file.
    entry : str
        Name of the entry of the cache; the file is valid under this name only.
    text : str
        The text.
    """
    content = f"{sign_entry(entry, text)}\n{text}"
    path.write_text(content, encoding="utf-8", errors="surrogatepass", newline="")


def read_signed(path: Path, entry: str) -> str:
    """Return the text of a file that `write_signed` wrote under the same entry.

    Raises
    ------
    ValueError
        If the file is damaged, belongs to another entry, or may be written by another user.
    OSError
        If it cannot be read.
    """
    if reason := explain_distrust(path):
        raise ValueError(reason)
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError("too long")
    with path.open(encoding="utf-8", errors="surrogatepass", newline="") as file:
        signature, _, text = file.read().partition("\n")
    if signature != sign_entry(entry, text):
        raise ValueError("the checksum differs")
    return text


def sign_entry(entry: str, text: str) -> str:
    """Return the checksum of a stored text and of the entry that it belongs to.

    Examples
    --------
    >>> len(sign_entry("entry", "text"))
    64
    """
    return hashlib.sha256(f"{entry}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()


class StoredAnswers:
    """Answers of a library to short questions, kept in the cache for later processes.

    The answers are read at the first question and written when the process ends. If the cache
    cannot be used, they are kept in memory only.

    Parameters
    ----------
    kind : str
        Name of the folder in the cache.
    version : callable
        Returns a text that identifies the code that answers.
    most : int
        Maximal number of answers that are stored.
    """

    def __init__(self, kind: str, version: Callable[[], str], *, most: int = 10_000) -> None:
        self._kind, self._version, self._most = kind, version, most
        self._answers: dict[str, str | float] | None = None
        self._new: dict[str, str | float] = {}

    def ask[Answer: (str, float)](
        self, question: str, kind: type[Answer], answer: Callable[[], Answer]
    ) -> Answer:
        """Return the stored answer to a question, or compute it.

        Parameters
        ----------
        question : str
            All that determines the answer, apart from the code.
        kind : type
            Type of the answer.
        answer : callable
            Computes the answer; an exception is not stored.
        """
        if self._answers is None:
            self._answers = self._read()
            atexit.register(self.save)
        found = self._answers.get(question)
        if isinstance(found, kind):
            return found
        result = answer()
        self._answers[question] = self._new[question] = result
        return result

    def save(self) -> None:
        """Write the new answers, with those that other processes have written."""
        if not self._new:
            return
        answers = {**self._read(), **self._new}
        self._new = {}
        kept = dict(list(answers.items())[-self._most :])
        try:
            path = self._path()
            path.parent.mkdir(parents=True, exist_ok=True)
            with stage_output(path) as part:
                write_signed(part, self._entry(), json.dumps(kept, indent=0))
        except (OSError, PkqspError) as error:
            _LOGGER.debug("the answers in %s are not stored: %s", self._kind, error)

    def _entry(self) -> str:
        return hashlib.sha256(self._version().encode()).hexdigest()[:24]

    def _path(self) -> Path:
        return cache_folder() / self._kind / self._entry() / _FILE

    def _read(self) -> dict[str, str | float]:
        try:
            answers = json.loads(read_signed(self._path(), self._entry()))
        except (OSError, ValueError, PkqspError) as error:
            _LOGGER.debug("there are no stored answers in %s: %s", self._kind, error)
            return {}
        found = answers.items() if isinstance(answers, dict) else ()
        return {k: v for k, v in found if isinstance(v, str | float)}
