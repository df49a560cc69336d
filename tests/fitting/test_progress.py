"""How far chains are, read from files as CmdStan writes them."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pkqsp_bayes.fitting.sampling import progress
from pkqsp_bayes.fitting.sampling.progress import ChainWatch, shown_progress
from pkqsp_bayes.fitting.sampling.settings import FitSettings

SETTINGS = FitSettings(chains=1, warmup=100, draws=100)
HEADER = "lp__,accept_stat__,stepsize__,treedepth__,n_leapfrog__,divergent__,energy__,CL\n"


def watch(folder: Path) -> ChainWatch:
    return ChainWatch(folder=folder, number=1, settings=SETTINGS)


def attempt(folder: Path) -> Path:
    place = folder / ".chain_1.abcd.part"
    place.mkdir(exist_ok=True)
    return place


def say(folder: Path, iteration: int, phase: str) -> None:
    with (attempt(folder) / "chain_1.txt").open("a") as file:
        file.write(f"Iteration: {iteration:4d} / 200 [ {iteration // 2}%]  ({phase})\n")


def draw(folder: Path, *divergent: int) -> None:
    with (attempt(folder) / "chain_1.csv").open("a") as file:
        for flag in divergent:
            file.write(f"-1.5,0.9,0.1,3,7,{flag},2.5,3.1\n")


def test_from_waiting_to_done(tmp_path: Path) -> None:
    seen = watch(tmp_path)
    assert str(seen.look()) == "chain 1: 0/200, waiting"
    attempt(tmp_path)
    assert str(seen.look()) == "chain 1: 0/200, warm-up"
    say(tmp_path, 40, "Warmup")
    state = seen.look()
    assert (state.done, state.total, state.phase) == (40, 200, "warm-up")
    assert state.seconds_left is not None
    say(tmp_path, 120, "Sampling")
    assert (seen.look().done, seen.look().phase) == (120, "sampling")
    (attempt(tmp_path) / "chain_1.csv").write_text("")
    (attempt(tmp_path) / "chain_1.csv").replace(tmp_path / "chain_1.csv")
    for path in attempt(tmp_path).iterdir():
        path.unlink()
    attempt(tmp_path).rmdir()
    assert str(seen.look()) == "chain 1: 200/200, done"


def test_a_chain_that_vanishes_has_stopped(tmp_path: Path) -> None:
    seen = watch(tmp_path)
    attempt(tmp_path)
    seen.look()
    attempt(tmp_path).rmdir()
    assert seen.look().phase == "stopped"


def test_divergences_are_counted_once_each_and_lines_that_are_cut_wait(tmp_path: Path) -> None:
    seen = watch(tmp_path)
    say(tmp_path, 110, "Sampling")
    path = attempt(tmp_path) / "chain_1.csv"
    path.write_text("# method = sample\n" + HEADER + "# Adaptation terminated\n")
    draw(tmp_path, 0, 1, 0)
    assert seen.look().divergences == 1
    assert seen.look().divergences == 1
    with path.open("a") as file:
        file.write("-1.5,0.9,0.1,3,7,1,2")
    assert seen.look().divergences == 1
    with path.open("a") as file:
        file.write(".5,3.1\n")
    draw(tmp_path, 1)
    assert seen.look().divergences == 3


def test_the_time_left_is_what_the_rest_takes_at_the_pace_so_far(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    seen = watch(tmp_path)
    attempt(tmp_path)
    seen.look()
    clock[0] += 50
    say(tmp_path, 50, "Warmup")
    assert seen.look().seconds_left == pytest.approx(150)
    assert str(seen.look()).endswith("about 2 min left")


def test_log_lines_where_there_is_no_terminal(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.INFO, logger="pkqsp_bayes.fitting.sampling.progress"),
        shown_progress(tmp_path, [1], SETTINGS),
    ):
        say(tmp_path, 150, "Sampling")
    assert "chain 1: 150/200, sampling" in caplog.text


def test_lines_on_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress(tmp_path, [1], SETTINGS, wanted=True):
        say(tmp_path, 150, "Sampling")
    shown = capsys.readouterr().err
    assert "chain 1" in shown
    assert "150/200 sampling" in shown


def test_a_table_in_a_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is displayed once, and replaced until the chains are done."""
    displayed: list[list[str]] = []

    def show(html: str) -> Callable[[str], None]:
        displayed.append([html])
        return displayed[-1].append

    monkeypatch.setattr(progress, "is_in_notebook", lambda: True)
    monkeypatch.setattr(progress, "show_html", show)
    with shown_progress(tmp_path, [1], SETTINGS):
        say(tmp_path, 150, "Sampling")
        draw(tmp_path, 0, 1)
    (states,) = displayed
    assert "<td>0/200</td><td>waiting</td><td>0</td>" in states[0]
    assert "<td>150/200</td><td>sampling</td><td>1</td><td>about " in states[-1]


def test_silence_when_asked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG), shown_progress(tmp_path, [1], SETTINGS, wanted=False):
        say(tmp_path, 150, "Sampling")
    assert caplog.text == ""
    assert capsys.readouterr().err == ""


def test_what_cannot_be_read_breaks_nothing(tmp_path: Path) -> None:
    (attempt(tmp_path) / "chain_1.txt").mkdir()  # no file at all
    with shown_progress(tmp_path / "nowhere", [1], SETTINGS, wanted=True):
        pass
    with shown_progress(tmp_path, [1], SETTINGS, wanted=True):
        done = True
    assert done
