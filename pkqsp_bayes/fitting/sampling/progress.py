"""How far the chains of a fit are: one line each on a terminal, log lines elsewhere.

Once a second the end of each chain's console file is read, and what its file of draws has grown
by: whatever runs the chains, a thread or a machine that shares the folder, has no part in it.
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
    """How far a chain is.

    Parameters
    ----------
    number : int
        Of the chain.
    done, total : int
        Iterations, warm-up included.
    phase : {"waiting", "warm-up", "sampling", "done", "stopped"}
        What it does.
    divergences : int
        Divergent transitions so far, after warm-up.
    seconds_left : float or None
        If it goes on as it went; None if that cannot be said.
    """

    number: int
    done: int
    total: int
    phase: str
    divergences: int
    seconds_left: float | None

    def __str__(self) -> str:
        """Return it on one line."""
        left = "" if self.seconds_left is None else f", about {_duration(self.seconds_left)} left"
        divergences = f", {self.divergences} divergent" if self.divergences else ""
        return f"chain {self.number}: {self.done}/{self.total}, {self.phase}{divergences}{left}"


@dataclass(slots=True, kw_only=True)
class ChainWatch:
    """What has been seen of a chain so far.

    Parameters
    ----------
    folder : Path
        The fit's.
    number : int
        Of the chain.
    settings : FitSettings
        Iterations.
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
        """Read what is new, and return how far the chain is."""
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
        # A line is as long as the model is large: only its beginning is looked at.
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
    """Show how far chains are while the body runs; never break it.

    Parameters
    ----------
    folder : Path
        The fit's.
    numbers : sequence of int
        Chains that run.
    settings : FitSettings
        Iterations.
    wanted : bool, optional
        False: silent. None: lines on the terminal if standard error is one, else log lines
        (logger ``pkqsp_bayes.fitting.sampling.progress``, INFO). True: lines on standard error.
    """
    if wanted is False or not numbers:
        yield
        return
    console = Console(stderr=True)
    watches = [ChainWatch(folder=folder, number=k, settings=settings) for k in numbers]
    drawn = _drawn if console.is_terminal or wanted else _logged
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
        except Exception as error:  # what only shows must break nothing
            _LOGGER.debug("progress: %s", error)


@contextmanager
def _drawn(console: Console, watches: Sequence[ChainWatch]) -> Iterator[Callable[[], None]]:
    columns = (
        TextColumn("chain {task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.completed:.0f}/{task.total:.0f} {task.fields[told]}"),
    )
    with Progress(*columns, console=console, refresh_per_second=2) as progress:
        lines: dict[int, TaskID] = {
            w.number: progress.add_task(str(w.number), total=w.look().total, told="waiting")
            for w in watches
        }

        def show() -> None:
            for state in (watch.look() for watch in watches):
                told = str(state).partition(", ")[2]
                progress.update(lines[state.number], completed=state.done, told=told)

        yield show


@contextmanager
def _logged(_: Console, watches: Sequence[ChainWatch]) -> Iterator[Callable[[], None]]:
    told: dict[int, tuple[str, int]] = {}

    def show() -> None:
        for state in (watch.look() for watch in watches):
            mark = (state.phase, int(state.done / state.total / _LOGGED_SHARE))
            if told.get(state.number) != mark and state.phase != "waiting":
                told[state.number] = mark
                _LOGGER.info("%s", state)

    yield show


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
