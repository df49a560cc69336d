"""Progress of the chains of a fit: lines on a terminal, a table in a notebook, else log lines.

Once per second the end of each console file and the new lines of each file of draws are read. The
progress therefore does not depend on the executor that runs the chains, which can be on another
machine that shares the folder.
"""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from pkqsp_bayes.fitting.sampling.settings import FitSettings
from pkqsp_bayes.notebook import html_table, is_in_notebook, show_html

__all__ = ["ChainProgress", "ChainWatch", "shown_progress"]

_LOGGER = logging.getLogger(__name__)
_SECONDS = 1.0
_TAIL = 4096
_CHUNK = 1 << 24
_DIVERGENT = 5  # column of ``divergent__`` in CmdStan's file
_LOGGED_SHARE = 0.2
_ITERATION = re.compile(rb"Iteration:\s*(\d+) / \d+ \[\s*\d+%\]\s*\((Warmup|Sampling)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainProgress:
    """Progress of a chain.

    Parameters
    ----------
    number : int
        Number of the chain.
    done, total : int
        Finished and total iterations, warm-up included.
    phase : {"waiting", "warm-up", "sampling", "done", "stopped"}
        Phase of the chain.
    divergences : int
        Divergent transitions so far, after warm-up.
    seconds_left : float or None
        Estimate of the remaining time; None if it is not known.
    """

    number: int
    done: int
    total: int
    phase: str
    divergences: int
    seconds_left: float | None

    def __str__(self) -> str:
        """Return the progress as one line."""
        left = "" if self.seconds_left is None else f", about {_duration(self.seconds_left)} left"
        divergences = f", {self.divergences} divergent" if self.divergences else ""
        return f"chain {self.number}: {self.done}/{self.total}, {self.phase}{divergences}{left}"


@dataclass(slots=True, kw_only=True)
class ChainWatch:
    """Reader of the progress of a chain.

    Parameters
    ----------
    folder : Path
        Folder of the fit.
    number : int
        Number of the chain.
    settings : FitSettings
        Settings with the number of iterations.
    """

    folder: Path
    number: int
    settings: FitSettings
    _since: float | None = None
    _done: int = 0
    _phase: str = "waiting"
    _divergences: int = 0
    _read: int = field(default=0)

    def look(self) -> ChainProgress:
        """Read the new lines, and return the progress of the chain."""
        attempt = next(iter(self.folder.glob(f".chain_{self.number}.*.part")), None)
        total = self.settings.warmup + self.settings.draws
        if attempt is not None:
            self._since = self._since or time.monotonic()
            self._look_at_console(attempt / f"chain_{self.number}.txt")
            self._count_divergences(attempt / f"chain_{self.number}.csv")
        elif (self.folder / f"chain_{self.number}.csv").is_file():
            self._done, self._phase = total, "done"
        elif self._since is not None:
            self._phase = "stopped"
        return ChainProgress(
            number=self.number,
            done=self._done,
            total=total,
            phase=self._phase,
            divergences=self._divergences,
            seconds_left=self._left(total),
        )

    def _left(self, total: int) -> float | None:
        if self._since is None or not 0 < self._done < total:
            return None
        return (time.monotonic() - self._since) * (total - self._done) / self._done

    def _look_at_console(self, path: Path) -> None:
        self._phase = "warm-up" if self._phase == "waiting" else self._phase
        if not path.is_file():
            return
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL))
            found = _ITERATION.findall(file.read())
        if found:
            self._done = int(found[-1][0])
            self._phase = "warm-up" if found[-1][1] == b"Warmup" else "sampling"

    def _count_divergences(self, path: Path) -> None:
        if self._phase != "sampling" or not path.is_file():
            return
        with path.open("rb") as file:
            file.seek(self._read)
            chunk = file.read(_CHUNK)
        whole = chunk[: chunk.rfind(b"\n") + 1]
        self._read += len(whole)
        # The lines of large models are long: only the first columns are read.
        self._divergences += sum(_is_divergent(whole, start) for start in _line_starts(whole))


def _line_starts(text: bytes) -> Iterator[int]:
    start = 0
    while start < len(text):
        yield start
        start = text.index(b"\n", start) + 1


def _is_divergent(text: bytes, start: int) -> bool:
    cells = text[start : start + 200].split(b",", _DIVERGENT + 1)
    return len(cells) > _DIVERGENT and cells[_DIVERGENT] == b"1"


@contextmanager
def shown_progress(
    folder: Path, numbers: Sequence[int], settings: FitSettings, *, wanted: bool | None = None
) -> Iterator[None]:
    """Show the progress of chains while the body runs; errors of the display are only logged.

    Parameters
    ----------
    folder : Path
        Folder of the fit.
    numbers : sequence of int
        Numbers of the chains that run.
    settings : FitSettings
        Settings with the number of iterations.
    wanted : bool, optional
        False: silent. None: a table in a notebook, lines on the terminal if standard error is one,
        otherwise log lines (logger ``pkqsp_bayes.fitting.sampling.progress``, INFO). True: lines
        on standard error, or the table in a notebook.
    """
    if wanted is False or not numbers:
        yield
        return
    console = Console(stderr=True)
    watches = [ChainWatch(folder=folder, number=k, settings=settings) for k in numbers]
    drawn = _drawn if console.is_terminal or wanted else _logged
    drawn = _tabulated if is_in_notebook() else drawn
    with drawn(console, watches) as show:
        over = threading.Event()
        watcher = threading.Thread(target=_watch, args=(show, over), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join(timeout=10)


def _watch(show: Callable[[], None], over: threading.Event) -> None:
    is_last = False
    while not is_last:
        is_last = over.wait(_SECONDS)
        try:
            show()
        except Exception as error:  # the display must not stop the chains
            _LOGGER.debug("progress: %s", error)


@contextmanager
def _drawn(console: Console, watches: Sequence[ChainWatch]) -> Iterator[Callable[[], None]]:
    columns = (
        TextColumn("chain {task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.completed:.0f}/{task.total:.0f} {task.fields[status]}"),
    )
    with Progress(*columns, console=console, refresh_per_second=2) as progress:
        lines: dict[int, TaskID] = {
            w.number: progress.add_task(str(w.number), total=w.look().total, status="waiting")
            for w in watches
        }

        def show() -> None:
            for state in (watch.look() for watch in watches):
                status = str(state).partition(", ")[2]
                progress.update(lines[state.number], completed=state.done, status=status)

        yield show


@contextmanager
def _tabulated(_: Console, watches: Sequence[ChainWatch]) -> Iterator[Callable[[], None]]:
    update = show_html(_html([watch.look() for watch in watches]))
    yield lambda: update(_html([watch.look() for watch in watches]))


def _html(states: Sequence[ChainProgress]) -> str:
    head = ("chain", "iterations", "phase", "divergences", "time left")
    rows = [
        (
            state.number,
            f"{state.done}/{state.total}",
            state.phase,
            state.divergences,
            "" if state.seconds_left is None else f"about {_duration(state.seconds_left)}",
        )
        for state in states
    ]
    return html_table("Progress of the chains", head, rows)


@contextmanager
def _logged(_: Console, watches: Sequence[ChainWatch]) -> Iterator[Callable[[], None]]:
    logged: dict[int, tuple[str, int]] = {}

    def show() -> None:
        for state in (watch.look() for watch in watches):
            mark = (state.phase, int(state.done / state.total / _LOGGED_SHARE))
            if logged.get(state.number) != mark and state.phase != "waiting":
                logged[state.number] = mark
                _LOGGER.info("%s", state)

    yield show


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
