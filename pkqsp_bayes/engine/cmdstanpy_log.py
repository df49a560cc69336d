"""Suppression of cmdstanpy's messages, which name methods and files that the user does not know."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["quiet_stan"]

_LOGGER = logging.getLogger(__name__)


class _SilencingFilter(logging.Filter):
    """Filter that suppresses cmdstanpy's records while it is active in any thread."""

    def __init__(self) -> None:
        super().__init__()
        self._lock, self._uses = threading.Lock(), 0

    def change_uses(self, change: int) -> None:
        """Change the number of active uses."""
        with self._lock:
            self._uses += change

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record passes; suppressed ones go to this module's logger."""
        if not self._uses:
            return True
        level = logging.INFO if record.levelno <= logging.INFO else logging.DEBUG
        _LOGGER.log(level, "cmdstanpy: %s", record.getMessage())
        return False


_FILTER = _SilencingFilter()


@contextmanager
def quiet_stan() -> Iterator[None]:
    """Suppress cmdstanpy's messages; usable as a context manager and as a decorator.

    The caller checks the result and reports its problems. Suppressed messages go to the logger of
    this module: progress as INFO, all others as DEBUG. Outside, cmdstanpy's logger is unchanged.

    Examples
    --------
    >>> with quiet_stan():
    ...     logging.getLogger("cmdstanpy").error("Command '/root/.cache/...' failed")
    """
    logging.getLogger("cmdstanpy").addFilter(_FILTER)  # adding it again has no effect
    _FILTER.change_uses(1)
    try:
        yield
    finally:
        _FILTER.change_uses(-1)
