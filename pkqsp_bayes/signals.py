"""Signals: SIGTERM and SIGHUP stop a command as Ctrl-C does; finished work is kept."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

__all__ = ["Ended", "raise_on_signals"]

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


class Ended(SystemExit):
    """Exit requested by a signal; the exit status is the one that shells expect.

    Parameters
    ----------
    number : int
        Number of the signal.

    Examples
    --------
    >>> Ended(signal.SIGTERM).code, str(Ended(signal.SIGTERM))
    (143, 'ended by SIGTERM')
    """

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.number = number

    def __str__(self) -> str:
        """Return the name of the signal."""
        return f"ended by {signal.Signals(self.number).name}"


@contextlib.contextmanager
def raise_on_signals() -> Iterator[None]:
    """Raise `Ended` in the body, once, if the process receives SIGTERM or SIGHUP.

    A signal with another handler keeps it (``nohup`` ignores SIGHUP). Only the main thread can
    set handlers; in other threads this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    taken = [s for s in _SIGNALS if signal.getsignal(s) == signal.SIG_DFL]

    def end(number: int, _: FrameType | None) -> None:
        for one in taken:  # a second signal must not interrupt the clean-up
            signal.signal(one, signal.SIG_IGN)
        raise Ended(number)

    for one in taken:
        signal.signal(one, end)
    try:
        yield
    finally:
        for one in taken:
            signal.signal(one, signal.SIG_DFL)
