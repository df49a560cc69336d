"""SIGTERM and SIGHUP end the work as Ctrl-C does: what was begun is ended, what is done is kept."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

__all__ = ["Ended", "ended_by_signals"]

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


class Ended(SystemExit):
    """A signal asked the process to end; left alone, it ends with the code that shells expect.

    Parameters
    ----------
    number : int
        Of the signal.

    Examples
    --------
    >>> Ended(signal.SIGTERM).code, str(Ended(signal.SIGTERM))
    (143, 'ended by SIGTERM')
    """

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.number = number

    def __str__(self) -> str:
        """Return which signal it was."""
        return f"ended by {signal.Signals(self.number).name}"


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """While the body runs, let SIGTERM and SIGHUP raise `Ended` in it, once.

    Only where nobody else has chosen what they do (``nohup`` ignores SIGHUP), and in the main
    thread, the one that Python lets have a say in it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    taken = [s for s in _SIGNALS if signal.getsignal(s) == signal.SIG_DFL]

    def end(number: int, _: FrameType | None) -> None:
        for one in taken:  # what is cleaned up now shall not be cut short
            signal.signal(one, signal.SIG_IGN)
        raise Ended(number)

    for one in taken:
        signal.signal(one, end)
    try:
        yield
    finally:
        for one in taken:
            signal.signal(one, signal.SIG_DFL)
