"""Messages of cmdstanpy: they speak of methods and files that the user never called."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["quiet_stan"]

_LOGGER = logging.getLogger(__name__)


class _Hush(logging.Filter):
    """Takes cmdstanpy's records while anybody asks for it; other threads log too."""

    def __init__(self) -> None:
        super().__init__()
        self._lock, self._asked = threading.Lock(), 0

    def count(self, change: int) -> None:
        """Count who asks."""
        with self._lock:
            self._asked += change

    def filter(self, record: logging.LogRecord) -> bool:
        """Let a record through, or pass what it says on, for ``--verbose`` and debugging."""
        if not self._asked:
            return True
        level = logging.INFO if record.levelno <= logging.INFO else logging.DEBUG
        _LOGGER.log(level, "cmdstanpy: %s", record.getMessage())
        return False


_HUSH = _Hush()


@contextmanager
def quiet_stan() -> Iterator[None]:
    """Let no message of cmdstanpy through; it decorates functions too.

    Who uses this looks at the result, and says what is wrong with it. What cmdstanpy says goes to
    the logger of this module: progress as INFO, the rest as DEBUG. Outside, cmdstanpy's logger is
    as its user has set it.

    Examples
    --------
    >>> with quiet_stan():
    ...     logging.getLogger("cmdstanpy").error("Command '/root/.cache/...' failed")
    """
    logging.getLogger("cmdstanpy").addFilter(_HUSH)  # once: a second time changes nothing
    _HUSH.count(1)
    try:
        yield
    finally:
        _HUSH.count(-1)
